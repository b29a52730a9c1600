"""What was made, and from which project: tables `opstally.derived` and `opstally.derivations` of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import opstally
from opstally.derive.step import Given, Made
from opstally.derive.words import WORDS


def current(given: Given) -> frozenset[str]:
    """The steps whose results are those of the rows and the project as they are now."""
    _prepare(given)
    rows = given.run("SELECT step FROM opstally.derivations WHERE settings = ?", [_settings(given)])
    return frozenset(str(step) for (step,) in rows)


def outdate(given: Given, step: str) -> None:
    """The rows that a step made its results from are about to change."""
    if given.exists("opstally", "derivations"):
        given.run("DELETE FROM opstally.derivations WHERE step = ?", [step])


def keep(given: Given, step: str, made: Sequence[Made]) -> None:
    """Put the results of a step on record in place of its earlier ones."""
    given.run("DELETE FROM opstally.derivations WHERE step = ?", [step])
    given.run("DELETE FROM opstally.derived WHERE step = ?", [step])
    given.run("INSERT INTO opstally.derivations VALUES (?, ?)", [step, _settings(given)])
    for number, one in enumerate(made):
        row = [step, number, one.table, one.column, one.rows, list(one.made_from), list(one.notes)]
        given.run("INSERT INTO opstally.derived VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def made(given: Given, steps: Iterable[str]) -> tuple[Made, ...]:
    """The results on record, in the order of the steps."""
    found = []
    for step in steps:
        columns = "table_name, column_name, rows, made_from, notes"
        rows = given.run(f"SELECT {columns} FROM opstally.derived WHERE step = ? ORDER BY number", [step])
        found += [Made(str(t), c and str(c), int(str(n)), tuple(f), tuple(s)) for t, c, n, f, s in rows]  # type: ignore[arg-type]  # lists of texts
    return tuple(found)


def _prepare(given: Given) -> None:
    given.run("CREATE SCHEMA IF NOT EXISTS opstally")
    given.run("CREATE TABLE IF NOT EXISTS opstally.derivations (step VARCHAR, settings VARCHAR)")
    given.run(
        "CREATE TABLE IF NOT EXISTS opstally.derived (step VARCHAR, number INTEGER, table_name VARCHAR, "
        "column_name VARCHAR, rows BIGINT, made_from VARCHAR[], notes VARCHAR[])"
    )


def _settings(given: Given) -> str:
    """A digest of all but the rows that results hang on: the project, the version, the words, the tables' columns."""
    project = given.project
    told = (project.timezone, project.calendars, project.calendar_for, project.histories, opstally.__version__)
    columns = [(name, sorted(table.columns)) for name, table in sorted(given.tables.items())]
    return hashlib.sha256(f"{told!r} {columns!r} {WORDS.read_text(encoding='utf-8')}".encode()).hexdigest()
