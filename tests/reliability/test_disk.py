"""Full, failing and read-only disks, in small; `python -m tests.reliability.disk` does it in full."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.reliability import fault


@pytest.fixture(scope="module")
def fates() -> dict[str, Counter[str]]:
    """Kind of trial → what became of loads, from a process which may fork: one that has used the database may not."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.disk", "--every", "100", "--sizes", "2", "--rows", "500"],
        capture_output=True, text=True, timeout=600, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Counter[str]] = {}
    for line in done.stdout.splitlines():
        kind, count, fate = line.split(maxsplit=2)
        found.setdefault(kind, Counter())[fate] += int(count)
    return found


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("syncs", "The disk of PROJECT fails."),
        ("writes", "The disk of PROJECT fails."),
        ("full", "The disk of PROJECT is full."),
        ("temporary", "The disk of PROJECT is full."),
        ("killed", "writing"),
        ("space", "The disk of PROJECT is full."),
        ("limited", "The disk of PROJECT is full."),
        ("read-only", "PROJECT is read-only for you."),
    ],
)
def test_a_bad_disk_is_told_and_nothing_is_lost(fates: dict[str, Counter[str]], kind: str, said: str) -> None:
    if kind in ("syncs", "writes", "full", "temporary", "killed") and fault.compiler() is None:
        pytest.skip("needs a C compiler")
    if kind == "space" and kind not in fates:
        pytest.skip("this user may not mount disks; 'limited' does the same with a limit on files")
    assert any(said in fate for fate in fates[kind]), fates[kind]
