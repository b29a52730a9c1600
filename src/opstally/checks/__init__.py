"""What is wrong in the loaded data: quarantined rows, doubled keys, references to nothing, and what tables declare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opstally.checks.bounds import bounds
from opstally.checks.finding import SEVERITIES, Finding, shown
from opstally.checks.fresh import fresh, reference_day
from opstally.checks.ground import Ground
from opstally.checks.steady import steady
from opstally.checks.told import expected, unique
from opstally.engines.engine import Engine
from opstally.errors import Problem
from opstally.model.table import Reference, Table


@dataclass(frozen=True)
class CheckResult:
    """Problems in the definitions, and findings in the data."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether anything is an error: a definition that cannot be used, or rows that no number counts."""
        return bool(self.problems) or any(f.severity == "error" for f in self.findings)


def check(
    problems: tuple[Problem, ...], ground: Ground, tables: Mapping[str, Table], as_of: dt.date | None = None
) -> CheckResult:
    """Everything that can be found wrong; the most rows first within a table. Data are as fresh as they have to be at
    `as_of`, or else at the day of the newest row of all."""
    engine = ground.engine
    there = engine.tables(tables)
    found = [*_refused(engine), *_quarantined(engine), *_restated(engine)]
    day = as_of or reference_day(ground, [tables[name] for name in sorted(there)])
    for name in sorted(there):
        found += _doubled(engine, tables[name])
        found += bounds(engine, tables[name])
        found += _tested(ground, tables[name], day)
        for reference in tables[name].references.values():
            if reference.table in there:
                found += _dangling(engine, name, reference)
    return CheckResult(
        problems,
        tuple(sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.table, -f.count, f.column, f.reason))),
    )


def _refused(engine: Engine) -> Iterator[Finding]:
    for source, when, reason in engine.refused():
        yield Finding(
            "error", source, "", "was refused, so older data serve", 1, f"{when:%Y-%m-%d %H:%M} UTC: {reason}"
        )


def _restated(engine: Engine) -> Iterator[Finding]:
    """Weeks and months that were over before the newest load of a source changed them: their reports are old."""
    for load_id, table, grain, periods, rows, first in engine.restated():
        over = f"{periods} {grain}s that were over" if periods > 1 else f"a {grain} that was over"
        yield Finding("note", table, "", f"load {load_id} changed {over}", rows, first)


def _tested(ground: Ground, table: Table, day: dt.date) -> Iterator[Finding]:
    for test in table.tests:
        if test.expect is not None:
            yield from expected(ground, table, test, day)
        elif test.unique:
            yield from unique(ground.engine, table, test)
        elif test.fresh_days is not None:
            yield from fresh(ground, table, test, day)
        else:
            yield from steady(ground, table, test, day)


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
            "error", table.table, ", ".join(table.key), "key stands more than once", int(str(count)), shown(first)
        )


def _dangling(engine: Engine, table: str, reference: Reference) -> Iterator[Finding]:
    ours = [engine.identifier(o) for o, _ in reference.pairs]
    on = " AND ".join(f"there.{engine.identifier(t)} = here.{engine.identifier(o)}" for o, t in reference.pairs)
    known = " AND ".join(f"here.{o} IS NOT NULL" for o in ours)
    [(count, *first)] = engine.run(
        f"SELECT count(*), {', '.join(f'min(here.{o})' for o in ours)} FROM {engine.table(table)} AS here "
        f"WHERE {known} AND NOT EXISTS (SELECT 1 FROM {engine.table(reference.table)} AS there WHERE {on})"
    )
    if count:
        reason = f"names no row of {reference.table}"
        yield Finding("warning", table, ", ".join(o for o, _ in reference.pairs), reason, int(str(count)), shown(first))


__all__ = ["CheckResult", "Finding", "Ground", "check"]
