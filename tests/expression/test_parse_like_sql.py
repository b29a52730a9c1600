"""Our parser against SQLGlot's, an independent oracle, on texts made without either."""

from __future__ import annotations

import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from opstally.expression import Call, Column, Expr, Literal, parse

Form = tuple[object, ...]

_NAMES = {
    exp.And: "and", exp.Or: "or", exp.Not: "not", exp.Neg: "neg", exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<",
    exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
    exp.Abs: "abs", exp.Lower: "lower",
}  # fmt: skip


def ours(expr: Expr) -> Form:
    """Our tree in the common form."""
    match expr:
        case Column():
            return ("column", *expr.path)
        case Literal(bool() | None as value):
            return ("constant", value)
        case Literal(int() | float() as value):
            return ("number", float(value))
        case Literal(value):
            return ("constant", str(value))
        case Call(name, args):
            return (name, *(ours(arg) for arg in args))


def theirs(node: exp.Expression) -> Form:
    """SQLGlot's tree in the common form."""
    match node:
        case exp.Paren():
            return theirs(node.this)
        case exp.Column():
            return ("column", *(part.name for part in node.parts))
        case exp.Literal():
            return ("constant", node.this) if node.is_string else ("number", float(node.this))
        case exp.Boolean():
            return ("constant", node.this)
        case exp.Null():
            return ("constant", None)
        case exp.Cast():
            return ("constant", node.this.this)
        case exp.Neg(this=exp.Literal() as number) if not number.is_string:
            return ("number", -float(number.this))
        case exp.Neg():
            inner = theirs(node.this)
            return ("number", -inner[1]) if inner[0] == "number" else ("neg", inner)  # type: ignore[operator]
        case exp.Is():
            return ("is_null", theirs(node.this))
        case exp.In():
            return ("in", theirs(node.this), *(theirs(e) for e in node.expressions))
        case exp.Between():
            value = theirs(node.this)
            return ("and", (">=", value, theirs(node.args["low"])), ("<=", value, theirs(node.args["high"])))
        case exp.Coalesce():
            return ("coalesce", theirs(node.this), *(theirs(e) for e in node.expressions))
        case exp.Case():
            branches = [theirs(part) for arm in node.args["ifs"] for part in (arm.this, arm.args["true"])]
            otherwise = node.args.get("default")
            return ("case", *branches, theirs(otherwise) if otherwise is not None else ("constant", None))
        case exp.Binary():
            return (_NAMES[type(node)], theirs(node.left), theirs(node.right))
        case _:
            return (_NAMES[type(node)], theirs(node.this))


_SPACE = st.sampled_from([" ", "  ", "\n", "\t ", " -- why\n"])
_ATOM = st.sampled_from(
    ["a", "b", "status", "customer.plan", '"Odd name"', "1", "2.5", ".5", "1e3", "'x'", "'it''s'", "''", "null", "true",
     "false", "date '2026-10-31'", "timestamp '2026-10-31 12:00:00'"]
)  # fmt: skip


def _joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    """The parts with white space between them."""
    pieces = [st.just(p) if isinstance(p, str) else p for p in parts]
    return st.tuples(*(s for piece in pieces for s in (piece, _SPACE))).map("".join)


_COMPARED = ["=", "!=", "<>", "<", "<=", ">", ">="]


def _levels(atom: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The grammar, one level of binding after the other; brackets are as likely too many as too few."""
    signed = st.one_of(atom, _joined("-", atom), _joined("- -", atom))
    product = _chain(signed, ["*", "/"])
    total = _chain(product, ["+", "-"])
    compared = st.one_of(
        total,
        _joined(total, st.sampled_from(_COMPARED), total),
        _joined(total, st.sampled_from(["is null", "IS NOT NULL"])),
        _joined(total, st.sampled_from(["in", "not in"]), "(", total, ",", atom, ")"),
        _joined(total, st.sampled_from(["between", "NOT BETWEEN"]), total, "and", total),
    )
    negated = st.one_of(compared, _joined("not", compared), _joined("not not", compared))
    return _chain(_chain(negated, ["and", "AND"]), ["or"])


def _chain(part: st.SearchStrategy[str], signs: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        part,
        _joined(part, st.sampled_from(signs), part),
        _joined(part, st.sampled_from(signs), part, st.sampled_from(signs), part),
    )


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    whole = _levels(inner)
    return st.one_of(
        _joined("(", whole, ")"),
        _joined("coalesce(", whole, ",", inner, ")"),
        _joined("case when", whole, "then", inner, "else", whole, "end"),
        _joined("CASE WHEN", whole, "THEN", inner, "WHEN", inner, "THEN", whole, "END"),
        _joined("abs (", whole, ")"),
    )


TEXTS = _levels(st.recursive(_ATOM, _nested, max_leaves=12))


@settings(max_examples=400)
@given(TEXTS)
def test_both_read_the_same_tree(text: str) -> None:
    assert ours(parse(text)) == theirs(sqlglot.parse_one(text, dialect="duckdb"))
