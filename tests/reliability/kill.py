"""Loads that are killed at random moments: afterwards each source is wholly in or out, and loading again mends all.

python -m tests.reliability.kill --loads 300

Every load runs in a process of its own that gets SIGKILL. All processes are forked from one that has imported what a
load needs and has opened no database, so that most of the time goes into loads and not into starting them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb  # noqa: F401  # what a forked process would otherwise import each time

from opstally import ingest, library
from opstally.store import Store

ROWS = 20_000
SOURCES = ("agents", "support_tickets", "ticket_events")
"""In the order in which they are loaded; each is a transaction of its own, with what is made from its rows."""


def write_batch(folder: Path, number: int, rows: int = ROWS) -> None:
    """Two exports that belong to one batch each, and some rows of the batch before again with newer values."""
    first = 0 if number == 0 else rows * number - rows // 4
    data = folder / "data"
    for name in ("support_tickets", "ticket_events", "agents"):
        (data / name).mkdir(parents=True, exist_ok=True)
    with (data / "support_tickets" / f"{number}.csv").open("w", encoding="utf-8") as file:
        file.write("ticket_id,created_at,status,updated_at,team,agent_id\n")
        for i in range(first, rows * (number + 1)):
            day = f"2026-0{1 + i % 9}-{1 + i % 28:02}"
            status = "never" if i % 501 == 0 else "open" if number == 0 else "pending"
            file.write(f"T{i},{day} 10:00:00,{status},{day} 1{number}:00:00,Core,A{i % 7}\n")
    with (data / "ticket_events" / f"{number}.csv").open("w", encoding="utf-8") as file:
        file.write("event_id,ticket_id,at,field,new_value,actor_type,is_public\n")
        for i in range(first, rows * (number + 1)):
            day = f"2026-0{1 + i % 9}-{1 + i % 28:02}"
            file.write(f"E{i}-{number},T{i},{day} 11:00:00,status,pending,human,true\n")
    with (data / "agents" / f"{number}.csv").open("w", encoding="utf-8") as file:
        file.write("agent_id,agent_name\n" + "".join(f"A{i},Agent {i} {number}\n" for i in range(7)))


def load(folder: Path, *only: str) -> None:
    """One load, as the command does it. Raises where anything was refused."""
    known = library.load(folder)
    tables = {name: d.declaration for name, d in known.tables.items() if d.declaration.columns}
    project, _ = library.read_project(folder)
    with Store.open(folder / "opstally.duckdb", tables) as store:
        summary = ingest.load(store, known, project, folder, only)
    assert summary.errors == (), summary.errors


def loaded(folder: Path) -> bool:
    """One load; true where it came to its end."""
    load(folder)
    return True


def digests(folder: Path) -> dict[str, str]:
    """Each table → a digest of all its rows, in whatever order they are stored."""
    with Store.open(folder / "opstally.duckdb", {}) as store:
        found = {}
        names = store.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'main' ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            rows = store.connection.execute(f'SELECT CAST(t AS VARCHAR) FROM main."{name}" AS t ORDER BY 1').fetchall()
            found[name] = hashlib.sha256("\n".join(row for (row,) in rows).encode()).hexdigest()
        aside = store.connection.execute(
            "SELECT source, file, line, column_name, value, reason FROM opstally.quarantine ORDER BY ALL"
        ).fetchall()
        found["quarantine"] = hashlib.sha256(repr(aside).encode()).hexdigest()
    return found


def apart(work: Callable[[], object], kill_after: float | None = None) -> object:
    """Do work in a forked process; its JSON, or None where it was killed. Raises RuntimeError where it failed."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        code = 1
        try:
            text = json.dumps(work())
            os.write(into, text.encode())
            code = 0
        except BaseException as problem:
            os.write(into, repr(problem).encode())
        finally:
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


def run(loads: int, seed: int = 1, rows: int = ROWS) -> Counter[str]:
    """Kill so many loads; what became of them. Raises AssertionError where a batch was neither in nor out."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as root:
        begun = Path(root, "begun")
        begun.mkdir()
        (begun / "opstally.yml").write_text("name: Killed\n", encoding="utf-8")
        write_batch(begun, 0, rows)
        apart(partial(load, begun))
        before = apart(partial(digests, begun))
        write_batch(begun, 1, rows)
        whole = Path(root, "whole")
        shutil.copytree(begun, whole)
        # What is there when the sources before have been taken in, and those after have not.
        states = [before]
        for source in SOURCES:
            apart(partial(load, whole, source))
            states.append(apart(partial(digests, whole)))
        after = states[-1]
        shutil.rmtree(whole)
        shutil.copytree(begun, whole)
        clock = time.perf_counter()
        apart(partial(load, whole))
        usual = time.perf_counter() - clock
        assert apart(partial(digests, whole)) == after, "loading source by source gave other tables"
        found: Counter[str] = Counter()
        for number in range(loads):
            folder = Path(root, "trial")
            shutil.copytree(begun, folder)
            done = apart(partial(loaded, folder), kill_after=chance.uniform(0, 1.1 * usual))
            held = apart(partial(digests, folder))
            assert held in states, f"load {number}: a source is neither in nor out"
            there = states.index(held)
            found["finished" if done is not None else f"killed, {there} of {len(SOURCES)} sources in"] += 1
            apart(partial(load, folder))
            again = apart(partial(digests, folder))
            assert again == after, f"load {number}: loading again gave other tables"
            shutil.rmtree(folder)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    for fate, count in sorted(run(given.loads, given.seed, given.rows).items()):
        print(f"{count:>5}  {fate}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
