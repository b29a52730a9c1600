"""Records pulled from a real PostgreSQL server, from where the last pull ended on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.postgres import postgres_server

from .conftest import Loading

__all__ = ["postgres_server"]

SOURCE = """
source: desk
label: Help desk database
timezone: UTC
pull:
  connection: $DESK
  query: SELECT id, opened, state, changed FROM desk.tickets
  cursor: {cursor}
targets:
  - table: support_tickets
    columns:
      ticket_id: id
      created_at: opened
      status: {{from: state, map: {{Open: open, Done: resolved}}}}
      updated_at: changed
"""


@pytest.fixture
def desk(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    monkeypatch.setenv("DESK", postgres_server)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS desk CASCADE; CREATE SCHEMA desk")
        connection.execute("CREATE TABLE desk.tickets (id int, opened timestamptz, state text, changed timestamptz)")
        yield connection


def put(desk: psycopg.Connection[Any], ticket: int, state: str, changed: str) -> None:
    desk.execute("DELETE FROM desk.tickets WHERE id = %s", [ticket])
    desk.execute("INSERT INTO desk.tickets VALUES (%s, '2026-01-01 10:00+02', %s, %s)", [ticket, state, changed])


def declare(loading: Loading, cursor: str = "changed") -> None:
    (loading.folder / "sources").mkdir()
    (loading.folder / "sources" / "desk.yml").write_text(SOURCE.format(cursor=cursor).lstrip(), encoding="utf-8")


def fates(loading: Loading) -> tuple[int, int, int]:
    summary = loading.load()
    assert summary.errors == ()
    [one] = summary.loaded
    return one.read, one.merged, one.unchanged


def test_only_what_came_since_is_asked_for(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading)
    put(desk, 1, "Open", "2026-01-02 00:00Z")
    put(desk, 2, "Open", "2026-01-03 00:00Z")
    assert fates(loading) == (2, 2, 0)
    put(desk, 3, "Open", "2026-01-04 00:00Z")
    # The newest of the last pull comes again, and nothing before it.
    assert fates(loading) == (2, 1, 1)
    rows = loading.ask("SELECT ticket_id, CAST(created_at AS VARCHAR), status FROM support_tickets ORDER BY 1")
    assert rows == [(n, "2026-01-01 08:00:00", "open") for n in ("1", "2", "3")]


def test_rows_with_the_cursor_of_the_last_pull_are_not_lost(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading)
    put(desk, 1, "Open", "2026-01-02 00:00Z")
    assert fates(loading) == (1, 1, 0)
    put(desk, 2, "Open", "2026-01-02 00:00Z")
    assert fates(loading) == (2, 1, 1)
    assert fates(loading) == (2, 0, 2)


def test_a_changed_row_replaces_its_older_self(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading)
    put(desk, 1, "Open", "2026-01-02 00:00Z")
    loading.load()
    put(desk, 1, "Done", "2026-01-05 00:00Z")
    assert fates(loading) == (1, 1, 0)
    assert loading.ask("SELECT status FROM support_tickets") == [("resolved",)]


def test_a_number_can_be_the_cursor(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading, "id")
    for ticket in (9, 10):
        put(desk, ticket, "Open", "2026-01-02 00:00Z")
    assert fates(loading) == (2, 2, 0)
    put(desk, 11, "Open", "2026-01-02 00:00Z")
    # As numbers 10 is more than 9; as texts it would be less.
    assert fates(loading) == (2, 1, 1)


def test_a_refused_load_pulls_the_same_rows_again(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading)
    put(desk, 1, "Nonsense", "2026-01-02 00:00Z")
    [error] = loading.load().errors
    assert "Nonsense" in error
    put(desk, 1, "Open", "2026-01-01 00:00Z")
    assert fates(loading) == (1, 1, 0)


def test_a_query_that_is_refused_is_told(loading: Loading, desk: psycopg.Connection[Any]) -> None:
    declare(loading)
    desk.execute("DROP TABLE desk.tickets")
    [error] = loading.load().errors
    assert error.startswith('Source desk: PostgreSQL could not be read: relation "desk.tickets" does not exist')


def test_a_missing_connection_is_told(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(loading)
    monkeypatch.delenv("DESK", raising=False)
    [error] = loading.load().errors
    assert error == "Source desk: the environment has no DESK, which its connection is read from."
