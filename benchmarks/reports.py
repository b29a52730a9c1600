"""Each of the 13 reports beside the SQL that an expert would write by hand for the same numbers, in one run.

python benchmarks/reports.py [--full] [--runs N] [REPORT…]

The SQL is in `benchmarks/by_hand`, a statement a section. Its numbers must equal the report's to 1e-9, or no ratio is
printed. Both sides start with a new connection each time; definitions are loaded before, as a process that answers more
than one question has them. What the report does beyond the SQL is in its time: planning, counting used and excluded
rows for the receipt, variances for the intervals, the freshness of every table, finding the last day.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import company
import duckdb

from opstally.result import ReportResult, Result
from opstally.workspace import STORE_FILE, Workspace

BY_HAND = Path(__file__).parent / "by_hand"
TARGET = 1.25
NOT_IN_SQL = {"growth_p_value", "trend_state", "trend_reason", "recommendation"}
"""What no SQL gives: a p-value of Student's t, and words about what the numbers are worth."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Times:
    """Seconds of each run."""

    by_hand: tuple[float, ...]
    report: tuple[float, ...]

    @property
    def best(self) -> float:
        """The report's best time over the SQL's, which noise of others disturbs least."""
        return min(self.report) / min(self.by_hand)

    @property
    def median(self) -> float:
        """The report's median time over the SQL's."""
        return statistics.median(self.report) / statistics.median(self.by_hand)


def statements(slug: str, found: ReportResult) -> list[str]:
    """The SQL by hand, for the report's own period and day."""
    text = (BY_HAND / f"{slug}.sql").read_text(encoding="utf-8")
    days = {"start": found.period.start, "end": found.period.end, "as_of": found.as_of + dt.timedelta(days=1)}
    for name, day in days.items():
        text = text.replace(f":{name}", f"DATE '{day}'")
    return [statement for statement in text.split(";\n") if statement.strip()]


def run_sql(store: Path, queries: Sequence[str]) -> list[list[Row]]:
    """The rows of each query, over a new connection."""
    with duckdb.connect(store, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = []
        for query in queries:
            answer = connection.execute(query)
            names = [column[0] for column in answer.description or ()]
            found.append([dict(zip(names, row, strict=True)) for row in answer.fetchall()])
        return found


def run_report(workspace: Workspace, slug: str) -> ReportResult:
    """The report, over a new connection."""
    try:
        return workspace.report(slug)
    finally:
        workspace.close()


def unequal(found: ReportResult, by_hand: Sequence[Sequence[Row]]) -> list[str]:
    """In what the report and the SQL differ; nothing where they agree."""
    results = [section.result for section in found.sections]
    if len(results) != len(by_hand):
        return [f"{len(results)} sections, {len(by_hand)} statements"]
    differing = []
    for section, rows in zip(found.sections, by_hand, strict=True):
        if section.result is None:
            differing.append(f"{section.title}: no data")
        else:
            differing += [f"{section.title}: {text}" for text in _different(section.result, rows)]
    return differing


def _different(result: Result, by_hand: Sequence[Row]) -> list[str]:
    keys = [column.name for column in result.columns if column.is_dimension]
    theirs = {tuple(plain(row[k]) for k in keys): row for row in by_hand}
    ours = {tuple(plain(row[k]) for k in keys): row for row in result.records()}
    if set(ours) != set(theirs) or len(theirs) != len(by_hand):
        return [f"{len(ours)} rows, {len(by_hand)} by hand, {len(set(ours) ^ set(theirs))} on one side only"]
    columns = [c.name for c in result.columns if c.name not in NOT_IN_SQL]
    missing = [f"{name} is not computed by hand" for name in columns if by_hand and name not in by_hand[0]]
    return missing or [
        f"{key} {name}: {row[name]!r}, {theirs[key][name]!r} by hand"
        for key, row in ours.items()
        for name in columns
        if not same(row[name], theirs[key][name])
    ]


def same(ours: object, theirs: object) -> bool:
    """Equal, numbers to 1e-9."""
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return plain(ours) == plain(theirs)


def plain(value: object) -> object:
    """A day, whether it came as date or as timestamp; anything else as it is."""
    return value.date() if isinstance(value, dt.datetime) else value


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(folder: Path, slugs: Sequence[str], runs: int) -> dict[str, Times]:
    """The times of each report and of its SQL, turn by turn. Exits where their numbers differ."""
    workspace = Workspace.open(folder)
    store = folder / STORE_FILE
    queries = {}
    for slug in slugs:  # also the first run, which reads the file from disk
        found = run_report(workspace, slug)
        queries[slug] = statements(slug, found)
        differing = unequal(found, run_sql(store, queries[slug]))
        if differing:
            raise SystemExit(f"{slug}: the numbers differ, so there is no ratio.\n  " + "\n  ".join(differing[:20]))
    taken: dict[str, list[tuple[float, float]]] = {slug: [] for slug in slugs}
    for _ in range(runs):
        for slug in slugs:
            by_hand = seconds(lambda s=slug: run_sql(store, queries[s]))
            taken[slug].append((by_hand, seconds(lambda s=slug: run_report(workspace, s))))
    return {slug: Times(tuple(h for h, _ in times), tuple(r for _, r in times)) for slug, times in taken.items()}


def table(times: dict[str, Times]) -> list[list[str]]:
    """A line a report and one for all, in milliseconds and as ratios."""
    runs = range(len(next(iter(times.values())).report))
    whole = Times(
        tuple(sum(t.by_hand[i] for t in times.values()) for i in runs),
        tuple(sum(t.report[i] for t in times.values()) for i in runs),
    )
    return [
        ["Report", "SQL by hand, ms", "report, ms", "ratio of the best", "ratio of the medians"],
        *(
            [slug, f"{min(t.by_hand) * 1e3:.0f}", f"{min(t.report) * 1e3:.0f}", f"{t.best:.2f}", f"{t.median:.2f}"]
            for slug, t in [*times.items(), ("all 13" if len(times) == 13 else "all of them", whole)]
        ),
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    company.options(parser)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("reports", nargs="*", metavar="REPORT")
    told = parser.parse_args()
    slugs = told.reports or sorted(path.stem for path in BY_HAND.glob("*.sql"))
    for line in table(compare(company.chosen(told), slugs, told.runs)):
        print(f"{line[0]:24}" + "".join(f"{cell:>22}" for cell in line[1:]))


if __name__ == "__main__":
    main()
