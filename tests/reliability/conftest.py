"""A project to load into."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ingest.desk import Desk


@pytest.fixture
def desk(folder: Path) -> Desk:
    """An empty project."""
    return Desk(folder)
