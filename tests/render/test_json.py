"""The JSON object: exact, half-open, null for what is missing."""

from __future__ import annotations

import datetime as dt
import json
import math

from opstally.render import json as rendering
from opstally.render.document import Document


def test_the_object(document: Document) -> None:
    told = json.loads(rendering.render(document))
    assert (told["report"], told["title"], told["as_of"]) == ("support", "Support", "2026-08-30")
    assert told["period"] == {"start": "2026-08-03", "end": "2026-08-31"}
    assert told["assumptions"] == {"support_hourly_cost": 50.0, "saving_share": 0.3}
    assert [section["title"] for section in told["sections"]] == ["By week", "By service", "Figures", "Stages"]


def test_rows_are_exact(document: Document) -> None:
    [weeks, services, figures, _] = json.loads(rendering.render(document))["sections"]
    assert [(c["name"], c["unit"]) for c in weeks["columns"]] == [
        ("week", None),
        ("created", "count"),
        ("sla", "percent"),
    ]
    assert weeks["rows"][1] == {"week": "2026-08-10", "created": 200, "sla": None}
    assert weeks["rows"][2]["sla"] == 95.25
    assert services["total"] == {"service_name": None, "hours": 10.5, "hours_before": 10.0, "hours_change": 0.5}
    assert figures["intervals"] == [
        {"sla": {"n": 12345, "low": 87.5, "high": 88.6, "method": "Wilson", "state": "ok", "reason": ""}}
    ]


def test_the_receipt(document: Document) -> None:
    receipt = json.loads(rendering.render(document))["sections"][1]["receipt"]
    assert receipt["uses"] == [
        {
            "metric": "sla",
            "table": "support_tickets",
            "time_basis": "created_at",
            "period_rows": 1204,
            "used": 1150,
            "excluded": {"pending": 41, "no target": 13},
        }
    ]
    assert receipt["compared"] == {"start": "2026-07-06", "end": "2026-08-03"}
    assert receipt["freshness"][0]["newest"] == "2026-08-30T22:04:00Z"
    assert receipt["sql"] == ["SELECT 1 AS one"]
    assert receipt["definitions"][0]["version"] == "1a2b3c4d"


def test_a_section_without_data_says_what_it_needs(document: Document) -> None:
    stages = json.loads(rendering.render(document))["sections"][3]
    assert (stages["rows"], stages["needs"], stages["receipt"]) == ([], ["implementation_stages"], None)


def test_plain_values() -> None:
    assert rendering.plain(dt.date(2026, 8, 3)) == "2026-08-03"
    assert rendering.plain(dt.datetime(2026, 8, 3, 1, 2)) == "2026-08-03T01:02:00Z"
    assert rendering.plain(math.nan) is None
    assert rendering.plain(0.1 + 0.2) == 0.30000000000000004
    assert rendering.plain(False) is False
