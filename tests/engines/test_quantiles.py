"""The bounds of quantiles in large and small groups, on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.planner.company import LARGE
from tests.planner.test_quantiles import bounded_as_sorted, large_groups

from opstally.engines.duckdb import DuckDB
from opstally.engines.postgres import Postgres
from opstally.period import Grain
from opstally.publish import publish


@pytest.mark.parametrize("told", [0, LARGE])
@pytest.mark.parametrize("grain", [None, "month"])
def test_both_ways_give_what_a_sort_gives(postgres_server: str, grain: Grain | None, told: int) -> None:
    company = large_groups(told)
    measured = company.measuring()
    target = Postgres.connect(postgres_server, "quantiles")
    assert isinstance(measured.engine, DuckDB)
    publish(measured.engine.connection, measured.schema.tables, target)
    bounded_as_sorted(company, replace(measured, engine=target), grain)
    target.close()
