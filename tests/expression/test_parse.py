"""Text → tree: binding, literals, names, and where an error points to."""

from __future__ import annotations

import datetime as dt

import pytest

from opstally.errors import BadExpression
from opstally.expression import Call, Column, Expr, Literal, parse
from opstally.expression.parse import DEEPEST
from opstally.expression.tree import NULL
from opstally.expression.vocabulary import EXPANSIONS, WORDS


def c(path: str) -> Column:
    return Column(tuple(path.split(".")))


A, B, C, D = c("a"), c("b"), c("c"), c("d")
ONE, TWO = Literal(1), Literal(2)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", Call("+", (A, Call("*", (B, C))))),
        ("(a + b) * c", Call("*", (Call("+", (A, B)), C))),
        ("a - b - c", Call("-", (Call("-", (A, B)), C))),
        ("a / b / c", Call("/", (Call("/", (A, B)), C))),
        ("a / (b / c)", Call("/", (A, Call("/", (B, C))))),
        ("-a * b", Call("*", (Call("neg", (A,)), B))),
        ("a - -b", Call("-", (A, Call("neg", (B,))))),
        ("- - a", Call("neg", (Call("neg", (A,)),))),
        ("a or b and c", Call("or", (A, Call("and", (B, C))))),
        ("not a and b", Call("and", (Call("not", (A,)), B))),
        ("not a = b", Call("not", (Call("=", (A, B)),))),
        ("not not a", Call("not", (Call("not", (A,)),))),
        ("a = b + c", Call("=", (A, Call("+", (B, C))))),
        ("a == b", Call("=", (A, B))),
        ("a <> b", Call("!=", (A, B))),
        ("a is null or b", Call("or", (Call("is_null", (A,)), B))),
        ("a is not null", Call("not", (Call("is_null", (A,)),))),
        ("a in (1, b + c)", Call("in", (A, ONE, Call("+", (B, C))))),
        ("a not in (1)", Call("not", (Call("in", (A, ONE)),))),
        ("not a in (1)", Call("not", (Call("in", (A, ONE)),))),
        ("a between 1 and 2 and b", Call("and", (Call("and", (Call(">=", (A, ONE)), Call("<=", (A, TWO)))), B))),
        ("a not between 1 and 2", Call("not", (Call("and", (Call(">=", (A, ONE)), Call("<=", (A, TWO)))),))),
        ("case when a then 1 end", Call("case", (A, ONE, NULL))),
        ("case when a then 1 when b then 2 else c end", Call("case", (A, ONE, B, TWO, C))),
        ("a + case when b then c else d end", Call("+", (A, Call("case", (B, C, D))))),
        ("a.b.c", c("a.b.c")),
    ],
)
def test_binding(text: str, tree: Expr) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("1.0", 1.0), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("2.5E-1", 0.25),
        ("-7", -7), ("- 7.5", -7.5),
        ("9223372036854775807", 2**63 - 1), ("''", ""), ("'it''s'", "it's"), ("'--no comment'", "--no comment"),
        ("'Zoë 🦆 ½'", "Zoë 🦆 ½"), ("null", None), ("TRUE", True), ("false", False),
        ("date '2026-10-31'", dt.date(2026, 10, 31)),
        ("timestamp '2026-10-31'", dt.datetime(2026, 10, 31)),
        ("timestamp '2026-10-31 18:30:01.000002'", dt.datetime(2026, 10, 31, 18, 30, 1, 2)),
        ("timestamp '2026-10-31T18:30:00+02:00'", dt.datetime(2026, 10, 31, 16, 30)),
    ],
)  # fmt: skip
def test_literals(text: str, value: object) -> None:
    found = parse(text)
    assert isinstance(found, Literal)
    assert (type(found.value), found.value) == (type(value), value)


def test_numbers_texts_and_truth_are_different_constants() -> None:
    assert len({Literal(1), Literal(1.0), Literal(True), Literal("1")}) == 4


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('"Ticket ID"', ("Ticket ID",)),
        ('"say ""hi"""', ('say "hi"',)),
        ('raw."say ""hi"""', ("raw", 'say "hi"')),
        ('"end"', ("end",)),
        ("größe", ("größe",)),
        ("date", ("date",)),
        ("Status", ("Status",)),
    ],
)
def test_names(text: str, path: tuple[str, ...]) -> None:
    assert parse(text) == Column(path)


def test_words_are_known_in_any_case_and_comments_and_line_breaks_are_passed_over() -> None:
    assert parse("COUNT_IF( a  -- the good ones\n AND b )") == parse("count_if(a and b)")


def test_short_words_are_written_out() -> None:
    assert parse("median(a)") == parse("quantile(a, 0.5)")
    assert parse("sum_if(a, b)") == parse("sum(case when b then a end)")
    assert parse("quantile_if(a, 0.9, b)") == parse("quantile(case when b then a end, 0.9)")
    assert parse("weighted_avg(a, b)") == parse("sum(a * b) / sum(case when a is not null then b end)")
    assert parse("count(*)") == parse("count()") == Call("count")


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("", 0, "ends too early"),
        ("a +", 3, "ends too early"),
        ("a b", 2, "'b' was not expected"),
        ("a = b = c", 6, "'=' was not expected"),
        ("a is null is null", 10, "'is' was not expected"),
        ("a = not b", 4, "'not' was not expected"),
        ("(a", 2, "')' is missing"),
        ("a)", 1, "')' was not expected"),
        ("a in b", 5, "'(' is missing"),
        ("a in ()", 6, "')' was not expected"),
        ("a is 5", 5, "'null' is missing"),
        ("a not like b", 6, "'in' or 'between' is missing after 'not'"),
        ("a between 1", 11, "'and' is missing"),
        ("case a when 1 then 2 end", 5, "'when' is missing after 'case'"),
        ("case when a then b", 18, "'end' is missing"),
        ("'open", 0, "A text that is not closed"),
        ('a = "open', 4, "A text that is not closed"),
        ('a = ""', 4, "in single quotes"),
        ("a ; b", 2, "';' is not part of the language"),
        ("a % b", 2, "'%' is not part"),
        ("select 1", 7, "'1' was not expected"),
        ("(select a)", 8, "')' is missing"),
        ("a.1", 1, "'.1' was not expected"),
        ("a. + b", 3, "A column name is missing after '.'"),
        ("٣ + 1", 0, "is not part of the language"),
        ("a + 1e999", 4, "too large"),
        ("9223372036854775808", 0, "too large"),
        ("1" * 5000, 0, "too large"),
        ("date '2026-02-30'", 5, "is not a date"),
        ("timestamp '2026-01-01 25:00'", 10, "is not a timestamp"),
        ("timestamp '0001-01-01 00:00+05:00'", 10, "is not a timestamp"),
        ("a = 'x\0y'", 6, "cannot be part of an expression"),
        ("a = '\udcff'", 5, "cannot be part of an expression"),
        ("a + sin(b)", 4, "There is no function sin()"),
        ("frob(b)", 0, "There is no function frob(). There are: abs, "),
        ("cuont(a)", 0, "Did you mean 'count'"),
        ("hours_between(a)", 0, "hours_between(start, end)"),
        ("count(a, b)", 0, "count() or count(x)"),
        ("neg(a)", 0, "There is no function neg()"),
        ("is_null(a)", 0, "There is no function is_null()"),
        ("median()", 0, "median(x)"),
    ],
)
def test_an_error_says_what_and_where(text: str, position: int, part: str) -> None:
    with pytest.raises(BadExpression) as caught:
        parse(text)
    assert part in str(caught.value)
    assert caught.value.position == position
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a" + ")" * 5000,
        "not " * 5000 + "a",
        "- " * 5000 + "a",
        "+".join(["a"] * 5000),
        " or ".join(["a"] * 5000),
        "case when " * 5000,
        "coalesce(" * 5000,
        "a in (" * 5000,
        "1+(" * 5000,
    ],
    ids=["brackets", "not", "minus", "sum", "or", "case", "calls", "in", "mixed"],
)
def test_depth_bombs_are_refused(text: str) -> None:
    with pytest.raises(BadExpression, match=f"more than {DEEPEST} deep") as caught:
        parse(text)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("not ", ""), ("-", ""), ("coalesce(a, ", ")"), ("case when a then ", " end"), ("a + (", ")")],
)
def test_what_a_person_would_write_is_not_too_deep(opening: str, closing: str) -> None:
    sign = opening.replace("-", "- ")
    parse(sign * 40 + "a" + closing * 40)


def test_a_long_list_is_not_deep() -> None:
    found = parse(f"a in ({', '.join(str(n) for n in range(999))})")
    assert isinstance(found, Call)
    assert len(found.args) == 1000


@pytest.mark.parametrize("name", sorted(n for n, w in WORDS.items() if w.kind != "operator"))
def test_every_word_is_a_function_with_as_many_arguments_as_it_says(name: str) -> None:
    word = WORDS[name]
    for count in {word.least, min(word.most, word.least + 1)}:
        assert parse(f"{name}({', '.join('abcdef'[:count])})") == Call(name, (A, B, C, D)[:count])
    with pytest.raises(BadExpression):
        parse(f"{name}({', '.join('a' for _ in range(word.most + 1))})")


@pytest.mark.parametrize("name", sorted(EXPANSIONS))
def test_every_short_word_stands_for_words_that_there_are(name: str) -> None:
    short = EXPANSIONS[name]
    found = parse(f"{name}({', '.join('abcd'[: short.least])})")
    assert isinstance(found, Call)
    assert found.name in WORDS
