"""Text → expression tree."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import lru_cache

from opstally.errors import BadExpression, did_you_mean
from opstally.expression.tree import NULL, RESERVED, Call, Column, Expr, Literal, height
from opstally.expression.vocabulary import EXPANSIONS, WORDS

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<number>(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><=|>=|!=|<>|==|[-+*/=<>(),.])""",
    re.VERBOSE,
)
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OR, _AND, _NOT, _COMPARED, _ADDED, _MULTIPLIED = range(1, 7)
_BINDING = {
    "or": _OR, "and": _AND, **dict.fromkeys((*_COMPARISONS, "is", "in", "between", "not"), _COMPARED),
    "+": _ADDED, "-": _ADDED, "*": _MULTIPLIED, "/": _MULTIPLIED,
}  # fmt: skip
"""How strongly what may follow an operand binds it; "not" as in "not in"."""

DEEPEST = 100
"""Levels that an expression may have, so that nothing that walks it runs out of stack."""
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "name" else self.text if self.kind == "sign" else ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Expr:
    """The tree of an expression.

    Raises BadExpression with the position for anything that is not of the language: unknown functions,
    wrong number of arguments, subqueries, statements, unbalanced parentheses.
    """
    _refuse_unwritable(text)
    parser = _Parser(text)
    try:
        expr = parser.expression(_OR, 0)
        parser.expect_end()
        if height(expr) > DEEPEST:
            raise _too_deep(0)
    except BadExpression as problem:
        raise problem.within(text) from None
    return expr


def _refuse_unwritable(text: str) -> None:
    """No engine takes a NUL or half a character in its SQL."""
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise BadExpression(f"The character {character!a} cannot be part of an expression", text, position)


def _too_deep(position: int) -> BadExpression:
    return BadExpression(f"Nested more than {DEEPEST} deep; name a part of it as a computed column", position=position)


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadExpression(_unreadable(text[position:]), text, position)
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return [*found, _Token("end", "", len(text))]


def _unreadable(rest: str) -> str:
    if rest.startswith('""'):
        return "A name in double quotes is empty; write texts in single quotes"
    if rest[0] in "'\"":
        return "A text that is not closed"
    return f"{rest[0]!r} is not part of the language"


class _Parser:
    """Precedence climbing: an expression is an operand and all that follows it and binds strongly enough."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.next
        self.at += 1
        return token

    def taken(self, *words: str) -> bool:
        """Whether the next tokens are these words; if so they are passed over."""
        if all(self.tokens[min(self.at + i, len(self.tokens) - 1)].word == w for i, w in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.taken(word):
            raise BadExpression(f"{word!r} is missing", position=self.next.position)

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise BadExpression(f"{self.next.text!r} was not expected here", position=self.next.position)

    def expression(self, least: int, depth: int) -> Expr:
        """The longest expression from here on whose operators bind at least as strongly as `least`."""
        if depth > DEEPEST:
            raise _too_deep(self.next.position)
        left = self.operand(least, depth)
        compared = False
        while (binding := _BINDING.get(self.next.word, 0)) >= least:
            if binding == _COMPARED:
                if compared:
                    break  # a = b = c means nothing
                left, compared = self.comparison(left, depth), True
            else:
                token = self.take()
                left = Call(token.word, (left, self.expression(binding + 1, depth + 1)), token.position)
        return left

    def operand(self, least: int, depth: int) -> Expr:
        token = self.next
        if least <= _NOT and self.taken("not"):
            return Call("not", (self.expression(_NOT, depth + 1),), token.position)
        if self.taken("-"):
            return self.negative(self.expression(_MULTIPLIED + 1, depth + 1), token.position)
        return self.atom(depth)

    @staticmethod
    def negative(inner: Expr, position: int) -> Expr:
        if isinstance(inner, Literal) and isinstance(inner.value, int | float) and not isinstance(inner.value, bool):
            return Literal(-inner.value, position)
        return Call("neg", (inner,), position)

    def comparison(self, left: Expr, depth: int) -> Expr:
        token = self.take()
        if token.word in _COMPARISONS:
            return Call(_COMPARISONS[token.word], (left, self.expression(_ADDED, depth + 1)), token.position)
        if token.word == "is":
            negative = self.taken("not")
            self.expect("null")
            return self._maybe_not(negative, Call("is_null", (left,), token.position))
        negative = token.word == "not"
        word = self.take().word if negative else token.word
        if word == "in":
            self.expect("(")
            return self._maybe_not(negative, Call("in", (left, *self.arguments(depth)), token.position))
        if word == "between":
            return self._maybe_not(negative, self.between(left, token.position, depth))
        raise BadExpression("'in' or 'between' is missing after 'not'", position=self.tokens[self.at - 1].position)

    def between(self, left: Expr, position: int, depth: int) -> Call:
        low = self.expression(_ADDED, depth + 1)
        self.expect("and")
        high = self.expression(_ADDED, depth + 1)
        return Call("and", (Call(">=", (left, low), position), Call("<=", (left, high), position)), position)

    def atom(self, depth: int) -> Expr:
        token = self.take()
        if token.word == "(":
            inner = self.expression(_OR, depth + 1)
            self.expect(")")
            return inner
        if token.kind == "number":
            return self.number(token)
        if token.kind == "string":
            return Literal(token.text[1:-1].replace("''", "'"), token.position)
        if token.kind == "quoted":
            return self.path(token)
        if token.kind == "name":
            return self.named(token, depth)
        what = "The expression ends too early" if token.kind == "end" else f"{token.text!r} was not expected here"
        raise BadExpression(what, position=token.position)

    @staticmethod
    def number(token: _Token) -> Literal:
        value = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text[:20])
        if not math.isfinite(value) or (isinstance(value, int) and value > _LARGEST):
            raise BadExpression(f"{token.text[:40]} is too large a number", position=token.position)
        return Literal(value, token.position)

    def named(self, token: _Token, depth: int) -> Expr:
        word = token.word
        if word == "case":
            return self.cases(token, depth)
        if word in ("null", "true", "false"):
            return Literal({"null": None, "true": True, "false": False}[word], token.position)
        if word in ("date", "timestamp") and self.next.kind == "string":
            return self.moment(word)
        if word in RESERVED:
            raise BadExpression(f"{token.text!r} was not expected here", position=token.position)
        if self.taken("("):
            return self.call(token, depth)
        return self.path(token)

    def path(self, token: _Token) -> Column:
        parts = [_name(token)]
        while self.taken("."):
            part = self.take()
            if part.kind not in ("name", "quoted"):
                raise BadExpression("A column name is missing after '.'", position=part.position)
            parts.append(_name(part))
        return Column(tuple(parts), token.position)

    def call(self, token: _Token, depth: int) -> Expr:
        name = token.word
        if name == "count" and self.taken("*", ")"):
            return Call("count", (), token.position)
        args = () if self.taken(")") else self.arguments(depth)
        expansion = EXPANSIONS.get(name)
        word = expansion or WORDS.get(name)
        if word is None or name not in _FUNCTIONS:
            raise unknown_word(token.text, token.position)
        if not word.least <= len(args) <= word.most:
            raise BadExpression(f"{name}() is written {word.usage}", position=token.position)
        return expansion.expand(args, token.position) if expansion else Call(name, args, token.position)

    def arguments(self, depth: int) -> tuple[Expr, ...]:
        args = [self.expression(_OR, depth + 1)]
        while self.taken(","):
            args.append(self.expression(_OR, depth + 1))
        self.expect(")")
        return tuple(args)

    def cases(self, token: _Token, depth: int) -> Expr:
        parts: list[Expr] = []
        while self.taken("when"):
            parts.append(self.expression(_OR, depth + 1))
            self.expect("then")
            parts.append(self.expression(_OR, depth + 1))
        if not parts:
            raise BadExpression("'when' is missing after 'case'", position=self.next.position)
        otherwise = self.expression(_OR, depth + 1) if self.taken("else") else NULL
        self.expect("end")
        return Call("case", (*parts, otherwise), token.position)

    def moment(self, word: str) -> Literal:
        token = self.take()
        text = token.text[1:-1]
        try:
            if word == "date":
                return Literal(dt.date.fromisoformat(text), token.position)
            moment = dt.datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            example = "2026-10-31" if word == "date" else "2026-10-31 18:30:00"
            raise BadExpression(
                f"{text!r} is not a {word} (write {word} '{example}')", position=token.position
            ) from None
        return Literal(moment, token.position)

    @staticmethod
    def _maybe_not(negative: bool, expr: Call) -> Call:
        return Call("not", (expr,), expr.position) if negative else expr


_FUNCTIONS = frozenset({*EXPANSIONS, *(name for name, word in WORDS.items() if word.kind != "operator")})


def _name(token: _Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text


def unknown_word(name: str, position: int = 0) -> BadExpression:
    """The error for a function that is not in the vocabulary."""
    near = did_you_mean(name, _FUNCTIONS) or f" There are: {', '.join(sorted(_FUNCTIONS))}."
    return BadExpression(f"There is no function {name}().{near}", position=position)
