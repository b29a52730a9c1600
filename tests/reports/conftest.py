"""A small company that is loaded once, its rows for the oracles, and the reports over it on each engine."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from tests.reports import company, tables
from tests.reports.arithmetic import Data

from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.measure import Measuring


@pytest.fixture(scope="session")
def loaded() -> Iterator[duckdb.DuckDBPyConnection]:
    """The company's tables. Tests read them only."""
    connection = tables.filled(**company.rows())
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def data(loaded: duckdb.DuckDBPyConnection) -> Data:
    """The rows, for oracles, which always read them from DuckDB."""
    return Data(loaded)


@pytest.fixture(scope="session", params=["duckdb"])
def engine(request: pytest.FixtureRequest, loaded: duckdb.DuckDBPyConnection) -> Engine:
    """Each engine, holding the same rows."""
    assert request.param == "duckdb"
    return DuckDB(loaded)


@pytest.fixture(scope="session")
def measuring(engine: Engine) -> Measuring:
    """The packaged definitions over the company."""
    return tables.measuring(engine)
