"""A report: a title, the question it answers, its window, and sections that name metrics."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from opstally.model.declaration import Declaration, Expression, Name, Slug

GrainName = Literal["day", "week", "month", "quarter", "year"]


class Chart(Declaration):
    """A chart drawn from the section's rows; names are columns of the section."""

    kind: Literal["line", "bar", "stacked_bar", "heat"]
    x: Name
    y: Name
    color: Name | None = None
    title: str = ""


class Transform(Declaration):
    """A step on the section's rows by a method of `opstally.methods`; `options` are its keyword arguments.

    An option written `setting:NAME` is that assumption of the project.
    """

    method: Name
    options: dict[str, Any] = field(default_factory=dict)


class Section(Declaration):
    """One table of a report."""

    title: str
    description: str = ""
    by: dict[Name, str] | tuple[str, ...] = ()
    """Dimensions, or output column → dimension."""
    grain: GrainName | None = None
    grain_as: Name | None = None
    """Output name of the time column; the grain's own unless told."""
    columns: dict[Name, Name]
    """Output column → metric, in the order shown."""
    where: Expression | None = None
    window: str | None = None
    """Other than the report's."""
    transform: Transform | None = None
    shown: tuple[Name, ...] = ()
    """The output columns and their order, where a transform changes them; all otherwise."""
    sort: tuple[str, ...] = ()
    """Output columns, `-` before one for descending."""
    members: bool = True
    """Show dimension members that have no facts."""
    compare: Literal["previous", "year"] | None = None
    """Adds `<column>_before` and `<column>_change` for every metric column."""
    chart: Chart | None = None

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """(output name, dimension) pairs; a path is called by its last part unless told otherwise."""
        if isinstance(self.by, dict):
            return tuple(self.by.items())
        return tuple((asked.rsplit(".", 1)[-1], asked) for asked in self.by)

    @property
    def names(self) -> list[str]:
        """The output columns before any transform, in order."""
        time = [self.grain_as or self.grain] if self.grain else []
        before = (
            [n for c in self.columns for n in (c, f"{c}_before", f"{c}_change")] if self.compare else list(self.columns)
        )
        return [*time, *(name for name, _ in self.dimensions), *before]


class Report(Declaration):
    """See the module."""

    report: Slug
    title: str
    question: str
    audience: str = ""
    window: str
    """Complete periods that ended by `as_of`: "13 weeks", "30 days", "6 months", "1 month"."""
    sections: tuple[Section, ...] = field(metadata={"min_length": 1})
    notes: tuple[str, ...] = ()
