"""Calls on the disk that fail, or end the process: a small library, preloaded into a process of the tests."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

SOURCE: Final = Path(__file__).with_name("fault.c")
KILL, KILL_HALF = -1, -2
"""The process ends before the call; or when half of what was to be written is."""
FOREVER: Final = 1 << 40
_LIBRARY: Final = "OPSTALLY_FAULT"


def compiler() -> str | None:
    """The C compiler, where there is one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def built() -> Path:
    """The library, compiled where no run has done so before."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    into = Path(tempfile.gettempdir(), f"opstally-fault-{digest}-{os.getuid()}.so")
    if not into.exists():
        found = compiler()
        assert found is not None
        made = into.with_suffix(f".{os.getpid()}")
        subprocess.run([found, "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"], check=True)
        made.replace(into)
    return into


def preloaded() -> bool:
    """Whether this process has the library."""
    return _LIBRARY in os.environ


def preload(module: str, arguments: Sequence[str]) -> NoReturn:
    """Start a module anew, with the library in its process and in those that it forks."""
    library = str(built())
    os.environ.update({"LD_PRELOAD": library, _LIBRARY: library})
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def arm(below: Path, kinds: str, first: int, last: int, how: int, report: int | None = None) -> None:
    """Which calls on files below a folder are struck, by number from 1: kinds of `wst` (write, sync, set a length).

    how: an errno, KILL or KILL_HALF. report: the address of 256 bytes for what was struck.
    """
    preloaded_library = ctypes.CDLL(os.environ[_LIBRARY])
    preloaded_library.fault_arm(
        os.fsencode(below.resolve()), kinds.encode(), ctypes.c_long(first), ctypes.c_long(last), how,
        ctypes.c_void_p(report),
    )  # fmt: skip


def calls() -> int:
    """How many calls there have been since `arm`."""
    counted = ctypes.CDLL(os.environ[_LIBRARY]).fault_calls
    counted.restype = ctypes.c_long
    return int(counted())
