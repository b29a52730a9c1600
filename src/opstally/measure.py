"""A plan, run on an engine → a result with its intervals and its receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from opstally.engines.engine import Engine
from opstally.errors import NoData
from opstally.expression import parse
from opstally.expression.tree import show
from opstally.methods import interval
from opstally.period import Calendar, Grain, Period, compared
from opstally.planner.lower import Context
from opstally.planner.metric import Linked, Metrics
from opstally.planner.plan import Plan, plan, rest_of
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.planner.sql import write
from opstally.result import Column, Definition, Freshness, Interval, Receipt, Result, Use, Value


@dataclass
class Measuring:
    """What every measurement of one project shares."""

    schema: Schema
    metrics: Metrics
    engine: Engine
    calendar: Calendar
    assumptions: Mapping[str, float]
    files: Mapping[str, str]
    """Metric → the file that declares it."""
    freshness: Mapping[str, Freshness]
    """Of the tables that hold rows; a table that is not there has no data."""

    def measure(self, query: Query, compare: str | None = None) -> Result:
        """The result of a query, with `<name>_before` and `<name>_change` beside each metric where compared.

        Raises NoData naming the tables that are missing, and what `planner.plan` raises.
        """
        result = self._measured(query)
        if compare is None:
            return result
        before_period = compared(query.period, compare, self.calendar)  # type: ignore[arg-type]
        before = self._measured(replace(query, period=before_period))
        return _beside(result, before, query, before_period, self.calendar)

    def column(self, metric: str) -> Column:
        """The column that a metric has in results."""
        return metric_column(metric, self.metrics[metric])

    def prepare(self, query: Query) -> tuple[Plan, str, tuple[str, ...]]:
        """The plan of a query with its SQL and column names, not run."""
        context = Context(query.period, query.as_of, self.calendar, self.assumptions, query.grain)
        made = plan(query, self.schema, self.metrics, context)
        if made.members is not None and made.members.table not in (None, *self.freshness):
            made.members = None  # nobody lists the members
        written = write(made, self.schema, self.engine)
        return made, written.sql, written.columns

    def _measured(self, query: Query) -> Result:
        made, sql, names = self.prepare(query)
        missing = sorted(made.tables(self.schema) - set(self.freshness))
        if missing:
            raise NoData(missing, ", ".join(query.metrics))
        rows = [dict(zip(names, row, strict=True)) for row in self.engine.run(sql)]
        columns = self._columns(made)
        values = tuple(tuple(_typed(row[c.name], c.type) for c in columns) for row in rows)
        counters = {count.metric: count.used for count in made.counts}
        intervals = tuple(self._intervals(query, counters, row) for row in rows)
        return Result(columns, values, self._receipt(made, sql, rows), intervals)

    def _columns(self, made: Plan) -> tuple[Column, ...]:
        found = []
        if made.query.grain:
            found.append(Column(made.query.grain, made.query.grain.capitalize(), "date", is_dimension=True))
        for d in made.dimensions:
            found.append(Column(d.name, d.name.replace("_", " ").capitalize(), d.type, d.unit, is_dimension=True))
        for name in made.query.metrics:
            found.append(metric_column(name, self.metrics[name]))
        return tuple(found)

    def _intervals(
        self, query: Query, counters: Mapping[str, str], row: Mapping[str, object]
    ) -> dict[str, Interval]:
        found = {}
        for name in query.metrics:
            linked = self.metrics[name]
            if linked.table is None or linked.declaration.unit == "text" or linked.counts:
                continue  # a count is as sure as its rows
            n = int(str(row[counters[name]] or 0))
            found[name] = _interval(linked, row[name], n, row.get(f"{name}_variance"))
        return found

    def _receipt(self, made: Plan, sql: str, rows: Sequence[Mapping[str, object]]) -> Receipt:
        def total(counter: str) -> int:
            return sum(int(row[counter] or 0) for row in rows)  # type: ignore[call-overload]

        uses = []
        for count in made.counts:
            period_rows, used = total(count.period_rows), total(count.used)
            excluded = {reason: n for reason, leaf in count.excluded if (n := total(leaf))}
            rest = period_rows - used - sum(excluded.values())
            if rest:
                excluded[rest_of(self.metrics[count.metric])] = rest
            uses.append(Use(count.metric, count.table, str(count.basis), period_rows, used, excluded))
        query = made.query
        return Receipt(
            definitions=tuple(self._definition(name) for name in query.metrics),
            period=query.period,
            timezone=self.calendar.timezone,
            as_of=query.as_of,
            filters=(show(query.where),) if query.where is not None else (),
            uses=tuple(uses),
            freshness=tuple(self.freshness[t] for t in sorted(made.tables(self.schema))),
            assumptions=dict(sorted(made.context.spent.items())),
            engine=self.engine.version(),
            sql=(sql,),
        )

    def _definition(self, name: str) -> Definition:
        declared = self.metrics[name].declaration
        version = self.metrics.version(name)
        return Definition(
            name, declared.label, declared.value, version, declared.where, declared.settled, self.files.get(name, "")
        )


def metric_column(name: str, linked: Linked, output: str | None = None) -> Column:
    """The column of a metric in a result."""
    d = linked.declaration
    kind = "integer" if linked.typed.type == "integer" and linked.scale == 1 else linked.typed.type
    return Column(output or name, d.label, kind, d.unit, name, d.good, d.decimals, d.target)


def _typed(value: object, kind: str) -> Value:
    """The engine's value as the column's type; engines give sums of integers, and dates, each in their own way."""
    if value is None:
        return None
    match kind:
        case "integer":
            return int(value)  # type: ignore[call-overload, no-any-return]
        case "number":
            return float(value)  # type: ignore[arg-type]
        case "date" if isinstance(value, dt.datetime):
            return value.date()
    return value  # type: ignore[return-value]


def _interval(linked: Linked, value: object, n: int, variance: object) -> Interval:
    weak = n < linked.declaration.min_n
    state, reason = ("weak", f"fewer than {linked.declaration.min_n} rows") if weak else ("ok", "")
    bounds, method = None, ""
    if isinstance(value, int | float):
        if linked.proportion is not None:
            bounds, method = interval.proportion(round(value / linked.scale * n), n), "Wilson"
        elif linked.mean is not None:
            scaled = value / linked.scale
            bounds, method = (
                interval.mean(scaled, float(variance) if isinstance(variance, int | float) else None, n),
                "Student",
            )
    if bounds is None:
        return Interval(n, state=state, reason=reason)  # type: ignore[arg-type]
    low, high = (bound * linked.scale for bound in bounds)
    return Interval(n, low, high, method, state, reason)  # type: ignore[arg-type]


# -- comparison --------------------------------------------------------------------------------------------------------


def _beside(now: Result, before: Result, query: Query, period: Period, calendar: Calendar) -> Result:
    """Both results in one, rows matched by dimension, buckets by their place in the period."""
    steps = _steps(query.period, period, query.grain, calendar)
    keys = [i for i, c in enumerate(now.columns) if c.is_dimension]
    earlier = {tuple(row[i] for i in keys): row for row in before.rows}
    columns = _compared_columns(now.columns)
    rows = []
    for row in now.rows:
        key = tuple(steps.get(row[i]) if query.grain and i == 0 else row[i] for i in keys)  # type: ignore[arg-type]
        other = earlier.get(key)
        shown: list[Value] = []
        for i, column in enumerate(now.columns):
            shown.append(row[i])
            if not column.is_dimension:
                was = other[i] if other is not None else None
                shown += [was, _change(row[i], was)]
        rows.append(tuple(shown))
    note = f"compared with {period}"
    receipt = replace(
        now.receipt, sql=now.receipt.sql + before.receipt.sql, notes=(*now.receipt.notes, note), compared=period
    )
    return Result(columns, tuple(rows), receipt, now.intervals)


def _steps(now: Period, before: Period, grain: Grain | None, calendar: Calendar) -> dict[dt.date, dt.date]:
    if grain is None:
        return {}
    pairs = zip(calendar.buckets(now, grain), calendar.buckets(before, grain), strict=False)
    return {a.label: b.label for a, b in pairs}


def _compared_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    found: list[Column] = []
    for c in columns:
        found.append(c)
        if not c.is_dimension:
            found.append(replace(c, name=f"{c.name}_before", label=f"{c.label}, before", target=None))
            found.append(replace(c, name=f"{c.name}_change", label=f"{c.label}, change", target=None))
    return tuple(found)


def _change(now: Value, before: Value) -> Value:
    """The difference, in the unit of the metric."""
    if isinstance(now, int | float) and isinstance(before, int | float):
        return now - before
    return None


def filter_of(text: str | None):  # type: ignore[no-untyped-def]
    """A filter as an expression tree; None without one."""
    return parse(text) if text and text.strip() else None
