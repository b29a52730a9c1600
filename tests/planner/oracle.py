"""What a query gives, computed row by row in plain Python: no SQL, and nothing of the planner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.planner.words import AGGREGATES, OVER_VALUES, STRICT, THREE_VALUED, Value, picked, quantile, seconds

from opstally.expression import Call, Column, Expr, Literal, parse
from opstally.model.metric import Metric, TimeBasis
from opstally.model.table import Reference, Table
from opstally.period import Calendar, Grain, Period

Row = dict[str, Any]
Group = tuple[Value, ...]


@dataclass(frozen=True)
class Moment:
    """What the words about the period mean for a row: its bucket, or the whole period."""

    label: dt.date | None
    first_day: dt.date
    after_day: dt.date
    start: dt.datetime
    end: dt.datetime

    @property
    def days(self) -> float:
        return float((self.after_day - self.first_day).days)


@dataclass(frozen=True)
class Placed:
    """A row in a bucket."""

    row: Row
    moment: Moment


@dataclass(frozen=True)
class Asked:
    """A query: `by` has, for each dimension, table → its path there; `where` table → the filter there."""

    metrics: tuple[str, ...]
    by: tuple[Mapping[str, Column], ...]
    grain: Grain | None
    period: Period
    where: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """How many rows of the period a metric saw and used, and why not the others."""

    period_rows: int
    used: int
    excluded: dict[str, int]


@dataclass
class Oracle:
    """Declarations and rows. `scales` are the metrics that are a share shown in percent."""

    tables: Mapping[str, Table]
    metrics: Mapping[str, Metric]
    rows: Mapping[str, Sequence[Row]]
    calendar: Calendar
    as_of: dt.date
    settings: Mapping[str, float] = field(default_factory=dict)
    shares: frozenset[str] = frozenset()

    # -- a whole query ---------------------------------------------------------------------------------------------

    def answer(self, asked: Asked, members: Iterable[Group] = ()) -> dict[Group, dict[str, Value]]:
        """Group (bucket label first, where there is a grain) → metric → value."""
        found: dict[str, dict[Group, list[Placed]]] = {}
        for name in self._parts(asked.metrics):
            found[name] = self._grouped(self.metrics[name], asked)
        groups = {group for by_group in found.values() for group in by_group} | set(members)
        if not asked.grain and not asked.by:
            groups = {()}
        moments = {m.label: m for m in self.moments(asked.period, asked.grain)}
        return {
            group: {
                name: self._metric(name, {part: found[part].get(group, []) for part in found},
                                   moments[group[0]] if asked.grain else moments[None])
                for name in asked.metrics
            }
            for group in groups
        }  # fmt: skip

    def counted(self, name: str, asked: Asked) -> Counted:
        """The receipt of one metric over a table."""
        metric = self.metrics[name]
        placed = [p for rows in self._grouped(metric, asked).values() for p in rows]
        used, excluded = 0, dict[str, int]()
        for p in placed:
            reason = self._reason(metric, p)
            if reason is None:
                used += 1
            else:
                excluded[reason] = excluded.get(reason, 0) + 1
        return Counted(len(placed), used, excluded)

    def quantiles(self, name: str, asked: Asked) -> dict[Group, list[Value]]:
        """Group → the values that a metric is the quantile of."""
        metric = self.metrics[name]
        x = parse(metric.value).args[0]  # type: ignore[union-attr]
        return {
            group: [self.value(str(metric.table), p, x, metric) for p in rows if self._in_scope(metric, p)]
            for group, rows in self._grouped(metric, asked).items()
        }

    def moments(self, period: Period, grain: Grain | None) -> list[Moment]:
        """The buckets of the period; without a grain the period itself."""
        if grain is None:
            return [Moment(None, period.start, period.end, *self.calendar.instants(period))]
        return [
            Moment(b.label, b.start, b.end, self.calendar.instant(b.start), self.calendar.instant(b.end))
            for b in self.calendar.buckets(period, grain)
        ]

    def _parts(self, names: Iterable[str]) -> list[str]:
        found: dict[str, None] = {}
        for name in names:
            metric = self.metrics[name]
            if metric.table is not None:
                found[name] = None
            else:
                found |= dict.fromkeys(self._parts(c.name for c in _columns(parse(metric.value))))
        return list(found)

    def _grouped(self, metric: Metric, asked: Asked) -> dict[Group, list[Placed]]:
        table = str(metric.table)
        groups: dict[Group, list[Placed]] = {}
        for placed in self._placed(metric, asked):
            if table in asked.where and self.value(table, placed, asked.where[table], metric) is not True:
                continue
            dims = tuple(self.value(table, placed, paths[table], metric) for paths in asked.by)
            group = (placed.moment.label, *dims) if asked.grain else dims
            groups.setdefault(group, []).append(placed)
        return groups

    # -- which rows, in which buckets ------------------------------------------------------------------------------

    def _placed(self, metric: Metric, asked: Asked) -> list[Placed]:
        table = self.tables[str(metric.table)]
        moments = self.moments(asked.period, asked.grain)
        if table.derived is not None:
            return self._entities(table, moments)
        at = metric.at if metric.at is not None else table.at
        name = table.table
        match at:
            case None | "always":
                return [Placed(row, moments[0]) for row in self.rows[name]]
            case str():
                return self._when(name, moments, lambda p: self._inside(self._get(name, p, at), p.moment))
            case TimeBasis(during=(start, end)):
                return self._when(name, moments, lambda p: _overlaps(*self._span(name, p, start, end)))
            case TimeBasis(open_at_end=(start, end)):
                return self._when(name, moments, lambda p: _open(*self._span(name, p, start, end)))
            case TimeBasis(latest=str(time), per=per):
                return [p for m in moments for p in self._newest(table, m, time, per)]
            case TimeBasis(last=str(time)):
                inside = self._when(name, moments, lambda p: self._inside(self._get(name, p, time), p.moment))
                newest = {m: max((p.row[time] for p in inside if p.moment == m), default=None) for m in moments}
                return [p for p in inside if p.row[time] == newest[p.moment]]
        raise AssertionError(at)

    def _when(self, table: str, moments: list[Moment], inside: Callable[[Placed], bool]) -> list[Placed]:
        every = (Placed(row, moment) for moment in moments for row in self.rows[table])
        return [placed for placed in every if inside(placed)]

    def _inside(self, value: Value, moment: Moment) -> bool:
        if value is None:
            return False
        if isinstance(value, dt.datetime):
            return moment.start <= value < moment.end
        return bool(moment.first_day <= value < moment.after_day)

    def _span(self, table: str, placed: Placed, start: str, end: str) -> tuple[Value, Value, Value, Value]:
        since, until = self._get(table, placed, start), self._get(table, placed, end)
        low, high = _bounds(placed.moment, since if since is not None else until)
        return since, until, low, high

    def _newest(self, table: Table, moment: Moment, time: str, per: tuple[str, ...]) -> list[Placed]:
        rest = [k for k in table.key if k not in (*per, time)]
        newest: dict[Group, Row] = {}
        for row in self.rows[table.table]:
            value = row[time]
            if value is not None and value >= _bounds(moment, value)[1]:
                continue
            entity = tuple(row[p] for p in per)
            known = newest.get(entity)
            if known is None or _later(row, known, time, rest):
                newest[entity] = row
        return [Placed(row, moment) for row in newest.values()]

    def _entities(self, table: Table, moments: list[Moment]) -> list[Placed]:
        """One row for each bucket and entity."""
        derived = table.derived
        assert derived is not None
        source = self.tables[derived.source]
        at = derived.at or source.at
        name = source.table
        inside = self._when(name, moments, lambda p: self._inside(self._get(name, p, str(at)), p.moment))
        if derived.where is not None:
            inside = [p for p in inside if self.value(name, p, parse(derived.where)) is True]
        entities: dict[tuple[Moment, Group], list[Placed]] = {}
        for p in inside:
            entities.setdefault((p.moment, tuple(self._get(name, p, k) for k in derived.per)), []).append(p)
        made = []
        for (moment, key), rows in entities.items():
            row = dict(zip(derived.per, key, strict=True))
            for column, declared in derived.columns.items():
                row[column] = self._aggregate(name, parse(declared.value), rows, moment, None)
            made.append(Placed(row, moment))
        return made

    # -- one value -------------------------------------------------------------------------------------------------

    def _metric(self, name: str, placed: Mapping[str, list[Placed]], moment: Moment) -> Value:
        metric = self.metrics[name]
        expr = parse(metric.value)
        if metric.table is not None:
            counting = [p for p in placed[name] if self._in_scope(metric, p)]
            value = self._aggregate(metric.table, expr, counting, moment, metric)
        else:
            value = self._of_metrics(expr, placed, moment)
        return 100.0 * value if name in self.shares and value is not None else value

    def _of_metrics(self, expr: Expr, placed: Mapping[str, list[Placed]], moment: Moment) -> Value:
        match expr:
            case Column():
                return self._metric(expr.name, placed, moment)
            case Call(name, args):
                return self._word(name, [self._of_metrics(a, placed, moment) for a in args], moment)
        return expr.value

    def _in_scope(self, metric: Metric, placed: Placed) -> bool:
        conditions = [text for text in (metric.where, metric.settled) if text is not None]
        return all(self.value(str(metric.table), placed, parse(text), metric) is True for text in conditions)

    def _reason(self, metric: Metric, placed: Placed) -> str | None:
        """Why the row is not used; None where it is."""
        table = str(metric.table)
        if self._in_scope(metric, placed) and self._contributes(table, parse(metric.value), placed, metric):
            return None
        if metric.where is not None and self.value(table, placed, parse(metric.where), metric) is not True:
            return "not what the metric is about"
        if metric.settled is not None and self.value(table, placed, parse(metric.settled), metric) is not True:
            return "not settled yet"
        for reason, text in metric.excludes.items():
            if self.value(table, placed, parse(text), metric) is True:
                return reason
        counts = parse(metric.value)
        pure = isinstance(counts, Call) and counts.name in ("count", "count_if", "count_distinct")
        return "not counted" if pure else "no value"

    def _contributes(self, table: str, expr: Expr, placed: Placed, metric: Metric) -> bool:
        """Whether the row counts in at least one aggregate of the expression."""
        match expr:
            case Call("count" | "union_minutes", ()):
                return True
            case Call("count_if", (condition,)):
                return self.value(table, placed, condition, metric) is True
            case Call("last" | "first", args):
                return all(self.value(table, placed, a, metric) is not None for a in args)
            case Call(name, (x, *_)) if name in AGGREGATES:
                return self.value(table, placed, x, metric) is not None
            case Call(_, args):
                return any(self._contributes(table, a, placed, metric) for a in args)
        return False

    def _aggregate(self, table: str, expr: Expr, rows: list[Placed], moment: Moment, metric: Metric | None) -> Value:
        match expr:
            case Literal(value):
                return value
            case Call("union_minutes"):
                assert metric is not None
                assert isinstance(metric.at, TimeBasis)
                assert metric.at.during is not None
                return _union([_clipped(*self._span(table, p, *metric.at.during)) for p in rows])
            case Call("count", ()):
                return len(rows)
            case Call(name, (x, *more)) if name in AGGREGATES:
                values = [self.value(table, p, x, metric) for p in rows]
                if name in ("last", "first"):
                    by = [self.value(table, p, more[0], metric) for p in rows]
                    return picked(values, by, name == "last")
                if name == "quantile":
                    assert isinstance(more[0], Literal)
                    return quantile(values, float(more[0].value))  # type: ignore[arg-type]
                return OVER_VALUES[name](values)
            case Call(name, args):
                return self._word(name, [self._aggregate(table, a, rows, moment, metric) for a in args], moment)
        raise AssertionError(expr)

    def value(self, table: str, placed: Placed, expr: Expr, metric: Metric | None = None) -> Value:
        """A row-level expression of one row."""
        match expr:
            case Column(path):
                return self._path(table, placed, path)
            case Literal(value):
                return value
            case Call("overlap_minutes"):
                assert metric is not None
                assert isinstance(metric.at, TimeBasis)
                assert metric.at.during is not None
                start, end = _clipped(*self._span(table, placed, *metric.at.during))
                return max(seconds(start, end) / 60, 0.0)
            case Call(name, args):
                return self._word(name, [self.value(table, placed, a, metric) for a in args], placed.moment)

    def _path(self, table: str, placed: Placed, path: tuple[str, ...]) -> Value:
        if len(path) == 1:
            return self._get(table, placed, path[0])
        reference = self.tables[table].references[path[0]]
        other = self._looked_up(table, placed, reference)
        return None if other is None else self._path(reference.table, replace(placed, row=other), path[1:])

    def _get(self, table: str, placed: Placed, name: str) -> Value:
        declared = self.tables[table]
        if name in placed.row:
            return placed.row[name]
        if name in declared.computed:
            return self.value(table, placed, parse(declared.computed[name].value))
        [role] = [r for r, ref in declared.references.items() if self._has(ref.table, name)]
        return self._path(table, placed, (role, name))

    def _has(self, table: str, name: str) -> bool:
        return name in self.tables[table].columns or name in self.tables[table].computed

    def _looked_up(self, table: str, placed: Placed, reference: Reference) -> Row | None:
        key = {theirs: self._get(table, placed, ours) for ours, theirs in reference.pairs}
        if any(value is None for value in key.values()):
            return None
        found = [row for row in self.rows[reference.table] if all(row[k] == v for k, v in key.items())]
        if reference.valid_from and reference.at:
            since, at = reference.valid_from, self._get(table, placed, reference.at)
            found = [row for row in found if at is not None and row[since] is not None and row[since] <= at]
            return max(found, key=lambda row: row[since], default=None)
        assert len(found) <= 1
        return found[0] if found else None

    # -- words -----------------------------------------------------------------------------------------------------

    def _word(self, name: str, args: list[Value], moment: Moment) -> Value:
        context = {
            "as_of": lambda: self.calendar.instant(self.as_of + dt.timedelta(days=1)),
            "as_of_date": lambda: self.as_of,
            "period_start": lambda: moment.start,
            "period_end": lambda: moment.end,
            "period_days": lambda: moment.days,
            "setting": lambda: float(self.settings[args[0]]),
            "date_of": lambda: self._local(args[0]).date(),
            "hour_of": lambda: self._local(args[0]).hour,
            "weekday_of": lambda: (self._local(args[0]) if isinstance(args[0], dt.datetime) else args[0]).isoweekday(),
        }
        if name in THREE_VALUED:
            return THREE_VALUED[name](args)
        if None in args:
            return None
        return context[name]() if name in context else STRICT[name](*args)

    def _local(self, instant: dt.datetime) -> dt.datetime:
        [(_, offset)] = self.calendar.offsets(instant, instant + dt.timedelta(microseconds=1))
        return instant + dt.timedelta(seconds=offset)


def _columns(expr: Expr) -> list[Column]:
    if isinstance(expr, Call):
        return [c for arg in expr.args for c in _columns(arg)]
    return [expr] if isinstance(expr, Column) else []


def _bounds(moment: Moment, like: Value) -> tuple[Value, Value]:
    if isinstance(like, dt.datetime):
        return moment.start, moment.end
    return moment.first_day, moment.after_day


def _overlaps(since: Value, until: Value, low: Value, high: Value) -> bool:
    return since is not None and since < high and (until is None or until > low or since >= low)


def _open(since: Value, until: Value, low: Value, high: Value) -> bool:  # noqa: ARG001
    return since is not None and since < high and (until is None or until >= high)


def _clipped(since: Value, until: Value, low: Value, high: Value) -> tuple[Value, Value]:
    return max(since, low), min(until if until is not None else high, high)


def _union(spans: list[tuple[Value, Value]]) -> float:
    """Minutes covered by at least one span, second by second of the sorted ends."""
    covered, reached = 0.0, None
    for start, end in sorted(spans):
        since = start if reached is None else max(start, reached)
        if end > since:
            covered += seconds(since, end)
            reached = end
    return covered / 60


def _later(row: Row, known: Row, time: str, rest: list[str]) -> bool:
    """Whether a row is the newer of two of one entity: by time, unknown being oldest, then by the rest of the key."""
    ours, theirs = row[time], known[time]
    if ours != theirs:
        return theirs is None or (ours is not None and ours > theirs)
    return tuple(row[k] for k in rest) > tuple(known[k] for k in rest)
