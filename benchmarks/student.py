"""Why Student's t is our own: the time to a first p-value with scipy and without, each in fresh processes.

python benchmarks/student.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 5
WAYS = {
    "python alone": "pass",
    "opstally": "from opstally.methods.student import tail; tail(2.0, 24)",
    "scipy": "from scipy.special import stdtr; stdtr(24, -2.0)",
}


def seconds(code: str) -> float:
    """The time of one fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Prints the median time of each way, and how many times python's own start it is."""
    for code in WAYS.values():
        seconds(code)  # the first run reads the files from disk
    times = {way: statistics.median(seconds(code) for _ in range(RUNS)) for way, code in WAYS.items()}
    for way, taken in times.items():
        print(f"{way:14} {taken * 1000:6.0f} ms  {taken / times['python alone']:5.1f} ×")


if __name__ == "__main__":
    main()
