"""Records of an export → rows of one table, with the faults of each: one query, computed column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from opstally.engines.duckdb import DuckDB
from opstally.errors import BadExpression, LoadError, did_you_mean
from opstally.expression import Expr, Typed
from opstally.expression.tree import columns as columns_of
from opstally.ingest.expressions import Meaning, parsed, types_by_use
from opstally.ingest.faults import FAULT_TYPE, Fault, too_short, unread
from opstally.ingest.layers import Layers
from opstally.ingest.records import Records
from opstally.ingest.requirements import Value, faults, fill
from opstally.ingest.values import OFFSET, Reading, Writing, listed, mapped, reading
from opstally.model.source import Field_, Source, Target
from opstally.model.table import Column, Table
from opstally.model.unit import ColumnType
from opstally.quoting import quoted, text

NOT_OPEN: Final = "is no JSON, so nothing can be taken out of it"
GOOD, FAULTY, LEFT_OUT, BLANK = 0, 1, 2, 3
"""What becomes of a record: a row; quarantined; not a row of this table; not a record at all."""


@dataclass(frozen=True)
class Rows:
    """The query: the table's columns in their order, then `_file`, `_line`, `_fate`, `_faults`, `_raw`.

    provided: the columns to which this export gives values. digests: those whose equal values must be told apart.
    """

    sql: str
    provided: tuple[str, ...]
    digests: tuple[str, ...]
    unused: tuple[str, ...]
    """Columns of the export that nothing reads."""


EXTRAS: Final[Mapping[str, str]] = {
    "_file": "INTEGER",
    "_line": "BIGINT",
    "_fate": "UTINYINT",
    "_faults": FAULT_TYPE,
    "_raw": "VARCHAR",
}
"""The columns beyond the table's, and their types."""


def rows(source: Source, target: Target, table: Table, records: Records, meaning: Meaning, file: str) -> Rows:
    """How a source's target makes rows of `table` out of records. `file` is SQL of the file's number by `file_index`.

    Raises LoadError where the export lacks a column, or an expression does not fit it.
    """
    return _Mapping(source, target, table, records, meaning).rows(file)


class _Mapping:
    """The layers of one query, lowest first: clean text, inputs of expressions, expressions, values, fills, faults."""

    def __init__(self, source: Source, target: Target, table: Table, records: Records, meaning: Meaning) -> None:
        self.source, self.target, self.table, self.records, self.meaning = source, target, table, records, meaning
        self.clean: dict[str, str] = {}
        self.joined: dict[str, str] = {}
        self.read_local: dict[str, str] = {}
        self.read: dict[str, str] = {}
        self.made: dict[str, str] = {}
        self.extracted: dict[str, str] = {}
        self.mapped: dict[str, str] = {}
        self.local: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.input_faults: list[Fault] = []
        self.used: set[int] = set()
        self.digests: list[str] = []
        self.fields = {name: _field(declared) for name, declared in target.columns.items()}
        self._refuse_unknown()
        self._add_recency()

    def rows(self, file: str) -> Rows:
        self.inputs = inputs = self._inputs()
        columns = [self._column(i, name) for i, name in enumerate(self.table.columns)]
        keep = self._keep(inputs)
        filled = fill(self.table, self.meaning, columns)
        layers = Layers(self.records.sql)
        if not self.records.numbered:
            layers.add({"_line": "CAST(NULL AS BIGINT)"})
        for layer in (self.clean, self.joined, self.read_local, self.read, self.made, self.extracted):
            layers.add(layer)
        for layer in (self.mapped, self.local, self.values):
            layers.add(layer)
        layers.add(filled)
        closed = [Fault(name, f"({sql}) IS NOT NULL", sql, NOT_OPEN) for name, sql in self.records.astray]
        if self.records.refused:
            closed.insert(
                0, Fault("", "true", "NULL", f"is in a file whose columns have changed: {self.records.refused}")
            )
        found = [*closed, *self.input_faults, *faults(self.table, self.meaning, columns)]
        if self.target.deleted:
            gone, _ = self._sql(parsed(self.target.deleted), inputs)
            layers.add({"_gone": f"coalesce({gone}, false)"})
            found = [self._of_the_living(fault) for fault in found]
        layers.add({"_bad": " OR ".join([f.when for f in found] or ["false"]), "_keep": keep})
        layers.add({"_fate": self._fate()})
        layers.add({"_faults": f"CASE WHEN _fate = {FAULTY} THEN {self._listed(found)} END"})
        taken = [f"CAST({c.value} AS {DuckDB.types[c.column.type]}) AS {quoted(c.name)}" for c in columns]
        kept = f"CASE WHEN _fate = {FAULTY} THEN {self._raw()} END AS _raw"
        beyond = [f"CAST({file} AS INTEGER) AS _file", "_line", "_fate", "_faults", kept]
        if self.target.deleted:
            beyond.append("_gone")
        return Rows(
            f"SELECT {', '.join(taken + beyond)} FROM {layers.sql}",
            tuple(c.name for c in columns if c.provided),
            tuple(self.digests),
            tuple(n for i, n in enumerate(self.records.names) if i not in self.used),
        )

    def _of_the_living(self, fault: Fault) -> Fault:
        """A record of a deletion needs no more than what tells its row, and when."""
        if fault.column in (*self.table.key, self.table.recency, self.table.revision, ""):
            return fault
        return replace(fault, when=f"(NOT _gone AND {fault.when})")

    # -- the export's side -----------------------------------------------------------------------------------------

    def _refuse_unknown(self) -> None:
        for name in self.fields:
            if name not in self.table.columns:
                near = did_you_mean(name, self.table.columns)
                raise LoadError(f"Source {self.source.source}: {self.table.table} has no column {name!r}.{near}")

    def _add_recency(self) -> None:
        if self.target.recency is None:
            return
        if self.table.recency is None:
            raise LoadError(
                f"Source {self.source.source}: {self.table.table} has no column that tells which row is newer, "
                "so the source's 'recency' cannot be used. Remove it."
            )
        self.fields.setdefault(self.table.recency, _field(self.target.recency))

    def _text(self, name: str) -> str:
        """The name under which the cleaned text of an export's column is computed."""
        at = self.records.position(name)
        self.used.add(at)
        self.clean[f"g{at}"] = self.records.cleaned(at, self.source.options.null)
        return f"g{at}"

    def _inputs(self) -> dict[str, str]:
        """Reads the columns that expressions name, in the types that their use tells: name → SQL name."""
        exprs = {n: parsed(f.value) for n, f in self.fields.items() if f.value is not None and self._wanted(n, f)}
        for name, condition in (("where", self.target.where), ("deleted", self.target.deleted)):
            if condition:
                exprs[name] = parsed(condition)
        lacking = self._lacking(exprs)
        found: dict[str, str] = {}
        try:
            self.types = types_by_use(exprs)
        except BadExpression as problem:
            raise self._wrong(problem) from None
        for column in dict.fromkeys(c for expr in exprs.values() for c in columns_of(expr)):
            type_ = self.types.setdefault(column.name, "text")
            if column.name in lacking:
                found[column.name] = f"CAST(NULL AS {DuckDB.types[type_]})"
                continue
            raw = self._text(column.name)
            found[column.name] = f"{raw}_{type_}" if type_ != "text" else raw
            if type_ != "text":
                how = reading(raw, type_, self._writing(self._format(type_), self.source.timezone or "UTC"))
                self._read(how, found[column.name], self.read_local, self.read)
                self.input_faults += unread(column.name, raw, found[column.name], how)
        return found

    def _lacking(self, exprs: Mapping[str, Expr]) -> set[str]:
        """The names in optional values that the export lacks."""
        named = [c.name for n, f in self.fields.items() if f.optional and n in exprs for c in columns_of(exprs[n])]
        named += [c.name for expr in exprs.values() for c in columns_of(expr) if c.name in self.records.lacking]
        return {name for name in named if self.records.find(name) is None}

    def _keep(self, inputs: Mapping[str, str]) -> str:
        """SQL that is true for the records that are rows of the table; for those of which that cannot be told, too."""
        if not self.target.where:
            return "true"
        expr = parsed(self.target.where)
        condition, _ = self._sql(expr, inputs)
        doubtful = [f.when for f in self.input_faults if f.column in {c.name for c in columns_of(expr)}]
        return " OR ".join([f"coalesce({condition}, false)", *doubtful])

    def _sql(self, expr: Expr, inputs: Mapping[str, str]) -> tuple[str, str]:
        try:
            return self.meaning.sql(expr, lambda c: Typed(self.types[c.name]), lambda c: inputs[c.name])
        except BadExpression as problem:
            raise self._wrong(problem) from None

    def _wrong(self, problem: BadExpression) -> LoadError:
        return LoadError(f"Source {self.source.source}, table {self.table.table}: {problem}")

    # -- the table's side ------------------------------------------------------------------------------------------

    def _column(self, at: int, name: str) -> Value:
        column = self.table.columns[name]
        made = Value(name, column, value=f"CAST(NULL AS {DuckDB.types[column.type]})")
        told = self.fields.get(name)
        if told is None or not self._wanted(name, told):
            self._refuse_without(made)
            return made
        made.provided, made.value = True, f"v{at}"
        if told.value is not None:
            expr = parsed(told.value)
            inputs = {c.name: self.inputs[c.name] for c in columns_of(expr)}
            sql, kind = self._sql(expr, inputs)
            self.made[f"x{at}"] = sql
            if kind not in ("text", "null"):
                return self._typed(made, at, kind)
            made.given = f"x{at}"
        else:
            made.given = self._given(at, name, told)
            if quick := self._native(told, column):
                self.values[f"v{at}"] = quick
                made.faults += unread(name, made.given, f"v{at}", reading("", column.type, Writing()))
                return made
        self._parse(made, at, told)
        return made

    def _refuse_without(self, made: Value) -> None:
        if made.column.fill is None and (made.name in self.table.key or made.column.required):
            near = did_you_mean(made.name, self.records.names)
            raise LoadError(
                f"{self.records.shown} has no column for {self.table.table}.{made.name}, which is required.{near}"
            )

    def _wanted(self, name: str, told: Field_) -> bool:
        """Whether the export has what a column is made from, or must have it."""
        names = (told.source,) if isinstance(told.source, str) else told.source or ()
        lacking = self.records.lacking
        if not told.optional and not lacking:
            return True
        if told.value is not None:
            read = [c.name for c in columns_of(parsed(told.value))]
            if told.optional and (name in self.table.key or self.table.columns[name].required):
                return True  # the value may have something to fall back on
            return not read or any(
                self.records.find(n) is not None or not (told.optional or n in lacking) for n in read
            )
        names = tuple(name for name in names if told.optional or name in lacking)
        return all(name == "*" or self.records.find(name) is not None for name in names)

    def _given(self, at: int, name: str, told: Field_) -> str:
        """The name under which the text of a column stands."""
        if told.source == "*":
            self.digests.append(name)
            self.used.update(range(len(self.records.names)))
            self.joined[f"c{at}"] = f"md5({whole(self)})"
            return f"c{at}"
        if isinstance(told.source, str):
            return self._text(told.source)
        parts = [self._text(part) for part in told.source or ()]
        joined = "concat_ws('|', " + ", ".join(f"coalesce({part}, '')" for part in parts) + ")"
        self.joined[f"c{at}"] = f"CASE WHEN {' OR '.join(f'{p} IS NOT NULL' for p in parts)} THEN {joined} END"
        return f"c{at}"

    def _native(self, told: Field_, column: Column) -> str | None:
        """SQL of a typed file's value that needs no reading."""
        if not isinstance(told.source, str) or told.source == "*" or told.map or told.scale is not None or told.format:
            return None
        at = self.records.position(told.source)
        if self.records.native[at] not in _NATIVE.get(column.type, ()):
            return None
        return f"CAST(r{at} AS {DuckDB.types[column.type]})"

    def _typed(self, made: Value, at: int, kind: str) -> Value:
        """A column whose expression gives a value that is not text."""
        wanted = made.column.type
        if kind != wanted and {kind, wanted} != {"integer", "number"}:
            raise LoadError(
                f"Source {self.source.source}: the value of {self.table.table}.{made.name} is {kind}, not {wanted}."
            )
        made.given = f"CAST(x{at} AS VARCHAR)"
        whole_only = wanted == "integer" and kind == "number"
        self.values[f"v{at}"] = f"CASE WHEN x{at} = floor(x{at}) THEN x{at} END" if whole_only else f"x{at}"
        if whole_only:
            made.faults += unread(made.name, made.given, made.value, Reading("", "is not a whole number"))
        if wanted == "number":
            made.faults.append(Fault(made.name, f"NOT isfinite({made.value})", made.given, "is not a finite number"))
        return made

    def _parse(self, made: Value, at: int, told: Field_) -> None:
        """A column that is read from text."""
        raw = made.given
        if told.extract:
            self.extracted[f"e{at}"] = f"nullif(regexp_extract({raw}, {text(told.extract)}, 1), '')"
            form = f"does not have the form {told.extract}"
            made.faults.append(Fault(made.name, f"({raw} IS NOT NULL AND e{at} IS NULL)", raw, form))
            raw = f"e{at}"
        if told.map:
            self.mapped[f"m{at}"] = mapped(raw, told.map, told.otherwise)
            reason = f"is not one of {listed(sorted(told.map))}"
            made.faults.append(Fault(made.name, f"({raw} IS NOT NULL AND m{at} IS NULL)", raw, reason))
            raw = f"m{at}"
        zone = told.timezone or self.source.timezone or "UTC"
        column = made.column
        how = self._writing(told.format or self._format(column.type), zone, told.decimal, told.scale)
        read = reading(raw, column.type, how, column.allowed)
        self._read(read, f"v{at}", self.local, self.values)
        made.faults += unread(made.name, raw, f"v{at}", read, shown=made.given)

    def _read(self, how: Reading, name: str, local: dict[str, str], values: dict[str, str]) -> None:
        if how.local:
            local[f"{name}_exact"], local[f"{name}_local"] = how.value, how.local
            values[name] = how.finish(f"{name}_exact", f"{name}_local")
        else:
            values[name] = how.value

    def _writing(self, format_: str | None, zone: str, decimal: str = ".", scale: float | None = None) -> Writing:
        if format_ == OFFSET and self.source.epoch is None:
            raise LoadError(
                f"Source {self.source.source}: its times count seconds from a moment that the export does not tell. "
                'Which one? Answer in opstally.yml, where it lists the source, with its UTC time: epoch: "2024-01-01".'
            )
        return Writing(format_, zone, decimal, scale, self.source.epoch, self.records.nul)

    def _format(self, type_: ColumnType) -> str | None:
        return self.source.date_format if type_ in ("date", "timestamp") else None

    # -- what becomes of a record --------------------------------------------------------------------------------------

    def _fate(self) -> str:
        blank = f"WHEN {self.records.blank} THEN {BLANK} " if self.records.blank else ""
        broken = [f"WHEN {sql} THEN {FAULTY} " for sql in (self.records.broken, self.records.short) if sql]
        told = f"WHEN NOT _keep THEN {LEFT_OUT} WHEN _bad THEN {FAULTY} ELSE {GOOD}"
        return f"CAST(CASE {blank}{''.join(broken)}{told} END AS UTINYINT)"

    def _listed(self, faults: list[Fault]) -> str:
        """SQL of the list of a faulty row's faults."""
        each = ", ".join(f"CASE WHEN {f.when} THEN {f.sql} END" for f in faults)
        found = f"list_filter([{each}], lambda f: f IS NOT NULL)"
        if self.records.broken:
            whole_line = Fault("", "", "line", "is not a JSON object").sql
            return f"CASE WHEN {self.records.broken} THEN [{whole_line}] ELSE {found} END"
        if self.records.short:
            return f"CASE WHEN {self.records.short} THEN [{too_short(self.records.width)}] ELSE {found} END"
        return found

    def _raw(self) -> str:
        """SQL of a faulty record."""
        if not self.records.short:
            return self.records.raw
        return f"CASE WHEN {self.records.short} THEN {self.records.line} ELSE {self.records.raw} END"


_NATIVE: dict[ColumnType, tuple[str, ...]] = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "number": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "FLOAT", "DOUBLE"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP WITH TIME ZONE",),
}
"""Types of typed files that are taken as they are; not so a timestamp without a zone, as its zone is the source's."""


def _field(declared: str | Field_) -> Field_:
    return Field_(source=declared) if isinstance(declared, str) else declared


def whole(mapping: _Mapping) -> str:
    """SQL of all values of a record, by name, so that neither the order of columns nor empty ones matter."""
    records = mapping.records
    beside = mapping.source.lookups
    own = [i for i, name in enumerate(records.names) if name.split(".")[0] not in beside]
    at = sorted(own, key=lambda i: records.names[i])
    parts = []
    for i in at:
        clean = records.cleaned(i, mapping.source.options.null)
        parts.append(f"coalesce({text(records.names[i] + '=')} || {clean} || chr(31), '')")
    return f"concat({', '.join(parts)})"
