"""What is made from loaded rows after every load: histories as facts, business time, outages, steps of processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opstally.derive import business, histories, outages, process, stages, statuses
from opstally.derive.opening import holidays
from opstally.derive.step import Given, Made, completed, unfill
from opstally.errors import UsageError
from opstally.model.project import Project
from opstally.model.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Made", "accept", "filled", "forget", "read", "run"]

_STEPS = (statuses, histories, business, stages, outages, process)
"""In the order in which they need each other."""

_FILLED = {"support_tickets": (business.STEP, histories.STEP), "incidents": (stages.STEP,)}
"""Table → the steps that fill some of its columns, the last one first."""


def filled() -> frozenset[str]:
    """The tables that exports bring and `run` adds to."""
    return frozenset((*_FILLED, process.TABLE))


def read(tables: Mapping[str, Table]) -> frozenset[str]:
    """The tables whose rows something is made from."""
    made = (name for table in tables.values() for name in table.made_from)
    return filled() | {*made, "customers", "agents", "process_events"}


def accept(project: Project) -> None:
    """Refuse, before anything is changed, what `run` could not work with. Raises UsageError."""
    for name, calendar in project.calendars.items():
        try:
            holidays(calendar, range(2000, 2001))
        except UsageError as problem:
            raise UsageError(f"opstally.yml, calendar {name}: {problem}") from None


def forget(connection: DuckDBPyConnection, tables: Mapping[str, Table], table: str) -> None:
    """Take out of a table what `run` put there, so that only what exports gave is in it.

    A load does this before it compares its rows with the table's; else an empty cell would look like a change.
    """
    given = Given(connection, tables, Project())
    for step in _FILLED.get(table, ()):
        unfill(given, step, table)
    if table == process.TABLE:
        process.unmake(given)


def run(connection: DuckDBPyConnection, tables: Mapping[str, Table], project: Project) -> tuple[Made, ...]:
    """Make everything anew from the rows that are stored, inside the transaction that the connection is in.

    The same rows and project give the same tables. Raises UsageError where a calendar cannot be used.
    """
    for table in (*_FILLED, process.TABLE):
        if table in tables:
            forget(connection, tables, table)
    given = Given(connection, tables, project)
    # Of tables that are not committed yet the engine believes that they are empty, and would compare all with all.
    given.run("SET asof_loop_join_threshold = 0")
    others = given.temporary()
    # A table whose declaration has a problem is told elsewhere; what does not need it is made all the same.
    steps = [step for step in _STEPS if all(table in tables for table in step.USES)]
    with completed(given, sorted({table for step in steps for table in step.USES})):
        made = tuple(one for step in steps for one in step.make(given))
    for name in sorted(given.temporary() - others):
        given.run(f"DROP TABLE {name}")
    given.run("RESET asof_loop_join_threshold")
    _record(given, made)
    return made


def _record(given: Given, made: tuple[Made, ...]) -> None:
    """`opstally.derived`: what was made, for everybody who looks into the file."""
    given.run("CREATE SCHEMA IF NOT EXISTS opstally")
    given.run(
        "CREATE OR REPLACE TABLE opstally.derived "
        "(table_name VARCHAR, column_name VARCHAR, rows BIGINT, made_from VARCHAR[], notes VARCHAR[])"
    )
    for one in made:
        row = [one.table, one.column, one.rows, list(one.made_from), list(one.notes)]
        given.run("INSERT INTO opstally.derived VALUES (?, ?, ?, ?, ?)", row)
