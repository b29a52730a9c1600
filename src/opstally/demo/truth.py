"""What was planted in the synthetic company, with its size, so that an analysis can be judged."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from opstally.demo.dirt import DUPLICATES, KINDS
from opstally.demo.frame import Array


@dataclass(frozen=True)
class Effect:
    """One thing that is true of the company by construction: what, where to see it, and how large it is."""

    name: str
    description: str
    tables: tuple[str, ...]
    size: dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """Effects and dirt of one written company."""

    seed: int
    scale: float
    start: date
    until: date
    effects: dict[str, Effect] = field(default_factory=dict)
    read: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source, table) → rows in the raw files."""
    dirt: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """(source, table) → kind → rows."""
    clocks: dict[str, str] = field(default_factory=dict)
    """Source → time zone of its timestamps without an offset."""

    def plant(self, name: str, description: str, tables: str | tuple[str, ...], **size: Any) -> None:
        """Put an effect on record."""
        tables = (tables,) if isinstance(tables, str) else tables
        self.effects[name] = Effect(name, description, tables, size)

    def written(self, source: str, table: str, rows: int) -> None:
        """Rows, good and bad, went into a raw file."""
        self.read[source, table] += int(rows)

    def soiled(self, source: str, table: str, faults: Array | None, ragged: int = 0) -> None:
        """Rows with these faults went into a raw file."""
        if faults is not None:
            counts = np.bincount(faults, minlength=len(KINDS) + 1)
            self.count(source, table, {kind: int(counts[at + 1]) for at, kind in enumerate(KINDS)})
        self.count(source, table, {"ragged_row": ragged})

    def count(self, source: str, table: str, kinds: dict[str, int]) -> None:
        """So many rows of each kind went into the raw files."""
        planted = self.dirt.setdefault((source, table), Counter())
        planted.update({kind: int(rows) for kind, rows in kinds.items() if rows})

    def accounts(self) -> list[dict[str, Any]]:
        """What a first load must find, per source and table: read = merged + duplicate + quarantined."""
        return [self._account(source, table) for source, table in sorted(self.read)]

    def _account(self, source: str, table: str) -> dict[str, Any]:
        kinds = self.dirt.get((source, table), Counter())
        duplicate = sum(rows for kind, rows in kinds.items() if kind in DUPLICATES)
        quarantined = sum(kinds.values()) - duplicate
        read = self.read[source, table]
        merged = read - duplicate - quarantined
        return {
            "source": source, "table": table, "read": read,
            "merged": merged, "duplicate": duplicate, "quarantined": quarantined,
            "dirt": dict(sorted(kinds.items())),
        }  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "seed": self.seed,
            "scale": self.scale,
            "from": self.start.isoformat(),
            "until": self.until.isoformat(),
            "effects": [
                {"name": e.name, "description": e.description, "tables": list(e.tables), **e.size}
                for e in self.effects.values()
            ],
            "time_zones": self.clocks,
            "loads": self.accounts(),
        }

    def save(self, folder: Path) -> None:
        """Write truth.json."""
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False)
        (folder / "truth.json").write_text(text + "\n", encoding="utf-8")
