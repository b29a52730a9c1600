"""Tables copied to a real PostgreSQL: every value as it was, all or nothing, and nothing of somebody else's."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from tests.planner.company import derived, filled, table
from tests.postgres import postgres_server

from opstally.engines.postgres import Postgres
from opstally.errors import EngineError
from opstally.publish import publish
from opstally.store import Store
from opstally.workspace import Workspace

__all__ = ["postgres_server"]

T = table("t", "id text, n integer, x number, ok boolean, day date, at timestamp, order text", "id")
ROWS = [
    ("1", 2**63 - 1, 0.1, True, dt.date(1900, 2, 28), dt.datetime(2026, 3, 29, 1, 30, 0, 1), "tab\there"),
    ("2", -(2**63), -1e300, False, dt.date(2199, 12, 31), dt.datetime(1969, 12, 31, 23, 59, 59, 999999), "line\nbreak"),
    ("3", None, None, None, None, None, None),
    ("4", 0, 1 / 3, None, None, None, ""),
    ("5", 1, 5e-324, True, None, None, 'Zoë 🦆 \\N \\. "quoted", comma'),
]
_numbers = itertools.count()


@pytest.fixture
def target(postgres_server: str) -> Iterator[Postgres]:
    """A schema of its own, not yet made."""
    engine = Postgres.connect(postgres_server, f"publish_{next(_numbers)}")
    yield engine
    engine.close()


@pytest.fixture
def other(postgres_server: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's connection."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        yield connection


def source(rows: list[tuple[Any, ...]], declared: Any = T) -> duckdb.DuckDBPyConnection:
    return filled(
        {declared.table: declared}, {declared.table: [dict(zip(declared.columns, r, strict=True)) for r in rows]}
    ).connection


def test_every_value_comes_back_as_it_was(target: Postgres) -> None:
    assert publish(source(ROWS), {"t": T}, target) == {"t": 5}
    assert target.run("SELECT * FROM t ORDER BY id") == ROWS
    assert target.tables() == {"t"}


def test_derived_tables_are_not_copied(target: Postgres) -> None:
    entities = derived("e", "t", "n", {"rows": "count()"}, at="day")
    assert publish(source(ROWS), {"t": T, "e": entities}, target) == {"t": 5}


def test_a_second_time_replaces_the_rows_and_keeps_what_was_built_on_the_table(
    target: Postgres, other: psycopg.Connection[Any]
) -> None:
    publish(source(ROWS), {"t": T}, target)
    other.execute(f"CREATE VIEW {target.schema}.mine AS SELECT count(*) AS n FROM {target.schema}.t".encode())
    assert publish(source(ROWS[:2]), {"t": T}, target) == {"t": 2}
    assert target.run("SELECT n FROM mine") == [(2,)]


def test_a_table_that_gained_a_column_is_made_anew(target: Postgres) -> None:
    publish(source(ROWS), {"t": T}, target)
    wider = table("t", "id text, more integer", "id")
    assert publish(source([("1", 7)], wider), {"t": wider}, target) == {"t": 1}
    assert target.run("SELECT * FROM t") == [("1", 7)]


def test_a_table_that_something_needs_as_it_is_stays_and_the_reason_is_told(
    target: Postgres, other: psycopg.Connection[Any]
) -> None:
    publish(source(ROWS), {"t": T}, target)
    other.execute(f"CREATE VIEW {target.schema}.mine AS SELECT n FROM {target.schema}.t".encode())
    wider = table("t", "id text, more integer", "id")
    with pytest.raises(EngineError, match="cannot drop table .* because other objects depend on it"):
        publish(source([("1", 7)], wider), {"t": wider}, target)
    assert target.run("SELECT count(*) FROM t") == [(5,)]


@pytest.mark.parametrize(("made", "what"), [("TABLE t (id text)", "table"), ("VIEW t AS SELECT 1 AS id", "view")])
def test_what_is_somebody_else_s_is_not_replaced(
    target: Postgres, other: psycopg.Connection[Any], made: str, what: str
) -> None:
    other.execute(f"CREATE SCHEMA {target.schema}".encode())
    other.execute(f"CREATE {made.replace(' t ', f' {target.schema}.t ')}".encode())
    with pytest.raises(EngineError, match=rf"The {what} {target.schema}\.t .* was not made by Opstally"):
        publish(source(ROWS), {"t": T}, target)


def test_all_tables_or_none(target: Postgres) -> None:
    """The second table holds a text that PostgreSQL cannot store; the first must not be the new one then."""
    u = table("u", "id text", "id")
    both = source(ROWS)
    both.execute("CREATE TABLE u (id VARCHAR)")
    publish(both, {"t": T, "u": u}, target)
    both.execute("DELETE FROM t; INSERT INTO u VALUES ('a' || chr(0))")
    with pytest.raises(EngineError, match=r"PostgreSQL refused the tables: u\.id of .* holds a NUL character"):
        publish(both, {"t": T, "u": u}, target)
    assert target.run("SELECT count(*) FROM t") == [(5,)]


def test_readers_see_the_old_rows_until_all_are_there(target: Postgres, other: psycopg.Connection[Any]) -> None:
    publish(source(ROWS), {"t": T}, target)
    seen = []

    def told(*_: object) -> None:
        seen.append(other.execute(f"SELECT count(*) FROM {target.schema}.t".encode()).fetchone())

    publish(source(ROWS[:1]), {"t": T}, target, told)
    assert seen == [(5,)]
    assert target.run("SELECT count(*) FROM t") == [(1,)]


def test_what_the_source_gains_meanwhile_waits_for_the_next_time(target: Postgres) -> None:
    both = source(ROWS)
    both.execute("CREATE TABLE u (id VARCHAR); INSERT INTO u VALUES ('1')")
    tables = {"t": T, "u": table("u", "id text", "id")}
    found = publish(
        both, tables, target, lambda name, _: both.execute("INSERT INTO u VALUES ('2')") if name == "t" else None
    )
    assert found == {"t": 5, "u": 1}


def test_it_reads_only_afterwards_also_when_it_failed(target: Postgres) -> None:
    with pytest.raises(
        EngineError, match="DuckDB could not give the tables out: Catalog Error: Table with name nothing"
    ):
        publish(source(ROWS), {"t": T, "nothing": table("nothing", "id text", "id")}, target)
    publish(source(ROWS), {"t": T}, target)
    with pytest.raises(EngineError, match="read-only transaction"):
        target.run("DELETE FROM t")


def test_a_store_is_published(tmp_path: Path, target: Postgres) -> None:
    with Store.open(tmp_path / "store.duckdb", {"t": T}) as store:
        store.connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        assert publish(store.connection, {"t": T}, target) == {"t": 5}
    assert target.run("SELECT * FROM t ORDER BY id") == ROWS


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
