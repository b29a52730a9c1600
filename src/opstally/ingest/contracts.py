"""The contract of a source, held up to its files before they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from opstally.errors import LoadError
from opstally.expression.tree import columns
from opstally.ingest.drift import Judging
from opstally.ingest.exports import Export
from opstally.ingest.expressions import parsed, types_by_use
from opstally.ingest.intake import Intake, spellings
from opstally.ingest.kinds import without_offset
from opstally.ingest.values import OFFSET
from opstally.library import Library
from opstally.model.contract import Contract
from opstally.model.project import Project
from opstally.model.source import Field_, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Contracted:
    """What a source and its project agreed on, and where it is written."""

    def __init__(self, library: Library, project: Project, intake: Intake) -> None:
        self.intake, self.library = intake, library
        declared = library.sources.get(intake.name)
        self.own = declared is not None and not declared.file.startswith("catalog/") and not intake.own_names
        self.file = declared.file if declared is not None and self.own else None
        self.contract: Contract = project.contracts.get(intake.name, intake.source.contract)
        self.where = self.file or f"sources/{intake.name}.yml"
        """The file in which the source can be mended."""

    def judge(self, connection: DuckDBPyConnection, found: Sequence[Export]) -> tuple[list[Export], Judging]:
        """The exports as they are to be read. Raises LoadError for what the contract refuses."""
        judging = Judging(connection, self.intake.source, self.contract, self.file, self._spelled())
        judged = judging.judge(found)
        if self.own and self.intake.source.timezone is None:
            self._refuse_unzoned(judged, judging)
        return judged, judging

    def _spelled(self) -> dict[str, str] | None:
        """Every spelling of a column → the column, for files that name their columns themselves."""
        if not self.intake.own_names:
            return None
        [target] = self.intake.source.targets
        return spellings(self.library.tables[target.table].declaration)

    def _refuse_unzoned(self, found: Sequence[Export], judging: Judging) -> None:
        wanted = set(self._timestamps())
        for export in found:
            values = judging.samples.get(export.look.sha256, ())
            for name, texts in zip(export.names, values, strict=False):
                text = without_offset(t for t in texts if t not in self.intake.source.options.null)
                if name in wanted and text is not None:
                    raise LoadError(
                        f"{export.file.shown}: {name} has times without an offset, such as {text!r}, and {self.where} "
                        "does not say their time zone. Which one is it? Answer there with timezone: UTC, or such as "
                        "timezone: Europe/Berlin. Nothing was loaded."
                    )

    def _timestamps(self) -> Iterator[str]:
        """The columns of the export that are read as timestamps whose zone only the source can tell."""
        source = self.intake.source
        for target in source.targets:
            table = self.library.tables[target.table].declaration if target.table in self.library.tables else None
            for name, told in target.columns.items():
                field = told if isinstance(told, Field_) else Field_(source=told)
                column = table.columns.get(name) if table is not None else None
                is_local = column is not None and column.type == "timestamp" and _local(source, field)
                if is_local and isinstance(field.source, str):
                    yield field.source
                if field.value is not None and not field.timezone:
                    expr = parsed(field.value)
                    used = types_by_use({name: expr})
                    yield from (c.name for c in columns(expr) if used.get(c.name) == "timestamp")


def _local(source: Source, field: Field_) -> bool:
    format_ = field.format or source.date_format or ""
    return field.timezone is None and "%z" not in format_ and format_ not in ("epoch", "epoch_ms", OFFSET)
