"""Full, failing and read-only disks, in small; `python -m tests.reliability.disk` does it in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability import fault


@pytest.mark.parametrize(
    "kind",
    [
        "limited",
        *(
            pytest.param(kind, marks=pytest.mark.skipif(fault.compiler() is None, reason="needs a C compiler"))
            for kind in ("syncs", "writes", "full", "temporary")
        ),
        "space",
        "read-only",
    ],
)
def test_a_bad_disk_is_told_and_nothing_is_lost(kind: str) -> None:
    """In a process of its own, which may fork: one that has used the database's threads may not."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.disk", "--only", kind, "--every", "40", "--sizes", "3",
         "--rows", "1000"],
        capture_output=True, text=True, timeout=600, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "may not mount" in done.stdout:
        pytest.skip(done.stdout.strip())
    assert "The disk of PROJECT" in done.stdout
