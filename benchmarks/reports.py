"""Each of the 13 reports beside the SQL that an expert would write by hand for the same numbers, in one run.

python benchmarks/reports.py [--full] [--runs N] [REPORT…]

The SQL is in `benchmarks/by_hand`, a statement a section. A report says more than its cells: from how many rows each
mean and share comes, how sure it is, and for every metric how many rows of the period were used and why others were
not. The SQL gives all of that, and by itself the cells, which are timed, too. All numbers must be equal to 1e-9, or no
ratio is printed.

Every side starts with a new connection each time. Definitions are loaded before, and plans and the freshness of tables
are remembered from the run before, as in a process that answers more than one question while nobody writes; `first`
is the time of a workspace that remembers none of it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import company
import duckdb
from agreement import Row, statements, unequal

from opstally.result import ReportResult
from opstally.workspace import STORE_FILE, Workspace

BY_HAND = Path(__file__).parent / "by_hand"
TARGET = 1.25
"""The most that a report may take, as a multiple of the SQL that gives the same numbers."""


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor in all threads, which other programs disturb less."""

    clock: float
    processor: float

    def __add__(self, other: Took) -> Took:
        return Took(self.clock + other.clock, self.processor + other.processor)


@dataclass(frozen=True)
class Times:
    """What each run took: the SQL for the cells, the SQL for the same numbers, the report, and the first report."""

    cells: tuple[Took, ...]
    by_hand: tuple[Took, ...]
    report: tuple[Took, ...]
    first: tuple[Took, ...]

    def ratio(self, pick: Callable[[Iterable[float]], float], what: str) -> float:
        """The report's time over the SQL's: of the best runs (`min`) or the medians, by the clock or the processor."""
        ours, theirs = (pick([getattr(t, what) for t in times]) for times in (self.report, self.by_hand))
        return ours / theirs


def for_days_of(found: ReportResult, text: str) -> str:
    """The SQL by hand, for the report's own period and day."""
    days = {"start": found.period.start, "end": found.period.end, "as_of": found.as_of + dt.timedelta(days=1)}
    for name, day in days.items():
        text = text.replace(f":{name}", f"DATE '{day}'")
    return text


def run_sql(store: Path, queries: Sequence[str]) -> list[list[Row]]:
    """The rows of each query, over a new connection."""
    with duckdb.connect(store, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET ieee_floating_point_ops = false")  # a share of nothing is NULL
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


def took(work: Callable[[], object]) -> Took:
    """How long it takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - clock, time.process_time() - processor)


def agreed(workspace: Workspace, slug: str) -> tuple[list[str], list[str]]:
    """The queries for the cells and for the same numbers, run once. Exits where they and the report differ."""
    found = run_report(workspace, slug)
    told = statements(for_days_of(found, (BY_HAND / f"{slug}.sql").read_text(encoding="utf-8")))
    cells, whole = [s.cells for s in told], [s.text for s in told]
    differing = [
        *unequal(found, told, run_sql(workspace.folder / STORE_FILE, cells), whole=False),
        *unequal(found, told, run_sql(workspace.folder / STORE_FILE, whole), whole=True),
    ]
    if differing:
        raise SystemExit(f"{slug}: the numbers differ, so there is no ratio.\n  " + "\n  ".join(differing[:20]))
    return cells, whole


def one_run(workspace: Workspace, slug: str, cells: Sequence[str], whole: Sequence[str]) -> tuple[Took, ...]:
    """What each side takes, one after the other."""
    store, new = workspace.folder / STORE_FILE, Workspace.open(workspace.folder)
    return (
        took(lambda: run_sql(store, cells)),
        took(lambda: run_sql(store, whole)),
        took(lambda: run_report(workspace, slug)),
        took(lambda: run_report(new, slug)),
    )


def compare(folder: Path, slugs: Sequence[str], runs: int) -> dict[str, Times]:
    """The times of each report and of its SQL, turn by turn. Exits where their numbers differ."""
    workspace = Workspace.open(folder)
    queries = {slug: agreed(workspace, slug) for slug in slugs}  # also the first run, which reads the file from disk
    taken: dict[str, list[tuple[Took, ...]]] = {slug: [] for slug in slugs}
    for _ in range(runs):
        for slug in slugs:
            taken[slug].append(one_run(workspace, slug, *queries[slug]))
    return {slug: Times(*zip(*times, strict=True)) for slug, times in taken.items()}


def whole(times: Mapping[str, Times]) -> Times:
    """All reports together, run by run."""
    sides = [[getattr(t, side.name) for t in times.values()] for side in fields(Times)]
    return Times(*(tuple(sum(run, Took(0, 0)) for run in zip(*side, strict=True)) for side in sides))


def table(times: Mapping[str, Times]) -> list[list[str]]:
    """A line a report and one for all: milliseconds of the best runs, and ratios.

    The ratios are to the SQL for the same numbers, but for the one that says that it is to the cells only.
    """
    times_of = ["cells by hand, ms", "same by hand, ms", "report, ms", "first report, ms"]
    lines = [["Report", *times_of, "to cells only", "ratio, best", "ratio, median", "ratio, processor"]]
    for slug, told in [*times.items(), (f"all {len(times)}", whole(times))]:
        best = [min(t.clock for t in side) * 1e3 for side in (told.cells, told.by_hand, told.report, told.first)]
        ratios = (told.ratio(min, "clock"), told.ratio(statistics.median, "clock"), told.ratio(min, "processor"))
        lines.append([slug, *(f"{ms:.0f}" for ms in best), *(f"{ratio:.2f}" for ratio in (best[2] / best[0], *ratios))])
    return lines


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    company.options(parser)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("reports", nargs="*", metavar="REPORT")
    told = parser.parse_args()
    slugs = told.reports or sorted(path.stem for path in BY_HAND.glob("*.sql"))
    for line in table(compare(company.chosen(told), slugs, told.runs)):
        print(f"{line[0]:22}" + "".join(f"{cell:>19}" for cell in line[1:]))


if __name__ == "__main__":
    main()
