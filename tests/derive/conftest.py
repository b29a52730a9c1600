"""Canonical tables in memory, for every test of derivations."""

from __future__ import annotations

import pytest
from tests.derive.loaded import Loaded


@pytest.fixture
def loaded() -> Loaded:
    """Empty tables."""
    return Loaded()
