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
from collections.abc import Callable, Iterable, Mapping, Sequence
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
class Took:
    """Seconds by the clock, and of the processor in all threads, which other programs disturb less."""

    clock: float
    processor: float

    def __add__(self, other: Took) -> Took:
        return Took(self.clock + other.clock, self.processor + other.processor)


@dataclass(frozen=True)
class Times:
    """What each run took."""

    by_hand: tuple[Took, ...]
    report: tuple[Took, ...]

    def ratio(self, pick: Callable[[Iterable[float]], float], what: str) -> float:
        """The report's time over the SQL's: of the best runs (`min`) or the medians, by the clock or the processor."""
        ours, theirs = (pick([getattr(t, what) for t in times]) for times in (self.report, self.by_hand))
        return ours / theirs


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


def took(work: Callable[[], object]) -> Took:
    """How long it takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - clock, time.process_time() - processor)


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
    taken: dict[str, list[tuple[Took, Took]]] = {slug: [] for slug in slugs}
    for _ in range(runs):
        for slug in slugs:
            by_hand = took(lambda s=slug: run_sql(store, queries[s]))
            taken[slug].append((by_hand, took(lambda s=slug: run_report(workspace, s))))
    return {slug: Times(tuple(h for h, _ in times), tuple(r for _, r in times)) for slug, times in taken.items()}


def whole(times: Mapping[str, Times]) -> Times:
    """All reports together, run by run."""
    runs = zip(*((zip(t.by_hand, t.report, strict=True)) for t in times.values()), strict=True)
    sums = [tuple(sum(side, Took(0, 0)) for side in zip(*run, strict=True)) for run in runs]
    return Times(tuple(by_hand for by_hand, _ in sums), tuple(report for _, report in sums))


def table(times: Mapping[str, Times]) -> list[list[str]]:
    """A line a report and one for all: milliseconds of the best runs, and ratios."""
    lines = [["Report", "SQL by hand, ms", "report, ms", "ratio, best", "ratio, median", "ratio, processor"]]
    for slug, told in [*times.items(), (f"all {len(times)}", whole(times))]:
        best = [f"{min(t.clock for t in side) * 1e3:.0f}" for side in (told.by_hand, told.report)]
        ratios = (told.ratio(min, "clock"), told.ratio(statistics.median, "clock"), told.ratio(min, "processor"))
        lines.append([slug, *best, *(f"{ratio:.2f}" for ratio in ratios)])
    return lines


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    company.options(parser)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("reports", nargs="*", metavar="REPORT")
    told = parser.parse_args()
    slugs = told.reports or sorted(path.stem for path in BY_HAND.glob("*.sql"))
    for line in table(compare(company.chosen(told), slugs, told.runs)):
        print(f"{line[0]:22}" + "".join(f"{cell:>18}" for cell in line[1:]))


if __name__ == "__main__":
    main()
