"""What is made from loaded rows after every load: histories as facts, business time, outages, steps of processes."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from opstally.derive import business, histories, outages, process, record, samples, stages, statuses
from opstally.derive.opening import holidays
from opstally.derive.step import Given, Made, completed, take_out, unfill
from opstally.errors import UsageError
from opstally.model.project import Project
from opstally.model.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Made", "accept", "filled", "forget", "read", "run"]

_STEPS: Mapping[str, tuple[ModuleType, ...]] = {
    "ticket histories": (statuses, histories),
    "business time": (business,),
    "incident stages": (stages,),
    "outages": (outages,),
    "process steps": (process,),
    "resource days": (samples,),
}
"""In the order in which they need each other. What stands together hands on temporary tables."""

_FILLED = {"support_tickets": (business.STEP, histories.STEP), "incidents": (stages.STEP,)}
"""Table → the fillings of its columns, the last one first."""

_ADDED = {module.TABLE: module.STEP for module in (process, samples)}
"""Table → what adds rows to it."""


def filled() -> frozenset[str]:
    """The tables that exports bring and `run` adds to."""
    return frozenset((*_FILLED, *_ADDED))


def read(tables: Mapping[str, Table]) -> frozenset[str]:
    """The tables whose rows something is made from."""
    made = {name for name, table in tables.items() if table.made_from}
    return frozenset(name for step in _STEPS for name in _uses(step)) - made


def accept(project: Project) -> None:
    """Refuse, before anything is changed, what `run` could not work with. Raises UsageError."""
    for name, calendar in project.calendars.items():
        try:
            holidays(calendar, range(2000, 2001))
        except UsageError as problem:
            raise UsageError(f"opstally.yml, calendar {name}: {problem}") from None


def forget(connection: DuckDBPyConnection, tables: Mapping[str, Table], table: str) -> None:
    """Take out of a table what `run` put there, so that only what exports gave is in it.

    A load does this to every table before it compares its rows with the table's; else an empty cell would look like a
    change. What is made from the table is out of date from then on.
    """
    given = Given(connection, tables, Project())
    for filling in _FILLED.get(table, ()):
        unfill(given, filling, table)
    if table in _ADDED:
        take_out(given, _ADDED[table], table)
    for step in _STEPS:
        if table in _uses(step):
            record.outdate(given, step)


def run(connection: DuckDBPyConnection, tables: Mapping[str, Table], project: Project) -> tuple[Made, ...]:
    """Make anew what is out of date, from the rows that are stored, inside the transaction that the connection is in.

    Out of date is what uses a table that was forgotten, or another project or version, and what follows from it. Gives
    everything that is made now, also what was not out of date. The same rows and project give the same tables. Raises
    UsageError where a calendar cannot be used.
    """
    given = Given(connection, tables, project)
    others = given.temporary()
    # Of tables that are not committed yet the engine believes that they are empty, and would compare all with all.
    given.run("SET asof_loop_join_threshold = 0")
    steps = _out_of_date(given)
    with completed(given, sorted({table for step in steps for table in _uses(step)})):
        for step in steps:
            _clear(given, step)
            made = [one for module in _STEPS[step] for one in module.make(given)]
            record.keep(given, step, made)
    for name in sorted(given.temporary() - others):
        given.run(f"DROP TABLE {name}")
    given.run("RESET asof_loop_join_threshold")
    return record.made(given, _STEPS)


def _uses(step: str) -> frozenset[str]:
    """The tables that a step reads or writes."""
    return frozenset(table for module in _STEPS[step] for table in module.USES)


def _out_of_date(given: Given) -> list[str]:
    current = record.current(given)
    found: list[str] = []
    changed: set[str] = set()
    for step in _STEPS:
        # A table whose declaration has a problem is told elsewhere; what does not need it is made all the same.
        if _uses(step) <= set(given.tables) and (step not in current or _uses(step) & changed):
            found.append(step)
            changed |= {table for module in _STEPS[step] for table in module.MAKES}
    return found


def _clear(given: Given, step: str) -> None:
    """Take out what a step made before."""
    for module in reversed(_STEPS[step]):
        if hasattr(module, "STEP"):
            undo = take_out if module.TABLE in _ADDED else unfill
            undo(given, module.STEP, module.TABLE)
