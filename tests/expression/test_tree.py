"""Trees: written and read again, walked and rewritten."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opstally.expression import Call, Column, Expr, Literal, parse
from opstally.expression.tree import NULL, all_of, any_of, columns, height, rewrite, show, walk

_NAMES = st.sampled_from(["a", "status", "end", "in", "Date", "date", "größe", "two words", 'say "x"', "_x1", "not"])
_COLUMNS = st.lists(_NAMES, min_size=1, max_size=3).map(lambda path: Column(tuple(path)))
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    st.dates(), st.datetimes(),
)  # fmt: skip
_ATOMS = st.one_of(_COLUMNS, _VALUES.map(Literal))


def _negative(expr: Expr) -> Expr:
    """As the parser makes it: the sign of a number is part of the number."""
    if isinstance(expr, Literal) and isinstance(expr.value, int | float) and not isinstance(expr.value, bool):
        return Literal(-expr.value)
    return Call("neg", (expr,))


def _calls(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    two = st.sampled_from(["+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "hours_between"])
    one = st.sampled_from(["not", "is_null", "abs", "count_if", "sum"])
    several = st.sampled_from(["in", "coalesce", "greatest"])
    return st.one_of(
        st.builds(lambda n, x, y: Call(n, (x, y)), two, inner, inner),
        st.builds(lambda n, x: Call(n, (x,)), one, inner),
        inner.map(_negative),
        st.builds(lambda n, xs: Call(n, tuple(xs)), several, st.lists(inner, min_size=2, max_size=4)),
        st.lists(inner, min_size=3, max_size=5)
        .filter(lambda xs: len(xs) % 2 == 1)
        .map(lambda xs: Call("case", tuple(xs))),
    )


TREES = st.recursive(_ATOMS, _calls, max_leaves=20)


@given(TREES)
def test_what_is_shown_reads_as_the_same_tree(tree: Expr) -> None:
    assert parse(show(tree)) == tree


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(a) and (b or c)", "a and (b or c)"),
        ("a<>b", "a != b"),
        ("not (a is null)", "not a is null"),
        ("-(-a)", "-(-a)"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("count(*)", "count()"),
        ("a between 1 and 2", "a >= 1 and a <= 2"),
        ("CASE WHEN a THEN 'it''s' END", "case when a then 'it''s' end"),
        ("timestamp '2026-01-02'", "timestamp '2026-01-02 00:00:00'"),
        ('"end" = "Two Words"', '"end" = "Two Words"'),
    ],
)
def test_it_is_shown_as_a_person_would_write_it(text: str, shown: str) -> None:
    assert show(parse(text)) == shown


def test_two_signs_never_make_a_comment() -> None:
    """A computed column that is -5, with its sign turned, must not begin a comment."""
    assert show(Call("neg", (Literal(-5),))) == "-(-5)"


def test_columns_come_once_in_order_of_appearance() -> None:
    assert [c.name for c in columns(parse("b + a * r.c - b"))] == ["b", "a", "r.c"]


def test_walk_gives_parents_first() -> None:
    assert [show(n) for n in walk(parse("a + b * 2"))] == ["a + b * 2", "a", "b * 2", "b", "2"]


def test_rewrite_does_not_enter_what_it_put_in() -> None:
    grown = rewrite(parse("a + b"), lambda n: Call("abs", (n,)) if n == Column(("a",)) else None)
    assert show(grown) == "abs(a) + b"


@given(TREES)
def test_rewrite_without_change_is_the_same_tree(tree: Expr) -> None:
    assert rewrite(tree, lambda _: None) == tree


@given(TREES)
def test_height_counts_levels(tree: Expr) -> None:
    def levels(expr: Expr) -> int:
        return 1 + max(map(levels, expr.args), default=0) if isinstance(expr, Call) else 1

    assert height(tree) == levels(tree)


def test_conditions_are_joined_once_each() -> None:
    a, b = parse("a"), parse("b")
    assert all_of(None, a, Literal(True), b, a) == parse("a and b")
    assert all_of(None, Literal(True)) is None
    assert any_of(a, b, a) == parse("a or b")


def test_a_moment_is_shown_to_the_microsecond() -> None:
    assert show(Literal(dt.datetime(2026, 1, 2, 3, 4, 5, 6))) == "timestamp '2026-01-02 03:04:05.000006'"
    assert show(NULL) == "null"
