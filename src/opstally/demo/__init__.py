"""The synthetic company: raw exports of a believable SaaS business, and a record of all that is planted in them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from opstally.errors import LoadError, UsageError

if TYPE_CHECKING:
    from opstally.demo.truth import Truth

Progress = Callable[[str, float], None]
"""Told what is being written, and which share of all is done."""

UNTIL = date(2026, 10, 31)
"""The last day of the data unless told: fixed, so that the same command gives the same numbers tomorrow."""
LARGEST = 200.0


def write(
    folder: Path, scale: float = 1.0, seed: int = 7, until: date | None = None, progress: Progress | None = None,
    *, again: bool = False,
) -> Truth:  # fmt: skip
    """Write the company as a project: opstally.yml, sources, raw exports, and truth.json with what is planted.

    The same seed, scale and date give the same bytes. Scale 1 has about a million checks and 100,000 tickets over two
    years up to `until`; both grow with the scale, and memory does not. `again` writes the files of a company that is in
    the folder already once more.

    Raises:
        UsageError: a scale or date that makes no company, or a folder that is not empty and not to be written again.
        LoadError: the folder cannot be written.
    """
    import duckdb

    from opstally.demo.whole import write_company

    last = until or UNTIL
    _require_sensible(scale, seed, last)
    _require_free(folder, _asked(scale, seed, last), again)
    told = progress or _in_silence
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_project(folder, last)
        return write_company(folder, scale, seed, last, told)
    except (OSError, duckdb.IOException) as problem:
        reason = getattr(problem, "strerror", None) or str(problem).splitlines()[0]
        raise LoadError(
            f"The folder {folder} cannot be written: {reason}. Make room there, or give another folder."
        ) from None


def holds(folder: Path, scale: float = 1.0, seed: int = 7, until: date | None = None) -> bool:
    """Whether the folder has this very company already, whatever was changed in its files since."""
    return _asked(scale, seed, until or UNTIL).items() <= (_held(folder / "truth.json") or {}).items()


def _asked(scale: float, seed: int, until: date) -> dict[str, object]:
    return {"seed": seed, "scale": scale, "until": until.isoformat()}


def _in_silence(_what: str, _share: float) -> None:
    """Nobody wants to know."""


def _require_sensible(scale: float, seed: int, until: date) -> None:
    if not (math.isfinite(scale) and 0 < scale <= LARGEST):
        raise UsageError(f"A company of scale {scale:g} cannot be made. Give a scale above 0 and up to {LARGEST:g}.")
    if seed < 0:
        raise UsageError(f"A seed is a whole number from 0, not {seed}.")
    if not date(1975, 1, 1) <= until <= date(2100, 1, 1):
        raise UsageError(f"The data cannot end on {until}. Give a day between 1975 and 2100.")


def _require_free(folder: Path, wanted: dict[str, object], again: bool) -> None:
    """An empty or new folder, or one that holds the very company that is wanted again."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Give a folder for the synthetic company.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    held = _held(folder / "truth.json")
    if held is None:
        raise UsageError(f"The folder {folder} holds something else already. Give a new or empty folder.")
    if {name: held.get(name) for name in wanted} != wanted:
        was = ", ".join(f"{name} {held.get(name)}" for name in wanted)
        raise UsageError(f"The folder {folder} holds the company of {was}. Give another folder, or delete it first.")
    if not again:
        raise UsageError(
            f"The folder {folder} holds this company already: ask it there. --again writes its files anew, and what "
            "was changed in them is lost."
        )


def _held(truth: Path) -> dict[str, object] | None:
    try:
        found = json.loads(truth.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_project(folder: Path, until: date) -> None:
    from opstally.demo.opening import calendars

    package = resources.files("opstally.demo")
    project = (package / "opstally.yml").read_text(encoding="utf-8")
    (folder / "opstally.yml").write_text(project + calendars(until), encoding="utf-8")
    (folder / "sources").mkdir(exist_ok=True)
    for source in (package / "sources").iterdir():
        if source.name.endswith(".yml"):
            (folder / "sources" / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
