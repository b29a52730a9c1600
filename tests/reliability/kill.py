"""Loads that are killed at random moments: afterwards each source is wholly in or out, and loading again mends all.

python -m tests.reliability.kill --loads 300

Every load runs in a process of its own that gets SIGKILL: one in three at a random moment, one before a random one of
its calls that write to, cut or sync a file of the project, and one in the middle of such a call. Without a C compiler
all die at a random moment.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

from tests.reliability import fault
from tests.reliability.forked import STRUCK, apart, digests, told, watched

from opstally import ingest, library
from opstally.store import Store

ROWS = 20_000
SOURCES = ("agents", "support_tickets", "ticket_events")
"""In the order in which they are loaded; each is a transaction of its own, with what is made from its rows."""
CALLS = "wst"
"""All calls that change a file: to write, to sync, to set a length."""


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


def loaded(folder: Path, call: int = 0, how: int = 0) -> bool:
    """One load, killed at this call; true where it came to its end."""
    watched()
    if call:
        fault.arm(folder, CALLS, call, call, how, STRUCK)
    load(folder)
    return True


def counted(folder: Path, kinds: str = CALLS) -> int:
    """One load; how many calls of these kinds on files of the project it makes."""
    fault.arm(folder, kinds, 0, 0, 0)
    load(folder)
    return fault.calls()


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
        complete = apart(partial(digests, whole, loads=False))
        shutil.rmtree(whole)
        shutil.copytree(begun, whole)
        calls = apart(partial(counted, whole)) if fault.preloaded() else 0
        found: Counter[str] = Counter()
        for number in range(loads):
            folder = Path(root, "trial")
            shutil.copytree(begun, folder)
            if number % 3 == 0 or not fault.preloaded():
                done = apart(partial(loaded, folder), kill_after=chance.uniform(0, 1.1 * usual))
            else:
                how = (fault.KILL, fault.KILL_HALF)[number % 3 - 1]
                done = apart(partial(loaded, folder, chance.randint(1, calls), how))
            where = describe(*told()) if done is None else ""
            held = apart(partial(digests, folder))
            assert held in states, f"load {number}, killed {where}: a source is neither in nor out"
            there = states.index(held)
            found["finished" if done is not None else f"killed: {there} of {len(SOURCES)} sources in; {where}"] += 1
            apart(partial(load, folder))
            again = apart(partial(digests, folder, loads=False))
            assert again == complete, f"load {number}, killed {where}: loading again gave other tables"
            shutil.rmtree(folder)
    return found


def describe(call: str, step: str) -> str:
    """In words: what the load was doing, and to which file."""
    kinds = {"w": "writing", "s": "syncing", "t": "cutting"}
    kind, _, name = call.partition(" /")
    file = name.removeprefix("opstally.duckdb").partition("/")[0]
    return f"{step or 'starting'}: {kinds[kind]} {file or 'the database'}" if call else step or "starting"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    if fault.compiler() is not None and not fault.preloaded():
        fault.preload("tests.reliability.kill", sys.argv[1:])
    for fate, count in sorted(run(given.loads, given.seed, given.rows).items()):
        print(f"{count:>5}  {fate}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
