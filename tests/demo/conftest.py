"""Two written companies, shared by all tests: one to look at closely, one large enough for effects to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opstally.demo import write
from opstally.demo.truth import Truth

Ask = Callable[[str], list[Any]]


@dataclass(frozen=True)
class Written:
    """A company's folder, and what it says it planted."""

    folder: Path
    truth: Truth

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def size(self, effect: str) -> dict[str, Any]:
        """What truth.json says of one effect."""
        return next(found for found in self.truth.as_json()["effects"] if found["name"] == effect)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Scale 0.02, in a second."""
    folder = tmp_path_factory.mktemp("small")
    return Written(folder, write(folder, scale=0.02))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Scale 0.5."""
    folder = tmp_path_factory.mktemp("company")
    return Written(folder, write(folder, scale=0.5))


@pytest.fixture(scope="session")
def ask(company: Written) -> Ask:
    """SQL over the larger company's raw exports: each a table under its own columns, those of the tools as texts."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    texts = "all_varchar = true, ignore_errors = true, union_by_name = true"
    tables = {
        "tickets": f"read_csv('{company.data}/helpdesk/tickets-*.csv', delim = ';', {texts})",
        "checks": f"read_csv('{company.data}/uptime/*.csv', {texts})",
        "bill": f"read_csv('{company.data}/billing/*.csv', {texts})",
        "projects": f"read_csv('{company.data}/onboarding/*.csv', {texts})",
        "steps": f"read_csv('{company.data}/workflow/*.csv', delim = '\t', {texts})",
        "incidents": f"read_json('{company.data}/oncall/*.jsonl', columns = {INCIDENT_COLUMNS})",
    }
    for file in company.data.glob("*.csv"):
        tables[file.stem] = f"read_csv('{file}')"
    for part in ("customer_daily_metrics", "sla_measurements", "business_processes"):
        tables[part] = f"read_csv('{company.data}/{part}/*.csv')"
    for name, source in tables.items():
        connection.execute(f"CREATE TABLE {name} AS FROM {source}")
    connection.execute(TICKET)
    connection.execute(INCIDENT)
    return lambda sql: connection.execute(sql).fetchall()


TICKET = """
CREATE TABLE ticket AS
SELECT "Ticket No" AS id, Organisation AS customer, Category AS category, "Group" AS team, Status AS status,
    try_strptime(Created, '%d.%m.%Y %H:%M:%S') AS created, try_strptime("First reply", '%d.%m.%Y %H:%M:%S') AS replied,
    try_strptime(Solved, '%d.%m.%Y %H:%M:%S') AS solved, replace("Time spent (min)", ',', '.')::DOUBLE AS minutes,
    replace("Reply promised (h)", ',', '.')::DOUBLE * 60 AS promised,
    "Answered by bot" = 'Yes' AS bot, Escalated = 'Yes' AS escalated,
    list_position(['Terrible', 'Bad', 'Okay', 'Good', 'Great'], Rating) AS rating
FROM tickets WHERE try_strptime(Created, '%d.%m.%Y %H:%M:%S') IS NOT NULL AND Status <> 'Snoozed'
QUALIFY row_number() OVER (PARTITION BY "Ticket No" ORDER BY strptime(Updated, '%d.%m.%Y %H:%M:%S') DESC) = 1
"""

INCIDENT_COLUMNS = dict.fromkeys(
    ("incident", "component", "severity", "began", "noticed_by", "closed", "customers", "root_cause", "last_change"),
    "VARCHAR",
)
INCIDENT = """
CREATE TABLE incident AS
SELECT incident AS id, component AS service, severity, root_cause AS cause, noticed_by, customers::INTEGER AS customers,
    began::TIMESTAMPTZ::TIMESTAMP AS began, closed::TIMESTAMPTZ::TIMESTAMP AS closed
FROM incidents WHERE began NOT LIKE '2026-02-30%' AND noticed_by <> 'twitter'
    AND (closed IS NULL OR closed::TIMESTAMPTZ >= began::TIMESTAMPTZ)
QUALIFY row_number() OVER (PARTITION BY incident, component ORDER BY last_change DESC) = 1
"""
