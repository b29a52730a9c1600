"""Comparisons with a text that a computed column chooses, asked of what it chooses by."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from opstally.expression import Call, Column, Expr, Literal
from opstally.expression.tree import rewrite
from opstally.planner.truth import texts, texts_of


def without_texts(expr: Expr, expanded: Callable[[Expr], Expr]) -> Expr:
    """The expression with `x = 'a'`, `x != 'a'` and `x in ('a', …)` as conditions of x, a choice between constants.

    To make the text in every row, only to compare it, takes longer than all else in many a query. Such a column is
    never NULL, so that both are always the same. expanded: what computed columns are computed from.
    """

    def change(node: Expr) -> Expr | None:
        match node:
            case Call("!=", (Column() as x, Literal(str() as text))):
                choice = expanded(x)
                every = texts_of(choice)
                return None if every is None else _chooses(choice, every - {text})
        told = texts(node)
        if told is None or not isinstance(told[0], Column):
            return None
        choice = expanded(told[0])
        return None if texts_of(choice) is None else _chooses(choice, told[1])

    return rewrite(expr, change)


def _chooses(choice: Expr, wanted: frozenset[str]) -> Expr:
    """Whether a choice between texts takes one of those that are wanted."""
    assert isinstance(choice, Call)
    *branches, otherwise = choice.args
    last = _is_wanted(otherwise, wanted)
    cases = [(condition, _is_wanted(text, wanted)) for condition, text in list(pairwise(branches))[::2]]
    while cases and cases[-1][1] == last:
        cases.pop()
    if not cases:
        return last
    return Call("case", (*(arg for case in cases for arg in case), last))


def _is_wanted(text: Expr, wanted: frozenset[str]) -> Literal:
    return Literal(isinstance(text, Literal) and text.value in wanted)
