"""Each test of this folder runs on every engine, connected once."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from tests.postgres import postgres_server

from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.engines.postgres import Postgres

__all__ = ["postgres_server"]


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty engine."""
    found: Engine
    if request.param == "duckdb":
        found = DuckDB(duckdb.connect(config={"threads": 1}))
    else:
        found = Postgres.connect(request.getfixturevalue("postgres_server"))
    yield found
    found.close()
