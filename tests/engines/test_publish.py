"""The store's tables in PostgreSQL: equal to the row, in one transaction, and never over a company's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from opstally.engines.postgres import Postgres
from opstally.errors import EngineError
from opstally.model.table import Column, Table
from opstally.publish import publish
from opstally.store import Store
from opstally.workspace import Workspace

TABLE = Table(
    table="things",
    label="Things",
    description="One of each type",
    key=("id",),
    columns={
        "id": Column(type="integer"),
        "name": Column(type="text"),
        "size": Column(type="number"),
        "good": Column(type="boolean"),
        "day": Column(type="date"),
        "at": Column(type="timestamp"),
    },
)
ROWS = [
    (1, 'a "quoted", b\nnext', 0.1, True, dt.date(2026, 3, 29), dt.datetime(2026, 3, 29, 1, 30, 0, 123456)),
    (2, "", -1e300, False, dt.date(1999, 12, 31), dt.datetime(1970, 1, 1)),
    (3, None, None, None, None, None),
    (4, "\\N 'ü' 日本", 5e-324, True, dt.date(2100, 1, 1), dt.datetime(2099, 1, 1)),
]


@pytest.fixture
def things(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.duckdb", {"things": TABLE}) as store:
        store.connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?)", ROWS)
        yield store


@pytest.fixture
def schema(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[Postgres]:
    name = "publish_" + str(abs(hash(request.node.name)))
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
    engine = Postgres.connect(postgres_server, name)
    yield engine
    engine.close()


def rows(engine: Postgres, table: str = "things") -> list[Any]:
    return engine.run(f"SELECT * FROM {engine.schema}.{table} ORDER BY 1")


def test_every_value_arrives_as_it_is(things: Store, schema: Postgres) -> None:
    assert publish(things.connection, {"things": TABLE}, schema) == {"things": 4}
    assert rows(schema) == ROWS


def test_publishing_again_replaces(things: Store, schema: Postgres) -> None:
    publish(things.connection, {"things": TABLE}, schema)
    things.connection.execute("DELETE FROM things WHERE id > 1")
    publish(things.connection, {"things": TABLE}, schema)
    assert rows(schema) == ROWS[:1]


def test_a_company_s_own_table_is_never_replaced(things: Store, schema: Postgres, postgres_server: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {schema.schema}".encode())
        admin.execute(f"CREATE VIEW {schema.schema}.things AS SELECT 7 AS id".encode())
    other = Table(table="also", label="Also", description="x", key=("id",), columns={"id": Column(type="integer")})
    things.connection.execute("CREATE TABLE also (id BIGINT)")
    with pytest.raises(EngineError, match="was not made by Opstally"):
        publish(things.connection, {"also": other, "things": TABLE}, schema)
    assert rows(schema) == [(7,)]
    with pytest.raises(EngineError):
        rows(schema, "also")  # nothing of the batch is there


def test_a_project_on_postgres_loads_and_answers_there(tmp_path: Path, postgres_server: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "opstally.yml").write_text(f"name: T\nengine: postgres\nconnection: {postgres_server}\nschema: told\n")
    (tmp_path / "data" / "incidents.csv").write_text(
        "incident_id,service_name,started_at,resolved_at\n"
        "a,web,2026-03-01 10:00:00,2026-03-01 11:00:00\n"
        "b,web,2026-03-01 10:30:00,2026-03-01 12:00:00\n"
    )
    workspace = Workspace.open(tmp_path)
    summary = workspace.load()
    assert summary.errors == ()
    assert "PostgreSQL, schema told" in summary.notes[-1]
    result = workspace.query(["downtime_minutes", "incident_count"], by=["service_name"], range_="2026-03")
    assert result.rows == (("web", 120.0, 2),)
    assert result.receipt.engine.startswith("PostgreSQL")
    workspace.close()
