"""Loads on a disk that fails or is full: a clear sentence, nothing lost that was there, and loading again mends all.

python -m tests.reliability.disk

Every load is the command in a process of its own. `syncs` and `writes` fail such a call on the project's files once,
with EIO, the n-th for every n; `full` lets all writes from the n-th on fail with ENOSPC; `killed` ends the process
within the n-th call; `space` gives the project a disk with so many bytes left, for many sizes (on a tmpfs, which root
can make), and `limited` lets files grow to so many bytes only; `temporary` is a full disk for what queries spill;
`read-only` a disk or folder that is.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.reliability import fault
from tests.reliability.forked import apart, digests, told
from tests.reliability.kill import SOURCES, counted, describe, load, loaded, write_batch

from opstally import store
from opstally.cli.run import run as command

ROWS = 4_000
_PRINTED = 64 << 10
_CAPABILITIES = 0x20080522
"""The version of the system call that sets them."""
_LITTLE = 40 << 20
"""Bytes of memory that do not suffice for the load of some ten thousand rows."""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def opstally(folder: Path, *arguments: str, before: Callable[[], None] | None = None) -> Said:
    """A command in a process of its own, after something that is done in that process."""
    with tempfile.TemporaryDirectory() as apart_from_it:
        out, err = Path(apart_from_it, "out"), Path(apart_from_it, "err")
        code = apart(partial(_printed, folder, arguments, before, out, err))
        return Said(code, out.read_text(), err.read_text())


def _printed(
    folder: Path, arguments: tuple[str, ...], before: Callable[[], None] | None, out: Path, err: Path
) -> int:  # fmt: skip
    for path, stream in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    if before is not None:
        before()
    code = command(["--project", str(folder), *arguments])
    sys.stdout.flush()
    return code


@dataclass(frozen=True)
class Begun:
    """A project that was loaded, and has one more batch of exports to load."""

    folder: Path
    states: list[dict[str, str]]
    """Its tables before the load, and after each source has been taken in."""
    complete: dict[str, str]
    calls: dict[str, int]
    """How many calls of each kind the load makes."""


def begin(root: Path, rows: int) -> Begun:
    """Set one up."""
    folder = root / "begun"
    folder.mkdir()
    (folder / "opstally.yml").write_text("name: Failing\n", encoding="utf-8")
    write_batch(folder, 0, rows)
    apart(partial(load, folder))
    write_batch(folder, 1, rows)
    states = [apart(partial(digests, folder))]
    whole = root / "whole"
    shutil.copytree(folder, whole)
    for source in SOURCES:
        apart(partial(load, whole, source))
        states.append(apart(partial(digests, whole)))
    complete = apart(partial(digests, whole, loads=False))
    calls = {}
    for kinds in ("s", "w", "t") if fault.preloaded() else ():
        shutil.rmtree(whole)
        shutil.copytree(folder, whole)
        calls[kinds] = apart(partial(counted, whole, kinds))
    shutil.rmtree(whole)
    return Begun(folder, states, complete, calls)


def judge(begun: Begun, folder: Path, said: Said) -> str:
    """What became of a load on a bad disk, while the disk is bad. Raises AssertionError for what must not be."""
    problems = [line for line in said.err.splitlines() if line.startswith("opstally: ")]
    held = apart(partial(digests, folder))
    assert held in begun.states, f"a source is neither in nor out: {said}"
    served = opstally(folder, "query", "tickets_created", "--grain", "month", "--range", "2026", "--format", "csv")
    assert (served.code, served.out.count("\n") > 5) == (0, True), served
    there = begun.states.index(held)
    if said.code == 0:
        assert (there, problems) == (len(SOURCES), []), said
        return "loaded"
    assert (said.code, len(problems)) == (1, 1), said
    assert not re.search(r"Traceback|\bbug\b", said.err), said
    assert re.search(rf"{re.escape(str(folder))}.*load again\.$", problems[0]), problems
    # A narrow terminal has each source twice.
    acknowledged = len({line.split()[0] for line in said.out.splitlines() if line.split()} & {*SOURCES})
    assert acknowledged <= there, f"what was told to be loaded is not: {said}"
    problem = problems[0].removeprefix("opstally: ").replace(str(folder), "PROJECT")
    return re.sub(rf"\b({'|'.join(SOURCES)})\b", "SOURCE", problem)


def again(begun: Begun, folder: Path) -> None:
    """Loading on a good disk gives what an undisturbed load gives."""
    said = opstally(folder, "load")
    assert said.code == 0, said
    assert apart(partial(digests, folder, loads=False)) == begun.complete, "loading again gave other tables"


Fates = Counter[str]


def calls(begun: Begun, root: Path, kinds: str, how: int, once: bool, every: int) -> Fates:
    """The n-th call of a kind fails, and, unless `once`, all after it."""
    fates: Fates = Counter()
    for call in range(1, begun.calls[kinds] + 1, every):
        folder = root / "trial"
        shutil.copytree(begun.folder, folder)
        last = call if once else fault.FOREVER
        said = opstally(folder, "load", before=partial(fault.arm, folder, kinds, call, last, how))
        fates[judge(begun, folder, said)] += 1
        again(begun, folder)
        shutil.rmtree(folder)
    return fates


def killed(begun: Begun, root: Path, every: int) -> Fates:
    """The process ends within the n-th call of any kind: before it, and, where it writes, halfway."""
    fates: Fates = Counter()
    for call in range(1, sum(begun.calls.values()) + 1, every):
        for how in (fault.KILL, fault.KILL_HALF):
            folder = root / "trial"
            shutil.copytree(begun.folder, folder)
            apart(partial(loaded, folder, call, how))
            where = describe(*told())
            held = apart(partial(digests, folder))
            assert held in begun.states, f"killed {where}: a source is neither in nor out"
            fates[where] += 1
            again(begun, folder)
            shutil.rmtree(folder)
    return fates


@contextlib.contextmanager
def disk(root: Path) -> Iterator[Path]:
    """A disk of its own, in memory."""
    place = root / "disk"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def resize(place: Path, left: int | None) -> None:
    """Leave so many bytes on a disk; as many as may be wanted unless told."""
    there = os.statvfs(place)
    used = (there.f_blocks - there.f_bfree) * there.f_frsize
    size = 1 << 30 if left is None else used + left
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def may_mount() -> bool:
    """Whether this user may mount disks."""
    with tempfile.TemporaryDirectory() as root:
        try:
            with disk(Path(root)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def space(begun: Begun, root: Path, sizes: int) -> Fates:
    """So many sizes of what is left on the disk, from nothing to what suffices."""
    fates: Fates = Counter()
    with disk(root) as place:
        for number in range(sizes):
            folder = place / "trial"
            shutil.copytree(begun.folder, folder)
            resize(place, most(begun) * number // (sizes - 1))
            fates[judge(begun, folder, opstally(folder, "load"))] += 1
            resize(place, None)
            again(begun, folder)
            shutil.rmtree(folder)
    return fates


def limited(begun: Begun, root: Path, sizes: int) -> Fates:
    """So many largest sizes that a file may have, which any user can set."""
    fates: Fates = Counter()
    for number in range(sizes):
        folder = root / "trial"
        shutil.copytree(begun.folder, folder)
        # What the command prints goes into files, too.
        size = _PRINTED + most(begun) * number // (sizes - 1)
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
        fates[judge(begun, folder, opstally(folder, "load", before=limit))] += 1
        again(begun, folder)
        shutil.rmtree(folder)
    return fates


def most(begun: Begun) -> int:
    """Bytes that suffice for the load."""
    return 4 * (begun.folder / "opstally.duckdb").stat().st_size


def temporary(begun: Begun, root: Path) -> Fates:
    """A load that needs more memory than it may have, and spills to a folder on a disk that is full."""
    folder = root / "trial"
    shutil.copytree(begun.folder, folder)
    spilled = folder / "opstally.duckdb.tmp"

    def before() -> None:
        store._WRITER_MEMORY = _LITTLE
        fault.arm(spilled, "w", 1, fault.FOREVER, errno.ENOSPC)

    fates = Counter([judge(begun, folder, opstally(folder, "load", before=before))])
    again(begun, folder)
    shutil.rmtree(folder)
    return fates


def read_only(begun: Begun, root: Path) -> Fates:
    """A disk that cannot be written, and a folder that this user may not write: reports work, loading says why not."""
    fates: Fates = Counter()
    if may_mount():
        with disk(root) as place:
            folder = place / "trial"
            shutil.copytree(begun.folder, folder)
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
            fates[judge(begun, folder, opstally(folder, "load"))] += 1
            subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
            again(begun, folder)
    folder = root / "trial"
    shutil.copytree(begun.folder, folder)
    there = [folder, *folder.rglob("*")]
    for path in there:
        path.chmod(0o555 if path.is_dir() else 0o444)
    said = opstally(folder, "load", before=_powerless)
    assert (said.code, said.err.count("\n")) == (1, 1), said
    assert f"cannot be written: {folder} is read-only for you." in said.err, said
    report = opstally(folder, "report", "support-tickets", "--format", "csv", before=_powerless)
    assert (report.code, report.out.count("\n") > 5) == (0, True), report
    fates[said.err.replace(str(folder), "PROJECT").strip()] += 1
    for path in there:
        path.chmod(0o755 if path.is_dir() else 0o644)
    again(begun, folder)
    shutil.rmtree(folder)
    return fates


def _powerless() -> None:
    """Root may write what permissions forbid; take that away."""
    if os.getuid() == 0:
        none = (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), none) == 0


def run(every: int, sizes: int, rows: int, only: str | None = None) -> Iterator[tuple[str, Fates]]:
    """All kinds of trials, or one; every so many-th call, and so many sizes."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve()
        begun = begin(root, rows)
        trials: dict[str, Callable[[], Fates]] = {}
        if fault.preloaded():
            trials["syncs"] = partial(calls, begun, root, "s", errno.EIO, once=True, every=max(1, every // 8))
            trials["writes"] = partial(calls, begun, root, "w", errno.EIO, once=True, every=every)
            trials["full"] = partial(calls, begun, root, "w", errno.ENOSPC, once=False, every=every)
            trials["killed"] = partial(killed, begun, root, every)
            trials["temporary"] = partial(temporary, begun, root)
        if may_mount():
            trials["space"] = partial(space, begun, root, sizes)
        trials["limited"] = partial(limited, begun, root, sizes)
        trials["read-only"] = partial(read_only, begun, root)
        for name, trial in trials.items():
            if only in (None, name):
                yield name, trial()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take every so many-th call")
    parser.add_argument("--sizes", type=int, default=60)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", metavar="KIND")
    given = parser.parse_args()
    if fault.compiler() is not None and not fault.preloaded():
        fault.preload("tests.reliability.disk", sys.argv[1:])
    for kind, fates in run(given.every, given.sizes, given.rows, given.only):
        for fate, count in fates.most_common():
            print(f"{kind:>9} {count:>5}  {fate}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
