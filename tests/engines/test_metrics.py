"""Every metric of the catalogue gives the same digits on DuckDB and on PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from tests.postgres import postgres_server
from tests.reports import anything, tables
from tests.reports.tables import METRICS, SCHEMA, STORED
from tests.reports.test_metamorphic import AS_OF, EVERY, PERIOD, by_fact, known_by

from opstally.engines.duckdb import DuckDB
from opstally.engines.postgres import Postgres
from opstally.expression import Column
from opstally.measure import Measuring
from opstally.period import Calendar, Grain
from opstally.planner.query import Query
from opstally.publish import publish

__all__ = ["postgres_server"]

CALENDARS = {
    "utc": Calendar(),
    "odd": Calendar("America/Sao_Paulo", "sunday", 4),
}
FACTS = {str(METRICS[names[0]].table): names for names in by_fact(EVERY)}
Pair = tuple[Measuring, Measuring]


@pytest.fixture(scope="module", params=CALENDARS)
def pair(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[Pair]:
    """The same rows, of every kind that the declarations allow, on both engines."""
    calendar = CALENDARS[request.param]
    connection = tables.filled(**anything.rows())
    postgres = Postgres.connect(postgres_server, f"metrics_{request.param}")
    publish(connection, STORED, postgres)
    yield tables.measuring(DuckDB(connection), calendar), tables.measuring(postgres, calendar)
    postgres.close()
    connection.close()


def asked(over: Measuring, metrics: list[str], by: tuple[str, ...] = (), grain: Grain | None = None) -> list[Any]:
    query = Query(tuple(metrics), tuple((b, b) for b in by), grain, PERIOD, AS_OF, members=True)
    result = over.measure(query)
    return [result.columns, *sorted(result.rows, key=repr), result.intervals[:1], result.receipt.uses]


def equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if hasattr(one, "__dataclass_fields__") and type(one) is type(other):
        return equal(asdict(one), asdict(other))  # type: ignore[call-overload]
    return one == other


@pytest.mark.parametrize("grain", [None, "week", "month", "quarter"])
@pytest.mark.parametrize("fact", FACTS)
def test_every_metric_over_time(pair: Pair, fact: str, grain: Grain | None) -> None:
    metrics = [m for m in FACTS[fact] if known_by(m, grain) and (grain is None or over_time(m))]
    if not metrics:
        pytest.skip("not known so finely, or not over time")
    one, other = (asked(over, metrics, (), grain) for over in pair)
    assert len(one) > 3
    assert equal(one, other), [(a, b) for a, b in zip(one, other, strict=False) if not equal(a, b)][:3]


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact != "None"])
def test_every_metric_by_every_dimension(pair: Pair, fact: str) -> None:
    wanted = [
        n for n in SCHEMA.known(fact) if SCHEMA.typed(fact, Column(tuple(n.split(".")))).type in ("text", "boolean")
    ]
    assert wanted
    for dimension in wanted:
        one, other = (asked(over, FACTS[fact], (dimension,)) for over in pair)
        assert equal(one, other), (dimension, [(a, b) for a, b in zip(one, other, strict=False) if not equal(a, b)][:3])


def over_time(metric: str) -> bool:
    return all(part.basis is not None and part.basis.kind != "always" for part in METRICS.parts(metric))
