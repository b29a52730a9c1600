"""Promises and how they were kept."""

from __future__ import annotations

import pytest

from .conftest import Ask, Written


def test_one_promise_was_tightened(ask: Ask, company: Written) -> None:
    told = company.size("tightened_promise")
    versions = ask(
        f"SELECT valid_from::VARCHAR, sla_target FROM sla_definitions WHERE sla_id = '{told['sla_id']}' ORDER BY 1"
    )
    assert [target for _, target in versions] == [told["before"], told["after"]]
    assert versions[1][0] == told["valid_from"] == "2026-09-01"
    directions = dict(ask("SELECT operator, count(DISTINCT sla_id) FROM sla_definitions GROUP BY 1"))
    assert directions == {"gte": 3, "lte": 3}


def test_misses_are_excused_more_often(ask: Ask, company: Written) -> None:
    told = company.size("excused_misses")
    found = dict(
        ask("""
        SELECT CASE WHEN operator = 'gte' THEN actual_value >= sla_target ELSE actual_value <= sla_target END AS kept,
            avg(excluded::INTEGER)
        FROM sla_measurements m ASOF JOIN sla_definitions d ON m.sla_id = d.sla_id
            AND m.measurement_date >= d.valid_from GROUP BY 1""")
    )
    assert found[False] == pytest.approx(told["missed"], abs=0.02)
    assert found[True] == pytest.approx(told["kept"], abs=0.004)
