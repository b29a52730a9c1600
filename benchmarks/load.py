"""Loading monitoring checks from a CSV, beside DuckDB's bare read_csv into a table with the same casts.

    python benchmarks/load.py [--rows 5000000] [--runs 3] [--dirty] [--wide] [--again]

Each load runs in a process of its own, in turn, from the same file, with the same memory limit for the engine. The
ratio is that of the best runs, and that of the medians; 1.0 would be as fast as reading alone. `--dirty` makes one row
in a hundred bad: unknown states, thousands separators, exact duplicates and short rows. `--wide` adds what monitors
export besides, and no table takes: 50 million such rows are 10 GB. `--again` loads the same file a second time, and
then a file of 10,000 rows more on top of it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = "service_name, check_id, check_timestamp, status, response_time_ms, region"
WIDE = "run_id, url, method, http_status, address, certificate_days, message"
TABLE = "infrastructure_monitoring"
MORE = 10_000
"""Rows of the file that comes later."""

# Of a service's days one in a hundred has half an hour of outage, three have one of trouble.
ROWS = """
    SELECT 'service-' || (i % 200) AS service_name, 'probe-' || (i % 5) || '-' || (i % 200) AS check_id,
        TIMESTAMP '2024-11-01' + to_seconds((i // 1000) * 60 + i % 7) AS check_timestamp,
        CASE WHEN (i // 1000) % 1440 NOT BETWEEN 600 AND 630 THEN 'up'
            WHEN hash(i % 200, i // 1440000) % 100 = 0 THEN 'down'
            WHEN hash(i % 200, i // 1440000) % 100 < 4 THEN 'degraded' ELSE 'up' END AS status,
        round(20 + (hash(i * 7) % 100000) / 200.0, 2) AS response_time_ms,
        ['eu-west-1', 'us-east-1', 'ap-south-1'][1 + i % 3] AS region{wide}
    FROM range({first}, {upto}) AS r(i)"""

MORE_COLUMNS = """,
        md5(CAST(i AS VARCHAR)) AS run_id, 'https://service-' || (i % 200) || '.example.com/health' AS url,
        'GET' AS method, CASE WHEN hash(i) % 100 = 0 THEN 503 ELSE 200 END AS http_status,
        '10.' || (i % 7) || '.' || (i % 200) || '.' || (i % 251) AS address, 30 + i % 60 AS certificate_days,
        CASE WHEN hash(i) % 100 = 0 THEN 'connection refused' ELSE 'answered as expected' END AS message"""

DIRTY = """
    SELECT * EXCLUDE (n, copy) REPLACE (
        CASE WHEN n % 1000 IN (7, 107, 207) THEN 'upp' ELSE status END AS status,
        CASE WHEN n % 1000 IN (13, 113, 213) THEN '1,234.5' ELSE CAST(response_time_ms AS VARCHAR) END
            AS response_time_ms)
    FROM (SELECT *, row_number() OVER () AS n FROM ({rows})), range(2) AS copies(copy)
    WHERE copy = 0 OR n % 1000 IN (19, 119)"""


@dataclass(frozen=True)
class Export:
    """What the file is like."""

    path: Path
    dirty: bool
    wide: bool

    def write(self, first: int, upto: int) -> None:
        """The rows from `first` to before `upto`."""
        import duckdb

        path = self.path
        # In parts: numbering the rows of a part keeps all of them in memory.
        with path.open("w", encoding="utf-8") as lines:
            lines.write((NAMES + (f", {WIDE}" if self.wide else "")).replace(" ", "") + "\n")
        part = path.with_suffix(".part")
        for begin in range(first, upto, 1_000_000):
            query = ROWS.format(first=begin, upto=min(begin + 1_000_000, upto), wide=MORE_COLUMNS if self.wide else "")
            duckdb.execute(
                f"COPY ({DIRTY.format(rows=query) if self.dirty else query}) TO '{part}' (FORMAT csv, HEADER false)"
            )
            with path.open("ab") as whole, part.open("rb") as piece:
                while chunk := piece.read(16 << 20):
                    whole.write(chunk)
        part.unlink()
        if self.dirty:
            with path.open("a", encoding="utf-8") as lines:
                lines.writelines(f"service-0,cut-{i}\n" for i in range((upto - first) // 500))


def bare(export: Export, folder: Path) -> int:
    """DuckDB alone: text, numbers and timestamps cast as the table has them. Returns the rows."""
    import duckdb

    from opstally.store import _WRITER_MEMORY

    connection = duckdb.connect(str(folder / "bare.duckdb"))
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{_WRITER_MEMORY}B'")
    connection.execute(
        "CREATE TABLE checks (service_name VARCHAR, check_id VARCHAR, check_timestamp TIMESTAMP, status VARCHAR, "
        "response_time_ms DOUBLE, region VARCHAR)"
    )
    kinds = {"check_timestamp": "TIMESTAMP", "response_time_ms": "DOUBLE"}
    names = [*NAMES.split(", "), *(WIDE.split(", ") if export.wide else [])]
    columns = ", ".join(f"'{name}': '{kinds.get(name, 'VARCHAR')}'" for name in names)
    lenient = ", ignore_errors = true" if export.dirty else ""
    connection.execute(
        f"INSERT INTO checks SELECT {NAMES} FROM read_csv('{export.path}', columns = {{{columns}}}{lenient})"
    )
    [(rows,)] = connection.execute("SELECT count(*) FROM checks").fetchall()
    connection.close()
    return int(rows)


def ours(export: Export, folder: Path) -> int:
    """`opstally load` in a project that holds the export, made where it is not there. Returns the rows merged."""
    from opstally.workspace import Workspace

    data = folder / "data" / TABLE
    if not data.exists():
        data.mkdir(parents=True)
        (folder / "opstally.yml").write_text("name: Benchmark\n", encoding="utf-8")
    lying = data / export.path.name
    if not lying.exists():
        lying.symlink_to(export.path)
    summary = Workspace.open(folder).load()
    assert not summary.errors, summary.errors
    [loaded] = summary.loaded
    return loaded.merged


@dataclass(frozen=True)
class Run:
    """One load: seconds without start-up, of the processor in all threads, peak memory in GB, rows."""

    seconds: float
    busy: float
    memory: float
    rows: int


@dataclass(frozen=True)
class Measured:
    """The runs of both sides, and those of later loads on top of the last of ours."""

    bare: tuple[Run, ...]
    ours: tuple[Run, ...]
    same: Run | None
    more: Run | None
    bytes: int

    @property
    def best(self) -> float:
        """Our rows a second over those of bare reading, of the best runs."""
        return min(r.seconds for r in self.bare) / min(r.seconds for r in self.ours)

    @property
    def median(self) -> float:
        """The same, of the medians."""
        return statistics.median(r.seconds for r in self.bare) / statistics.median(r.seconds for r in self.ours)


def once(which: str, export: Export, folder: Path) -> Run:
    """One load in a process of its own."""
    flags = [f"--{flag}" for flag in ("dirty", "wide") if getattr(export, flag)]
    command = [sys.executable, __file__, "--export", str(export.path), "--in", str(folder), "--only", which, *flags]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Run(float(told[0]), float(told[1]), float(told[2]), int(told[3]))


def measure_one(which: str, export: Export, folder: Path) -> None:
    """Run one load and print what it took."""
    begun, busy = time.perf_counter(), time.process_time()
    rows = bare(export, folder) if which == "bare" else ours(export, folder)
    took, busy = time.perf_counter() - begun, time.process_time() - busy
    print(took, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, rows)


def measure(rows: int, runs: int, dirty: bool, wide: bool, again: bool) -> Measured:
    """Write the export, and load it in turn."""
    with tempfile.TemporaryDirectory() as folder:
        export = Export(Path(folder) / "checks.csv", dirty, wide)
        export.write(0, rows)
        found: dict[str, list[Run]] = {"bare": [], "ours": []}
        same = more = None
        for run in range(runs):
            for which, results in found.items():
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    results.append(once(which, export, Path(place)))
                    if which == "ours" and again and run == runs - 1:
                        same = once("ours", export, Path(place))
                        later = Export(Path(folder) / "later.csv", dirty, wide)
                        later.write(rows, rows + MORE)
                        more = once("ours", later, Path(place))
        return Measured(tuple(found["bare"]), tuple(found["ours"]), same, more, export.path.stat().st_size)


def lines(found: Measured) -> list[str]:
    """What was measured, for a person."""
    sides = (("bare", found.bare), ("ours", found.ours))
    told = [
        f"{name:10} {runs[0].rows:>11,} rows  best {min(r.seconds for r in runs):7.2f} s  "
        f"processor {min(r.busy for r in runs):7.2f} s  peak {max(r.memory for r in runs):.2f} GB"
        for name, runs in sides
    ]
    told += [
        f"{name:10} {run.rows:>11,} rows       {run.seconds:7.2f} s  "
        f"processor {run.busy:7.2f} s  peak {run.memory:.2f} GB"
        for name, run in (("same again", found.same), ("more", found.more))
        if run is not None
    ]
    ratio = f"best runs {found.best:.2f}, medians {found.median:.2f}"
    return [f"{found.bytes / 1e9:.2f} GB", *told, f"rows/s beside bare read_csv: {ratio}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    for flag in ("dirty", "wide", "again"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("bare", "ours"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.only:
        measure_one(given.only, Export(given.export, given.dirty, given.wide), given.folder)
        return
    for line in lines(measure(given.rows, given.runs, given.dirty, given.wide, given.again)):
        print(line)


if __name__ == "__main__":
    main()
