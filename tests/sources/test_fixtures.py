# ruff: noqa: E501  # tables of expectations are read by the row
"""Every shipped source on an export in its vendor's shape: rows, values checked by hand, and what goes to quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import FIXTURES, Loading

Load = Callable[..., Loading]

COUNTS: dict[str, dict[tuple[str, str], tuple[int, int]]] = {
    "zendesk/tickets.json": {("zendesk_tickets", "support_tickets"): (3, 1)},
    "zendesk/ticket_audits.json": {("zendesk_audits", "ticket_events"): (10, 0)},
    "zendesk/ticket_events.json": {("zendesk_ticket_events", "ticket_events"): (4, 0)},
    "zendesk/ticket_metric_events.json": {
        ("zendesk_metric_events", "ticket_events"): (3, 0),
        ("zendesk_metric_events", "sla_definitions"): (2, 0),
    },
    "zendesk/satisfaction_ratings.json": {("zendesk_satisfaction_ratings", "ticket_events"): (2, 0)},
    "zendesk/organizations.json": {("zendesk_organizations", "customers"): (2, 0)},
    "zendesk/users.json": {("zendesk_users", "agents"): (2, 0)},
    "zendesk_sync/ticket_data.csv": {("zendesk_tickets", "support_tickets"): (1, 0)},
    "zendesk_sync/user_data.csv": {("zendesk_users", "agents"): (1, 0)},
    "zendesk_sync/ticket_field_history.csv": {("zendesk_sync_field_history", "ticket_events"): (3, 0)},
    "zendesk_sync/ticket_comment.csv": {("zendesk_sync_comments", "ticket_events"): (2, 0)},
    "zendesk_sync/sla_policy_metric_history.csv": {("zendesk_sync_sla_policies", "sla_definitions"): (2, 0)},
    "jira/issues.csv": {("jira_csv", "support_tickets"): (2, 1)},
    "servicenow/incident.json": {("servicenow_incidents", "support_tickets"): (2, 1)},
    "servicenow/incident.csv": {("servicenow_incidents", "support_tickets"): (2, 0)},
    "servicenow/incident_event_log.csv": {
        ("servicenow_incident_log", "support_tickets"): (1, 0),
        ("servicenow_incident_log", "ticket_events"): (2, 0),
        ("servicenow_incident_log", "sla_definitions"): (1, 0),
        ("servicenow_incident_log", "sla_measurements"): (1, 0),
    },
    "freshdesk/tickets.json": {("freshdesk_tickets", "support_tickets"): (3, 1)},
    "freshdesk/tickets.csv": {("freshdesk_csv", "support_tickets"): (2, 0)},
    "intercom/conversations.json": {
        ("intercom_conversations", "support_tickets"): (2, 1),
        ("intercom_conversations", "ticket_events"): (3, 0),
    },
    "pagerduty/incidents.json": {
        ("pagerduty_incidents", "incidents"): (2, 0),
        ("pagerduty_incidents", "alerts"): (2, 0),
    },
    "pagerduty/analytics_raw_incidents.json": {
        ("pagerduty_analytics", "incidents"): (2, 1),
        ("pagerduty_analytics", "alerts"): (2, 1),
    },
    "statuspage/incidents.json": {
        ("statuspage_incidents", "incidents"): (3, 1),
        ("statuspage_incidents", "incident_updates"): (4, 0),
    },
    "statuspage/scheduled-maintenances.json": {("statuspage_maintenances", "maintenance_windows"): (2, 1)},
    "statuspage/history.csv": {
        ("statuspage_history_csv", "incidents"): (4, 1),
        ("statuspage_history_csv", "incident_updates"): (4, 1),
    },
    "statuspage/uptime.csv": {("statuspage_uptime_csv", "infrastructure_metrics"): (2, 0)},
    "prometheus/probes.json": {("prometheus_probes", "infrastructure_monitoring"): (4, 1)},
    "uptime_kuma/heartbeat.csv": {("uptime_kuma_heartbeats", "infrastructure_monitoring"): (5, 1)},
    "uptime_kuma/status-page.json": {("uptime_kuma_status_page", "infrastructure_monitoring"): (3, 0)},
    "upptime/website.yml": {("upptime_history", "infrastructure_monitoring"): (1, 0)},
    "upptime/summary.json": {("upptime_summary", "incidents"): (2, 0)},
    "focus/focus.csv": {("focus_billing", "cloud_costs"): (1, 1)},
    "aws_cur/cur1.csv": {("aws_cur", "cloud_costs"): (6, 1)},
    "aws_cur/cur2.csv": {("aws_cur", "cloud_costs"): (3, 0)},
    "event_log/claims.xes": {("event_log", "process_events"): (3, 1)},
    "event_log/zipped.xes.gz": {("event_log", "process_events"): (3, 1)},
    "event_log/events.csv": {("event_log", "process_events"): (3, 0)},
    "event_log/onboard_client.csv": {("ibm_client_onboarding", "process_events"): (2, 1)},
    "samples/ravenstack_accounts.csv": {("ravenstack_accounts", "customers"): (3, 0)},
    "samples/ravenstack_tickets.csv": {("ravenstack_tickets", "support_tickets"): (2, 0)},
    "samples/ravenstack_churn_events.csv": {("ravenstack_churn", "customer_daily_metrics"): (1, 0)},
    "samples/telco.csv": {("telco_customers", "customers"): (2, 0)},
    "samples/pdm_machines.csv": {("pdm_machines", "infrastructure_components"): (1, 0)},
    "samples/pdm_failures.csv": {("pdm_failures", "component_failures"): (1, 0)},
    "samples/pdm_errors.csv": {("pdm_errors", "alerts"): (2, 0)},
    "samples/sip_dates.csv": {("sip_task_dates", "process_events"): (2, 1)},
    "slo/sloth.yml": {("sloth_slos", "sla_definitions"): (1, 1)},
    "slo/sloth-kubernetes.yml": {("sloth_kubernetes_slos", "sla_definitions"): (1, 0)},
    "slo/openslo.yaml": {("openslo", "sla_definitions"): (2, 0)},
    "slo/pyrra.yaml": {("pyrra_slos", "sla_definitions"): (2, 0)},
    "metric_series/rds_cpu_utilization_a1.csv": {("metric_series", "resource_samples"): (3, 1)},
}
"""Fixture → (source, table) → rows merged and quarantined."""

NEED_AN_ANSWER = {
    "samples/outages.csv": "outage_traces",
    "samples/optscale_clean_expenses.csv": "optscale_expenses",
    "samples/optscale_raw_expenses.csv": "optscale_raw_expenses",
    "samples/optscale_average_metrics.csv": "optscale_metrics",
}
"""Fixtures whose times count from a moment that they do not tell."""


@pytest.mark.parametrize("name", COUNTS)
def test_rows(loaded: Load, name: str) -> None:
    assert loaded(name).counts() == COUNTS[name]


@pytest.mark.parametrize("name", [*COUNTS, "jira/issues.json"])
def test_loading_again_changes_nothing(loaded: Load, name: str) -> None:
    loading = loaded(name)
    assert sum(one.merged for one in loading.load().loaded) == 0


VALUES: dict[str, list[tuple[str, list[tuple[Any, ...]]]]] = {
    "zendesk/tickets.json": [
        (
            "SELECT status, channel, first_response_minutes, resolution_hours, satisfaction_score, satisfaction_offered, "
            "reopened, agent_touches FROM support_tickets ORDER BY ticket_id",
            [
                ("closed", "email", 45.0, 24.0, 5.0, True, True, 3),
                ("new", "web", None, None, None, False, False, 0),
                ("resolved", "chat", 30.0, 12.0, 1.0, True, False, 1),
            ],
        )
    ],
    "zendesk/ticket_audits.json": [
        (
            "SELECT event_id, actor_type, field, old_value, new_value, is_public FROM ticket_events "
            "WHERE event_id IN ('11', '22', '41', '42') ORDER BY 1",
            [
                ("11", None, "comment", None, None, True),
                ("22", "bot", "status", "new", "open", None),
                ("41", None, "comment", None, None, False),
                ("42", None, "status", "pending", "solved", None),
            ],
        )
    ],
    "zendesk/ticket_events.json": [
        (
            'SELECT event_id, epoch("at"), field, old_value, new_value FROM ticket_events ORDER BY 1',
            [
                ("901", 1770022800.0, "comment", None, None),
                ("903", 1770022800.0, "status", None, "new"),
                ("911", 1770023400.0, "assignee_id", None, "501"),
                ("912", 1770023400.0, "status", "new", "open"),
            ],
        )
    ],
    "zendesk/ticket_metric_events.json": [
        (
            "SELECT sla_id, sla_target, unit FROM sla_definitions ORDER BY 1",
            [("25|reply_time|60", 60.0, "minutes"), ("25|requester_wait_time|480", 480.0, "business minutes")],
        )
    ],
    "zendesk_sync/sla_policy_metric_history.csv": [
        (
            "SELECT sla_id, CAST(valid_from AS VARCHAR), sla_target, unit FROM sla_definitions ORDER BY 2",
            [
                ("1001|first_reply_time|urgent", "2026-01-01", 60.0, "business minutes"),
                ("1001|first_reply_time|urgent", "2026-06-01", 45.0, "minutes"),
            ],
        )
    ],
    "jira/issues.csv": [
        (
            "SELECT ticket_id, status, CAST(created_at AS VARCHAR), resolution_hours, customer_id FROM support_tickets ORDER BY 1",
            [
                ("SUP-1", "resolved", "2026-01-05 09:00:00", 6.0, "Northwind"),
                ("SUP-2", "pending", "2026-01-06 12:05:00", None, None),
            ],
        )
    ],
    "freshdesk/tickets.json": [
        (
            "SELECT ticket_id, status, ticket_priority, channel, first_response_minutes, sla_target_minutes, "
            "resolution_target_minutes, reopened FROM support_tickets ORDER BY 1",
            [
                ("1", "resolved", "high", "email", 90.0, 60.0, 1440.0, False),
                ("2", "deleted", "low", "portal", None, 1440.0, 2880.0, False),
                ("4", "closed", "urgent", "other", 20.0, 60.0, 1320.0, True),
            ],
        )
    ],
    "freshdesk/tickets.csv": [
        (
            "SELECT status, first_response_minutes, agent_name, team FROM support_tickets ORDER BY ticket_id",
            [("resolved", 90.0, "Ada", "Billing"), ("pending", 20.0, None, None)],
        )
    ],
    "intercom/conversations.json": [
        (
            "SELECT status, first_response_minutes, resolution_hours, satisfaction_score, reopenings FROM support_tickets "
            "ORDER BY ticket_id",
            [("closed", 10.0, 2.0, 5.0, 1), ("pending", None, None, None, 0)],
        ),
        (
            "SELECT event_id, actor_type, field, new_value, is_public FROM ticket_events ORDER BY 1",
            [
                ("p1", "human", "comment", None, True),
                ("p2", "human", "comment", None, False),
                ("p3", "human", "status", "closed", True),
            ],
        ),
    ],
    "pagerduty/analytics_raw_incidents.json": [
        (
            "SELECT incident_id, duration_minutes, epoch(acknowledged_at) - epoch(started_at) FROM incidents ORDER BY 1",
            [("PAUTO01", 3.0, None), ("PT4KHLK", 56.95, 120.0)],
        ),
        ("SELECT alert_id, actionable FROM alerts ORDER BY 1", [("PAUTO01", False), ("PT4KHLK", True)]),
    ],
    "statuspage/incidents.json": [
        (
            "SELECT incident_id, service_name, duration_minutes, CAST(started_at AS VARCHAR) FROM incidents ORDER BY 1, 2",
            [
                ("p31zjtct2jer", "API", 130.0, "2026-03-10 13:50:00"),
                ("p31zjtct2jer", "Dashboard", 130.0, "2026-03-10 13:50:00"),
                ("q99openpage1", "whole page", None, "2026-03-12 07:00:00"),
            ],
        ),
        (
            'SELECT update_id, stage, CAST("at" AS VARCHAR) FROM incident_updates ORDER BY 1',
            [
                ("u1", "investigating", "2026-03-10 13:55:00"),
                ("u2", "monitoring", "2026-03-10 15:10:00"),
                ("u3", "resolved", "2026-03-10 16:00:00"),
                ("u4", "identified", "2026-03-12 07:30:00"),
            ],
        ),
    ],
    # 22:00 PST is 06:00 UTC; clocks went forward four hours later, so 09:00 PDT is 16:00 UTC.
    "statuspage/history.csv": [
        (
            "SELECT incident_id, service_name, CAST(started_at AS VARCHAR), duration_minutes, severity FROM incidents ORDER BY 1, 2",
            [
                ("aaa111", "API", "2024-03-10 06:00:00", 90.0, "major"),
                ("aaa111", "Console", "2024-03-10 06:00:00", 90.0, "major"),
                ("aaa111", "Web", "2024-03-10 06:00:00", 90.0, "major"),
                ("bbb222", "whole page", "2024-08-01 19:41:00", 0.0, "none"),
            ],
        ),
        (
            "SELECT stage, CAST(\"at\" AS VARCHAR) FROM incident_updates WHERE incident_id = 'aaa111' ORDER BY 2",
            [
                ("Investigating", "2024-03-10 06:00:00"),
                ("Resolved", "2024-03-10 07:30:00"),
                ("Postmortem", "2024-03-10 16:00:00"),
            ],
        ),
    ],
    # 48 minutes at three tenths and 14.4 in full are 28.8 of 1,440 minutes: 2 %.
    "statuspage/uptime.csv": [
        (
            "SELECT CAST(metric_date AS VARCHAR), uptime_percentage, incident_count FROM infrastructure_metrics ORDER BY 1",
            [("2024-06-01", 100.0, 0), ("2024-06-03", 98.0, 2)],
        )
    ],
    "prometheus/probes.json": [
        (
            "SELECT service_name, check_id, epoch(check_timestamp), status, response_time_ms FROM infrastructure_monitoring "
            "ORDER BY 1, 3",
            [
                ("https://api.acme.example", "blackbox", 1770000000.0, "up", 125.0),
                ("https://api.acme.example", "blackbox", 1770000060.0, "down", 5000.0),
                ("https://api.acme.example", "blackbox", 1770000120.5, "up", None),
                ("https://www.acme.example", "blackbox", 1770000000.0, "up", None),
            ],
        )
    ],
    "uptime_kuma/heartbeat.csv": [
        (
            "SELECT service_name, status, response_time_ms FROM infrastructure_monitoring ORDER BY check_id, check_timestamp",
            [
                ("Website", "up", 87.0), ("Website", "up", 91.0), ("Website", "down", None),
                ("Mail", "unknown", None), ("Mail", "maintenance", None),
            ],
        )
    ],
    "uptime_kuma/status-page.json": [
        (
            "SELECT service_name, status, response_time_ms FROM infrastructure_monitoring ORDER BY 1, check_timestamp",
            [("1", "up", 87.0), ("1", "down", None), ("2", "maintenance", None)],
        )
    ],
    "upptime/website.yml": [
        ("SELECT service_name, status, response_time_ms FROM infrastructure_monitoring", [("https://www.acme.example", "up", 167.0)])
    ],
    "upptime/summary.json": [
        (
            "SELECT incident_id, service_name, duration_minutes FROM incidents ORDER BY 1",
            [("website|2025-11-03", "Website", 12.0), ("website|2025-12-24", "Website", 45.0)],
        )
    ],
    # Effective: what was used of the reservation (0.06) and its unused rest (1.5 + 2.5) instead of the fee.
    "aws_cur/cur1.csv": [
        (
            "SELECT split_part(line_id, '|', 1), billed_cost, effective_cost, charge_category, pricing_category, "
            "commitment_discount_status FROM cloud_costs ORDER BY line_id",
            [
                ("l1", 0.096, 0.096, "Usage", "Standard", None),
                ("l1", 0.04, 0.04, "Usage", "Dynamic", None),
                ("l2", 0.0, 0.06, "Usage", "Committed", "Used"),
                ("l3", 44.64, 4.0, "Purchase", "Standard", "Unused"),
                ("l4", 8.5, 8.5, "Tax", "Standard", None),
                ("l5", -2.0, -2.0, "Adjustment", "Standard", None),
            ],
        )
    ],
    "aws_cur/cur2.csv": [
        (
            "SELECT sum(billed_cost), round(sum(effective_cost), 9), max(tags) FROM cloud_costs",
            [(0.4, 0.4, '{"team":"web"}')],
        )
    ],
    "event_log/claims.xes": [
        (
            'SELECT execution_id, process_name, step_name, event_sequence, lifecycle, CAST("at" AS VARCHAR), resource '
            "FROM process_events ORDER BY 1, 4",
            [
                ("case-1", "Claims", "Register", 1, "start", "2026-01-05 08:00:00", "Ada"),
                ("case-1", "Claims", "Register", 2, "complete", "2026-01-05 08:30:00", "Ada"),
                ("case-2", "Claims", "Register", 1, "complete", "2026-01-06 08:00:00", None),
            ],
        )
    ],
    "event_log/zipped.xes.gz": [("SELECT DISTINCT process_name FROM process_events", [("zipped",)])],
    "event_log/onboard_client.csv": [
        (
            'SELECT step_name, CAST(started_at AS VARCHAR), CAST("at" AS VARCHAR), is_automated FROM process_events ORDER BY 2',
            [
                ("Enter Data", "2022-10-17 08:00:00", "2022-10-17 08:59:00", False),
                ("Check Data", "2022-10-17 08:59:00", "2022-10-17 09:04:00", True),
            ],
        )
    ],
    "samples/ravenstack_accounts.csv": [
        ("SELECT customer_id, status FROM customers ORDER BY 1", [("A-1", "active"), ("A-2", "churned"), ("A-3", "prospect")])
    ],
    "samples/telco.csv": [
        ("SELECT status, first_year_acv FROM customers ORDER BY 1", [("active", 358.20000000000005), ("churned", 600.0)])
    ],
    "samples/sip_dates.csv": [
        ("SELECT execution_id, lifecycle, started_at IS NULL FROM process_events ORDER BY 1", [("2610", "complete", False), ("2617", "start", True)])
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values(loaded: Load, name: str) -> None:
    loading = loaded(name)
    for sql, rows in VALUES[name]:
        assert loading.ask(sql) == rows


def test_jira_with_changelog_comments_and_sla_cycles(loaded: Load) -> None:
    loading = loaded("jira/issues.json")
    assert loading.summary is not None
    assert [(one.table, one.merged, one.quarantined) for one in loading.summary.loaded] == [
        ("support_tickets", 2, 1), ("ticket_events", 3, 0), ("ticket_events", 2, 0),
        ("sla_definitions", 2, 0), ("sla_measurements", 2, 0),
    ]  # fmt: skip
    # 09:00 to 15:00 at +01:00, with 5,400 seconds of work.
    assert loading.ask(
        "SELECT status, CAST(created_at AS VARCHAR), resolution_hours, handle_minutes, requester, agent_id "
        "FROM support_tickets ORDER BY ticket_id"
    ) == [
        ("resolved", "2026-01-05 08:00:00", 6.0, 90.0, "cu-1", "ag-1"),
        ("pending", "2026-01-06 08:00:00", None, None, "cu-2", None),
    ]
    assert loading.ask(
        "SELECT event_id, actor_type, field, old_value, new_value, is_public FROM ticket_events ORDER BY 1"
    ) == [
        ("5001|1", "human", "assignee", None, "Ada", None),
        ("5001|2", "human", "status", "Waiting for support", "In Progress", None),
        ("5002|1", "human", "status", "In Progress", "Resolved", None),
        ("601", "human", "comment", None, None, True),
        ("602", "human", "comment", None, None, False),
    ]
    # 4 hours are promised; 40 minutes were taken to respond, 6 hours to resolve.
    assert loading.ask(
        "SELECT m.measurement_id, m.actual_value, d.sla_target FROM sla_measurements m JOIN sla_definitions d USING (sla_id) "
        "ORDER BY 1"
    ) == [
        ("SUP-1|Time to first response|1", 40.0, 240.0),
        ("SUP-1|Time to resolution|1", 360.0, 240.0),
    ]
    assert [fault[1:3] for fault in loading.faults()] == [(3, "resolved_at, created_at")]


def test_pagerduty_keeps_acknowledgements_that_only_analytics_knows(loaded: Load) -> None:
    loading = loaded("pagerduty/incidents.json", "pagerduty/analytics_raw_incidents.json")
    rows = loading.ask(
        "SELECT incident_id, acknowledged_at IS NOT NULL, resolved_at IS NOT NULL FROM incidents ORDER BY 1"
    )
    assert rows == [("PAUTO01", False, True), ("PT4KHLK", True, True), ("PT4KHXX", False, False)]


FAULTS = {
    "zendesk/tickets.json": ("support_tickets", 4, "status", "parked"),
    "freshdesk/tickets.json": ("support_tickets", 3, "status", "12"),
    "intercom/conversations.json": ("support_tickets", 3, "created_at", "yesterday"),
    "jira/issues.csv": ("support_tickets", 4, "created_at", "31/Feb/26 9:00 AM"),
    "servicenow/incident.json": ("support_tickets", 3, "status", "Waiting"),
    "pagerduty/analytics_raw_incidents.json": ("alerts", 3, "seconds_to_first_ack", "soon"),
    "statuspage/history.csv": ("incident_updates", 4, "Updates", "not json"),
    "prometheus/probes.json": ("infrastructure_monitoring", 5, "status", "NaN"),
    "uptime_kuma/heartbeat.csv": ("infrastructure_monitoring", 7, "status", "7"),
    "aws_cur/cur1.csv": ("cloud_costs", 8, "lineItem/UnblendedCost", "1,024.5"),
    "event_log/claims.xes": ("process_events", 3, "at", "not a date"),
    "focus/focus.csv": ("cloud_costs", 3, "charge_category", "Refundish"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_records_are_put_aside_with_their_place(loaded: Load, name: str) -> None:
    assert loaded(name).faults()[0][:4] == FAULTS[name]


@pytest.mark.parametrize("name", NEED_AN_ANSWER)
def test_times_from_an_unknown_moment_are_a_question(loaded: Load, name: str) -> None:
    loading = loaded(name)
    assert loading.summary is not None
    [error] = loading.summary.errors
    assert "count seconds from a moment that the export does not tell" in error
    assert f"Source {NEED_AN_ANSWER[name]}" in error
    assert 'epoch: "2024-01-01"' in error
    assert loading.summary.loaded == ()


def feed(loading: Loading, fixture: str, epoch: str) -> Loading:
    source, file = NEED_AN_ANSWER[fixture], fixture.split("/")[1]
    line = f"sources:\n  - {{source: {source}, files: [data/{file}], epoch: '{epoch}'}}\n"
    (loading.folder / "opstally.yml").write_text(line, encoding="utf-8")
    loading.put(FIXTURES / fixture)
    loading.load()
    return loading


def test_offsets_forward(loading: Loading) -> None:
    feed(loading, "samples/outages.csv", "2018-01-01")
    rows = loading.ask("SELECT CAST(started_at AS VARCHAR), duration_minutes, impact FROM incidents ORDER BY 1")
    assert rows == [("2018-01-01 00:00:00", 20.0, 0.3), ("2018-01-01 06:20:00", 20.008333333333333, 1.0)]
    assert loading.counts() == {("outage_traces", "incidents"): (2, 1)}


def test_offsets_backward(loading: Loading) -> None:
    feed(loading, "samples/optscale_clean_expenses.csv", "2024-09-18")
    rows = loading.ask("SELECT CAST(metric_date AS VARCHAR), daily_cost FROM cloud_resources ORDER BY 1")
    assert rows == [("2024-07-20", 0.3), ("2024-07-21", 0.4)]


def test_columns_that_differ_in_case_only(loading: Loading) -> None:
    feed(loading, "samples/optscale_raw_expenses.csv", "2024-09-18")
    rows = loading.ask("SELECT line_id, billed_cost, CAST(charge_period_start AS VARCHAR) FROM cloud_costs ORDER BY 1")
    assert rows == [("66c2", 0.25, "2024-08-19 00:00:00"), ("66c3", 1.5, "2024-09-17 00:00:00")]


def test_a_series_makes_the_days_of_its_resource(loaded: Load) -> None:
    loading = loaded("metric_series/rds_cpu_utilization_a1.csv")
    assert loading.ask("SELECT DISTINCT resource_id, measure, unit, resource_type FROM resource_samples") == [
        ("rds_cpu_utilization_a1", "cpu", "percent", "database")
    ]
    days = "SELECT CAST(metric_date AS VARCHAR), utilization_percent, peak_utilization FROM infrastructure_metrics ORDER BY 1"
    assert loading.ask(days) == [("2026-02-01", 50, 59.5), ("2026-02-02", 20, 20)]
    [(table, line, column, _, reason)] = loading.faults()
    assert (table, line, column, reason) == ("resource_samples", 5, "value", "is missing")


def test_samples_of_optscale(loading: Loading) -> None:
    """CPU is at 30 % and memory at 40 % on the 17th; 900 seconds after the moment is the 18th."""
    feed(loading, "samples/optscale_average_metrics.csv", "2024-09-18")
    days = "SELECT CAST(metric_date AS VARCHAR), utilization_percent, peak_utilization FROM infrastructure_metrics ORDER BY 1"
    assert loading.ask(days) == [("2024-09-17", 40, 40), ("2024-09-18", 10, 10)]
    assert [fault[3] for fault in loading.faults()] == ["gpu"]


def test_objectives_are_promises_in_percent(loaded: Load) -> None:
    loading = loaded("slo/sloth.yml", "slo/sloth-kubernetes.yml", "slo/openslo.yaml", "slo/pyrra.yaml")
    told = "SELECT sla_id, service_tier, sla_metric, sla_target, operator, evaluation FROM sla_definitions ORDER BY 1"
    promises = [(*row[:3], round(row[3], 9), *row[4:]) for row in loading.ask(told)]
    assert [row[:4] for row in promises] == [
        ("api-errors", "api", "api-errors", 99.0),
        ("api-latency", None, "api-latency", 95.0),
        ("depot|requests-availability", "depot", "requests-availability", 99.5),
        ("shop|requests-availability", "shop", "requests-availability", 99.9),
        ("web-shop|search|1", "web-shop", "search", 99.95),
        ("web-shop|search|2", "web-shop", "search", 99.0),
    ]
    assert {row[4:] for row in promises} == {("gte", "period_value")}
    assert [fault[2:4] for fault in loading.faults()] == [("sla_target", "most")]
