"""A plan → one SQL text: a step for each fact, united by UNION ALL and regrouped, never joined to each other."""

from __future__ import annotations

from dataclasses import dataclass

from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Column, Expr, Typed
from opstally.planner.lower import DAYS, END, START, Context, lower, names_bucket
from opstally.planner.members import Members
from opstally.planner.metric import Basis
from opstally.planner.plan import Plan
from opstally.planner.rollup import subtotals
from opstally.planner.rows import Rows
from opstally.planner.scan import Scan
from opstally.planner.scan_sql import bucket_cte, scan_ctes
from opstally.planner.schema import Schema
from opstally.planner.text import Cte, script, select

_COUNTS = frozenset({"count", "count_if", "count_distinct", "union_minutes"})


@dataclass(frozen=True)
class Written:
    """The query, and the names of its columns in order: dimensions, metrics, counters."""

    sql: str
    columns: tuple[str, ...]


def write(plan: Plan, schema: Schema, engine: Engine) -> Written:
    """The SQL of a plan. Raises EngineError where the engine does not offer a word of it."""
    return _Writer(plan, schema, engine).written()


@dataclass
class _Writer:
    plan: Plan
    schema: Schema
    engine: Engine

    def written(self) -> Written:
        facts = self._facts()
        source, united = self._united()
        outputs = [(name, self._output(expr)) for name, expr in self.plan.outputs]
        counters = [n for n in self._counters() if n not in self.plan.query.metrics]
        names = [*self._groups, *(name for name, _ in outputs), *counters]
        identifier = self.engine.identifier
        shown = [
            *((f"r.{identifier(g)}", identifier(g)) for g in self._groups),
            *((sql, identifier(name)) for name, sql in outputs),
            *((f"r.{identifier(n)}", identifier(n)) for n in counters),
        ]
        joins = [f"JOIN buckets AS b ON b.{self._grain} = r.{self._grain}"] if self._bounded() else []
        final = select(shown, f"{source} AS r", joins=joins, order=self._order())
        steps = [*facts, *united]
        text = "\n".join([final, *(s.sql for s in steps)])
        buckets = (
            [bucket_cte(self._context, self.plan.query.grain, self.engine)]
            if "buckets" in text and self.plan.query.grain
            else []
        )
        return Written(script([*buckets, *steps], final), tuple(names))

    def _facts(self) -> list[Cte]:
        """The steps of all scans, after those that several of them add up from."""
        scans = {scan.reading(self.schema): scan for scan in self.plan.scans.values()}
        shared = subtotals([*scans], self.schema, self.engine, self._context)
        steps = [
            cte
            for reading, scan in scans.items()
            for cte in scan_ctes(scan, self.schema, self.engine, self._context, shared.get(reading))
        ]
        return [*(cte for one in dict.fromkeys(shared.values()) for cte in one.ctes()), *steps]

    @property
    def _context(self) -> Context:
        return self.plan.context

    @property
    def _groups(self) -> list[str]:
        return next(iter(self.plan.scans.values())).groups()

    @property
    def _grain(self) -> str:
        return self.engine.identifier(str(self.plan.query.grain))

    def _order(self) -> list[str]:
        types = {d.name: d.type for d in self.plan.dimensions}
        names = {g: f"r.{self.engine.identifier(g)}" for g in self._groups}
        return [
            (self.engine.say("collate", sql) if types.get(g) == "text" else sql) + " NULLS LAST"
            for g, sql in names.items()
        ]

    def _counters(self) -> list[str]:
        found = [name for count in self.plan.counts for name in count.leaves()]
        shares = [n for name in self.plan.query.metrics for n in self.plan.proportions.get(name, ())]
        return list(dict.fromkeys([*shares, *self.plan.variances.values(), *found]))

    def _output(self, expr: Expr) -> str:
        lowered = lower(expr, self._context, self._leaf_type)
        return spell(lowered, self.engine, self._place)

    def _leaf_type(self, column: Column) -> Typed:
        return Typed(self.plan.leaf_types.get(column.path[0], "number"))

    def _place(self, column: Column) -> str:
        return f"b.{column.path[1]}" if column in (START, END, DAYS) else f"r.{self.engine.identifier(column.path[0])}"

    def _bounded(self) -> bool:
        lowered = [lower(expr, self._context, self._leaf_type) for _, expr in self.plan.outputs]
        return any(names_bucket(expr) for expr in lowered)

    # -- several facts ---------------------------------------------------------------------------------------------

    def _united(self) -> tuple[str, list[Cte]]:
        scans = list(self.plan.scans.values())
        if len(scans) == 1 and self.plan.members is None:
            return scans[0].name, []
        branches = [self._branch(scan) for scan in scans]
        steps = []
        if self.plan.members is not None:
            steps += self._member_steps(self.plan.members)
            branches.append(self._branch(None))
        union = Cte("facts", "\nUNION ALL\n".join(branches))
        return "results", [*steps, union, self._regrouped(scans)]

    def _branch(self, scan: Scan | None) -> str:
        identifier = self.engine.identifier
        outputs = [(identifier(g), identifier(g)) for g in self._groups]
        for other in self.plan.scans.values():
            for name in other.leaves:
                missing = self.engine.cast("NULL", self.plan.leaf_types[name])
                outputs.append((identifier(name) if other is scan else missing, identifier(name)))
        return select(outputs, scan.name if scan else "members")

    def _regrouped(self, scans: list[Scan]) -> Cte:
        identifier = self.engine.identifier
        groups = [identifier(g) for g in self._groups]
        outputs = [(g, g) for g in groups]
        for scan in scans:
            for name, call in scan.leaves.items():
                # Each group has at most one row of the fact; there is no greatest truth on every engine.
                pick = "bool_or" if self.plan.leaf_types[name] == "boolean" else "max"
                value = f"{pick}({identifier(name)})"
                outputs.append((f"coalesce({value}, 0)" if call.name in _COUNTS else value, identifier(name)))
        return Cte("results", select(outputs, "facts", group=groups))

    def _member_steps(self, members: Members) -> list[Cte]:
        if members.table is None:
            return [Cte("members", select([(self._grain, self._grain)], "buckets"))]
        rows = Rows(members.table, self.schema, self.engine, self._context, Basis("always"))
        for dimension, column in zip(self.plan.dimensions, members.columns, strict=True):
            rows.add(dimension.name, column)
        if members.where is not None:
            rows.where(members.where)
        [listed] = rows.ctes("member_rows")
        names = [self.engine.identifier(d.name) for d in self.plan.dimensions]
        outputs = [(n, n) for n in names]
        if self.plan.query.grain is None:
            return [listed, Cte("members", select(outputs, "member_rows", distinct=True))]
        crossed = select([(self._grain, self._grain), *outputs], "member_rows CROSS JOIN buckets", distinct=True)
        return [listed, Cte("members", crossed)]
