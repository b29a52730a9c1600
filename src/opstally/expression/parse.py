"""Text → expression tree."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from opstally.errors import BadExpression
from opstally.expression.tree import NULL, Call, Column, Expr, Literal
from opstally.expression.vocabulary import EXPANSIONS, WORDS

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><=|>=|!=|<>|==|[-+*/=<>(),.])""",
    re.VERBOSE,
)
_RESERVED = {"and", "or", "not", "in", "is", "null", "true", "false", "between", "case", "when", "then", "else", "end"}
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_DEEPEST = 100


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
    parser = _Parser(text)
    try:
        expr = parser.either(0)
        parser.expect_end()
    except BadExpression as problem:
        raise problem.within(text) from None
    return expr


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            what = "A text that is not closed" if text[position] in "'\"" else f"{text[position]!r} is not part of the language"
            raise BadExpression(what, text, position)
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return [*found, _Token("end", "", len(text))]


class _Parser:
    """Recursive descent, one method a level of binding strength."""

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

    def either(self, depth: int) -> Expr:
        if depth > _DEEPEST:
            raise BadExpression(f"Nested more than {_DEEPEST} deep", position=self.next.position)
        return self._chain(("or",), self.both, depth)

    def both(self, depth: int) -> Expr:
        return self._chain(("and",), self.negated, depth)

    def negated(self, depth: int) -> Expr:
        position = self.next.position
        if self.taken("not"):
            if depth > _DEEPEST:
                raise BadExpression(f"Nested more than {_DEEPEST} deep", position=position)
            return Call("not", (self.negated(depth + 1),), position)
        return self.compared(depth)

    def compared(self, depth: int) -> Expr:
        left = self.added(depth)
        token = self.next
        if token.word in _COMPARISONS:
            self.take()
            return Call(_COMPARISONS[token.word], (left, self.added(depth)), token.position)
        if self.taken("is"):
            negative = self.taken("not")
            self.expect("null")
            return self._maybe_not(negative, Call("is_null", (left,), token.position))
        negative = self.taken("not")
        if self.taken("in"):
            self.expect("(")
            return self._maybe_not(negative, Call("in", (left, *self.arguments(depth)), token.position))
        if self.taken("between"):
            low = self.added(depth)
            self.expect("and")
            high = self.added(depth)
            inside = Call("and", (Call(">=", (left, low)), Call("<=", (left, high))), token.position)
            return self._maybe_not(negative, inside)
        if negative:
            raise BadExpression("'in' or 'between' is missing after 'not'", position=self.next.position)
        return left

    def added(self, depth: int) -> Expr:
        return self._chain(("+", "-"), self.multiplied, depth)

    def multiplied(self, depth: int) -> Expr:
        return self._chain(("*", "/"), self.signed, depth)

    def signed(self, depth: int) -> Expr:
        position = self.next.position
        if self.taken("-"):
            if depth > _DEEPEST:
                raise BadExpression(f"Nested more than {_DEEPEST} deep", position=position)
            inner = self.signed(depth + 1)
            if isinstance(inner, Literal) and isinstance(inner.value, int | float) and not isinstance(inner.value, bool):
                return Literal(-inner.value, position)
            return Call("neg", (inner,), position)
        return self.atom(depth)

    def atom(self, depth: int) -> Expr:
        token = self.take()
        if token.word == "(":
            inner = self.either(depth + 1)
            self.expect(")")
            return inner
        if token.kind == "number":
            return Literal(float(token.text) if re.search(r"[.eE]", token.text) else int(token.text), token.position)
        if token.kind == "string":
            return Literal(token.text[1:-1].replace("''", "'"), token.position)
        if token.kind == "quoted":
            return self.path(token.text[1:-1].replace('""', '"'), token)
        if token.kind == "name":
            return self.named(token, depth)
        what = "The expression ends too early" if token.kind == "end" else f"{token.text!r} was not expected here"
        raise BadExpression(what, position=token.position)

    def named(self, token: _Token, depth: int) -> Expr:
        word = token.word
        if word == "case":
            return self.cases(token, depth)
        if word in ("null", "true", "false"):
            return Literal({"null": None, "true": True, "false": False}[word], token.position)
        if word in ("date", "timestamp") and self.next.kind == "string":
            return self.moment(word)
        if word in _RESERVED:
            raise BadExpression(f"{token.text!r} was not expected here", position=token.position)
        if self.taken("("):
            return self.call(token, depth)
        return self.path(token.text, token)

    def path(self, first: str, token: _Token) -> Column:
        parts = [first]
        while self.taken("."):
            part = self.take()
            if part.kind not in ("name", "quoted"):
                raise BadExpression("A column name is missing after '.'", position=part.position)
            parts.append(part.text.strip('"'))
        return Column(tuple(parts), token.position)

    def call(self, token: _Token, depth: int) -> Expr:
        name = token.word
        if name == "count" and self.taken("*", ")"):
            return Call("count", (), token.position)
        args = () if self.taken(")") else self.arguments(depth)
        expansion = EXPANSIONS.get(name)
        word = expansion or WORDS.get(name)
        if word is None or not name.isidentifier():
            raise unknown_word(token.text, token.position)
        if not word.least <= len(args) <= word.most:
            raise BadExpression(f"{name}() is written {word.usage}", position=token.position)
        return expansion.expand(args, token.position) if expansion else Call(name, args, token.position)

    def arguments(self, depth: int) -> tuple[Expr, ...]:
        args = [self.either(depth + 1)]
        while self.taken(","):
            args.append(self.either(depth + 1))
        self.expect(")")
        return tuple(args)

    def cases(self, token: _Token, depth: int) -> Expr:
        parts: list[Expr] = []
        while self.taken("when"):
            parts.append(self.either(depth + 1))
            self.expect("then")
            parts.append(self.either(depth + 1))
        if not parts:
            raise BadExpression("'when' is missing after 'case'", position=self.next.position)
        otherwise = self.either(depth + 1) if self.taken("else") else NULL
        self.expect("end")
        return Call("case", (*parts, otherwise), token.position)

    def moment(self, word: str) -> Literal:
        token = self.take()
        text = token.text[1:-1]
        try:
            if word == "date":
                return Literal(dt.date.fromisoformat(text), token.position)
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise BadExpression(f"{text!r} is not a {word} (write {word} '2026-10-31')", position=token.position) from None
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        return Literal(moment, token.position)

    def _chain(self, signs: tuple[str, ...], level: Callable[[int], Expr], depth: int) -> Expr:
        left = level(depth)
        while self.next.word in signs:
            token = self.take()
            left = Call(token.word, (left, level(depth)), token.position)
        return left

    @staticmethod
    def _maybe_not(negative: bool, expr: Call) -> Call:
        return Call("not", (expr,), expr.position) if negative else expr


def unknown_word(name: str, position: int = 0) -> BadExpression:
    """The error for a function that is not in the vocabulary."""
    from opstally.errors import did_you_mean

    known = [w for w in (*WORDS, *EXPANSIONS) if w.isidentifier()]
    return BadExpression(f"There is no function {name}().{did_you_mean(name, known)}", position=position)
