"""The texts that something can be, where they are declared, and comparisons that could never be true."""

from __future__ import annotations

from collections.abc import Sequence

from opstally.errors import BadExpression, nearest
from opstally.expression.tree import Call, Expr, Literal, show

Texts = tuple[str, ...] | None
"""In the order of the declaration; NULL adds none. None where it can be any text."""

_MOST = 12
"""Texts that a sentence lists."""


def texts_given(call: Call, given: Sequence[Texts]) -> Texts:
    """The texts that a call can give, its arguments being able to be those of `given`."""
    match call.name:
        case "case":
            return _any_of([*given[1:-1:2], given[-1]])
        case "coalesce" | "least" | "greatest":
            return _any_of(given)
        case "min" | "max" | "first" | "last":
            return given[0]
        case "lower":
            return _lowered(given[0])
    return None


def _any_of(given: Sequence[Texts]) -> Texts:
    known = [texts for texts in given if texts is not None]
    return tuple(dict.fromkeys(t for texts in known for t in texts)) if len(known) == len(given) else None


def _lowered(texts: Texts) -> Texts:
    # Beyond ASCII, engines have their own opinions of what is lower case.
    return tuple(text.lower() for text in texts) if texts is not None and all(t.isascii() for t in texts) else None


def refuse_impossible(call: Call, given: Sequence[Texts]) -> None:
    """Refuses a comparison with a text that the other side cannot be: it would count nothing, without a word.

    Raises BadExpression with the text, the nearest that it can be, and all of them.
    """
    if call.name not in ("=", "!=", "in"):
        return
    first, *others = zip(call.args, given, strict=True)
    wrong = [
        (text, x, texts)
        for other in others
        for (x, texts), (text, _) in ((first, other), (other, first))
        if texts and isinstance(text, Literal) and isinstance(text.value, str) and text.value not in texts
        if not isinstance(x, Literal)
    ]
    if wrong:
        text, x, texts = wrong[0]
        raise BadExpression(_sentence(x, [str(t.value) for t, y, _ in wrong if y == x], texts), position=text.position)


def _sentence(x: Expr, wrong: Sequence[str], texts: Sequence[str]) -> str:
    near = dict.fromkeys(repr(near) for text in wrong for near in nearest(text, texts)[:1])
    meant = f" Did you mean {' and '.join(near)}?" if near else ""
    empty = f" A missing one is told by '{show(Call('is_null', (x,)))}'." if "" in wrong else ""
    shown = ", ".join(map(repr, texts[:_MOST])) + (", …" if len(texts) > _MOST else "")
    return f"{show(x)} is never {' or '.join(map(repr, wrong))}.{meant} It can be {shown}.{empty}"
