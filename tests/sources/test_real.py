"""Real exports, as `init --from` takes them in: proposed, at most a line answered, loaded, accounted for to the row."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from opstally import library, recognise
from opstally.checks.reconcile import EQUAL, OTHER
from opstally.workspace import Workspace

from .conftest import SHARED, Loading, needs_shared

pytestmark = needs_shared

FOLDERS: dict[str, tuple[str, dict[tuple[str, str], tuple[int, int]]]] = {
    "servicenow": (
        "servicenow/*",
        {
            ("servicenow_incident_log", "support_tickets"): (4983, 0),
            ("servicenow_incident_log", "ticket_events"): (34953, 0),
            ("servicenow_incident_log", "sla_definitions"): (1, 0),
            ("servicenow_incident_log", "sla_measurements"): (4983, 0),
        },
    ),
    "focus": ("focus/*", {("focus_billing", "cloud_costs"): (1000, 0)}),
    "status_pages": (
        "status_pages/*/*.csv",
        {
            ("statuspage_history_csv", "incidents"): (274, 0),
            ("statuspage_history_csv", "incident_updates"): (404, 0),
            ("statuspage_uptime_csv", "infrastructure_metrics"): (418, 0),
        },
    ),
    "process_logs": ("process_logs/*", {("event_log", "process_events"): (30009, 0)}),
    "ibm_client_onboarding": ("ibm_client_onboarding/*", {("ibm_client_onboarding", "process_events"): (54224, 0)}),
    "cloud_uptime_archive": (
        "cloud_uptime_archive/traces/*",
        # Two incidents end before they start; 23 outages stand in the traces twice.
        {("cloud_incident_archive", "incidents"): (1031, 2), ("outage_traces", "incidents"): (26589, 0)},
    ),
    "optscale": (
        "optscale/[acr]*_[em]*.csv.gz",
        {
            ("optscale_expenses", "cloud_resources"): (37813, 0),
            ("optscale_raw_expenses", "cloud_costs"): (99497, 0),
            ("optscale_metrics", "resource_samples"): (41722, 0),
        },
    ),
    # Some examples of Sloth stand there twice, and once as what OpenSLO calls it.
    "slo_samples": (
        "slo_samples/**/*.y*ml",
        {
            ("openslo", "sla_definitions"): (8, 0),
            ("pyrra_slos", "sla_definitions"): (27, 0),
            ("sloth_kubernetes_slos", "sla_definitions"): (5, 0),
            ("sloth_slos", "sla_definitions"): (8, 0),
        },
    ),
    # 22 samples stand in the series twice, ten of them with another value.
    "metrics_series": ("metrics_series/*", {("metric_series", "resource_samples"): (67718, 0)}),
    "ravenstack": (
        "ravenstack/*",
        {
            ("ravenstack_accounts", "customers"): (500, 0),
            # 600 events less 61 returns, and one account that left twice on a day.
            ("ravenstack_churn", "customer_daily_metrics"): (538, 0),
            ("ravenstack_tickets", "support_tickets"): (2000, 0),
        },
    ),
    "telco_churn": ("telco_churn/*", {("telco_customers", "customers"): (7043, 0)}),
    "pdm_azure": (
        "pdm_azure/*",
        {
            ("pdm_errors", "alerts"): (3919, 0),
            ("pdm_failures", "component_failures"): (761, 0),
            ("pdm_machines", "infrastructure_components"): (100, 0),
        },
    ),
    "sip_projects": ("sip_projects/*.csv", {("sip_task_dates", "process_events"): (12087, 2)}),
    "dbt_zendesk_seeds": (
        "dbt_zendesk_seeds/*",
        {
            ("zendesk_organizations", "customers"): (10, 0),
            ("zendesk_sync_comments", "ticket_events"): (20, 0),
            ("zendesk_sync_field_history", "ticket_events"): (35, 0),
            ("zendesk_sync_sla_policies", "sla_definitions"): (22, 0),
            ("zendesk_tickets", "support_tickets"): (10, 0),
            ("zendesk_users", "agents"): (1, 0),
        },
    ),
}
"""Folder → its files, and what they make: (source, table) → rows merged and quarantined."""

EPOCHS = {"cloud_uptime_archive": "2018-01-01", "optscale": "2024-09-18"}
"""The one line to answer: the moment from which these exports count. OptScale's is told by resources.csv, whose days
and offsets agree on it; that of the outage traces is nowhere told, and any day will do here."""


def taken_in(loading: Loading, name: str) -> Loading:
    files = [path for path in sorted(SHARED.glob(FOLDERS[name][0])) if path.is_file()]
    proposal = recognise.propose(files, library.load(), loading.folder)
    new = [one.name for one in proposal.sources if not one.shipped]
    assert new == []
    recognise.write(proposal, loading.folder)
    _answer(loading.folder / "opstally.yml", name)
    loading.load()
    return loading


def _answer(project: Path, name: str) -> None:
    text = project.read_text(encoding="utf-8")
    if name in EPOCHS:
        text = text.replace('# epoch: "2024-01-01"', f'epoch: "{EPOCHS[name]}"')
    project.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_loads(loading: Loading, name: str) -> None:
    assert taken_in(loading, name).counts() == FOLDERS[name][1]


def test_what_a_status_page_says(loading: Loading) -> None:
    taken_in(loading, "status_pages")
    # "This incident affected: claude.ai, console.anthropic.com, and api.anthropic.com." is three services.
    services = loading.ask("SELECT service_name, count(*) FROM incidents GROUP BY 1 ORDER BY 1")
    assert services == [
        ("Claude on Vertex AI", 8), ("anthropic.com", 2), ("api.anthropic.com", 76), ("claude.ai", 86),
        ("console.anthropic.com", 72), ("whole page", 30),
    ]  # fmt: skip
    # Posted May 03, 2023 - 12:41 PDT.
    [(started,)] = loading.ask("SELECT CAST(started_at AS VARCHAR) FROM incidents WHERE incident_id = 'd3pkgr12bgq4'")
    assert started == "2023-05-03 19:41:00"
    # 25 days with one partial outage, none with more.
    assert loading.ask("SELECT count(*) FROM infrastructure_metrics WHERE uptime_percentage < 100") == [(25,)]


def test_sums_of_bills(loading: Loading) -> None:
    taken_in(loading, "optscale")
    [(daily,)] = loading.ask("SELECT sum(daily_cost) FROM cloud_resources")
    assert daily == pytest.approx(5555.75359055271, rel=1e-12)
    days = loading.ask(
        "SELECT CAST(min(metric_date) AS VARCHAR), CAST(max(metric_date) AS VARCHAR) FROM cloud_resources"
    )
    assert days == [("2024-06-03", "2024-09-17")]


def test_events_of_logs(loading: Loading) -> None:
    taken_in(loading, "process_logs")
    counted = "SELECT process_name, count(*), count(DISTINCT execution_id) FROM process_events GROUP BY 1 ORDER BY 1"
    found = loading.ask(counted)
    assert found == [("helpdesk", 21348, 4580), ("receipt", 8577, 1434), ("running-example", 84, 6)]


def test_what_lies_beside_is_looked_up(loading: Loading) -> None:
    taken_in(loading, "optscale")
    [(known,)] = loading.ask(
        "SELECT count(*) FROM cloud_resources WHERE resource_type IS NOT NULL AND last_seen IS NOT NULL"
    )
    assert known == 37813


def test_kinds_of_failed_machines_and_of_tasks(loading: Loading) -> None:
    taken_in(loading, "pdm_azure")
    found = loading.ask("SELECT component_type, count(*) FROM component_failures GROUP BY 1 ORDER BY 1")
    assert [kind for kind, _ in found] == ["model1", "model2", "model3", "model4"]
    assert sum(count for _, count in found) == 761


def test_whether_a_promise_was_kept_is_judged_at_the_closing(loading: Loading) -> None:
    """The export does not hold the promises that made_sla is about. Those of about the length at which it turns false
    (200 hours at priority 3, 480 at priority 4) show what it counts: until the closing, days after the resolution."""
    text = (library.CATALOG / "sources" / "servicenow_incident_log.yml").read_text(encoding="utf-8")
    told = "      vendor_made_sla: {from: made_sla, optional: true}\n"
    promises = '{1 - Critical: "240", 2 - High: "480", 3 - Moderate: "12000", 4 - Low: "28800"}'
    assert told in text
    own = loading.folder / "sources"
    own.mkdir(exist_ok=True)

    def reconciled() -> tuple[dict[str, int], int, int]:
        workspace = Workspace.open(loading.folder)
        try:
            [found] = workspace.reconcile(0, "vendor_made_sla")
        finally:
            workspace.close()
        return {reason.reason: reason.rows for reason in found.reasons}, found.differing, found.missing

    taken_in(loading, "servicenow")
    assert reconciled() == ({"the promise is not known": 4983}, 0, 4983)
    (own / "servicenow_incident_log.yml").write_text(
        text.replace(told, f"{told}      resolution_target_minutes: {{from: priority, map: {promises}}}\n"),
        encoding="utf-8",
    )
    assert Workspace.open(loading.folder).load().errors == ()
    reasons = {EQUAL: 2619, "counted to the closing, in elapsed time": 2362, OTHER: 2}
    assert reconciled() == (reasons, 2364, 0)


def test_daily_figures_of_series(loading: Loading) -> None:
    """Beside a plain mean and maximum of each day of one file."""
    taken_in(loading, "metrics_series")
    sums: dict[str, list[float]] = {}
    with (SHARED / "metrics_series" / "rds_cpu_utilization_cc0c53.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sums.setdefault(row["timestamp"][:10], []).append(float(row["value"]))
    found = loading.ask(
        "SELECT CAST(metric_date AS VARCHAR), utilization_percent, peak_utilization FROM infrastructure_metrics "
        "WHERE resource_id = 'rds_cpu_utilization_cc0c53' ORDER BY 1"
    )
    assert [day for day, _, _ in found] == sorted(sums)
    for day, mean, peak in found:
        assert (mean, peak) == (pytest.approx(sum(sums[day]) / len(sums[day]), rel=1e-9), max(sums[day]))
    assert loading.ask("SELECT count(DISTINCT resource_id) FROM infrastructure_metrics") == [(10,)]
