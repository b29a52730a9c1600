"""What one condition says about another, and shorter conditions, held against every row that there can be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opstally.expression import Call, Column, Expr, Literal, parse
from opstally.expression.tree import NULL, TRUE, columns, rewrite, show
from opstally.planner.choices import without_texts
from opstally.planner.truth import apart, certain, excludes, implies, known, shorter, shorter_leaf, texts_of

# -- by example --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("status = 'met'", "status in ('met', 'breached')"),
        ("status = 'met'", "status != 'pending'"),
        ("status in ('met', 'breached')", "status is not null"),
        ("status in ('met', 'breached')", "not status in ('pending')"),
        ("score >= 4", "score is not null"),
        ("score - 1 > target * 2", "target is not null"),
        ("not score > 4", "score is not null"),
        ("score is not null", "score * 50 + 1 is not null"),
        ("score is not null", "coalesce(target, score) is not null"),
        ("escalated", "escalated is not null"),
        ("not escalated", "escalated is not null"),
        ("escalated and score > 4", "score > 4 or status = 'met'"),
        ("status = 'a' or status = 'b'", "status in ('a', 'b', 'c')"),
    ],
)
def test_it_follows(one: str, other: str) -> None:
    assert implies(parse(one), parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("status in ('met', 'breached')", "status = 'met'"),
        ("status != 'pending'", "status in ('met', 'breached')"),
        ("status is not null", "status != 'pending'"),
        ("coalesce(score, 0) >= 4", "score is not null"),
        ("score is not null", "score / target is not null"),
        ("case when score > 4 then true else false end", "score is not null"),
        ("not (escalated and score > 4)", "score is not null"),
        ("score = 1", "score != 1.0"),
        ("score in (1, 2)", "score != 3"),
    ],
)
def test_it_is_not_said_to_follow(one: str, other: str) -> None:
    assert not implies(parse(one), parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("status in ('up', 'down')", "status = 'unknown'"),
        ("score is not null", "score is null"),
        ("case when not coalesce(escalated, false) then score end * 50 is not null", "escalated"),
        ("case when status = 'met' then score end is not null", "status = 'pending'"),
        ("escalated and score > 4", "not escalated"),
        ("status = 'met' and score > 4", "status is null or status != 'met'"),
    ],
)
def test_no_row_meets_both(one: str, other: str) -> None:
    assert apart(parse(one), parse(other))
    assert apart(parse(other), parse(one))


def test_a_condition_of_all_rows_is_dropped_from_a_definition() -> None:
    given_ = [parse("status != 'deleted'")]
    assert shorter(parse("status != 'deleted' and escalated"), given_) == Column(("escalated",))
    assert shorter(parse("status != 'deleted'"), given_) == TRUE


def test_a_fact_in_two_conditions_is_asked_once() -> None:
    assert show(shorter(parse("status != 'pending' and status = 'met'"))) == "status = 'met'"
    assert show(shorter(parse("escalated or escalated is not null"))) == "not escalated is null"
    assert show(shorter(parse("status = 'up' or status in ('up', 'down')"))) == "status in ('up', 'down')"


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ("count_if(status != 'deleted')", "count()"),
        ("count_if(score is not null)", "count(score)"),
        ("count(case when status != 'deleted' then score end)", "count(score)"),
        ("count(case when escalated then score end)", "count_if(escalated and not score is null)"),
        ("avg(case when status != 'deleted' then score end)", "avg(score)"),
        (
            "avg(case when status != 'deleted' then case when escalated then score end end)",
            "avg(case when escalated then score end)",
        ),
        ("quantile(case when status != 'deleted' then score end, 0.9)", "quantile(score, 0.9)"),
        ("count_if(status != 'deleted' and (escalated or escalated is not null))", "count(escalated)"),
        ("union_minutes()", "union_minutes()"),
        ("last(case when status != 'deleted' then score end, at)", "last(score, at)"),
    ],
)
def test_aggregates_over_rows_that_are_not_deleted(leaf: str, expected: str) -> None:
    tree = parse(leaf)
    assert isinstance(tree, Call)
    assert shorter_leaf(tree, [parse("status != 'deleted'")]) == parse(expected)


# -- against every row -------------------------------------------------------------------------------------------------

Truth = bool | None
Cell = str | int | bool | None
DOMAINS: dict[str, tuple[Cell, ...]] = {
    "s": (None, "a", "b", "c"),
    "n": (None, 0, 1, 2),
    "m": (None, 1, 2),
    "f": (None, True, False),
}
ROWS = [dict(zip(DOMAINS, cells, strict=True)) for cells in itertools.product(*DOMAINS.values())]

texts = st.sampled_from(["a", "b", "c"]).map(Literal)
numbers = st.sampled_from([Literal(0), Literal(1), Literal(2), Column(("n",)), Column(("m",))])
sums = st.builds(lambda sign, a, b: Call(sign, (a, b)), st.sampled_from(["+", "-", "*"]), numbers, numbers)
chosen = st.builds(lambda a, b: Call("coalesce", (a, b)), numbers, numbers)
s, f = Column(("s",)), Column(("f",))
atoms = st.one_of(
    st.just(f),
    st.just(TRUE),
    st.builds(lambda sign, text: Call(sign, (s, text)), st.sampled_from(["=", "!="]), texts),
    st.lists(texts, min_size=1, max_size=3).map(lambda values: Call("in", (s, *values))),
    st.builds(
        lambda sign, a, b: Call(sign, (a, b)),
        st.sampled_from(["=", "!=", "<", ">="]),
        st.one_of(numbers, sums, chosen),
        numbers,
    ),
    st.one_of(st.just(s), st.just(f), numbers, sums, chosen).map(lambda x: Call("is_null", (x,))),
)


def _joined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(lambda sign, a, b: Call(sign, (a, b)), st.sampled_from(["and", "or"]), inner, inner),
        inner.map(lambda x: Call("not", (x,))),
        st.builds(lambda c, a, b: Call("case", (c, a, b)), inner, inner, inner),
        st.builds(lambda c, x: Call("is_null", (Call("case", (c, x, NULL)),)), inner, numbers),
        inner.map(lambda x: Call("coalesce", (x, Literal(False)))),
    )


conditions = st.recursive(atoms, _joined, max_leaves=6)


def value(expr: Expr, row: dict[str, Cell]) -> Cell:
    """Three-valued, with None for NULL; written without looking at the code under test."""
    match expr:
        case Column(path):
            return row[path[0]]
        case Literal(constant):
            return constant  # type: ignore[return-value]
        case Call("case", (condition, then, *rest)):
            if value(condition, row) is True:
                return value(then, row)
            return value(Call("case", tuple(rest)) if len(rest) > 1 else rest[0], row)
        case Call("coalesce", (a, b)):
            first = value(a, row)
            return value(b, row) if first is None else first
        case Call("is_null", (x,)):
            return value(x, row) is None
    args = [value(arg, row) for arg in expr.args]
    match expr.name:
        case "and":
            return False if False in _bools(args) else None if None in args else True
        case "or":
            return True if True in _bools(args) else None if None in args else False
    if None in args:
        return None
    return _strict(expr.name, args)


def _bools(args: list[Cell]) -> list[bool]:
    return [arg for arg in args if isinstance(arg, bool)]


def _strict(name: str, args: list[Cell]) -> Cell:
    a, *rest = args
    match name:
        case "not":
            return not a
        case "in":
            return a in rest
        case "=":
            return a == rest[0]
        case "!=":
            return a != rest[0]
        case "<":
            return a < rest[0]  # type: ignore[operator]
        case ">=":
            return a >= rest[0]  # type: ignore[operator]
        case "+":
            return a + rest[0]  # type: ignore[operator]
        case "-":
            return a - rest[0]  # type: ignore[operator]
        case "*":
            return a * rest[0]  # type: ignore[operator]
    raise AssertionError(name)


def where(condition: Expr) -> Iterator[dict[str, Cell]]:
    """The rows for which it is true."""
    return (row for row in ROWS if value(condition, row) is True)


@given(conditions, conditions)
def test_what_is_said_to_follow_does(one: Expr, other: Expr) -> None:
    if implies(one, other):
        assert all(value(other, row) is True for row in where(one))
    if excludes(one, other):
        assert all(value(other, row) is False for row in where(one))
    if apart(one, other):
        assert not any(value(other, row) is True for row in where(one))


values = st.one_of(
    numbers, sums, chosen, conditions, st.builds(lambda c, a, b: Call("case", (c, a, b)), conditions, sums, sums)
)


@given(values, st.lists(conditions, max_size=2))
def test_what_is_said_to_have_a_value_has_one(x: Expr, facts: list[Expr]) -> None:
    if certain(x, facts):
        assert all(value(x, row) is not None for row in ROWS if all(value(fact, row) is True for fact in facts))


def test_what_has_a_value_because_a_column_has() -> None:
    facts = [parse("score is not null")]
    for text in (
        "floor(score * 2) + 1",
        "score / 4",
        "coalesce(other, score)",
        "hours_between(period_start(), as_of())",
    ):
        assert certain(parse(text), facts)
    for text in (
        "other",
        "score + other",
        "score / other",
        "score / 0",
        "ln(score)",
        "case when other > 1 then score end",
    ):
        assert not certain(parse(text), facts)


def test_the_texts_between_which_a_column_chooses() -> None:
    assert texts_of(parse("case when a then 'x' when b then 'y' else 'z' end")) == {"x", "y", "z"}
    for text in ("case when a then 'x' when b then 'y' end", "case when a then 'x' else b end", "a"):
        assert texts_of(parse(text)) is None


@given(conditions, st.lists(conditions, max_size=2))
def test_a_shorter_condition_is_true_of_the_same_rows(condition: Expr, facts: list[Expr]) -> None:
    short = shorter(condition, facts)
    for row in ROWS:
        if all(value(fact, row) is True for fact in facts):
            assert (value(short, row) is True) == (value(condition, row) is True)


@given(conditions, conditions, st.sampled_from([s, f, Column(("n",))]), st.lists(conditions, max_size=2))
def test_a_shorter_aggregate_takes_the_same_values(one: Expr, other: Expr, x: Expr, facts: list[Expr]) -> None:
    rows = [row for row in ROWS if all(value(fact, row) is True for fact in facts)]
    nested = Call("case", (one, Call("case", (other, x, Literal(None))), Literal(None)))
    for leaf in (Call("max", (nested,)), Call("count", (nested,)), Call("count_if", (one,))):
        assert taken(shorter_leaf(leaf, facts), rows) == taken(leaf, rows)


@given(conditions, conditions, values, conditions, st.lists(conditions, max_size=2))
def test_computed_columns_say_more_and_the_values_stay_the_same(
    one: Expr, other: Expr, made: Expr, flag: Expr, facts: list[Expr]
) -> None:
    """n and f stand for computed columns in the aggregate, and for stored ones in what they are computed from."""
    computed = {"k": made, "g": flag}
    rows = [row | {name: value(expr, row) for name, expr in computed.items()} for row in ROWS]
    rows = [row for row in rows if all(value(fact, row) is True for fact in facts)]

    def named(node: Expr) -> Expr | None:
        return (
            {f: Column(("g",)), Column(("n",)): known(Column(("k",)))}.get(node) if isinstance(node, Column) else None
        )

    def expanded(expr: Expr) -> Expr:
        return rewrite(expr, lambda node: computed.get(node.path[0]) if isinstance(node, Column) else None)

    condition = Call("and", (known(Column(("k",))), Call("or", (one, rewrite(other, named)))))
    for leaf in (Call("count_if", (condition,)), Call("max", (Call("case", (condition, s, NULL)),))):
        assert taken(shorter_leaf(leaf, facts, expanded), rows) == taken(leaf, rows)


def test_a_value_of_a_computed_column_says_that_what_it_is_computed_from_is_known() -> None:
    met = parse("case when how = 'gte' then score >= target when how = 'lte' then score <= target end")

    def expanded(expr: Expr) -> Expr:
        return rewrite(expr, lambda node: met if node == Column(("met",)) else None)

    def short(text: str) -> str:
        leaf = parse(f"count_if({text})")
        assert isinstance(leaf, Call)
        return show(shorter_leaf(leaf, (), expanded))

    assert short("met is not null and (how is not null or score is not null)") == "count(met)"
    assert short("met and target is not null") == "count_if(met)"
    assert "how" in short("met is not null and how is not null")  # which is not found out


choices = st.builds(
    lambda arms, last: Call("case", (*(x for arm in arms for x in arm), last)),
    st.lists(st.tuples(conditions, texts), min_size=1, max_size=4),
    texts,
)


@given(choices, st.sampled_from(["a", "b", "c", "d"]), st.lists(texts, min_size=1, max_size=3), conditions)
def test_comparing_a_choice_without_its_texts(choice: Expr, text: str, some: list[Expr], more: Expr) -> None:
    p = Column(("p",))
    asked = [Call("=", (p, Literal(text))), Call("!=", (p, Literal(text))), Call("in", (p, *some))]
    whole = Call("and", (Call("not", (asked[0],)), Call("or", (asked[1], Call("and", (asked[2], more))))))
    for condition in (*asked, whole):
        told = without_texts(condition, lambda x: choice if x == p else x)
        assert p not in columns(told)
        assert all(value(told, row) == value(condition, row | {"p": value(choice, row)}) for row in ROWS)


def test_a_choice_that_may_be_nothing_or_a_column_is_compared_as_it_is() -> None:
    for text in ("case when f then 'a' when n = 1 then 'b' end", "case when f then 'a' else s end", "s"):
        choice = parse(text)
        assert without_texts(parse("p = 'a'"), lambda _, choice=choice: choice) == parse("p = 'a'")


def taken(leaf: Call, rows: list[dict[str, Cell]]) -> list[Cell]:
    """The values that an aggregate is over, or one mark for each row that it counts."""
    match leaf:
        case Call("count", ()):
            return [1 for _ in rows]
        case Call("count", (x,)):
            return [1 for row in rows if value(x, row) is not None]
        case Call("count_if", (condition,)):
            return [1 for row in rows if value(condition, row) is True]
        case Call(_, (x,)):
            return [found for row in rows if (found := value(x, row)) is not None]
    raise AssertionError(leaf)
