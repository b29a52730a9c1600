"""What the truth of one condition says about another, so that no row is asked twice.

Everything here is about conditions of which only the truth matters, as in count_if or a filter: false and NULL are
alike. What cannot be shown to be so is left as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from opstally.expression import Call, Column, Expr, Literal
from opstally.expression.tree import NULL, TRUE, all_of, any_of

_FALSE = Literal(False)
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_STRICT = _COMPARISONS | {
    "+", "-", "*", "/", "neg", "in", "abs", "floor", "ceil", "ln", "lower", "contains", "starts_with",
    "seconds_between", "minutes_between", "hours_between", "days_between", "add_days", "add_minutes",
    "date_of", "hour_of", "weekday_of",
}  # fmt: skip
"""Words that give NULL where any of their arguments is NULL. (`x in (…)` is so for its constants.)"""


_TOTAL = _STRICT - {"/", "ln"} | {"is_null", "and", "or", "not", "setting", "as_of", "as_of_date"}
"""Words that have a value where all their arguments have one."""
_OF_THE_PERIOD = frozenset({"period_start", "period_end", "period_days"})
"""Words that always have a value."""


def known(x: Expr) -> Expr:
    """That there is a value."""
    return Call("not", (Call("is_null", (x,)),))


def parts(condition: Expr | None, sign: str = "and") -> list[Expr]:
    """The conditions that are joined by `and` (or by `or`)."""
    if condition is None:
        return []
    if isinstance(condition, Call) and condition.name == sign:
        return [part for arg in condition.args for part in parts(arg, sign)]
    return [condition]


def implies(one: Expr, other: Expr) -> bool:
    """Whether wherever `one` is true, `other` can be shown to be true."""
    if one in (other, _FALSE, NULL) or other == TRUE:
        return True
    match one, other:
        case _, Call("and", args):
            return all(implies(one, arg) for arg in args)
        case Call("or", args), _:
            return all(implies(arg, other) for arg in args)
        case _, Call("or", args) if any(implies(one, arg) for arg in args):
            return True
        case Call("and", args), _:
            return any(implies(arg, other) for arg in args)
        case Call("not", (Call("is_null", (x,)),)), _ if any(implies(c, other) for c in _chosen_by(x)):
            return True
        case _, Call("not", (Call("is_null", (x,)),)):
            return _has_value(x, [*_present(one)].__contains__)
        case _, Call("not", (inner,)):
            return excludes(one, inner)
    return _same_text(one, other)


def excludes(one: Expr, other: Expr) -> bool:
    """Whether where `one` is true, `other` can be shown to be false: never NULL, so that its negation is true."""
    match other:
        case Call("is_null", (x,)):
            return implies(one, known(x))
        case Call("and", args):
            return any(excludes(one, arg) for arg in args)
        case Call("or", args):
            return all(excludes(one, arg) for arg in args)
        case Call("!=", pair) if implies(one, Call("=", pair)):
            return True
    match one:
        case Call("and", args):
            return any(excludes(arg, other) for arg in args)
        case Call("or", args):
            return all(excludes(arg, other) for arg in args)
        case Call("not", (Call("is_null", (x,)),)):
            return any(excludes(condition, other) for condition in _chosen_by(x))
    mine, theirs = texts(one), texts(other)
    return mine is not None and theirs is not None and mine[0] == theirs[0] and not mine[1] & theirs[1]


def apart(one: Expr, other: Expr) -> bool:
    """Whether it can be shown that no row meets both."""
    pairs = itertools.product({one: None, **dict.fromkeys(parts(one))}, {other: None, **dict.fromkeys(parts(other))})
    return any(excludes(a, b) or excludes(b, a) or _denies(a, b) or _denies(b, a) for a, b in pairs)


def _denies(one: Expr, other: Expr) -> bool:
    """Whether `one` says that something is not so which `other` says is so."""
    match one:
        case Call("not", (Call("is_null", (x,)) as unknown,)):
            return implies(other, unknown) or any(_denies(condition, other) for condition in _chosen_by(x))
        case Call("not", (Call("coalesce", (x, otherwise)),)) if otherwise == _FALSE:
            return implies(other, x)
        case Call("not", (x,)):
            return implies(other, x)
    return False


def _chosen_by(x: Expr) -> Iterator[Expr]:
    """Conditions that are true where x has a value."""
    for part in _within(x):
        condition, value = chosen(part)
        if condition is not None:
            yield from parts(condition)
            yield known(value)


def _same_text(one: Expr, other: Expr) -> bool:
    """Whether both are about which of several texts something is, and the first leaves fewer."""
    mine = texts(one)
    if mine is None:
        return False
    match other:
        case Call("!=", (x, Literal(str() as text))):
            return mine[0] == x and text not in mine[1]
    theirs = texts(other)
    return theirs is not None and mine[0] == theirs[0] and mine[1] <= theirs[1]


def texts(condition: Expr) -> tuple[Expr, frozenset[str]] | None:
    """(x, texts) of a condition that x is one of them."""
    match condition:
        case Call("=" | "in", (x, *values)) if values and all(
            isinstance(v, Literal) and isinstance(v.value, str) for v in values
        ):
            return x, frozenset(str(v.value) for v in values if isinstance(v, Literal))
    return None


def _present(condition: Expr) -> Iterator[Expr]:
    """What must have a value where the condition is true."""
    match condition:
        case Call("not", (Call("is_null", (x,)),)):
            yield from _within(x)
        case Call("not", (Call(name) as inner,)) if name in _STRICT:
            yield from _within(inner)  # false is a value as well
        case Call("not", (Column() as x,)):
            yield x
        case Column():
            yield condition
        case Call(name) if name in _STRICT:
            yield from _within(condition)


def _within(x: Expr) -> Iterator[Expr]:
    """What must have a value where x has one."""
    yield x
    match x:
        case Call("case", args):
            first, *others = ([*_within(v)] for v in (*args[1:-1:2], args[-1]) if v != NULL)
            yield from (found for found in first if all(found in other for other in others))
        case Call("in", (first, *_)):
            yield from _within(first)
        case Call(name, args) if name in _STRICT:
            for arg in args:
                yield from _within(arg)


# -- making conditions shorter -----------------------------------------------------------------------------------------


def certain(x: Expr, given: Sequence[Expr]) -> bool:
    """Whether it can be shown that there is a value where all of `given` is true."""
    return _has_value(x, lambda inner: any(implies(fact, known(inner)) for fact in given))


def _has_value(x: Expr, told: Callable[[Expr], bool]) -> bool:
    """Whether it can be shown that there is a value where there is one of each expression that is `told`."""
    if told(x):
        return True
    match x:
        case Literal(value):
            return value is not None
        case Call("coalesce" | "least" | "greatest", args):
            return any(_has_value(arg, told) for arg in args)
        case Call("case", args):
            return all(_has_value(value, told) for value in (*args[1:-1:2], args[-1]))
        case Call("/", (above, Literal(int() | float() as below))):
            return below != 0 and _has_value(above, told)
        case Call("in", (first, *_)):
            return _has_value(first, told)
        case Call(name, args):
            return name in _OF_THE_PERIOD or (name in _TOTAL and all(_has_value(arg, told) for arg in args))
    return False


def texts_of(x: Expr) -> frozenset[str] | None:
    """All the texts that a choice between constants can give; None where it can also give another, or nothing."""
    match x:
        case Call("case", args):
            values = (*args[1:-1:2], args[-1])
            texts = [v.value for v in values if isinstance(v, Literal) and isinstance(v.value, str)]
            return frozenset(texts) if len(texts) == len(values) else None
    return None


def shorter(condition: Expr, given: Sequence[Expr] = ()) -> Expr:
    """A condition that is true for the same rows, of those for which all of `given` is true; TRUE where that is all."""
    if any(implies(fact, condition) for fact in given):
        return TRUE
    match condition:
        case Call("not", (Call("is_null", (x,)),)) if certain(x, given):
            return TRUE
        case Call("and"):
            return _fewer_needed([shorter(part, given) for part in parts(condition)])
        case Call("or"):
            return _fewer_ways([shorter(part, given) for part in parts(condition, "or")])
    return condition


def _fewer_needed(conditions: Sequence[Expr]) -> Expr:
    """All of the conditions, without those that follow from another."""
    kept: list[Expr] = []
    for condition in dict.fromkeys(conditions):
        if not any(implies(other, condition) for other in kept):
            kept = [other for other in kept if not implies(condition, other)] + [condition]
    return all_of(*kept) or TRUE


def _fewer_ways(conditions: Sequence[Expr]) -> Expr:
    """Any of the conditions, without those from which another follows."""
    kept: list[Expr] = []
    for condition in dict.fromkeys(conditions):
        if not any(implies(condition, other) for other in kept):
            kept = [other for other in kept if not implies(other, condition)] + [condition]
    return any_of(*kept)


def shorter_leaf(leaf: Call, given: Sequence[Expr] = (), expanded: Callable[[Expr], Expr] = lambda x: x) -> Call:
    """An aggregate of the same value over rows for which all of `given` is true; one spelling for one meaning.

    expanded: what computed columns are computed from.
    """

    def short(condition: Expr) -> Expr:
        """Shorter for what follows from it by way of computed columns, too."""
        told = parts(condition)
        follows = [known(x) for one in told for y in _present(one) for x in _within(expanded(y))]
        left = parts(shorter(all_of(*told, *follows) or TRUE, given))
        return all_of(*(one for one in left if one in told or one not in follows)) or TRUE

    match leaf:
        case Call("count_if", (condition,)):
            return counting(short(condition))
        case Call("count", (x,)):
            when, value = chosen(x)
            return counting(short(all_of(when, known(value)) or TRUE))
        case Call("union_minutes", (condition,)):
            left = short(condition)
            return Call("union_minutes") if left == TRUE else Call("union_minutes", (left,))
        case Call(name, (x, *rest)):
            when, value = chosen(x)
            left = short(when or TRUE)
            return Call(name, (value if left == TRUE else Call("case", (left, value, NULL)), *rest))
    return leaf


def same_count(one: Call, other: Call) -> bool:
    """Whether both count the rows of the same alternatives, in whatever order they are told."""
    match one, other:
        case Call("count_if", (Call("or") as mine,)), Call("count_if", (Call("or") as theirs,)):
            return _ways(mine) == _ways(theirs)
    return one == other


def _ways(condition: Expr) -> set[frozenset[Expr]]:
    return {frozenset(parts(way)) for way in parts(condition, "or")}


def counting(condition: Expr) -> Call:
    """The aggregate that counts the rows for which the condition is true."""
    match condition:
        case Literal(True):
            return Call("count")
        case Call("not", (Call("is_null", (Column() as x,)),)):
            return Call("count", (x,))
    return Call("count_if", (condition,))


def chosen(x: Expr) -> tuple[Expr | None, Expr]:
    """(condition, value) of a value that is only taken where a condition is true, however often that is said."""
    match x:
        case Call("case", (condition, value, otherwise)) if otherwise == NULL:
            inner, value = chosen(value)
            return all_of(condition, inner), value
    return None, x
