"""A query → the scans it needs and what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from opstally.errors import Ambiguous, BadExpression, BadRange, NotShared, UnknownName
from opstally.expression import Call, Column, Expr, Literal, check, parse
from opstally.expression.check import Scope
from opstally.expression.tree import columns, rewrite, show
from opstally.expression.vocabulary import WORDS
from opstally.period import GRAINS
from opstally.planner.fates import Count, count, given
from opstally.planner.lower import Context
from opstally.planner.members import Members, members_of
from opstally.planner.metric import Linked, Metrics, leaves, limited
from opstally.planner.quantiles import BOUNDS, Bounded, bound, shares
from opstally.planner.query import Query
from opstally.planner.scan import Scan, ScanKey
from opstally.planner.schema import Identity, Schema
from opstally.planner.truth import same_count, shorter_leaf

_MOST_BUCKETS = 5_000
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}


@dataclass(frozen=True)
class Dimension:
    """A dimension asked for: its name in the result, its meaning, type and unit."""

    name: str
    asked: str
    identity: Identity
    type: str
    unit: str | None


@dataclass
class Plan:
    """One logical plan. `outputs` are (name, expression over leaf names)."""

    query: Query
    context: Context
    dimensions: tuple[Dimension, ...]
    scans: dict[ScanKey, Scan] = field(default_factory=dict)
    outputs: list[tuple[str, Expr]] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    proportions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Metric that is a share of its rows → the names of the leaves that count the part and the whole."""
    variances: dict[str, str] = field(default_factory=dict)
    """Metric that is a mean → the name of the leaf with the variance of its values."""
    bounds: dict[str, Bounded] = field(default_factory=dict)
    """Metric that is a quantile → the outputs with its bounds."""
    leaf_types: dict[str, str] = field(default_factory=dict)
    members: Members | None = None
    tables: frozenset[str] = frozenset()
    """The stored tables that are read."""


def plan(query: Query, schema: Schema, metrics: Metrics, context: Context) -> Plan:
    """The plan of a query.

    Raises UnknownName for a metric or dimension that there is not, NotShared for a dimension or filter that one of the
    facts does not have, BadExpression for a definition or filter that does not fit.
    """
    parts = {p.name: p for m in query.metrics for p in metrics.parts(m)}
    _refuse_same_names(query)
    _refuse_too_many_buckets(query)
    facts = list(dict.fromkeys(str(p.table) for p in parts.values()))
    dimensions = tuple(_dimension(name, asked, facts, schema) for name, asked in query.by)
    made = Plan(query, context, dimensions)
    for part in parts.values():
        _scan_for(made, part, schema)
    for name in query.metrics:
        made.outputs.append((name, _value(made, metrics, metrics[name])))
        _count(made, metrics, name)
    if query.intervals:
        _add_variances(made, metrics)
        _add_bounds(made, metrics)
    _type_leaves(made, schema)
    made.tables = frozenset(table for scan in made.scans.values() for table in scan.tables(schema))
    if query.members:
        made.members = members_of(schema, [d.identity for d in dimensions], query.where, facts, bool(query.grain))
    return made


def _refuse_same_names(query: Query) -> None:
    if not query.metrics:
        raise BadExpression("A query needs at least one metric")
    names = [*([query.grain] if query.grain else []), *(name for name, _ in query.by), *query.metrics]
    for name in names:
        if names.count(name) > 1:
            raise BadExpression(
                f"Two columns of the result would be called {name!r}: ask for one of them by another name"
            )


def _refuse_too_many_buckets(query: Query) -> None:
    if query.grain and query.period.days / _DAYS[query.grain] > _MOST_BUCKETS:
        raise BadRange(
            f"{query.period} has more than {_MOST_BUCKETS} buckets of a {query.grain}: ask for a coarser grain."
        )


def _dimension(name: str, asked: str, facts: Sequence[str], schema: Schema) -> Dimension:
    column = Column(tuple(asked.split(".")))
    for fact in facts:
        try:
            typed, identity = schema.typed(fact, column), schema.identity(fact, column)
        except Ambiguous:
            raise
        except BadExpression:
            continue
        return Dimension(name, asked, identity, typed.type, typed.unit)
    if asked in GRAINS:
        raise UnknownName("dimension", asked, (), f"(a time grain is asked for with grain, as in --grain {asked})")
    raise UnknownName("dimension", asked, {n for f in facts for n in schema.known(f)}, f"of {' or '.join(facts)}")


def _seen_from(table: str, asked: str, identity: Identity, schema: Schema, what: str) -> Column:
    """How a fact names a dimension: as asked, if that means the same there, else whatever means the same."""
    column = Column(tuple(asked.split(".")))
    try:
        if schema.identity(table, column) == identity:
            return column
    except BadExpression:
        pass
    found = schema.find(table, identity)
    if found is None:
        raise NotShared(
            f"{what} {asked!r} is {identity[0]}.{identity[1]}, which {table} does not have: "
            f"leave it out, or ask for the metrics of {table} by themselves."
        )
    return found


def _scan_for(made: Plan, part: Linked, schema: Schema) -> Scan:
    key = ScanKey.of(part)
    if key not in made.scans:
        query = made.query
        if query.grain and key.basis.kind == "always":
            raise BadRange(f"{part.name} is not over time: ask for it without a grain.")
        derived = schema.tables[key.table].derived
        finest = schema.tables[derived.source if derived else key.table].finest
        if query.grain and finest and GRAINS.index(query.grain) < GRAINS.index(finest):
            raise BadRange(
                f"{part.name} is known by {finest}, not by {query.grain}: ask for it by {finest} or coarser."
            )
        dims = tuple(
            (d.name, _seen_from(key.table, d.asked, d.identity, schema, "The dimension")) for d in made.dimensions
        )
        where = _filter(query.where, key.table, list(made.scans), schema) if query.where is not None else None
        made.scans[key] = Scan(key, _free_name(made, key.table, schema), dims, query.grain, where)
    return made.scans[key]


def _free_name(made: Plan, table: str, schema: Schema) -> str:
    """A name for the steps of a scan that no other scan and no table has."""
    taken = {scan.name for scan in made.scans.values()}
    name, number = f"{table}_groups", 2
    while name in taken or any(other.startswith(name) for other in schema.tables):
        name, number = f"{table}_groups_{number}", number + 1
    return name


def _filter(where: Expr, table: str, before: Sequence[ScanKey], schema: Schema) -> Expr:
    """The filter as this fact can apply it; what does not fit is told with its place."""
    first = before[0].table if before else table
    try:
        return _applied(where, table, first, schema)
    except BadExpression as problem:
        if problem.text:
            raise
    # It may be two filters in one, a report's own and that of whom asks: places are those in the whole, as shown.
    text = show(where)
    try:
        return _applied(parse(text), table, first, schema)
    except BadExpression as problem:
        raise problem.within(text) from None


def _applied(where: Expr, table: str, first: str, schema: Schema) -> Expr:
    """The filter on a fact: every column means what it means in the first fact."""

    def change(node: Expr) -> Expr | None:
        if not isinstance(node, Column):
            return None
        seen = _seen_from(table, node.name, schema.identity(first, node), schema, "The filter")
        return replace(seen, position=node.position)

    found = rewrite(where, change)
    typed = check(found, lambda c: schema.typed(table, c))
    if typed.type != "boolean" or typed.aggregated:
        raise BadExpression("A filter is a condition on rows, such as ticket_priority = 'high'")
    return found


def _value(made: Plan, metrics: Metrics, linked: Linked) -> Expr:
    """The metric over leaf names."""
    if linked.table is None:
        parts = {c: _value(made, metrics, metrics[c.name]) for c in columns(linked.expr)}
        expr = rewrite(linked.expr, lambda n: parts.get(n) if isinstance(n, Column) else None)
    else:
        scan = made.scans[ScanKey.of(linked)]
        found = leaves(linked.expr)
        names = {}
        for call in found:
            whole = linked.expr == call and linked.scale == 1
            wanted = linked.name if whole else f"{linked.name}_{call.name}"
            name = _leaf(made, scan, metrics.schema, wanted, limited(call, linked.scope), linked.name if whole else "")
            names[call] = Column((name,))
        expr = rewrite(linked.expr, lambda n: names.get(n) if isinstance(n, Call) else None)
        if linked.proportion is not None:
            share, of = linked.proportion
            made.proportions[linked.name] = (names[share].name, names[of].name)
    return expr if linked.scale == 1 else Call("*", (Literal(100.0), expr))


def _leaf(made: Plan, scan: Scan, schema: Schema, wanted: str, call: Call, metric: str = "") -> str:
    if call not in scan.shorter:
        scan.shorter[call] = shorter_leaf(call, given(scan, schema), partial(schema.expand, scan.key.table))
    short = next((known for known in scan.leaves.values() if same_count(known, scan.shorter[call])), scan.shorter[call])
    return scan.leaf(wanted if short in scan.leaves.values() else _free(made, wanted, metric), short)


def _free(made: Plan, wanted: str, metric: str = "") -> str:
    """A name that nothing else in the query has, and no other metric than the one that it is the value of."""
    taken = {name for scan in made.scans.values() for name in scan.leaves}
    taken |= {d.name for d in made.dimensions} | set(GRAINS) | (set(made.query.metrics) - {metric})
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _count(made: Plan, metrics: Metrics, name: str) -> None:
    """Counters for the receipt: rows of the period, rows used, rows excluded by reason."""
    for part in metrics.parts(name):
        if any(c.metric == part.name for c in made.counts):
            continue
        scan = made.scans[ScanKey.of(part)]

        def rows(condition: Expr, wanted: str, scan: Scan = scan) -> str:
            return _leaf(made, scan, metrics.schema, wanted, Call("count_if", (condition,)))

        made.counts.append(count(part, scan, metrics.schema, rows))


def _add_variances(made: Plan, metrics: Metrics) -> None:
    for name in made.query.metrics:
        linked = metrics[name]
        if linked.mean is not None and linked.table is not None:
            scan = made.scans[ScanKey.of(linked)]
            call = limited(Call("variance", (linked.mean,)), linked.scope)
            made.variances[name] = _leaf(made, scan, metrics.schema, f"{name}_variance", call)


def _add_bounds(made: Plan, metrics: Metrics) -> None:
    for name, value in tuple(made.outputs):
        linked = metrics[name]
        if linked.table is None:
            continue
        scan = made.scans[ScanKey.of(linked)]
        if found := shares(value, scan.leaves, partial(metrics.schema.typed, linked.table)):
            low, high = (_add_bound(made, scan, name, value, word) for word in BOUNDS)
            made.bounds[name] = Bounded(low, high, found)


def _add_bound(made: Plan, scan: Scan, metric: str, value: Expr, word: str) -> str:
    """The name of the output with a bound of a metric: the same with the bound of each quantile in its place."""
    side = word.removeprefix("quantile")
    names = {}
    for leaf in [c.name for c in columns(value)]:
        if scan.leaves[leaf].name == "quantile":
            names[leaf] = scan.leaf(_free(made, leaf + side), Call(word, scan.leaves[leaf].args))
    output = next(iter(names.values())) if value == Column((metric,)) else _free(made, metric + side)
    if output not in [name for name, _ in made.outputs]:
        made.outputs.append((output, bound(value, names)))
    return output


def _type_leaves(made: Plan, schema: Schema) -> None:
    for scan in made.scans.values():
        for name, call in scan.leaves.items():
            made.leaf_types[name] = _leaf_type(call, partial(schema.typed, scan.key.table))


def _leaf_type(call: Call, scope: Scope) -> str:
    """The definition was checked when it was linked; only words that give what they take have to be asked."""
    gives = "number" if call.name in BOUNDS else WORDS[call.name].gives
    return check(call, scope).type if gives in ("same", "first") else gives
