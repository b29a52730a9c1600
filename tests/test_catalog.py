"""The packaged declarations: complete, linked, and without loose ends."""

from __future__ import annotations

import typing
from collections import Counter
from dataclasses import asdict, fields

import pytest

from opstally import definitions, library
from opstally.expression import Call, Column, Literal, Typed, check, parse
from opstally.expression.tree import walk
from opstally.model.metric import Domain, Metric
from opstally.model.project import Assumptions
from opstally.model.table import Table
from opstally.period import Calendar
from opstally.planner.metric import Metrics
from opstally.planner.schema import Schema

LIBRARY = library.load()
TABLES: dict[str, Table] = {name: d.declaration for name, d in LIBRARY.tables.items()}
METRICS: dict[str, Metric] = {name: d.declaration for name, d in LIBRARY.metrics.items()}
STORED = {name: table for name, table in TABLES.items() if table.columns}
SCHEMA = Schema(TABLES)
LINKED = Metrics(METRICS, SCHEMA)

CANONICAL = {
    "support_tickets": ("ticket_id",),
    "ticket_events": ("event_id",),
    "ticket_statuses": ("ticket_id", "from_at"),
    "ticket_histories": ("ticket_id",),
    "resource_samples": ("resource_id", "measure", "at"),
    "agents": ("agent_id",),
    "infrastructure_monitoring": ("service_name", "check_id", "check_timestamp"),
    "services": ("service_name",),
    "incidents": ("incident_id", "service_name"),
    "incident_customers": ("incident_id", "customer_id"),
    "incident_updates": ("update_id", "service_name"),
    "incident_stages": ("incident_id", "service_name", "from_at"),
    "outages": ("service_name", "started_at"),
    "maintenance_windows": ("window_id",),
    "deployments": ("deployment_id",),
    "alerts": ("alert_id",),
    "cloud_resources": ("resource_id", "metric_date"),
    "cloud_costs": ("line_id",),
    "infrastructure_metrics": ("resource_id", "metric_date"),
    "customers": ("customer_id",),
    "customer_daily_metrics": ("customer_id", "metric_date"),
    "implementations": ("project_id",),
    "implementation_stages": ("project_id", "stage"),
    "sla_definitions": ("sla_id", "valid_from"),
    "sla_measurements": ("measurement_id",),
    "business_processes": ("execution_id",),
    "automations": ("automation_id",),
    "process_events": ("event_id",),
    "process_executions": ("execution_id", "step_sequence"),
    "infrastructure_components": ("component_id", "observed_at"),
    "component_failures": ("failure_id",),
    "costs": ("cost_date", "cost_center"),
    "revenue": ("month", "revenue_class"),
    "headcount": ("month", "function"),
    "budgets": ("scope", "month"),
    "vendor_contracts": ("contract_id",),
    "runbooks": ("runbook_id",),
    "training_records": ("training_id",),
}
EXPORT_NAMES = {
    "support_tickets": "created_date assigned_date resolved_date first_response_time sla_target",
    "incidents": "incident_date event_timestamp affected_service",
    "cloud_costs": "billedcost effectivecost listcost contractedcost chargecategory chargeperiodstart servicename tags",
}
"""Names that exports are known to use for columns of a table, which no mapping should be needed for."""


def test_the_packaged_files_have_no_problems() -> None:
    assert definitions.problems(LIBRARY, asdict(Assumptions()), Calendar()) == ()


def test_every_canonical_table_is_declared_with_its_key() -> None:
    assert {name: table.key for name, table in STORED.items()} == CANONICAL


def test_there_are_metrics_of_every_domain() -> None:
    domains = Counter(metric.domain for metric in METRICS.values())
    assert sum(domains.values()) >= 90
    assert min(domains.get(d, 0) for d in typing.get_args(Domain)) >= 5  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_says_whose_it_is_and_what_it_decides(name: str) -> None:
    metric = METRICS[name]
    assert metric.owner
    assert metric.decision
    assert len(metric.description) > len(metric.label)
    assert metric.description.endswith(".")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_guardrails_and_leading_metrics_are_other_metrics_that_exist(name: str) -> None:
    named = {*METRICS[name].guardrails, *METRICS[name].leading}
    assert named <= set(METRICS)
    assert name not in named


@pytest.mark.parametrize("name", sorted(name for name, metric in METRICS.items() if metric.good == "down"))
def test_what_should_fall_has_a_guardrail(name: str) -> None:
    """What is to be made small is easily made small at the cost of something else."""
    assert METRICS[name].guardrails


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_fits_its_table(name: str) -> None:
    assert LINKED[name].name == name


@pytest.mark.parametrize("name", sorted(TABLES))
def test_all_columns_of_a_table_have_a_type(name: str) -> None:
    for column in SCHEMA.names(name):
        typed = SCHEMA.typed(name, Column((column,)))
        assert typed.type != "null", column
        assert not typed.aggregated, column


@pytest.mark.parametrize("name", sorted(STORED))
def test_each_name_that_an_export_may_use_means_one_column(name: str) -> None:
    names = Counter(spelling for column, c in STORED[name].columns.items() for spelling in (column, *c.aliases))
    assert [spelling for spelling, times in names.items() if times > 1] == []


@pytest.mark.parametrize("name", sorted(EXPORT_NAMES))
def test_usual_names_of_exports_are_known(name: str) -> None:
    known = {spelling for column, c in STORED[name].columns.items() for spelling in (column, *c.aliases)}
    assert set(EXPORT_NAMES[name].split()) <= known


@pytest.mark.parametrize("name", sorted(STORED))
def test_every_column_is_described_and_every_fill_and_check_fits(name: str) -> None:
    table = STORED[name]
    for column, declared in table.columns.items():
        assert declared.description, column
        if declared.fill:
            given = check(parse(declared.fill), lambda c: _own(table, c)).type
            assert given == declared.type or (given, declared.type) == ("integer", "number"), column
    for rule in table.checks:
        assert check(parse(rule.expect), lambda c: _own(table, c)).type == "boolean", rule.message


def _own(table: Table, column: Column) -> Typed:
    """Fills and checks are applied to one row at load, before any other table can be looked at."""
    assert len(column.path) == 1, column.name
    assert column.name in table.columns, column.name
    return SCHEMA.typed(table.table, column)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_reference_leads_to_at_most_one_row(name: str) -> None:
    for role, reference in TABLES[name].references.items():
        theirs = {their for _, their in reference.pairs} | ({reference.valid_from} if reference.valid_from else set())
        assert theirs == set(TABLES[reference.table].key), role
        for ours, their in reference.pairs:
            types = SCHEMA.typed(name, Column((ours,))).type, SCHEMA.typed(reference.table, Column((their,))).type
            assert types[0] == types[1], role


@pytest.mark.parametrize("name", sorted(STORED))
def test_copies_name_a_column_that_exists(name: str) -> None:
    for column, declared in STORED[name].columns.items():
        if declared.same_as:
            table, original = declared.same_as.split(".")
            assert STORED[table].columns[original].type == declared.type, column


def test_settings_in_expressions_exist() -> None:
    texts = [c.value for table in TABLES.values() for c in table.computed.values()]
    texts += [c.value for table in TABLES.values() if table.derived for c in table.derived.columns.values()]
    texts += [text for m in METRICS.values() for text in (m.value, m.where, m.settled, *m.excludes.values()) if text]
    calls = [node for text in texts for node in walk(parse(text)) if isinstance(node, Call) and node.name == "setting"]
    named = {call.args[0].value for call in calls if isinstance(call.args[0], Literal)}
    assert named
    assert named <= {f.name for f in fields(Assumptions)}
