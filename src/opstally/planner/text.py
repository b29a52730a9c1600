"""Laying out SQL so that a person can read it and paste it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = frozenset({"buckets", "facts", "member_rows", "members", "results"})
"""Names of steps that every query may have; a table of such a name is written with its schema."""


@dataclass(frozen=True)
class Cte:
    """One named step of a query."""

    name: str
    sql: str


def select(
    outputs: Sequence[tuple[str, str]], source: str, where: Sequence[str] = (), group: Sequence[str] = (),
    *, joins: Sequence[str] = (), order: Sequence[str] = (), distinct: bool = False,
) -> str:  # fmt: skip
    """A SELECT; `outputs` are (SQL, name), the name left out where the SQL already is it."""
    lines = ["SELECT DISTINCT" if distinct else "SELECT"]
    shown = [sql if sql in (name, f"{sql.partition('.')[0]}.{name}") else f"{sql} AS {name}" for sql, name in outputs]
    lines.append(",\n".join(f"  {line}" for line in shown))
    lines.append(f"FROM {source}")
    lines += joins
    if where:
        lines.append("WHERE " + "\n  AND ".join(where))
    if group:
        lines.append(f"GROUP BY {', '.join(group)}")
    if order:
        lines.append(f"ORDER BY {', '.join(order)}")
    return "\n".join(lines)


def script(ctes: Sequence[Cte], final: str) -> str:
    """The whole query."""
    if not ctes:
        return final
    steps = ",\n".join(f"{cte.name} AS (\n{indent(cte.sql)}\n)" for cte in ctes)
    return f"WITH {steps}\n{final}"


def indent(text: str) -> str:
    """Two spaces before every line."""
    return "\n".join(f"  {line}" for line in text.splitlines())
