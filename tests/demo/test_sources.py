"""The company's sources fit its exports: every column exists, every spelling is mapped, every identifier is known."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from opstally import library
from opstally.model.source import Field_, Source

from .conftest import Ask, Written
from .test_dirt import SOILED, Record, records

PLANTED = {"Snoozed", "FLAPPING", "Stuck", "???", "twitter"}


def headers_and_values(written: Written, source: Source) -> list[Record]:
    """The records of one source, well-formed ones only."""
    (pattern,) = source.files
    files = sorted(written.folder.glob(pattern))
    assert files, pattern
    if source.format == "jsonl":
        return [
            {n: str(v or "") for n, v in json.loads(line).items()} for line in files[0].read_text("utf-8").splitlines()
        ]
    return [record for record in records(files, source.options.delimiter or ",") if record]


def fields(source: Source) -> dict[str, Field_]:
    """Our column → the field, of the source's one target."""
    (target,) = source.targets
    return {name: Field_(source=how) if isinstance(how, str) else how for name, how in target.columns.items()}


@pytest.fixture(scope="module")
def declared(small: Written) -> library.Library:
    return library.load(small.folder)


SOURCES = sorted(path.name.removesuffix(".yml") for path in (resources.files("opstally.demo") / "sources").iterdir())


def test_nothing_is_wrong_with_the_declarations(declared: library.Library) -> None:
    assert [str(problem) for problem in declared.problems] == []
    assert set(SOILED) | {"incident_tool", "helpdesk_log"} == set(SOURCES) <= set(declared.sources)


@pytest.mark.parametrize("name", SOURCES)
def test_every_column_is_there_on_both_sides(small: Written, declared: library.Library, name: str) -> None:
    source = declared.sources[name].declaration
    (target,) = source.targets
    table = declared.tables[target.table].declaration
    has = set(headers_and_values(small, source)[0])
    assert {how.source for how in fields(source).values() if how.source} <= has
    assert set(source.match.columns) <= has
    assert target.recency is None or target.recency in has
    assert set(target.columns) <= set(table.columns)
    assert set(table.key) <= set(target.columns)


@pytest.mark.parametrize("name", SOURCES)
def test_every_spelling_is_mapped_to_an_allowed_one(small: Written, declared: library.Library, name: str) -> None:
    source = declared.sources[name].declaration
    table = declared.tables[source.targets[0].table].declaration
    rows = headers_and_values(small, source)
    for column, how in fields(source).items():
        if how.map:
            assert {row[str(how.source)] for row in rows} - {""} - PLANTED <= set(how.map), column
            allowed = table.columns[column].allowed
            assert allowed is None or set(how.map.values()) <= set(allowed), column


def test_files_named_after_tables_have_the_columns_of_the_tables(small: Written, declared: library.Library) -> None:
    plain = [path for path in small.data.iterdir() if path.name.removesuffix(".csv") in declared.tables]
    assert len(plain) >= 20
    for path in plain:
        table = declared.tables[path.name.removesuffix(".csv")].declaration
        (record, *_) = (r for r in records(sorted(path.glob("*.csv")) if path.is_dir() else [path]) if r)
        assert set(record) <= set(table.columns), path.name
        assert set(table.key) <= set(record), path.name


TABLES = """
    support_tickets ticket_events agents infrastructure_monitoring services incidents incident_customers
    maintenance_windows deployments alerts cloud_resources cloud_costs infrastructure_metrics customers
    customer_daily_metrics implementations implementation_stages sla_definitions sla_measurements business_processes
    automations process_executions infrastructure_components component_failures costs revenue headcount budgets
    vendor_contracts runbooks training_records
"""


def test_every_domain_gets_data(small: Written, declared: library.Library) -> None:
    assert {load["table"] for load in small.truth.accounts() if load["merged"]} == set(TABLES.split())
    assert set(TABLES.split()) <= set(declared.tables)


REFERENCES = {
    "tickets of customers": ("SELECT customer FROM ticket", "SELECT customer_id FROM customers"),
    "tickets of agents": ('SELECT "Assignee No" FROM tickets', "SELECT agent_id FROM agents"),
    "tickets of services": ('SELECT "Product" FROM tickets', "SELECT service_name FROM services"),
    "exposures of customers": ("SELECT customer_id FROM incident_customers", "SELECT customer_id FROM customers"),
    "exposures of incidents": (
        "SELECT incident_id || service_name FROM incident_customers", "SELECT id || service FROM incident",
    ),
    "alerts of incidents": ("SELECT incident_id || service_name FROM alerts", "SELECT id || service FROM incident"),
    "deployments of incidents": ("SELECT incident_id FROM deployments", "SELECT id FROM incident"),
    "days of customers": ("SELECT customer_id FROM customer_daily_metrics", "SELECT customer_id FROM customers"),
    "projects of customers": ('SELECT "Account" FROM projects', "SELECT customer_id FROM customers"),
    "stages of projects": ("SELECT project_id FROM implementation_stages", 'SELECT "Project #" FROM projects'),
    "measurements of promises": ("SELECT sla_id FROM sla_measurements", "SELECT sla_id FROM sla_definitions"),
    "measurements of customers": ("SELECT customer_id FROM sla_measurements", "SELECT customer_id FROM customers"),
    "bill lines of resources": ('SELECT "lineItem/ResourceId" FROM bill', "SELECT resource_id FROM cloud_resources"),
    "executions of automations": (
        "SELECT automation_id FROM business_processes", "SELECT automation_id FROM automations",
    ),
    "failures of components": (
        "SELECT component_id FROM component_failures", "SELECT component_id FROM infrastructure_components",
    ),
    "budgets of cost classes": ("SELECT scope FROM budgets", "SELECT cost_class FROM costs"),
    "training of agents": ("SELECT agent_id FROM training_records", "SELECT agent_id FROM agents"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFERENCES)
def test_references_are_whole(ask: Ask, what: str) -> None:
    rows, known = REFERENCES[what]
    ((count, unknown),) = ask(
        f"SELECT count(*), count(*) FILTER (x NOT IN ({known})) FROM ({rows}) AS r(x) WHERE x IS NOT NULL"
    )
    assert count > 0
    assert unknown == 0
