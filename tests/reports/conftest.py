"""Two companies that are loaded once, their rows for the oracles, and the reports over them on each engine."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from tests.postgres import postgres_server
from tests.reports import company, tables
from tests.reports.arithmetic import Data

from opstally import demo
from opstally.engines.engine import Engine
from opstally.measure import Measuring
from opstally.workspace import STORE_FILE, Workspace

__all__ = ["postgres_server"]


@pytest.fixture(scope="session")
def made_up() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the company that `company` makes up. Tests read them only."""
    connection = tables.filled(**company.rows())
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the synthetic company, written as exports and loaded as a user would."""
    folder = tmp_path_factory.mktemp("synthetic")
    demo.write(folder, scale=0.02)
    workspace = Workspace.open(folder)
    assert not workspace.load().errors
    workspace.close()
    connection = duckdb.connect(str(folder / STORE_FILE), read_only=True)
    connection.execute("SET disabled_optimizers = 'window_self_join'")
    yield connection
    connection.close()


@pytest.fixture(scope="session", params=["made_up", "synthetic"])
def loaded(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    """Each company's tables."""
    found: duckdb.DuckDBPyConnection = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def data(loaded: duckdb.DuckDBPyConnection) -> Data:
    """The rows, for oracles, which always read them from DuckDB."""
    return Data(loaded)


@pytest.fixture(scope="session", params=["duckdb", "postgres"], autouse=True)
def engine_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test of this folder runs on each engine."""
    if request.param == "postgres":
        tables.SERVER.append(request.getfixturevalue("postgres_server"))
    yield str(request.param)
    tables.SERVER.clear()


@pytest.fixture(autouse=True)
def connections_are_given_back() -> Iterator[None]:
    """Those that one test opened, with their schemas."""
    before = len(tables.OPENED)
    yield
    while len(tables.OPENED) > before:
        tables.OPENED.pop().close()


@pytest.fixture(scope="session")
def engine(engine_kind: str, loaded: duckdb.DuckDBPyConnection) -> Engine:
    """Each engine, holding the same rows."""
    found = tables.over(loaded)
    assert found.name == engine_kind
    return found


@pytest.fixture(scope="session")
def measuring(engine: Engine) -> Measuring:
    """The packaged definitions over the company."""
    return tables.measuring(engine)
