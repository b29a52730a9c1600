"""A store as large as wanted: the synthetic company of scale 1, loaded as always, then multiplied inside DuckDB.

python benchmarks/company.py [--full] [--copies N] [--folder DIR]

What grows with the scale of `opstally demo` grows here in the same way: checks, tickets, customers and what they do
with the number of copies, resources and components with its square root, services and incidents not at all. Going
through CSV files would take many times as long, and `benchmarks/load.py` measures that way by itself.
"""

from __future__ import annotations

import argparse
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from opstally import demo
from opstally.model.table import Table
from opstally.quoting import quoted
from opstally.store import Store
from opstally.workspace import STORE_FILE, Workspace

FOLDER = Path(__file__).parent / ".company"
SMALL, FULL = 5, 50
"""Copies of a company with a million checks and a hundred thousand tickets."""
APART = 37
"""Seconds between a row and its copy, so that instants differ as they do where many things are checked."""


@dataclass(frozen=True)
class Growth:
    """How a table grows: by which identifiers its copies differ."""

    ids: tuple[str, ...]
    by_root: bool = False
    moved: bool = False
    """Whether the instants of a copy are moved."""


GROWTH = {
    "infrastructure_monitoring": Growth(("check_id",), moved=True),
    "support_tickets": Growth(("ticket_id", "customer_id", "agent_id"), moved=True),
    "customers": Growth(("customer_id",)),
    "agents": Growth(("agent_id",)),
    "customer_daily_metrics": Growth(("customer_id",)),
    "incident_customers": Growth(("customer_id",)),
    "implementations": Growth(("project_id", "customer_id")),
    "implementation_stages": Growth(("project_id",)),
    "sla_measurements": Growth(("measurement_id", "customer_id")),
    "business_processes": Growth(("execution_id",)),
    "process_executions": Growth(("execution_id",)),
    "cloud_resources": Growth(("resource_id",), by_root=True),
    "infrastructure_metrics": Growth(("resource_id",), by_root=True),
    "infrastructure_components": Growth(("component_id",), by_root=True),
    "component_failures": Growth(("component_id", "failure_id"), by_root=True),
}
"""The other tables stay as they are; so do the ticket events, which no report reads."""


def company(folder: Path, copies: int) -> Path:
    """The project folder of the company in `copies`, made now unless an earlier run has made it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    base = folder / "scale-1"
    if not (base / "loaded").exists():
        shutil.rmtree(base, ignore_errors=True)
        demo.write(base)
        summary = Workspace.open(base).load()
        if summary.errors:
            raise SystemExit(f"The company could not be loaded: {' '.join(summary.errors)}")
        (base / "loaded").touch()
    large = folder / f"scale-{copies}"
    if not (large / "loaded").exists():
        shutil.rmtree(large, ignore_errors=True)
        _multiply(base, large, copies)
        (large / "loaded").touch()
    # A later version may have more columns, which opening for writing adds.
    Store.open(large / STORE_FILE, Workspace.open(large).tables()).close()
    return large


def _multiply(base: Path, large: Path, copies: int) -> None:
    large.mkdir(parents=True)
    shutil.copy(base / "opstally.yml", large)
    tables = Workspace.open(large).tables()
    with Store.open(large / STORE_FILE, tables) as store:
        connection = store.connection
        connection.execute(f"ATTACH '{base / STORE_FILE}' AS base (READ_ONLY)")
        connection.execute("INSERT INTO opstally.loads BY NAME SELECT * FROM base.opstally.loads")
        for name, table in tables.items():
            if name in GROWTH:
                _grow(connection, table, GROWTH[name], copies)
            else:
                connection.execute(f"INSERT INTO main.{quoted(name)} BY NAME SELECT * FROM base.main.{quoted(name)}")
        connection.execute("DETACH base")
        connection.execute("CHECKPOINT")


def _grow(connection: duckdb.DuckDBPyConnection, table: Table, growth: Growth, copies: int) -> None:
    """Month by month, each in order of time, as exports come."""
    if not set(growth.ids) & set(table.key):
        raise ValueError(f"The copies of {table.table} would have the keys of their originals.")
    here, base = f"main.{quoted(table.table)}", f"base.main.{quoted(table.table)}"
    number = round(math.sqrt(copies)) if growth.by_root else copies
    columns = ", ".join(f"{_copied(name, table, growth)} AS {quoted(name)}" for name in table.columns)
    assert isinstance(table.at, str)
    month = f"date_trunc('month', {quoted(table.at)})"
    months = connection.execute(f"SELECT DISTINCT {month} FROM {base} ORDER BY 1 NULLS FIRST").fetchall()
    for (start,) in months:
        connection.execute(
            f"INSERT INTO {here} BY NAME SELECT {columns} FROM {base}, range({number}) AS copies(copy) "
            f"WHERE {month} IS NOT DISTINCT FROM ? ORDER BY {quoted(table.at)}, copy",
            [start],
        )


def _copied(name: str, table: Table, growth: Growth) -> str:
    if name in growth.ids:
        return f"CASE WHEN copy = 0 THEN {quoted(name)} ELSE {quoted(name)} || '.' || copy END"
    if growth.moved and table.columns[name].type == "timestamp":
        return f"{quoted(name)} - to_seconds(copy * {APART})"  # back, so that nothing lies after the last day
    return quoted(name)


def options(parser: argparse.ArgumentParser) -> None:
    """The options that say how large the company is, which all of these benchmarks share."""
    parser.add_argument("--full", action="store_true", help="50 million checks and 5 million tickets")
    parser.add_argument("--copies", type=int, help=f"of the company with a million checks; {SMALL} unless told")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where companies are kept between runs")


def chosen(told: argparse.Namespace) -> Path:
    """The company that the options say."""
    return company(told.folder, told.copies or (FULL if told.full else SMALL))


def main() -> None:
    """Makes the company and prints what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options(parser)
    began = time.monotonic()
    folder = chosen(parser.parse_args())
    print(f"{folder}, {(folder / STORE_FILE).stat().st_size / 1e6:,.0f} MB, {time.monotonic() - began:.0f} s")
    with Store.open(folder / STORE_FILE, read_only=True) as store:
        for name in GROWTH:
            [(rows,)] = store.connection.execute(f"SELECT count(*) FROM main.{quoted(name)}").fetchall()
            print(f"{rows:13,} {name}")


if __name__ == "__main__":
    main()
