"""Work in processes of its own: forked from one that has imported what a load needs and opened no database."""

from __future__ import annotations

import ctypes
import hashlib
import json
import mmap
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  # what a forked process would otherwise import each time
import numpy  # noqa: F401

from opstally import store
from opstally.layout import STAGING
from opstally.store import Store

_SHARED = mmap.mmap(-1, 512)
"""What a process that is killed was doing: 256 bytes for the call that it was killed in, 256 for its statement."""
STRUCK = ctypes.addressof(ctypes.c_char.from_buffer(_SHARED))
"""The address of the former."""

_TIMES = ("started_at", "finished_at", "reading_seconds", "merging_seconds", "refused_at")


def apart(work: Callable[[], object], kill_after: float | None = None) -> Any:
    """Do work in a forked process; its JSON, or None where it was killed. Raises RuntimeError where it failed."""
    _SHARED[:] = bytes(len(_SHARED))
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        code = 1
        try:
            text = json.dumps(work())
            code = 0
        except BaseException as problem:
            text = repr(problem)
        with os.fdopen(into, "wb") as told:
            told.write(text.encode())
        os._exit(code)
    os.close(into)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(out, "rb") as told:
        text = told.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    if os.WEXITSTATUS(status) != 0:
        raise RuntimeError(text)
    return json.loads(text)


def told() -> tuple[str, str]:
    """Of the last work that was killed: the call on a file, where one was struck, and the step of the load."""
    call, step = (_SHARED[at : at + 256].split(b"\0")[0].decode(errors="replace") for at in (0, 256))
    return call, step


class _Told:
    """A connection that leaves word of what it does where the process that kills it can read it."""

    def __init__(self, connection: Any) -> None:
        self.connection, self.step, self.transactions = connection, "", 0
        self.tell("opening")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def tell(self, step: str) -> None:
        self.step = step
        _SHARED[256:512] = step.encode()[:255].ljust(256, b"\0")

    def execute(self, sql: str, *given: Any) -> Any:
        if sql == "BEGIN":
            self.transactions += 1
            self.tell("merging" if self.transactions > 1 else "opening")
        elif sql == "COMMIT":
            self.tell(f"committing after {self.step}")
        elif sql == "CHECKPOINT":
            self.tell("checkpoint")
        elif "opstally.derivations" in sql and self.step == "merging":
            self.tell("deriving")
        done = self.connection.execute(sql, *given)
        if sql in ("COMMIT", "CHECKPOINT"):
            self.tell("reading")
        return done

    def close(self) -> None:
        self.tell("closing")
        self.connection.close()
        self.tell("closed")


def watched() -> None:
    """Let every store of this process tell its steps."""
    connect = store._connect
    store._connect = lambda *given: _Told(connect(*given))  # type: ignore[assignment, return-value]


def digests(folder: Path, loads: bool = True) -> dict[str, str]:
    """Each table, also of the bookkeeping → a digest of all its rows, in any order, but for the times of loads.

    What a load that did not end has left beside the tables is not looked at. Without `loads`, nor is which load brought
    a row, and how often sources were loaded.
    """
    left_out = _TIMES if loads else (*_TIMES, "load_id")
    with Store.open(folder / "opstally.duckdb", {}, read_only=True) as opened:
        connection, found = opened.connection, {}
        tables = connection.execute(
            "SELECT schema_name, table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "WHERE database_name = 'store' AND NOT internal GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for schema, table, names in tables:
            if STAGING in table or ((schema, table) == ("opstally", "loads") and not loads):
                continue
            shown = ", ".join(f'"{name}"' for name in names if schema == "main" or name not in left_out)
            rows = connection.execute(
                f'SELECT CAST(t AS VARCHAR) FROM (SELECT {shown} FROM "{schema}"."{table}") AS t ORDER BY 1'
            ).fetchall()
            found[f"{schema}.{table}"] = hashlib.sha256("\n".join(row for (row,) in rows).encode()).hexdigest()
    return found
