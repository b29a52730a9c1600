"""A small document: a series by week, services compared with the period before, one row of figures, no data."""

from __future__ import annotations

import datetime as dt

import pytest

from opstally.model.report import Chart
from opstally.period import Period
from opstally.render.document import Document
from opstally.result import (
    Column,
    Definition,
    Freshness,
    Interval,
    Receipt,
    Result,
    SectionResult,
    Use,
)

PERIOD = Period(dt.date(2026, 8, 3), dt.date(2026, 8, 31))
BEFORE = Period(dt.date(2026, 7, 6), dt.date(2026, 8, 3))

CREATED = Column("created", "Tickets created", "integer", "count", "created")
SLA = Column("sla", "SLA met", "number", "percent", "sla", good="up", decimals=1, target=90.0)
HOURS = Column("hours", "Mean hours", "number", "hours", "hours", good="down")


@pytest.fixture
def receipt() -> Receipt:
    return Receipt(
        definitions=(
            Definition("sla", "SLA met", "count_if(a) / count()", "1a2b3c4d", where="b", file="metrics/sla.yml"),
        ),
        period=PERIOD,
        timezone="Europe/Berlin",
        as_of=dt.date(2026, 8, 30),
        filters=("channel = 'email'",),
        uses=(Use("sla", "support_tickets", "created_at", 1_204, 1_150, {"pending": 41, "no target": 13}),),
        freshness=(
            Freshness("support_tickets", 61_204, dt.datetime(2026, 8, 30, 22, 4), dt.datetime(2026, 8, 31, 1, 0)),
        ),
        assumptions={"support_hourly_cost": 50.0},
        engine="DuckDB 1.5.6",
        sql=("SELECT 1 AS one",),
    )


@pytest.fixture
def weekly(receipt: Receipt) -> Result:
    week = Column("week", "Week", "date", is_dimension=True)
    weeks = [dt.date(2026, 8, 3) + dt.timedelta(weeks=at) for at in range(4)]
    values = zip(weeks, [100, 200, 300, 400], [80.0, None, 95.25, 90.0], strict=True)
    return Result((week, CREATED, SLA), tuple(values), receipt)


@pytest.fixture
def services(receipt: Receipt) -> Result:
    from dataclasses import replace

    service = Column("service_name", "Service", "text", is_dimension=True)
    columns = (
        service,
        HOURS,
        replace(HOURS, name="hours_before", label="Mean hours, before"),
        replace(HOURS, name="hours_change", label="Mean hours, change"),
    )
    rows = (("auth", 12.0, 10.0, 2.0), ("search", 9.0, 10.0, -1.0), ("<ghost>", None, None, None))
    intervals = (
        {"hours": Interval(12, state="weak", reason="fewer than 30 rows")},
        {
            "hours": Interval(
                40, 8.0, None, "order statistics", "ok", "at least 72 values are needed for an upper bound"
            )
        },
        {},
    )
    total = (None, 10.5, 10.0, 0.5)
    return Result(columns, rows, replace(receipt, compared=BEFORE), intervals, total)


@pytest.fixture
def figures(receipt: Receipt) -> Result:
    return Result((CREATED, SLA), ((12_345, 88.04),), receipt, ({"sla": Interval(12_345, 87.5, 88.6, "Wilson")},))


@pytest.fixture
def document(weekly: Result, services: Result, figures: Result) -> Document:
    return Document(
        "support",
        "Support",
        "Are we keeping our promises?",
        dt.date(2026, 8, 30),
        PERIOD,
        (
            SectionResult("By week", "", weekly, chart=Chart(kind="line", x="week", y="created", title="Created")),
            SectionResult(
                "By service", "Every service.", services, chart=Chart(kind="bar", x="service_name", y="hours")
            ),
            SectionResult("Figures", "", figures),
            SectionResult("Stages", "", None, ("implementation_stages",)),
        ),
        {"support_hourly_cost": 50.0, "saving_share": 0.3},
        ("A note.",),
    )
