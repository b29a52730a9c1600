"""A plan, run on an engine → a result with its intervals and its receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

from opstally.engines.engine import Engine
from opstally.errors import NoData, UnknownName
from opstally.expression.tree import show
from opstally.methods import interval, order_statistics
from opstally.period import Calendar, Grain, Period, compared
from opstally.planner.fates import rest_of
from opstally.planner.lower import Context
from opstally.planner.metric import Linked, Metrics
from opstally.planner.plan import Plan, plan
from opstally.planner.quantiles import Bounded
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.planner.sql import write
from opstally.result import Column, Definition, Freshness, Interval, Receipt, Result, Use, Value

_REMEMBERED = 200
"""Plans that are kept, so that what runs for long does not grow."""

_LARGE = 10_000_000
"""Rows of a table that are too many to be put in order at once: 10 M take 2 s and 1 GB."""

Compare = Literal["previous", "year"]
State = Literal["ok", "weak", "refused"]


Plans = dict[Query, tuple[Plan, str, tuple[str, ...]]]

Fetched = dict[str, object]
"""A row of a query's answer, with the counters."""


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
    plans: Plans = field(default_factory=dict, repr=False)
    """Query → its plan, SQL and column names; good for as long as the same tables hold rows."""
    _whole: dict[Query, Query] = field(default_factory=dict, repr=False)
    """Query → the one with more metrics whose rows it shares."""
    _fetched: dict[Query, list[Fetched]] = field(default_factory=dict, repr=False)

    def measure(self, query: Query, compare: str | None = None) -> Result:
        """The result of a query, with `<name>_before` and `<name>_change` beside each metric where compared.

        Raises NoData naming the tables that are missing, and what `planner.plan` raises.
        """
        result = self._measured(query)
        if compare is None:
            return result
        before_period = compared(query.period, _comparison(compare), self.calendar, query.grain)
        before = self._measured(replace(query, period=before_period, intervals=False))
        steps = _steps(query.period, before_period, query.grain, self.calendar)
        nothing = [None if c.metric is None else self.metrics.of_nothing(c.metric) for c in result.columns]
        return _beside(result, before, steps, nothing, before_period)

    def column(self, metric: str) -> Column:
        """The column that a metric has in results."""
        return metric_column(metric, self.metrics[metric])

    def prepare(self, query: Query) -> tuple[Plan, str, tuple[str, ...]]:
        """The plan of a query with its SQL and column names, not run."""
        if query not in self.plans:
            if len(self.plans) >= _REMEMBERED:
                self.plans.clear()
            self.plans[query] = self._plan(query)
        return self.plans[query]

    def _plan(self, query: Query) -> tuple[Plan, str, tuple[str, ...]]:
        context = Context(query.period, query.as_of, self.calendar, self.assumptions, query.grain)
        made = plan(query, self.schema, self.metrics, context)
        if made.members is not None and made.members.table is not None and made.members.table not in self.freshness:
            made.members = None  # nobody lists the members
        if made.bounds:
            large = (t for t in made.tables if t in self.freshness and self.freshness[t].rows > _LARGE)
            made.context = replace(context, large=frozenset(large))
        written = write(made, self.schema, self.engine)
        return made, written.sql, written.columns

    @contextmanager
    def sharing(self, queries: Iterable[Query]) -> Iterator[None]:
        """For queries that differ only in their metrics, the facts are scanned once, not for each of them."""
        alike: dict[Query, list[Query]] = {}
        for query in dict.fromkeys(queries):
            alike.setdefault(replace(query, metrics=()), []).append(query)
        for own in alike.values():
            whole = replace(own[0], metrics=tuple(dict.fromkeys(m for query in own for m in query.metrics)))
            self._whole |= {query: whole for query in own if query != whole and self._is_part(query, whole)}
        try:
            yield
        finally:
            self._whole.clear()
            self._fetched.clear()

    def _is_part(self, query: Query, whole: Query) -> bool:
        """Whether the rows of a query can be told among those of one with more metrics."""
        part, more = self.prepare(query)[0], self.prepare(whole)[0]
        if self.missing(more):
            return False
        return part.scans.keys() == more.scans.keys() or (part.members is None and more.members is None)

    def _rows(self, query: Query) -> list[Fetched]:
        if query not in self._fetched:
            _, sql, names = self.prepare(query)
            self._fetched[query] = [dict(zip(names, row, strict=True)) for row in self.engine.run(sql)]
        return self._fetched[query] if query in self._whole.values() else self._fetched.pop(query)

    def _part(self, query: Query, whole: Query) -> tuple[Plan, list[Fetched]]:
        """What the plan and the rows of a query with more metrics say of this one."""
        own, more = self.prepare(query)[0], self.prepare(whole)[0]
        counted = {count.metric: count for count in more.counts}
        counts = [counted[count.metric] for count in own.counts]
        made = replace(
            more,
            query=query,
            context=own.context,
            scans=own.scans,
            members=own.members,
            counts=counts,
            tables=own.tables,
        )
        rows = self._rows(whole)
        if own.members is None and (query.by or query.grain):  # a group that only other facts have is not there
            rows = [row for row in rows if any(row[count.period_rows] for count in counts)]
        return made, rows

    def _measured(self, query: Query) -> Result:
        made, sql, _ = self.prepare(query)
        missing = self.missing(made)
        if missing:
            raise NoData(sorted(self._to_load(missing)), ", ".join(query.metrics))
        whole = self._whole.get(query)
        if whole is None:
            rows = self._rows(query)
        else:
            sql = self.prepare(whole)[1]
            made, rows = self._part(query, whole)
        columns = self._columns(made)
        values = tuple(tuple(_typed(row[c.name], c.type) for c in columns) for row in rows)
        intervals = tuple(self._intervals(made, row) for row in rows)
        return Result(columns, values, self._receipt(made, sql, rows), intervals)

    def missing(self, made: Plan) -> set[str]:
        """The tables that a plan reads and that have no data."""
        return {table for table in made.tables if table not in self.freshness}

    def _to_load(self, missing: Iterable[str]) -> set[str]:
        """What has to be loaded for these tables to be there: for a made one what it is made from."""
        sources = {t: [s for s in self.schema.tables[t].made_from if s not in self.freshness] for t in missing}
        return {name for table, lacking in sources.items() for name in lacking or [table]}

    def _columns(self, made: Plan) -> tuple[Column, ...]:
        found = []
        if made.query.grain:
            found.append(Column(made.query.grain, made.query.grain.capitalize(), "date", is_dimension=True))
        for d in made.dimensions:
            found.append(Column(d.name, d.name.replace("_", " ").capitalize(), d.type, d.unit, is_dimension=True))
        for name in made.query.metrics:
            found.append(metric_column(name, self.metrics[name]))
        return tuple(found)

    def _intervals(self, made: Plan, row: Fetched) -> dict[str, Interval]:
        counters = {count.metric: count.used for count in made.counts}
        found = {}
        for name in made.query.metrics:
            linked = self.metrics[name]
            if linked.table is None or linked.declaration.unit == "text" or linked.counts:
                continue  # a count is as sure as its rows
            n, bounds, method = _number(row[counters[name]]) or 0, None, ""
            if name in made.bounds:
                found[name] = _around_quantile(linked, made.bounds[name], int(n), row)
                continue
            if name in made.proportions:
                part, whole = (int(_number(row[leaf]) or 0) for leaf in made.proportions[name])
                n, bounds, method = whole, interval.proportion(part, whole), "Wilson"
            elif name in made.variances:
                value, variance = _number(row[name]), _number(row[made.variances[name]])
                bounds = None if value is None else interval.mean(value / linked.scale, variance, int(n))
                method = "Student"
            found[name] = _interval(linked, int(n), bounds, method)
        return found

    def _receipt(self, made: Plan, sql: str, rows: Sequence[Mapping[str, object]]) -> Receipt:
        def total(counter: str) -> int:
            return sum(int(_number(row[counter]) or 0) for row in rows)

        uses = []
        for count in made.counts:
            period_rows, used = total(count.period_rows), total(count.used)
            told = [(left.reason, total(left.among) - sum(map(total, left.less))) for left in count.excluded]
            told.append((rest_of(self.metrics[count.metric]), period_rows - used - sum(n for _, n in told)))
            excluded: dict[str, int] = {}
            for reason, n in told:  # two may have the same words
                if n:
                    excluded[reason] = excluded.get(reason, 0) + n
            uses.append(Use(count.metric, count.table, str(count.basis), period_rows, used, excluded))
        query = made.query
        return Receipt(
            definitions=tuple(self._definition(name) for name in query.metrics),
            period=query.period,
            timezone=self.calendar.timezone,
            as_of=query.as_of,
            filters=(show(query.where),) if query.where is not None else (),
            uses=tuple(uses),
            freshness=tuple(self.freshness[t] for t in sorted(made.tables)),
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


def _typed(value: Any, kind: str) -> Value:
    """The engine's value as the column's type; engines give sums of integers, and dates, each in their own way."""
    if value is None:
        return None
    match kind:
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "date" if isinstance(value, dt.datetime):
            return value.date()
    found: Value = value
    return found


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) else None


def _around_quantile(linked: Linked, bounded: Bounded, n: int, row: Fetched) -> Interval:
    low, high = _number(row[bounded.low]), _number(row[bounded.high])
    state, reason = _worth(linked, n)
    lacks = ""
    if row[linked.name] is not None:
        lacks = order_statistics.lacking(n, bounded.shares, low=low is not None, high=high is not None)
    return Interval(n, low, high, "order statistics", state, "; ".join(filter(None, (reason, lacks))))


def _worth(linked: Linked, n: int) -> tuple[State, str]:
    least = linked.declaration.min_n
    return ("weak", f"fewer than {least} rows") if n < least else ("ok", "")


def _interval(linked: Linked, n: int, bounds: tuple[float, float] | None, method: str) -> Interval:
    state, reason = _worth(linked, n)
    if bounds is None:
        return Interval(n, state=state, reason=reason)
    low, high = (bound * linked.scale for bound in bounds)
    return Interval(n, low, high, method, state, reason)


# -- comparison --------------------------------------------------------------------------------------------------------


def _comparison(text: str) -> Compare:
    for known in get_args(Compare):
        if text == known:
            return cast(Compare, known)
    raise UnknownName("comparison", text, get_args(Compare))


def _beside(
    now: Result, before: Result, steps: Mapping[Value, Value], nothing: Sequence[Value], period: Period
) -> Result:
    """Both results in one, rows matched by dimension, buckets by their place in the period (`steps`: before → now).

    A group that one of the two lacks has the values of `nothing` there, so that what vanished is still a row.
    """
    keys = [i for i, c in enumerate(now.columns) if c.is_dimension]
    groups = (tuple(row[i] for i in keys) for row in now.rows)
    current = dict(zip(groups, zip(now.rows, now.intervals, strict=True), strict=True))
    earlier = {key: row for row in before.rows if (key := _key(row, keys, steps)) is not None}
    rows, intervals = [], []
    for key in sorted({**current, **earlier}, key=lambda key: [(v is None, v) for v in key]):
        group = dict(zip(keys, key, strict=True))
        row, sure = current.get(key, (tuple(group.get(i, value) for i, value in enumerate(nothing)), {}))
        rows.append(_compared_row(now.columns, row, earlier.get(key, nothing)))
        intervals.append(sure)
    note = f"compared with {period}"
    receipt = replace(
        now.receipt, sql=now.receipt.sql + before.receipt.sql, notes=(*now.receipt.notes, note), compared=period
    )
    return Result(_compared_columns(now.columns), tuple(rows), receipt, tuple(intervals))


def _key(row: Sequence[Value], keys: Sequence[int], steps: Mapping[Value, Value]) -> tuple[Value, ...] | None:
    """The group of a row, its bucket being the one of `steps`; None where that has no counterpart."""
    if not steps:
        return tuple(row[i] for i in keys)
    label, *rest = keys
    return (steps[row[label]], *(row[i] for i in rest)) if row[label] in steps else None


def _compared_row(columns: Sequence[Column], row: Sequence[Value], before: Sequence[Value]) -> tuple[Value, ...]:
    shown: list[Value] = []
    for column, value, was in zip(columns, row, before, strict=True):
        shown += [value] if column.is_dimension else [value, was, _change(value, was)]
    return tuple(shown)


def _steps(now: Period, before: Period, grain: Grain | None, calendar: Calendar) -> dict[Value, Value]:
    """Each bucket of the period before → the bucket that has its place now."""
    if grain is None:
        return {}
    pairs = zip(calendar.buckets(now, grain), calendar.buckets(before, grain), strict=False)
    return {b.label: a.label for a, b in pairs}


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
