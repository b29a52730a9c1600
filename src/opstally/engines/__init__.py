"""Engines: one file each, found by name. An engine says how it spells each word, connects and runs."""

from __future__ import annotations

import importlib
import pkgutil

from opstally.engines.engine import Engine
from opstally.errors import UnknownName

_NOT_ENGINES = {"engine", "spell"}


def names() -> list[str]:
    """The engines there are: the modules of this folder."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_ENGINES)


def engine_class(name: str) -> type[Engine]:
    """The engine of that name. Raises UnknownName with the ones there are."""
    if name not in names():
        raise UnknownName("engine", name, names())
    found: type[Engine] = importlib.import_module(f"opstally.engines.{name}").ENGINE
    return found
