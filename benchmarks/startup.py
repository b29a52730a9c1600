"""Whole processes: help, a usage error and a report, beside bare Python and the import of DuckDB, in one run.

    python benchmarks/startup.py PROJECT [--runs N]

PROJECT is a loaded project, such as the synthetic company that script/demo makes. Times are best and median in seconds;
what counts is the ratio to `python -c "import duckdb"` of the same run, because machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

CASES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    'python -c "import duckdb"': [sys.executable, "-c", "import duckdb"],
    "opstally --help": [sys.executable, "-m", "opstally", "--help"],
    "a usage error": [sys.executable, "-m", "opstally", "reprot"],
    "opstally report support-tickets": [sys.executable, "-m", "opstally", "report", "support-tickets"],
    "opstally query first_response_sla --by team": [
        sys.executable, "-m", "opstally", "query", "first_response_sla", "--by", "team",
    ],
}  # fmt: skip


def measured(project: str, runs: int) -> dict[str, list[float]]:
    """Seconds of each case, the cases interleaved so that noise meets all of them."""
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(runs + 1):
        for name, command in CASES.items():
            begun = time.perf_counter()
            subprocess.run(command, cwd=project, capture_output=True, check=False)
            found[name].append(time.perf_counter() - begun)
    return {name: times[1:] for name, times in found.items()}  # the first run fills caches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project")
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    found = measured(asked.project, asked.runs)
    yardstick = min(found['python -c "import duckdb"'])
    print("| process | best s | median s | ratio to importing DuckDB |\n|---|---|---|---|")
    for name, times in found.items():
        print(f"| {name} | {min(times):.2f} | {statistics.median(times):.2f} | {min(times) / yardstick:.1f} |")


if __name__ == "__main__":
    main()
