"""What is declared, in words: one entry a table, metric, report or source, with its lineage and who uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from opstally.definitions import link
from opstally.errors import OpstallyError
from opstally.expression.tree import columns
from opstally.library import Declared, Library
from opstally.model.metric import Metric
from opstally.model.report import Report
from opstally.model.source import Field_, Source, Target
from opstally.model.table import Table

KINDS: Final = ("tables", "metrics", "reports", "sources")
GOOD: Final = {"up": "higher is better", "down": "lower is better", "neutral": "neither direction is better"}


class Catalogue:
    """A library with its metrics linked to their tables, once."""

    def __init__(self, library: Library) -> None:
        self.tables, self.metrics = library.tables, library.metrics
        self.reports, self.sources = library.reports, library.sources
        self.schema, self.linked = link(library)


@dataclass(frozen=True)
class Sheet:
    """A table of an entry."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Entry:
    """One declaration in full. `facts` are (name, text); those without text are left out."""

    kind: str
    name: str
    label: str
    description: str
    facts: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...]


def named(known: Catalogue, kind: str) -> Mapping[str, Declared[Any]]:
    """The declarations of one kind."""
    return {
        "tables": known.tables,
        "metrics": known.metrics,
        "reports": known.reports,
        "sources": known.sources,
    }[kind]


def overview(known: Catalogue, kind: str) -> Sheet:
    """One line for each declaration of a kind."""
    declared = named(known, kind)
    if kind == "metrics":
        found = sorted((d.declaration for d in known.metrics.values()), key=lambda m: (m.domain, m.metric))
        rows: list[tuple[str, ...]] = [(m.domain, m.metric, m.label, m.unit, m.table or "other metrics") for m in found]
        return Sheet("Metrics", ("Domain", "Metric", "What it is", "Unit", "From"), tuple(rows))
    if kind == "tables":
        rows = [(n, d.declaration.row, _kind_of(d.declaration), d.declaration.at or "") for n, d in declared.items()]
        return Sheet("Tables", ("Table", "One row is", "Kind", "Over time by"), tuple(rows))
    if kind == "reports":
        rows = [(n, d.declaration.title, d.declaration.question, d.declaration.window) for n, d in declared.items()]
        return Sheet("Reports", ("Report", "Title", "Question", "Window"), tuple(rows))
    rows = [(n, d.declaration.label, d.declaration.format, _targets(d.declaration)) for n, d in declared.items()]
    return Sheet("Sources", ("Source", "What it is", "Format", "Feeds"), tuple(rows))


def entry(known: Catalogue, kind: str, name: str) -> Entry:
    """One declaration in full."""
    declared = named(known, kind)[name]
    make = {"tables": _table, "metrics": _metric, "reports": _report, "sources": _source}
    return cast(Callable[[Catalogue, Declared[Any]], Entry], make[kind])(known, declared)


def used_by(known: Catalogue, metric: str) -> dict[str, list[str]]:
    """How → who: reports that show a metric, metrics that are made of it, and those that it guards or leads."""
    others = [m.declaration for m in known.metrics.values()]
    found = {
        "Shown in": [
            slug
            for slug, report in known.reports.items()
            if any(metric in section.columns.values() for section in report.declaration.sections)
        ],
        "Part of": [m.metric for m in others if m.table is None and metric in _named_metrics(known, m.metric)],
        "Guards": [m.metric for m in others if metric in m.guardrails],
        "Leads": [m.metric for m in others if metric in m.leading],
    }
    return {how: names for how, names in found.items() if names}


def _metric(known: Catalogue, declared: Declared[Metric]) -> Entry:
    metric = declared.declaration
    facts = (
        ("Value", metric.value),
        ("From", metric.table or "other metrics"),
        ("Period by", _basis(known, metric)),
        ("Only where", metric.where or ""),
        ("Counted when", metric.settled or ""),
        *((f"Left out: {reason}", condition) for reason, condition in metric.excludes.items()),
        ("Unit", metric.unit),
        ("Good", GOOD[metric.good]),
        ("Target", "" if metric.target is None else f"{metric.target:g}"),
        ("Weak below", f"{metric.min_n} rows" if metric.min_n > 1 else ""),
        ("Owner", metric.owner),
        ("Decision", metric.decision),
        ("Guardrails", ", ".join(metric.guardrails)),
        ("Leading", ", ".join(metric.leading)),
        ("Made of", ", ".join(lineage(known, metric.metric))),
        ("Can be split by", ", ".join(dimensions(known, metric.metric))),
        *((how, ", ".join(names)) for how, names in used_by(known, metric.metric).items()),
        ("Version", _version(known, metric.metric)),
        ("Declared in", _file(declared)),
    )
    return Entry("metric", metric.metric, metric.label, metric.description, _present(facts), ())


def lineage(known: Catalogue, name: str) -> list[str]:
    """The stored and computed columns, or the metrics, that a metric names."""
    declared = known.metrics[name].declaration
    if declared.table is None:
        return _named_metrics(known, name)
    try:
        linked = known.linked[name]
        exprs = [linked.expr, linked.where, linked.settled, *(e for _, e in linked.excludes)]
        fields = [known.schema.resolve(declared.table, c) for e in exprs if e is not None for c in columns(e)]
    except OpstallyError:
        return []  # the check says what is wrong with it
    return list(dict.fromkeys(f"{field.table}.{field.name}" for field in fields))


def dimensions(known: Catalogue, name: str) -> list[str]:
    """What a metric can be split by: texts and flags of its table and of those it refers to, without personal data."""
    declared = known.metrics[name].declaration
    if declared.table is None or declared.table not in known.tables:
        return []
    table = known.tables[declared.table].declaration
    found = list(_splits(table))
    for role, reference in table.references.items():
        there = known.tables.get(reference.table)
        own = {ours for ours, _ in reference.pairs}
        found += [f"{role}.{n}" for n in _splits(there.declaration) if n not in own] if there is not None else []
    return found


def _splits(table: Table) -> Iterator[str]:
    if table.derived is not None:
        yield from table.derived.per
    for name, column in table.columns.items():
        is_key = (name,) == table.key
        if column.type in ("text", "boolean") and not column.personal and not is_key:
            yield name


def _table(known: Catalogue, declared: Declared[Table]) -> Entry:
    table = declared.declaration
    derived = table.derived
    facts = (
        ("One row is", table.row),
        ("Key", ", ".join(derived.per if derived else table.key)),
        ("Made from", f"{derived.source}, per {', '.join(derived.per)}, over the asked period" if derived else ""),
        ("Only where", derived.where or "" if derived else ""),
        ("Over time by", table.at or "" if not derived else derived.at or ""),
        ("Newest row by", table.recency or ""),
        ("Fed by", ", ".join(n for n, s in known.sources.items() if _feeds(s.declaration, table.table))),
        ("Used by", ", ".join(_metrics_of(known, table.table))),
        ("Declared in", _file(declared)),
    )
    return Entry("table", table.table, table.label, table.description, _present(facts), tuple(_table_sheets(table)))


def _table_sheets(table: Table) -> Iterator[Sheet]:
    if table.columns:
        rows = tuple(
            (name, c.type, c.unit or "", _column_text(c), ", ".join(c.aliases)) for name, c in table.columns.items()
        )
        yield Sheet("Columns", ("Column", "Type", "Unit", "Meaning", "Also called"), rows)
    if table.derived:
        inner = tuple((name, c.value, c.description) for name, c in table.derived.columns.items())
        yield Sheet("Per entity", ("Column", "Value", "Meaning"), inner)
    if table.computed:
        computed = tuple((name, c.value, c.description) for name, c in table.computed.items())
        yield Sheet("Computed", ("Column", "Value", "Meaning"), computed)
    if table.references:
        roles = tuple(
            (role, r.table, ", ".join(a if a == b else f"{a} = {b}" for a, b in r.pairs))
            for role, r in table.references.items()
        )
        yield Sheet("Refers to", ("Role", "Table", "By"), roles)
    if table.checks:
        yield Sheet(
            "Rows go to quarantine unless", ("Rule", "Message"), tuple((c.expect, c.message) for c in table.checks)
        )


def _column_text(column: Any) -> str:
    parts = [column.description.rstrip(".")]
    if column.allowed:
        parts.append(f"one of {', '.join(column.allowed)}")
    if column.min is not None or column.max is not None:
        low = "" if column.min is None else f"{column.min:g}"
        high = "" if column.max is None else f"{column.max:g}"
        parts.append(f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    if column.required:
        parts.append("required")
    if column.personal:
        parts.append("personal")
    return "; ".join(part for part in parts if part)


def _report(known: Catalogue, declared: Declared[Report]) -> Entry:
    report = declared.declaration
    shown = [metric for section in report.sections for metric in section.columns.values()]
    tables = sorted({t for metric in shown for t in _tables_of(known, metric)})
    facts = (
        ("Question", report.question),
        ("Audience", report.audience),
        ("Window", report.window),
        ("Needs tables", ", ".join(tables)),
        ("Declared in", _file(declared)),
    )
    sheets = []
    for section in report.sections:
        time = [section.grain_as or section.grain] if section.grain else []
        split = ", ".join([*time, *(name for name, _ in section.dimensions)])
        rows = tuple((name, metric, _label(known, metric)) for name, metric in section.columns.items())
        title = f"{section.title}, by {split}" if split else section.title
        sheets.append(Sheet(title, ("Column", "Metric", "What it is"), rows))
    return Entry("report", report.report, report.title, "", _present(facts), tuple(sheets))


def _source(_known: Catalogue, declared: Declared[Source]) -> Entry:
    source = declared.declaration
    facts = (
        ("Files", ", ".join(source.files or source.match.files)),
        ("Recognised by", ", ".join(source.match.columns)),
        ("Format", source.format),
        ("Time zone", source.timezone or "UTC unless told"),
        ("Feeds", _targets(source)),
        ("Declared in", _file(declared)),
    )
    sheets = [
        Sheet(
            _rows_of(target),
            ("Our column", "From"),
            tuple((name, _origin(field)) for name, field in target.columns.items()),
        )
        for target in source.targets
    ]
    if source.cannot:
        sheets.append(Sheet("Cannot be had from it", ("What", "Why"), tuple(source.cannot.items())))
    return Entry("source", source.source, source.label, source.description, _present(facts), tuple(sheets))


def _rows_of(target: Target) -> str:
    """What the rows of a target are: the table, the list whose elements they are, and which records count."""
    each = f", a row for each of {' and their '.join(target.each.values())}" if target.each else ""
    return f"{target.table}{each}{f', where {target.where}' if target.where else ''}"


def _origin(field: str | Field_) -> str:
    if isinstance(field, str):
        return field
    origin = field.source or field.value or ""
    parts = [origin if isinstance(origin, str) else " and ".join(origin)]
    if field.extract:
        parts.append(f"the part that fits {field.extract}")
    if field.map:
        parts.append(", ".join(f"{theirs} → {ours}" for theirs, ours in field.map.items()))
    if field.scale is not None:
        parts.append(f"times {field.scale:g}")
    if field.format or field.timezone:
        parts.append(" ".join(part for part in (field.format, field.timezone) if part))
    return "; ".join(parts)


def _basis(known: Catalogue, metric: Metric) -> str:
    try:
        basis = known.linked[metric.metric].basis
    except OpstallyError:
        return ""  # the check says what is wrong with it
    return str(basis) if basis is not None else ""


def _version(known: Catalogue, name: str) -> str:
    try:
        return known.linked.version(name)
    except OpstallyError:
        return ""  # the check says what is wrong with it


def _tables_of(known: Catalogue, metric: str) -> list[str]:
    try:
        parts = known.linked.parts(metric)
    except OpstallyError:
        return []  # the check says what is wrong with it
    tables = [known.tables[p.table].declaration for p in parts if p.table is not None]
    return [t.derived.source if t.derived else t.table for t in tables]


def _named_metrics(known: Catalogue, name: str) -> list[str]:
    try:
        return [column.name for column in columns(known.linked[name].expr)]
    except OpstallyError:
        return []  # the check says what is wrong with it


def _metrics_of(known: Catalogue, table: str) -> Iterable[str]:
    return [name for name, m in known.metrics.items() if m.declaration.table == table]


def _feeds(source: Source, table: str) -> bool:
    return any(target.table == table for target in source.targets)


def _targets(source: Source) -> str:
    return ", ".join(dict.fromkeys(target.table for target in source.targets))


def _kind_of(table: Table) -> str:
    return f"made from {table.derived.source}" if table.derived else "stored"


def _label(known: Catalogue, metric: str) -> str:
    found = known.metrics.get(metric)
    return found.declaration.label if found is not None else ""


def _file(declared: Declared[Any]) -> str:
    return f"{declared.file}, in place of {declared.overrides}" if declared.overrides else declared.file


def _present(facts: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in facts if text)
