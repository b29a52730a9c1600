"""Random small companies with a fact and its per-customer table, asked together for what adds up from one pass."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from tests.planner.expressions import Draw, expression
from tests.planner.questions import Question, question
from tests.planner.worlds import (
    BASES,
    TEXTS,
    World,
    dimension_tables,
    fact,
    metric_over,
    per_customer,
    rows_of,
    scope_of,
)  # fmt: skip

from opstally.model.metric import Metric
from opstally.model.table import Table
from opstally.period import Calendar

_CONDITIONS = [
    "{plain}",
    "({plain}) or ({plain})",
    "({plain}) and ({plain})",
    "(kind = 'a' and ({plain})) or (kind = 'B' and ({plain}))",
    "(kind = 'a' and ({plain})) or (kind = 'a' and ({plain}))",
    "size > 1 or ({plain})",
    "(ok and ({plain})) or (not ok and ({plain}))",
    "(kind is null or kind != 'a') and ({plain})",
    "case when {plain} then {plain} when {plain} then true end",
    "{any}",
]
_PLAIN = [
    "kind = 'a'", "kind in ('a', 'B')", "kind != 'a'", "kind is null", "ok", "not ok", "good", "ok is null",
    "size > 1", "size is not null", "amount is null", "customer_id = 'c1'", "label = kind", "plan is not null",
]  # fmt: skip
_VALUES = [
    ("count", "count()"),
    ("count", "count(amount)"),
    ("count", "count(kind)"),
    ("count", "count_if({condition})"),
    ("ratio", "sum_if(amount, {condition})"),
    ("ratio", "avg_if(amount, {condition})"),
    ("ratio", "avg_if(size, {condition})"),
    ("ratio", "min_if(points, {condition})"),
    ("text", "max_if(label, {condition})"),
    ("text", "min_if(kind, {condition})"),
    ("ratio", "weighted_avg(amount, size)"),
    ("percent", "count_if({condition}) / count_if({condition})"),
    ("ratio", "avg_if(points, {condition}) - avg_if(points, {condition})"),
    ("text", "case when count_if({condition}) > 0 then 'yes' else 'no' end"),
]
_OF_ENTITIES = [
    ("count", "count_if(n > 1)"), ("ratio", "sum(total)"), ("ratio", "avg(mean)"), ("ratio", "quantile(least, 0.9)"),
    ("ratio", "sum_if(paid, busy)"), ("text", "max(word)"), ("count", "count_if(mean is null)"), ("count", "count()"),
    ("ratio", "sum(share * n)"),
]  # fmt: skip


@st.composite
def _condition(draw: Draw, table: Table) -> str:
    text = str(draw(st.sampled_from(_CONDITIONS)))
    while "{plain}" in text:
        text = text.replace("{plain}", draw(st.sampled_from(_PLAIN)), 1)
    return text.replace("{any}", draw(expression("boolean", scope_of(table), 1)))


@st.composite
def _value(draw: Draw, table: Table, forms: list[tuple[str, str]]) -> tuple[str, str]:
    unit, text = draw(st.sampled_from(forms))
    while "{condition}" in text:
        text = text.replace("{condition}", draw(_condition(table)), 1)
    return unit, text


@st.composite
def _entities(draw: Draw, table: Table) -> Table:
    columns = {
        "n": f"count_if({draw(_condition(table))})",
        "total": f"sum_if(points, {draw(_condition(table))})",
        "mean": f"avg_if(amount, {draw(_condition(table))})",
        "least": f"min_if(size, {draw(_condition(table))})",
        "word": f"max_if(kind, {draw(_condition(table))})",
        "busy": f"count_if({draw(_condition(table))}) > 1",
        "share": f"count_if({draw(_condition(table))}) / count()",
    }
    return per_customer(
        table,
        draw(st.sampled_from([["customer_id"], ["customer_id", "kind"], ["kind"], ["customer_id", "label"]])),
        columns,
        {"paid": "total * coalesce(n, 1)"},
        at=draw(st.sampled_from([None, table.at])),
        where=draw(st.sampled_from([None, None, None, "ok"])),
    )


@st.composite
def worlds_read_once(draw: Draw) -> tuple[World, list[Question]]:
    """A company and two questions about both of its tables."""
    base = draw(st.sampled_from(BASES))
    calendar = Calendar(draw(st.sampled_from(["UTC", "Europe/Berlin"])))
    days = [base + dt.timedelta(days=n) for n in range(-5, 45)]
    table = draw(fact("tickets", {"kind": TEXTS[:2]} if draw(st.booleans()) else {}))
    entities = draw(_entities(table))
    tables = draw(dimension_tables()) | {t.table: t for t in (table, entities)}
    metrics: dict[str, Metric] = {}
    for i in range(draw(st.integers(1, 3))):
        unit, value = draw(_value(table, _VALUES))
        where = draw(st.one_of(st.none(), _condition(table)))
        reasons = {"odd": draw(_condition(table))} if draw(st.booleans()) else {}
        metrics[f"m{i}"] = metric_over(f"m{i}", value, unit, table=table.table, where=where, excludes=reasons)
    unit, value = draw(st.sampled_from(_OF_ENTITIES))
    metrics["d0"] = metric_over("d0", value, unit, table=entities.table)
    rows = {t.table: draw(rows_of(t, days, calendar)) for t in tables.values() if t.derived is None}
    shares = frozenset(name for name, m in metrics.items() if m.unit == "percent")
    world = World(tables, metrics, rows, calendar, base + dt.timedelta(days=30), shares)
    names = list(metrics)
    return world, [draw(question(world, names)), draw(question(world, names[::-1]))]
