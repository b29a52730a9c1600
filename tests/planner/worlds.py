"""Random small companies: declarations and rows that belong together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.planner.expressions import KINDS, PER_DAY, PER_HOUR, Draw, Scope, expression
from tests.planner.oracle import Oracle, Row

from opstally.expression import parse
from opstally.expression.tree import columns
from opstally.model.metric import Metric
from opstally.model.table import Table
from opstally.period import WEEKDAYS, Calendar

SETTINGS = {"limit": 1.5}
TEXTS = ["a", "B", "é", "ab", "", "x y"]
CUSTOMERS = ["c1", "c2", "c3", "c4"]
BASES = [dt.date(2026, 3, 1), dt.date(2026, 10, 12), dt.date(2010, 10, 28)]
"""Around changes of clocks; in 2010 St. John's put them back across midnight."""
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "America/Havana", "America/St_Johns"]


@dataclass(frozen=True)
class World:
    """One company."""

    tables: dict[str, Table]
    metrics: dict[str, Metric]
    rows: dict[str, list[Row]]
    calendar: Calendar
    as_of: dt.date
    shares: frozenset[str]

    @property
    def oracle(self) -> Oracle:
        return Oracle(self.tables, self.metrics, self.rows, self.calendar, self.as_of, SETTINGS, self.shares)


# -- tables -----------------------------------------------------------------------------------------------------------

_TABLE, _METRIC = TypeAdapter(Table), TypeAdapter(Metric)
_REGIONS = {"region_id": "text", "zone": "text", "tax": "number"}
_CUSTOMERS = {"customer_id": "text", "plan": "text", "score": "integer", "vip": "boolean", "region_id": "text"}
_PRICES = {"customer_id": "text", "valid_from": "date", "price": "number"}
_FACT = {
    "fact_id": "text",
    "at": "timestamp",
    "till": "timestamp",
    "day": "date",
    "until": "date",
    "kind": "text",
    "size": "integer",
    "amount": "number",
    "ok": "boolean",
    "customer_id": "text",
    "payer_id": "text",
    "plan": "text",
}
_KIND = {
    "integer": "number",
    "text": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def _columns(types: Mapping[str, str], **more: dict[str, Any]) -> dict[str, Any]:
    return {name: {"type": type_} | more.get(name, {}) for name, type_ in types.items()}


def _table(name: str, **declared: Any) -> Table:
    return _TABLE.validate_python({"table": name, "label": name, "description": name} | declared)


@st.composite
def dimension_tables(draw: Draw) -> dict[str, Table]:
    """What facts refer to."""
    regions = _table("regions", key=["region_id"], columns=_columns(_REGIONS))
    scope = {
        "text": ["plan", "region.zone"],
        "number": ["score", "region.tax"],
        "boolean": ["vip"],
        "date": [],
        "timestamp": [],
    }
    customers = _table(
        "customers",
        key=["customer_id"],
        columns=_columns(_CUSTOMERS),
        references={"region": {"table": "regions", "on": "region_id"}},
        computed={
            "tier": {"value": "case when vip then 'vip' else plan end"},
            "worth": {"value": draw(expression("number", scope, 2))},
        },
    )
    prices = _table("prices", key=["customer_id", "valid_from"], columns=_columns(_PRICES))
    return {"regions": regions, "customers": customers, "prices": prices}


@st.composite
def fact(draw: Draw, name: str, allowed: Mapping[str, list[str]] | None = None) -> Table:
    """A fact; `allowed` are the declared values of columns, which its rows do not keep to."""
    role = draw(st.sampled_from(["customer", "client"]))
    references: dict[str, Any] = {role: {"table": "customers", "on": "customer_id"}}
    if draw(st.booleans()):
        references["payer"] = {"table": "customers", "on": {"payer_id": "customer_id"}}
    if draw(st.booleans()):
        references["price"] = {"table": "prices", "on": "customer_id", "valid_from": "valid_from", "at": "day"}
    scope = _fact_scope(references, role)
    columns = _columns(_FACT, **{name: {"allowed": values} for name, values in (allowed or {}).items()})
    if draw(st.booleans()):
        columns["plan"]["same_as"] = "customers.plan"
    computed = {
        "next_day": {"value": "add_days(day, 1)"},
        "local_day": {"value": "date_of(at)"},
        "closed": {
            "value": f"coalesce(till, {role}.region.tax is not null and ok, at)" if False else "coalesce(till, at)"
        },
        "label": {"value": draw(expression("text", scope, 2))},
        "points": {"value": draw(expression("number", scope, 2))},
        "good": {"value": draw(expression("boolean", scope, 2))},
    }
    return _table(
        name,
        key=["fact_id"],
        at=draw(st.sampled_from(["at", "day"])),
        columns=columns,
        references=references,
        computed=computed,
    )


def _fact_scope(references: Mapping[str, Any], role: str) -> dict[str, list[str]]:
    scope: dict[str, list[str]] = {kind: [] for kind in ("text", "number", "boolean", "date", "timestamp")}
    for name, type_ in _FACT.items():
        if name not in ("fact_id",):
            scope[_KIND[type_]].append(name)
    scope["text"] += [f"{role}.plan", f"{role}.tier", f"{role}.region.zone"]
    scope["number"] += [f"{role}.score", f"{role}.worth"]
    scope["boolean"] += [f"{role}.vip"]
    if "payer" in references:
        scope["text"] += ["payer.plan", "payer.customer_id"]
        scope["number"] += ["payer.worth"]
    else:
        scope["number"] += ["score"]  # bare, through the only role that has it
    if "price" in references:
        scope["number"] += ["price.price"]
        scope["date"] += ["price.valid_from"]
    return scope


def scope_of(table: Table) -> dict[str, list[str]]:
    """What expressions over a fact can name, computed columns too."""
    [role] = [r for r in table.references if r in ("customer", "client")]
    scope = _fact_scope(table.references, role)
    scope["text"] += ["label"]
    scope["number"] += ["points"]
    scope["boolean"] += ["good"]
    scope["date"] += ["next_day", "local_day"]
    scope["timestamp"] += ["closed"]
    return scope


_WHOLES = ["count()", "period_days()"]


@st.composite
def _derived(draw: Draw, fact: Table) -> Table:
    """One row per customer, or per customer and kind, over the period."""
    scope = scope_of(fact)
    number = expression("number", scope, 1)
    columns = {
        "n": "count()",
        "total": f"sum({draw(number)})",
        "newest": f"last({draw(st.sampled_from(['lower(kind)', 'coalesce(label, plan)']))}, day)",
        "rate": f"count_if({draw(expression('boolean', scope, 1))}) / {draw(st.sampled_from(_WHOLES))}",
        "last_day": "max(day)",
        "busy": f"count_if({draw(st.sampled_from(scope['boolean']))}) > 1",
    }
    computed = {
        "band": "case when n > setting('limit') then 'many' when total is null then null else newest end",
        "open_days": "days_between(last_day, date_of(period_end()))" + PER_DAY,
        "paid": "total * coalesce(customer.score, 1)",
    }
    per = ["customer_id", "kind"] if draw(st.booleans()) else ["customer_id"]
    at = draw(st.sampled_from([None, "at", "day", "local_day"]))
    return per_customer(fact, per, columns, computed, at, draw(st.one_of(st.none(), expression("boolean", scope, 1))))


def per_customer(
    fact: Table, per: list[str], columns: Mapping[str, str], computed: Mapping[str, str], at: str | None,
    where: str | None,
) -> Table:  # fmt: skip
    """A table derived from a fact; `columns` and `computed` are name → value."""
    made = {name: {"value": value} for name, value in columns.items()}
    refers = {"customer": {"table": "customers", "on": "customer_id"}} if "customer_id" in per else {}
    return _table(
        f"{fact.table}_by_customer",
        derived={"from": fact.table, "per": per, "at": at, "where": where, "columns": made},
        computed={name: {"value": value} for name, value in computed.items()},
        references=refers,
    )


# -- metrics ----------------------------------------------------------------------------------------------------------

_VALUES = [
    ("count", "count()"),
    ("count", "count({text})"),
    ("count", "count_if({boolean})"),
    ("count", "count_distinct({text})"),
    ("count", "count_distinct({number})"),
    ("ratio", "sum({number})"),
    ("ratio", "avg({number})"),
    ("ratio", "min({number})"),
    ("ratio", "max({number})"),
    ("text", "max({text})"),
    ("ratio", "quantile({number}, 0.9)"),
    ("ratio", "median({number})"),
    ("ratio", "variance({number})"),
    ("ratio", "last({number}, {date})"),
    ("text", "first({text}, {timestamp})"),
    ("text", "last({text}, {number})"),
    ("ratio", "sum_if({number}, {boolean}) / count()"),
    ("percent", "count_if({boolean}) / count_if({boolean})"),
    ("percent", "count_if({boolean}) / count()"),
    ("count", "count() / period_days()"),
    ("ratio", "case when count() > 1 then avg({number}) else 0 end"),
    ("count", "count_if({date} < date_of(period_end()))"),
    ("ratio", "sum({number}) - sum({number})"),
    ("ratio", "weighted_avg({number}, size)"),
    ("ratio", "max(hours_between({timestamp}, period_end())" + PER_HOUR + ")"),
    ("ratio", "sum({number}) * setting('limit')"),
    ("text", "case when count_if({boolean}) > 0 then 'yes' else 'no' end"),
    ("count", "count_if(overlap_minutes() > 60)"),
    ("minutes", "sum(overlap_minutes())"),
    ("minutes", "union_minutes()"),
    ("minutes", "union_minutes() + max(overlap_minutes())"),
]
_BASES: list[Any] = [
    None,
    "at",
    "day",
    "next_day",
    "closed",
    "always",
    {"during": ["at", "till"]},
    {"during": ["day", "until"]},
    {"during": ["day", "next_day"]},
    {"open_at_end": ["at", "till"]},
    {"open_at_end": ["day", "until"]},
    {"open_at_end": ["at", "closed"]},
    {"latest": "at", "per": ["customer_id"]},
    {"latest": "day", "per": ["kind", "plan"]},
    {"last": "day"},
]


def metric_over(name: str, value: str, unit: str, **more: Any) -> Metric:
    """A metric."""
    return _METRIC.validate_python(
        {
            "metric": name,
            "label": name,
            "description": name,
            "domain": "support",
            "good": "up",
            "value": value,
            "unit": unit,
        }
        | more
    )


@st.composite
def _fact_metric(draw: Draw, name: str, table: Table) -> Metric:
    scope = scope_of(table)
    basis = draw(st.sampled_from(_BASES))
    spans = isinstance(basis, dict) and "during" in basis
    forms = [form for form in _VALUES if spans or "minutes()" not in form[1]]
    return draw(_over(name, table.table, basis, scope, forms[-4:] * 4 + forms if spans else forms))


@st.composite
def _derived_metric(draw: Draw, name: str, table: Table) -> Metric:
    scope = {
        "number": ["n", "total", "rate", "open_days", "paid", "customer.score"],
        "text": ["newest", "band", "customer.plan"],
        "boolean": ["busy", "customer.vip"],
        "date": ["last_day"],
        "timestamp": ["period_start()"],
    }
    forms = [form for form in _VALUES if "minutes()" not in form[1] and "size" not in form[1]]
    return draw(_over(name, table.table, None, scope, forms))


_PLAIN_CONDITIONS = {
    False: [
        "kind = 'a'",
        "kind in ('a', 'B')",
        "kind != 'a'",
        "size > 1",
        "ok",
        "not ok",
        "size is not null",
        "day is null",
    ],
    True: ["newest = 'a'", "busy", "not busy", "n > 1", "total is null", "newest in ('a', 'ab')"],
}
"""As people write them, by whether the table is derived."""


@st.composite
def _over(draw: Draw, name: str, table: str, basis: Any, scope: Scope, forms: list[tuple[str, str]]) -> Metric:
    unit, value = draw(st.sampled_from(forms))
    for kind in KINDS:
        while f"{{{kind}}}" in value:
            value = value.replace(f"{{{kind}}}", draw(expression(kind, scope, 1)), 1)
    simple = st.sampled_from(_PLAIN_CONDITIONS[table.endswith("_by_customer")])
    condition = st.one_of(st.none(), st.none(), expression("boolean", scope, 1), simple)
    names = [c.name for c in columns(parse(value))] or ["customer_id"]
    missing = st.sampled_from(names).map(lambda name: f"{name} is null")
    reason = st.one_of(expression("boolean", scope, 1), simple, missing)
    reasons = draw(st.dictionaries(st.sampled_from(["no value", "not settled yet", "odd"]), reason, max_size=2))
    return metric_over(
        name, value, unit, table=table, at=basis, where=draw(condition), settled=draw(condition), excludes=reasons
    )


_OF_METRICS = [
    "{a} / {b}",
    "{a} - {b}",
    "coalesce({a}, 0) + {b}",
    "{a} / period_days()",
    "case when {a} > 1 then {b} end",
    "{a} * 2 / ({a} + {b})",
]


@st.composite
def _composed(draw: Draw, name: str, parts: list[str]) -> Metric:
    form = draw(st.sampled_from(_OF_METRICS))
    return metric_over(name, form.format(a=draw(st.sampled_from(parts)), b=draw(st.sampled_from(parts))), "ratio")


# -- rows -------------------------------------------------------------------------------------------------------------


@st.composite
def rows_of(draw: Draw, table: Table, days: list[dt.date], calendar: Calendar) -> list[Row]:
    """Rows of a table."""
    keys = draw(_keys(table, days))
    values = {name: _column_values(name, c.type, days, calendar) for name, c in table.columns.items()}
    return [{name: key[name] if name in key else draw(values[name]) for name in table.columns} for key in keys]


def _keys(table: Table, days: list[dt.date]) -> st.SearchStrategy[list[Row]]:
    match table.table:
        case "regions":
            return st.sets(st.sampled_from(["r1", "r2"])).map(lambda ids: [{"region_id": i} for i in sorted(ids)])
        case "customers":
            return st.sets(st.sampled_from(CUSTOMERS)).map(lambda ids: [{"customer_id": i} for i in sorted(ids)])
        case "prices":
            pairs = st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(days[::5]))
            return st.sets(pairs, max_size=5).map(
                lambda ks: [{"customer_id": c, "valid_from": d} for c, d in sorted(ks)]
            )
    return st.integers(0, 9).map(lambda n: [{"fact_id": f"f{i}"} for i in range(n)])


def _column_values(name: str, type_: str, days: list[dt.date], calendar: Calendar) -> st.SearchStrategy[Any]:
    none = st.none()
    if name in ("customer_id", "payer_id"):
        return st.one_of(st.sampled_from([*CUSTOMERS, "c9"]), st.sampled_from(CUSTOMERS), none)
    if name == "region_id":
        return st.one_of(st.sampled_from(["r1", "r2", "r9"]), none)
    if name in ("kind", "plan", "zone"):
        return st.one_of(st.sampled_from(TEXTS[:3]), st.sampled_from(TEXTS), none)
    moment = st.builds(_moment, st.sampled_from(days), st.sampled_from(_TIMES), st.just(calendar))
    values: dict[str, st.SearchStrategy[Any]] = {
        "text": st.sampled_from(TEXTS),
        "integer": st.integers(-2, 5),
        "number": st.integers(-4, 9).map(lambda n: n / 2),
        "boolean": st.booleans(),
        "date": st.sampled_from(days),
        "timestamp": moment,
    }
    return st.one_of(values[type_], values[type_], values[type_], none)


_TIMES = [
    dt.timedelta(),
    dt.timedelta(microseconds=-1),
    dt.timedelta(hours=1),
    dt.timedelta(hours=5, minutes=30),
    dt.timedelta(hours=23, minutes=30),
]


def _moment(day: dt.date, after: dt.timedelta, calendar: Calendar) -> dt.datetime:
    return calendar.instant(day) + after


# -- the company ------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: Draw) -> World:
    """A company."""
    base = draw(st.sampled_from(BASES))
    calendar = Calendar(
        draw(st.sampled_from(ZONES)), draw(st.sampled_from(WEEKDAYS)), draw(st.sampled_from([1, 2, 4, 11]))
    )
    days = [base + dt.timedelta(days=n) for n in range(-5, 45)]
    tables = draw(dimension_tables())
    facts = [draw(fact(name)) for name in ["tickets", "visits"][: draw(st.integers(1, 2))]]
    made = [draw(_derived(facts[0]))] if draw(st.booleans()) else []
    tables |= {t.table: t for t in [*facts, *made]}
    metrics = {}
    for i in range(draw(st.integers(1, 4))):
        metric = draw(_fact_metric(f"m{i}", draw(st.sampled_from(facts))))
        metrics[metric.metric] = metric
    for table in made:
        metrics["d0"] = draw(_derived_metric("d0", table))
    numeric = [name for name, m in metrics.items() if m.unit not in ("text", "minutes")]
    if numeric and draw(st.booleans()):
        metrics["x0"] = draw(_composed("x0", numeric))
        metrics["x1"] = draw(_composed("x1", [*numeric, "x0"]))
    rows = {t.table: draw(rows_of(t, days, calendar)) for t in tables.values() if t.derived is None}
    shares = frozenset(name for name, m in metrics.items() if m.unit == "percent")
    return World(tables, metrics, rows, calendar, base + dt.timedelta(days=30), shares)
