"""Killed loads, in small; `python -m tests.reliability.kill --loads 300` does it in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_batch_is_wholly_in_or_wholly_out() -> None:
    """In a process of its own, which may fork: one that has used the database's threads may not."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.kill", "--loads", "9", "--rows", "2000"],
        capture_output=True, text=True, timeout=600, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sum(int(line.split()[0]) for line in done.stdout.splitlines()) == 9
    assert "killed" in done.stdout
