"""The meaning of the packaged metrics on a few rows, with numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import duckdb
import pytest

from opstally import library
from opstally.engines.duckdb import DuckDB
from opstally.model.project import Assumptions
from opstally.period import Calendar, Grain, Period
from opstally.planner.lower import Context
from opstally.planner.metric import Metrics
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.planner.sql import write

OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1))
AS_OF = dt.date(2026, 10, 31)


class Project:
    """The packaged declarations over empty tables, to be filled with the rows of one test."""

    def __init__(self) -> None:
        shelf = library.load()
        self.schema = Schema({name: d.declaration for name, d in shelf.tables.items()})
        self.metrics = Metrics({name: d.declaration for name, d in shelf.metrics.items()}, self.schema)
        self.engine = DuckDB(duckdb.connect(config={"threads": 1}))
        for table in self.schema.tables.values():
            columns = ", ".join(f'"{n}" {self.engine.types[c.type]}' for n, c in table.columns.items())
            if columns:
                self.engine.connection.execute(f"CREATE TABLE {table.table} ({columns})")

    def clear(self) -> None:
        for name, table in self.schema.tables.items():
            if table.columns:
                self.engine.connection.execute(f"DELETE FROM {name}")

    def add(self, table: str, columns: str, *rows: tuple[Any, ...]) -> None:
        for row in rows:
            places = ", ".join("?" * len(row))
            self.engine.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(row))

    def ask(self, *metrics: str, by: str = "", grain: Grain | None = None) -> list[tuple[Any, ...]]:
        """The groups and metrics asked for, in order of the groups."""
        dims = tuple((name.split(".")[-1], name) for name in by.split())
        query = Query(metrics, dims, grain, OCTOBER, AS_OF, intervals=False)
        context = Context(OCTOBER, AS_OF, Calendar(), asdict(Assumptions()), grain=grain)
        written = write(plan(query, self.schema, self.metrics, context), self.schema, self.engine)
        wanted = [written.columns.index(n) for n in [*([grain] if grain else []), *(n for n, _ in dims), *metrics]]
        return [tuple(row[at] for at in wanted) for row in self.engine.run(written.sql)]

    def one(self, *metrics: str) -> tuple[Any, ...]:
        [row] = self.ask(*metrics)
        return row


@pytest.fixture(scope="module")
def shared() -> Iterator[Project]:
    project = Project()
    yield project
    project.engine.close()


@pytest.fixture
def project(shared: Project) -> Project:
    shared.clear()
    return shared


Tickets = Callable[..., None]


@pytest.fixture
def tickets(project: Project) -> Tickets:
    """Adds tickets; the columns are those of the first row."""

    def add(*rows: dict[str, Any]) -> None:
        for number, row in enumerate(rows):
            full = {"ticket_id": f"t{number}", "status": "resolved", **row}
            project.add("support_tickets", ", ".join(full), tuple(full.values()))

    return add


def day(number: int, hour: float = 0) -> dt.datetime:
    return dt.datetime(2026, 10, 1) + dt.timedelta(days=number - 1, hours=hour)


def test_an_unanswered_ticket_is_pending_until_its_target_has_passed(project: Project, tickets: Tickets) -> None:
    tickets(
        {"created_at": day(5), "first_response_minutes": 30, "sla_target_minutes": 30},  # met: at the target
        {"created_at": day(5), "first_response_minutes": 31, "sla_target_minutes": 30},  # breached: answered late
        {"created_at": day(5), "status": "open", "sla_target_minutes": 60},  # breached: long unanswered
        {"created_at": day(31, 23.5), "status": "open", "sla_target_minutes": 60},  # pending: 30 minutes old at the end
        {"created_at": day(5), "first_response_minutes": 1},  # nothing was promised
        {"created_at": day(5), "status": "deleted", "first_response_minutes": 1, "sla_target_minutes": 30},
    )
    assert project.one("first_response_sla")[0] == pytest.approx(100 / 3)
    assert project.one("first_response_met", "first_response_breached", "first_response_pending") == (1, 2, 1)


def test_closed_tickets_are_resolved_and_deleted_ones_do_not_count(project: Project, tickets: Tickets) -> None:
    statuses = ["resolved", "closed", "open", "hold", "deleted"]
    tickets(*({"created_at": day(2), "status": status} for status in statuses))
    asked = ("tickets_created", "created_tickets_resolved", "created_tickets_open", "resolution_rate")
    assert project.one(*asked) == (4, 2, 2, 50.0)


def test_resolution_hours_weigh_tickets_not_groups(project: Project, tickets: Tickets) -> None:
    tickets(
        *({"created_at": day(2), "ticket_category": "billing", "resolution_hours": 2.0} for _ in range(3)),
        {"created_at": day(2), "ticket_category": "login", "resolution_hours": 10.0},
        {"created_at": day(2), "status": "open", "resolution_hours": 500.0},  # resolved once, and opened again since
    )
    assert project.one("resolution_hours_avg", "resolution_hours_median") == (4.0, 2.0)


def test_a_ticket_too_young_to_be_resolved_in_time_is_not_a_failure(project: Project, tickets: Tickets) -> None:
    tickets(
        {"created_at": day(2), "resolution_hours": 168.0},
        {"created_at": day(2), "resolution_hours": 169.0},
        {"created_at": day(28), "status": "open"},
    )
    assert project.one("resolved_within_7_days") == (50.0,)


def test_satisfaction_is_over_rated_tickets(project: Project, tickets: Tickets) -> None:
    rated = [{"satisfaction_score": s, "satisfaction_offered": True} for s in (5, 4, 2)]
    unrated = [{"satisfaction_offered": True}, {"satisfaction_offered": False}]
    tickets(*({"created_at": day(2), "resolved_at": day(3), **row} for row in rated + unrated))
    assert project.one("csat")[0] == pytest.approx(11 / 3)
    assert project.one("csat_satisfied_share")[0] == pytest.approx(200 / 3)
    assert project.one("csat_rated_share", "csat_response_rate") == (60.0, 75.0)


def test_a_ticket_resolved_lately_has_had_no_time_to_be_reopened(project: Project, tickets: Tickets) -> None:
    tickets(
        {"created_at": day(1), "resolved_at": day(3), "reopened": True, "status": "open"},
        {"created_at": day(1), "resolved_at": day(25), "reopened": False},  # exactly 7 days before the end of the 31st
        {"created_at": day(1), "resolved_at": day(25, 1), "reopened": False},
        {"created_at": day(1), "resolved_at": day(3)},  # not recorded
    )
    assert project.one("reopen_rate") == (50.0,)


def test_handle_time_is_elapsed_and_per_agent_figures_are_totals_over_heads(project: Project, tickets: Tickets) -> None:
    spent = {"assigned_at": day(2, 10 + 59 / 60), "resolved_at": day(2, 11 + 1 / 60)}
    tickets(*({"created_at": day(2), "team": "a", "agent_id": agent, **spent} for agent in "xxxy"))
    [(_, hours, agents, each)] = project.ask("handle_hours_avg", "agents_resolving", "tickets_per_agent", by="team")
    assert (agents, each) == (2, 2.0)
    assert hours == pytest.approx(2 / 60)


def test_cost_is_on_handled_minutes_where_known_and_none_for_deflected(project: Project, tickets: Tickets) -> None:
    tickets(
        {"created_at": day(2), "handle_minutes": 30, "resolution_hours": 100.0},  # half an hour: 25
        {"created_at": day(2), "resolution_hours": 3.0},  # three elapsed hours: 150
        {"created_at": day(2), "resolution_hours": 9.0, "self_service_deflected": True},
        {"created_at": day(2), "status": "open"},
    )
    asked = ("estimated_support_cost", "estimated_cost_per_ticket", "support_cost_handled_share", "self_service_rate")
    assert project.one(*asked) == (175.0, 87.5, 50.0, 100.0)


def test_first_contact_and_one_touch_leave_deflected_tickets_out(project: Project, tickets: Tickets) -> None:
    done = {"created_at": day(1), "resolved_at": day(3)}
    tickets(
        {**done, "agent_touches": 1, "reopened": False},
        {**done, "agent_touches": 1, "reopened": True},
        {**done, "agent_touches": 4, "reopened": False},
        {**done, "agent_touches": 0, "reopened": False, "self_service_deflected": True},
    )
    assert project.one("one_touch_rate", "first_contact_resolution") == pytest.approx((200 / 3, 100 / 3))


def test_the_backlog_is_what_is_open_at_the_end_of_each_week(project: Project, tickets: Tickets) -> None:
    tickets(
        {"created_at": day(6), "resolved_at": day(14)},
        {"created_at": day(7), "status": "open"},
        {"created_at": day(20), "status": "pending", "agent_id": "x"},
        {
            "created_at": day(7),
            "status": "closed",
            "updated_at": day(8),
        },  # closed without a time: gone by its last change
    )
    weeks = [(week.day, n, bare) for week, n, bare in project.ask("open_tickets", "open_unassigned", grain="week")]
    # The week of 28 September, clipped to October, ends on the 4th with nothing open and is no row of its own.
    assert weeks == [(5, 2, 2), (12, 1, 1), (19, 2, 1), (26, 2, 1)]
    # Ages at the end of the 31st: 25 days and 12 days.
    assert project.one("backlog_age_median")[0] == pytest.approx(18.5 * 24)


def test_churn_is_over_the_customers_at_the_start(project: Project) -> None:
    project.add(
        "customers",
        "customer_id, status, contract_date, churned_at, first_year_acv",
        ("a", "active", dt.date(2026, 1, 1), None, 100.0),
        ("b", "churned", dt.date(2026, 1, 1), day(1, 9), 200.0),  # left on the first day: a customer of one day of 31
        ("c", "active", dt.date(2026, 10, 17), None, 300.0),  # 15 of 31 days
        ("d", "prospect", None, None, 400.0),
        ("e", "churned", dt.date(2026, 1, 1), None, 500.0),  # left, nobody knows when
        ("f", "paused", dt.date(2026, 1, 1), None, 600.0),
    )
    assert project.one("customers_at_start", "active_customers", "new_customers", "churned_customers") == (3, 3, 1, 1)
    assert project.one("churn_rate", "churned_value")[0] == pytest.approx(100 / 3)
    assert project.one("active_customers_mean")[0] == pytest.approx(2 + 1 / 31 + 15 / 31)


def test_who_leaves_on_the_last_day_is_no_customer_at_the_end(project: Project) -> None:
    """So that customers at the start, and new ones, less those who left, are the customers at the end."""
    project.add(
        "customers",
        "customer_id, status, contract_date, churned_at",
        ("a", "active", dt.date(2026, 1, 1), None),
        ("b", "churned", dt.date(2026, 1, 1), day(31, 18)),
        ("c", "churned", dt.date(2026, 1, 1), dt.datetime(2026, 11, 1, 0)),  # still one when October ends
        ("d", "active", dt.date(2026, 10, 31), None),
    )
    assert project.one("customers_at_start", "new_customers", "churned_customers", "active_customers") == (3, 1, 1, 3)
    assert project.one("active_customers_mean")[0] == pytest.approx(3 + 1 / 31)


def test_the_net_promoter_score_is_not_the_mean(project: Project) -> None:
    scores = [10, 9, 8, 7, 6, None]
    rows = [(f"c{n}", dt.date(2026, 10, 2), score) for n, score in enumerate(scores)]
    project.add("customer_daily_metrics", "customer_id, metric_date, nps_score", *rows)
    assert project.one("nps", "nps_mean", "nps_responses") == (20.0, 8.0, 5)


def test_customers_affected_are_distinct_and_exposure_is_clipped_to_the_day(project: Project) -> None:
    columns = "incident_id, customer_id, exposure_started_at, exposure_ended_at"
    project.add(
        "incident_customers",
        columns,
        ("i1", "a", day(2, 23), day(3, 1)),
        ("i1", "b", day(2, 23), day(2, 23.5)),
        ("i2", "a", day(2, 23), day(3, 0)),
    )
    found = project.ask("customers_affected", "exposure_minutes", grain="day")
    assert [(at.day, n, minutes) for at, n, minutes in found] == [(2, 2, 150.0), (3, 1, 60.0)]
    assert project.one("customers_affected") == (2,)


def test_onboarding_counts_from_contract_and_judges_by_days_and_by_plan(project: Project) -> None:
    project.add("customers", "customer_id, contract_date", ("c", dt.date(2026, 8, 1)))
    project.add(
        "implementations",
        "project_id, customer_id, status, contract_date, kickoff_date, planned_go_live_date, go_live_date, "
        "days_to_complete",
        ("p1", "c", "live", None, dt.date(2026, 9, 1), dt.date(2026, 10, 1), dt.date(2026, 10, 1), 30.0),
        (
            "p2",
            "c",
            "live",
            dt.date(2026, 9, 1),
            dt.date(2026, 9, 1),
            dt.date(2026, 10, 1),
            dt.date(2026, 10, 11),
            40.0,
        ),
        ("p3", "c", "active", None, dt.date(2026, 10, 1), dt.date(2026, 10, 30), None, None),
        ("p4", "c", "on_hold", None, dt.date(2026, 10, 2), None, None, None),
        ("p5", "c", "cancelled", None, dt.date(2026, 10, 2), None, None, None),
    )
    assert project.one("implementations_live", "implementation_days_avg", "on_time_rate", "on_time_vs_plan") == (
        2,
        35.0,
        50.0,
        50.0,
    )
    assert project.one("time_to_value_avg", "slipped_days_avg") == ((61 + 40) / 2, 5.0)
    assert project.one("implementations_active", "implementations_on_hold", "implementations_overdue") == (1, 1, 1)


@pytest.fixture
def promises(project: Project) -> Project:
    columns = (
        "sla_id, valid_from, service_tier, sla_metric, sla_target, operator, evaluation, "
        "credit_threshold_1, credit_percent_1"
    )
    project.add(
        "sla_definitions",
        columns,
        ("up", dt.date(2026, 1, 1), "gold", "uptime", 99.0, "gte", "period_value", 99.0, 10.0),
        ("up", dt.date(2026, 10, 15), "gold", "uptime", 99.9, "gte", "period_value", 99.9, 25.0),
        ("reply", dt.date(2026, 1, 1), "gold", "first_response", 60.0, "lte", "per_event", None, None),
    )
    return project


def test_a_promise_is_judged_by_its_direction_and_the_version_of_that_day(promises: Project) -> None:
    promises.add("customers", "customer_id, first_year_acv", ("c", 1200.0))
    promises.add(
        "sla_measurements",
        "measurement_id, sla_id, customer_id, measurement_date, actual_value, weight, excluded",
        ("m1", "up", "c", dt.date(2026, 10, 14), 99.5, 1.0, False),  # met: 99.0 was promised then
        ("m2", "up", "c", dt.date(2026, 10, 15), 99.5, 1.0, False),  # missed: 99.9; a quarter of 100 is due
        ("m3", "up", "c", dt.date(2026, 10, 16), 90.0, 1.0, True),
        ("m4", "up", "c", dt.date(2025, 12, 31), 90.0, 1.0, False),  # before the period
        ("m5", "reply", "c", dt.date(2026, 10, 16), 60.0, 3.0, False),  # met: at most the target
        ("m6", "reply", "c", dt.date(2026, 10, 16), 61.0, 1.0, None),  # missed
        ("m7", "reply", "c", dt.date(2026, 10, 16), None, 1.0, False),  # nothing measured
        ("m8", "gone", "c", dt.date(2026, 10, 16), 1.0, 1.0, False),  # nothing promised
    )
    asked = ("sla_compliance", "sla_compliance_all", "sla_measurements_counted", "sla_breaches", "sla_status")
    found = {row[0]: row[1:] for row in promises.ask(*asked, by="sla.sla_metric")}
    assert found["uptime"] == pytest.approx((50.0, 100 / 3, 2, 1, "Missing"))
    assert found["first_response"] == (50.0, 50.0, 2, 1, "Missing")
    assert found[None] == (None, None, 0, 0, None)
    assert promises.one("sla_compliance_weighted")[0] == pytest.approx(100 * 4 / 6)
    assert promises.one("sla_credits_due", "sla_credits") == (1, 25.0)


def test_the_worst_tail_is_the_low_end_where_more_is_better(promises: Project) -> None:
    uptimes = [("up", 90.0 + n) for n in range(5)]
    replies = [("reply", 10.0 * n) for n in range(5)]
    rows = [(f"m{n}", sla, dt.date(2026, 10, 2), value, False) for n, (sla, value) in enumerate(uptimes + replies)]
    promises.add("sla_measurements", "measurement_id, sla_id, measurement_date, actual_value, excluded", *rows)
    found = promises.ask("sla_performance_avg", "sla_performance_worst_tail", by="sla.sla_metric")
    assert found == [("first_response", 20.0, pytest.approx(38.0)), ("uptime", 92.0, pytest.approx(90.2))]
    assert promises.one("sla_performance_avg", "sla_performance_worst_tail") == (None, None)
