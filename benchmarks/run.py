"""All benchmarks in one command; what they measure goes into benchmarks/README.md, between its markers.

python benchmarks/run.py [--full] [--folder DIR] [--only NAME…]

Without `--full` everything is small, and takes some minutes. With it, checks and tickets are 50 and 5 million, the
CSV with wide rows has 10 GB, and 30 GB of disk have to be free where temporary files go (TMPDIR). What is written says
when, on how busy a machine, and with which versions it was measured.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import company
import duckdb
import load
import memory
import startup

import opstally
import reports

README = Path(__file__).with_name("README.md")
Rows = list[list[str]]


@dataclass(frozen=True)
class Asked:
    """How large everything is, and where companies are kept."""

    full: bool
    folder: Path

    @property
    def company(self) -> Path:
        return company.company(self.folder, company.FULL if self.full else company.SMALL)


def loads(asked: Asked) -> Rows:
    """Checks as narrow as their table, clean and with one bad row in a hundred."""
    rows = 50_000_000 if asked.full else 2_000_000
    runs = 1 if asked.full else 3
    return _loads(
        [
            ("clean", load.measure(rows, runs, False, False, False)),
            ("1 % bad", load.measure(rows, runs, True, False, False)),
        ]
    )


def wide(asked: Asked) -> Rows:
    """Checks with more columns than their table takes, one row in a hundred bad; then the same file again, and more."""
    rows = 56_000_000 if asked.full else 2_000_000
    return _loads([("1 % bad, wide", load.measure(rows, 1, True, True, True))])


def _loads(measured: Sequence[tuple[str, load.Measured]]) -> Rows:
    table = [["CSV", "rows", "bare read_csv, s", "load, s", "rows/s to bare, best", "median", "peak GB, bare", "load"]]
    for name, found in measured:
        table.append([
            f"{name}, {found.bytes / 1e9:.2f} GB", f"{found.ours[0].rows:,}",
            f"{min(r.seconds for r in found.bare):.1f}", f"{min(r.seconds for r in found.ours):.1f}",
            f"{found.best:.2f}", f"{found.median:.2f}",
            f"{max(r.memory for r in found.bare):.2f}", f"{max(r.memory for r in found.ours):.2f}",
        ])  # fmt: skip
        for what, run in (("the same file again", found.same), (f"{load.MORE:,} rows more", found.more)):
            if run is not None:
                table.append([what, f"{run.rows:,}", "", f"{run.seconds:.1f}", "", "", "", f"{run.memory:.2f}"])
    return table


def peaks(asked: Asked) -> Rows:
    """The memory of every report."""
    return memory.table(memory.measure(asked.company, memory.all_of(asked.company)))


def ratios(asked: Asked) -> Rows:
    """The time of every report beside that of the SQL by hand."""
    slugs = sorted(path.stem for path in reports.BY_HAND.glob("*.sql"))
    return reports.table(reports.compare(asked.company, slugs, 15))


def starts(asked: Asked) -> Rows:
    """Whole processes on the company of scale 1."""
    asked.company.resolve()  # made on the way
    found = startup.measured(str(asked.folder / "scale-1"), 5)
    yardstick = min(found['python -c "import duckdb"'])
    lines = [
        [f"`{name}`" if name.startswith(("python", "opstally")) else name, f"{min(times):.2f}",
         f"{statistics.median(times):.2f}", f"{min(times) / yardstick:.1f}"]
        for name, times in found.items()
    ]  # fmt: skip
    return [["process", "best s", "median s", "ratio to importing DuckDB"], *lines]


def plans(_: Asked) -> Rows:
    """From a question to its SQL."""
    script = Path(__file__).with_name("planning.py")
    told = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in told.splitlines()]
    return [lines[0], *lines[2:]]


STEPS: dict[str, Callable[[Asked], Rows]] = {
    "loads": loads, "wide": wide, "memory": peaks, "reports": ratios, "startup": starts, "planning": plans,
}  # fmt: skip


def told_of(asked: Asked, busy: float) -> str:
    """When, where and with what something was measured."""
    size = "full size" if asked.full else "small size"
    return (
        f"{dt.datetime.now(dt.UTC):%d %B %Y, %H:%M} UTC, {size}; {os.cpu_count()} cores, load {busy:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after; Opstally {opstally.__version__}, DuckDB {duckdb.__version__}, "
        f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}."
    )


def markdown(rows: Rows) -> str:
    """A table."""
    head, *lines = rows
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def put(name: str, measured: str) -> None:
    """Into the README, in place of what was measured before. Raises ValueError where it has no such markers."""
    begin, end = f"<!-- measured: {name} -->", f"<!-- end of {name} -->"
    text = README.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{README} has no markers {begin} and {end}.")
    replaced = re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{measured}\n{end}", text, flags=re.DOTALL)
    README.write_text(replaced, encoding="utf-8")


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--folder", type=Path, default=company.FOLDER, help="where companies are kept between runs")
    parser.add_argument("--only", nargs="+", choices=STEPS, metavar="NAME", help=", ".join(STEPS))
    told = parser.parse_args()
    asked = Asked(told.full, told.folder)
    for name in told.only or STEPS:
        busy = os.getloadavg()[0]
        rows = STEPS[name](asked)
        measured = f"{told_of(asked, busy)}\n\n{markdown(rows)}"
        put(name, measured)
        print(f"## {name}\n{measured}\n", flush=True)


if __name__ == "__main__":
    main()
