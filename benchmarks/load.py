"""Loading monitoring checks from a CSV, beside DuckDB's bare read_csv into a table with the same casts.

    python benchmarks/load.py [--rows 5000000] [--runs 3] [--dirty]

Each load runs in a process of its own, in turn, from the same file. The ratio is that of the best runs, and that of the
medians; 1.0 would be as fast as reading alone. `--dirty` plants exact duplicates, unknown states, thousands separators
and short rows, one of each in a thousand rows.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

NAMES = "service_name, check_id, check_timestamp, status, response_time_ms, region"

# Of a service's days one in a hundred has half an hour of outage, three have one of trouble.
ROWS = """
    SELECT 'service-' || (i % 200) AS service_name, 'probe-' || (i % 5) || '-' || (i % 200) AS check_id,
        TIMESTAMP '2024-11-01' + to_seconds((i // 1000) * 60 + i % 7) AS check_timestamp,
        CASE WHEN (i // 1000) % 1440 NOT BETWEEN 600 AND 630 THEN 'up'
            WHEN hash(i % 200, i // 1440000) % 100 = 0 THEN 'down'
            WHEN hash(i % 200, i // 1440000) % 100 < 4 THEN 'degraded' ELSE 'up' END AS status,
        round(20 + (hash(i * 7) % 100000) / 200.0, 2) AS response_time_ms,
        ['eu-west-1', 'us-east-1', 'ap-south-1'][1 + i % 3] AS region
    FROM range({rows}) AS r(i)"""

DIRTY = """
    SELECT service_name, check_id, check_timestamp,
        CASE WHEN n % 1000 = 7 THEN 'upp' ELSE status END AS status,
        CASE WHEN n % 1000 = 13 THEN '1,234.5' ELSE CAST(response_time_ms AS VARCHAR) END AS response_time_ms, region
    FROM (SELECT *, row_number() OVER () AS n FROM ({rows})), range(2) AS copies(copy)
    WHERE copy = 0 OR n % 1000 = 19"""


def write(path: Path, rows: int, dirty: bool) -> None:
    """The export."""
    import duckdb

    query = ROWS.format(rows=rows)
    duckdb.execute(f"COPY ({DIRTY.format(rows=query) if dirty else query}) TO '{path}' (HEADER)")
    if dirty:
        with path.open("a", encoding="utf-8") as lines:
            lines.writelines(f"service-0,cut-{i}\n" for i in range(rows // 1000))


def bare(export: Path, folder: Path, dirty: bool) -> int:
    """DuckDB alone: text, numbers and timestamps cast as the table has them. Returns the rows."""
    import duckdb

    connection = duckdb.connect(str(folder / "bare.duckdb"))
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE checks (service_name VARCHAR, check_id VARCHAR, check_timestamp TIMESTAMP, status VARCHAR, "
        "response_time_ms DOUBLE, region VARCHAR)"
    )
    kinds = ["'VARCHAR'", "'VARCHAR'", "'TIMESTAMP'", "'VARCHAR'", "'DOUBLE'", "'VARCHAR'"]
    columns = ", ".join(f"'{name}': {kind}" for name, kind in zip(NAMES.split(", "), kinds, strict=True))
    lenient = ", ignore_errors = true" if dirty else ""
    connection.execute(f"INSERT INTO checks FROM read_csv('{export}', columns = {{{columns}}}{lenient})")
    [(rows,)] = connection.execute("SELECT count(*) FROM checks").fetchall()
    connection.close()
    return int(rows)


def ours(export: Path, folder: Path) -> int:
    """`opstally load` in a project that holds the export. Returns the rows merged."""
    from opstally.workspace import Workspace

    (folder / "data").mkdir()
    (folder / "opstally.yml").write_text("name: Benchmark\n", encoding="utf-8")
    (folder / "data" / "infrastructure_monitoring.csv").symlink_to(export)
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


def once(which: str, export: Path, dirty: bool) -> Run:
    """One load in a process of its own."""
    command = [sys.executable, __file__, "--export", str(export), "--only", which, *(["--dirty"] if dirty else [])]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Run(float(told[0]), float(told[1]), float(told[2]), int(told[3]))


def measure_one(which: str, export: Path, dirty: bool) -> None:
    """Run one load and print what it took."""
    with tempfile.TemporaryDirectory(dir=export.parent) as folder:
        begun, busy = time.perf_counter(), time.process_time()
        rows = bare(export, Path(folder), dirty) if which == "bare" else ours(export, Path(folder))
        took, busy = time.perf_counter() - begun, time.process_time() - busy
    print(took, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dirty", action="store_true")
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("bare", "ours"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        measure_one(given.only, given.export, given.dirty)
        return
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "checks.csv"
        write(export, given.rows, given.dirty)
        runs: dict[str, list[Run]] = {which: [] for which in ("bare", "ours")}
        for _ in range(given.runs):
            for which, results in runs.items():
                results.append(once(which, export, given.dirty))
    for which, results in runs.items():
        best = min(results, key=lambda r: r.seconds)
        print(
            f"{which:5} {best.rows:>11,} rows  best {best.seconds:7.2f} s  "
            f"processor {min(r.busy for r in results):7.2f} s  peak {max(r.memory for r in results):.2f} GB"
        )
    for word, pick in (("best runs", min), ("medians", statistics.median)):
        wall, busy = ([pick(getattr(r, f) for r in runs[w]) for w in ("bare", "ours")] for f in ("seconds", "busy"))
        print(
            f"rows/s beside bare read_csv, {word}: {wall[0] / wall[1]:.2f}; by processor time {busy[0] / busy[1]:.2f}"
        )


if __name__ == "__main__":
    main()
