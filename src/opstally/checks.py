"""What is wrong in the loaded data: quarantined rows, doubled keys, references to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from opstally.engines.engine import Engine
from opstally.errors import Problem
from opstally.model.table import Reference, Table

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One kind of thing wrong in one column: how many rows, and the first of them."""

    severity: Severity
    table: str
    column: str
    reason: str
    count: int
    first: str


@dataclass(frozen=True)
class CheckResult:
    """Problems in the definitions, and findings in the data."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether anything is an error: a definition that cannot be used, or rows that no number counts."""
        return bool(self.problems) or any(f.severity == "error" for f in self.findings)


def check(problems: tuple[Problem, ...], engine: Engine, tables: Mapping[str, Table]) -> CheckResult:
    """Everything that can be found wrong; the most rows first within a table."""
    there = engine.tables(tables)
    found = list(_quarantined(engine))
    for name in sorted(there):
        found += _doubled(engine, tables[name])
        for role, reference in tables[name].references.items():
            if reference.table in there:
                found += _dangling(engine, name, role, reference)
    return CheckResult(
        problems, tuple(sorted(found, key=lambda f: (f.severity, f.table, -f.count, f.column, f.reason)))
    )


def _quarantined(engine: Engine) -> Iterator[Finding]:
    for table, column, reason, count, first in engine.quarantined():
        yield Finding("error", table, column, f"in quarantine: {reason}", count, first)


def _doubled(engine: Engine, table: Table) -> Iterator[Finding]:
    """Rows that share a key: loading prevents them, a view over a company's own tables may not."""
    key = ", ".join(engine.identifier(k) for k in table.key)
    same = f"SELECT {key}, count(*) AS copies FROM {engine.table(table.table)} GROUP BY {key} HAVING count(*) > 1"
    [(count, *first)] = engine.run(
        f"SELECT count(*), {', '.join(f'min({engine.identifier(k)})' for k in table.key)} FROM ({same}) AS doubled"
    )
    if count:
        yield Finding(
            "error", table.table, ", ".join(table.key), "key stands more than once", int(str(count)), _shown(first)
        )


def _dangling(engine: Engine, table: str, role: str, reference: Reference) -> Iterator[Finding]:
    ours = [engine.identifier(o) for o, _ in reference.pairs]
    on = " AND ".join(f"there.{engine.identifier(t)} = here.{engine.identifier(o)}" for o, t in reference.pairs)
    known = " AND ".join(f"here.{o} IS NOT NULL" for o in ours)
    [(count, *first)] = engine.run(
        f"SELECT count(*), {', '.join(f'min(here.{o})' for o in ours)} FROM {engine.table(table)} AS here "
        f"WHERE {known} AND NOT EXISTS (SELECT 1 FROM {engine.table(reference.table)} AS there WHERE {on})"
    )
    if count:
        reason = f"names no row of {reference.table}"
        yield Finding(
            "warning", table, ", ".join(o for o, _ in reference.pairs), reason, int(str(count)), _shown(first)
        )


def _shown(values: list[object]) -> str:
    return ", ".join(str(v) for v in values)
