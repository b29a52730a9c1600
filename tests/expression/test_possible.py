"""The texts that something can be, and comparisons with others."""

from __future__ import annotations

import pytest

from opstally.errors import BadExpression
from opstally.expression import Typed, check, parse

STATES = ("new", "open", "on hold", "Done")
COLUMNS = {
    "state": Typed("text", texts=STATES), "before": Typed("text", texts=("new", "gone")), "name": Typed("text"),
    "n": Typed("integer"), "b": Typed("boolean"), "at": Typed("timestamp"),
    "accented": Typed("text", texts=("ÄRGER",)), "many": Typed("text", texts=tuple(f"t{i}" for i in range(20))),
}  # fmt: skip


def typed(text: str) -> Typed:
    return check(parse(text), lambda column: COLUMNS[column.name])


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("state", STATES),
        ("'x'", ("x",)),
        ("case when b then 'x' when n > 1 then 'y' else 'x' end", ("x", "y")),
        ("case when b then 'x' end", ("x",)),
        ("case when b then state else before end", (*STATES, "gone")),
        ("case when b then state else name end", None),
        ("coalesce(state, 'none')", (*STATES, "none")),
        ("coalesce(state, name)", None),
        ("greatest(state, null)", STATES),
        ("lower(state)", ("new", "open", "on hold", "done")),
        ("lower(accented)", None),
        ("min(state)", STATES),
        ("max(state)", STATES),
        ("first(state, at)", STATES),
        ("last(case when b then state end, at)", STATES),
        ("name", None),
        ("coalesce(n, 0)", None),
        ("state = 'new'", None),
    ],
)
def test_the_texts_that_an_expression_can_give(text: str, texts: tuple[str, ...] | None) -> None:
    assert typed(text).texts == texts


@pytest.mark.parametrize(
    "text",
    [
        "state = 'new'", "'new' != state", "state in ('new', 'open', null)", "state = null", "state is null",
        "state = before", "state = name", "name = 'nwe'", "coalesce(state, 'none') = 'none'", "'a' = 'b'",
        "lower(state) = 'done'", "lower(accented) = 'x'", "state > 'm'", "contains(state, 'zz')",
        "case when b then null end = 'x'",
    ],
)  # fmt: skip
def test_what_can_be_is_not_refused(text: str) -> None:
    assert typed(text).type == "boolean"


@pytest.mark.parametrize(
    ("text", "position", "sentence"),
    [
        (
            "n = 1 and state = 'opne'",
            18,
            "state is never 'opne'. Did you mean 'open'? It can be 'new', 'open', 'on hold', 'Done'.",
        ),
        ("'opne' = state", 0, "state is never 'opne'."),
        ("state != 'done'", 9, "state is never 'done'. Did you mean 'Done'?"),
        ("state in ('new', 'opne', 'nwe')", 17, "state is never 'opne' or 'nwe'. Did you mean 'open' and 'new'?"),
        ("state not in ('xyz')", 14, "state is never 'xyz'. It can be 'new', 'open', 'on hold', 'Done'."),
        ("state = ''", 8, "A missing one is told by 'state is null'."),
        ("lower(state) = 'Done'", 15, "lower(state) is never 'Done'. Did you mean 'done'?"),
        ("case when b then 'x' else 'y' end = 'z'", 36, "is never 'z'. It can be 'x', 'y'."),
        ("coalesce(state, 'none') = 'non'", 26, "Did you mean 'none'?"),
        ("last(state, at) = 'opne'", 18, "last(state, at) is never 'opne'."),
        ("count_if(state = 'opne')", 17, "state is never 'opne'."),
        ("many = 'x'", 7, "It can be 't0', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9', 't10', 't11', …."),
    ],
)
def test_a_text_that_something_never_is_is_refused(text: str, position: int, sentence: str) -> None:
    with pytest.raises(BadExpression) as refused:
        typed(text)
    assert sentence in str(refused.value)
    assert refused.value.position == position
