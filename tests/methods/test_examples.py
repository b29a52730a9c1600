"""The examples in the methods' docstrings run as they stand there."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from opstally.methods import bottleneck, capacity, trend


@pytest.mark.parametrize("module", [bottleneck, capacity, trend])
def test_examples_run(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
