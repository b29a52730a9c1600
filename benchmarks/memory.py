"""The memory that each of the 13 reports takes at most, each in a process of its own.

python benchmarks/memory.py [--full] [REPORT…]

The peak is that of the whole process (resident set, as the system counts it), not what the engine says of itself.
`benchmarks/load.py` tells the same of loads.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from opstally.workspace import Workspace

MOST = 4.0
"""GB that a report may take."""


@dataclass(frozen=True)
class Peak:
    """What one report took."""

    seconds: float
    gigabytes: float


def peak() -> float:
    """The most GB that this process has held. What the system counts may include the process that started it."""
    try:
        told = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(told.split("VmHWM:")[1].split()[0]) * 1024 / 1e9
    except (OSError, IndexError):  # not told on every system
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def measure(folder: Path, slugs: Iterable[str]) -> dict[str, Peak]:
    """Each report, one after the other."""
    found = {}
    for slug in slugs:
        command = [sys.executable, __file__, "--project", str(folder), "--one", slug]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        found[slug] = Peak(float(told[0]), float(told[1]))
    return found


def one(folder: Path, slug: str) -> None:
    """One report, here."""
    began = time.perf_counter()
    Workspace.open(folder).report(slug)
    print(time.perf_counter() - began, peak())


def all_of(folder: Path) -> list[str]:
    """The reports of the project."""
    return sorted(Workspace.open(folder).library.reports)


def table(found: dict[str, Peak]) -> list[list[str]]:
    """A line a report."""
    lines = [[slug, f"{took.seconds:.1f}", f"{took.gigabytes:.2f}"] for slug, took in found.items()]
    return [["Report", "s, process and all", "peak GB"], *lines]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, and fails where a report takes too much."""
    import company  # beside this script

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    company.options(parser)
    parser.add_argument("--project", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("reports", nargs="*", metavar="REPORT")
    told = parser.parse_args(arguments)
    if told.one:
        one(told.project, told.one)
        return
    folder = company.chosen(told)
    found = measure(folder, told.reports or all_of(folder))
    for line in table(found):
        print(f"{line[0]:24}" + "".join(f"{cell:>20}" for cell in line[1:]))
    above = [slug for slug, took in found.items() if took.gigabytes > MOST]
    if above:
        raise SystemExit(f"Above {MOST:g} GB: {', '.join(above)}")


if __name__ == "__main__":
    main()
