"""Real exports, which lie beside the repository in ../shared/data and are no part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ingest.desk import Desk

SHARED = Path(__file__).parents[3] / "shared" / "data"

Find = Callable[[str], Path]


@pytest.fixture(scope="session")
def shared() -> Find:
    """A file below ../shared/data; the test is skipped where it is not there."""

    def find(name: str) -> Path:
        if not (SHARED / name).exists():
            pytest.skip(f"needs the real export {name}, which is not in {SHARED}")
        return SHARED / name

    return find


@pytest.fixture
def desk(folder: Path) -> Desk:
    """An empty project."""
    return Desk(folder)
