"""How the columns of new files differ from those loaded before, and what the source's contract says to that."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opstally.errors import LoadError
from opstally.expression.tree import columns as columns_of
from opstally.ingest.exports import Export
from opstally.ingest.expressions import parsed
from opstally.ingest.kinds import kind, sample
from opstally.ingest.records import squashed
from opstally.model.contract import Answer, Contract
from opstally.model.source import Field_, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOOKED_INTO: Final = 20
"""New files whose values are looked at; the headers of all are."""

_ALIKE: Final = 0.6
_SURE: Final = 20
"""Values from which a column that was text is said to hold something else."""


@dataclass(frozen=True)
class Seen:
    """The columns of a file: their names, the kinds of their values, and which of them the source reads."""

    names: tuple[str, ...]
    kinds: Mapping[str, str]
    used: frozenset[str]


@dataclass(frozen=True)
class Drift:
    """What is otherwise in a file than in the file before that is most like it."""

    new: tuple[str, ...]
    missing: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    """(Gone, new) pairs."""

    def __bool__(self) -> bool:
        return bool(self.new or self.missing or self.renamed)


def seen_before(connection: DuckDBPyConnection, source: str) -> dict[str, Seen]:
    """Digest → columns of the files that this source has loaded, the last one last."""
    rows = connection.execute(
        "SELECT sha256, names, kinds, used FROM opstally.columns WHERE source = ? ORDER BY load_id, path", [source]
    ).fetchall()
    return {
        sha: Seen(tuple(names), dict(zip(names, kinds, strict=True)), frozenset(used))
        for sha, names, kinds, used in rows
    }


def compared(export: Export, before: Sequence[Seen]) -> Drift:
    """Against the most similar of the files before, the latest of equal ones."""
    ours = {squashed(name): name for name in export.names}
    nearest = min(reversed(before), key=lambda seen: len(ours.keys() ^ {squashed(name) for name in seen.names}))
    theirs = {squashed(name): name for name in nearest.names}
    # JSON leaves out what is empty.
    gone = [] if export.format == "jsonl" else [name for key, name in theirs.items() if key not in ours]
    new = [name for key, name in ours.items() if key not in theirs]
    # A file's order of columns seldom changes with a name.
    place = {name: at for at, name in enumerate(export.names)}
    pairs = []
    for name in gone:
        at = nearest.names.index(name)
        likely = [n for n in new if _alike(name, n)] or [n for n in new if place[n] == at and len(gone) == len(new)]
        if likely:
            best = max(likely, key=lambda n: _likeness(name, n))
            new.remove(best)
            pairs.append((name, best))
    left = tuple(name for name in gone if name not in {old for old, _ in pairs})
    return Drift(tuple(new), left, tuple(pairs))


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, squashed(one), squashed(other)).ratio()


def _alike(one: str, other: str) -> bool:
    """Nearly spelled alike, or the last word of one shortens the other's: `prio` and `ticket_priority`."""
    a, b = (squashed(re.split(r"[\W_]+", name.strip())[-1]) for name in (one, other))
    return _likeness(one, other) >= _ALIKE or (min(len(a), len(b)) > 2 and (a.startswith(b) or b.startswith(a)))


class Judging:
    """The new files of a source, judged by its contract."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        source: Source,
        contract: Contract,
        where: str | None,
        spelled: Mapping[str, str] | None = None,
    ) -> None:
        """`where` is the project's file that declares the source, if it is one of its own; `spelled`, of files that
        name their columns themselves, every name by which a column of ours is known → that column."""
        self.connection, self.source, self.contract = connection, source, contract
        self.where, self.spelled, self.own_names = where, spelled or {}, spelled is not None
        self.before = seen_before(connection, source.source)
        self.notes: list[str] = []
        self.samples: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.held: dict[tuple[str, str], str] = {}
        """(Digest, column) of what should hold another kind of values → which."""
        self.needed = needed(source)
        self.optional = optional(source)

    def judge(self, found: Sequence[Export]) -> list[Export]:
        """The exports as they are to be read. Raises LoadError where the contract refuses a change."""
        fresh = [export for export in found if export.look.sha256 not in self.before]
        for export in fresh[-_LOOKED_INTO:]:
            self.samples[export.look.sha256] = sample(self.connection, export)
        if not self.before:
            return list(found)
        return [self._judged(e) if e.look.sha256 not in self.before else e for e in found]

    def kinds(self, export: Export) -> tuple[str, ...]:
        """The kind of each column of a new file; "" where nobody has looked."""
        values = self.samples.get(export.look.sha256, ((),) * len(export.names))
        found = (kind(column, self.source.options.null) for column in values)
        return tuple(self.held.get((export.look.sha256, n), k) for n, k in zip(export.names, found, strict=True))

    def _judged(self, export: Export) -> Export:
        known = list(self.before.values())
        drift = self._respelled(export, compared(export, known))
        self._retyped(export, known)
        if not drift:
            return export
        used = frozenset().union(*(seen.used for seen in known))
        aside: list[str] = []
        for old, new in drift.renamed:
            if old not in used:
                self._say(export, f"column {new!r} is new, {old!r} is gone; nothing reads it")
            elif self.contract.renamed == "evolve" and export.format != "jsonl":
                self._say(export, f"column {old!r} is gone, {new!r} is read in its place")
                export = _renaming(export, old, new)
            else:
                answer: Answer = "quarantine" if self.contract.renamed == "quarantine" else "freeze"
                self._answer(
                    export, answer, f"column {new!r} is new, {old!r} is gone: renamed? {self._mend(old, new)}", aside
                )
                export = replace(export, lacking=export.lacking | {old})
        for name in drift.missing:
            if name in used:
                export = self._missing(export, name, aside)
            else:
                self._say(export, f"column {name!r} is gone; nothing reads it")
        for name in drift.new:
            self._answer(export, self.contract.new, f"column {name!r} is new", aside)
        return replace(export, refused="; ".join(aside))

    def _respelled(self, export: Export, drift: Drift) -> Drift:
        """Without the new columns that are read by their own names, and the old ones in whose place they are read."""
        read = {name: self.spelled.get(squashed(name)) for name in export.names}
        renamed, missing = [], list(drift.missing)
        for old, new in drift.renamed:
            if read[new] is None:
                renamed.append((old, new))
            elif read[new] == self.spelled.get(squashed(old)):
                self._say(export, f"column {old!r} is gone, {new!r} is read in its place")
            else:
                missing.append(old)
        left = {self.spelled.get(squashed(name)) for name in export.names} - {None}
        gone = [name for name in missing if self.spelled.get(squashed(name)) not in left]
        fresh = [new for old, new in drift.renamed if read[new] is not None and old in gone]
        return Drift((*drift.new, *fresh), tuple(gone), tuple(renamed))

    def _missing(self, export: Export, name: str, aside: list[str]) -> Export:
        usual: Answer = "evolve" if self.own_names or name in self.optional else "freeze"
        answer: Answer = "freeze" if name in self.needed else self.contract.missing or usual
        self._answer(export, answer, f"column {name!r}, which is read, is gone", aside)
        return replace(export, lacking=export.lacking | {name})

    def _answer(self, export: Export, answer: Answer, what: str, aside: list[str]) -> bool:
        """True to go on with the change."""
        match answer:
            case "evolve":
                self._say(export, what)
                return True
            case "quarantine":
                aside.append(what)
                return False
            case "freeze":
                raise LoadError(
                    f"{export.file.shown}: {what}. Nothing of {self.source.source} was loaded; what was loaded before "
                    f"stays. Mend the export{self._or_source}, or allow it in {self._allowed}."
                )

    def _mend(self, old: str, new: str) -> str:
        evolve = "{renamed: evolve}"
        if self.where is None:
            return f"If so, say in opstally.yml contracts: {{{self.source.source}: {evolve}}}"
        return f"If so, read {new!r} instead of {old!r} in {self.where}, or set contract: {evolve}"

    @property
    def _or_source(self) -> str:
        return f" or {self.where}" if self.where else ""

    @property
    def _allowed(self) -> str:
        return "the source's contract" if self.where else f"opstally.yml, contracts: {self.source.source}"

    def _say(self, export: Export, what: str) -> None:
        self.notes.append(f"{export.file.shown}: {what}.")

    def _retyped(self, export: Export, known: Sequence[Seen]) -> None:
        values = self.samples.get(export.look.sha256)
        if values is None:
            return
        for name, now, texts in zip(export.names, self.kinds(export), values, strict=True):
            told = [seen.kinds[name] for seen in known if seen.kinds.get(name)]
            was = told[-1] if told else ""
            if not now or not was or now in told or (was == "text" and len(texts) < _SURE):
                continue
            used = any(name in seen.used for seen in known)
            what = f"column {name!r} held {was} and now holds {now}, such as {texts[0]!r}"
            if used:
                self.held[export.look.sha256, name] = was
                # As ever, rows whose value cannot be read go to quarantine.
                self._answer(export, "freeze" if self.contract.retyped == "freeze" else "evolve", what, [])


def _renaming(export: Export, old: str, new: str) -> Export:
    """The export with the new column in the place of the old one."""
    names = tuple(old if name == new else name for name in export.names)
    return replace(export, names=names, written=export.written or export.names)


def needed(source: Source) -> frozenset[str]:
    """The columns of the export without which nothing can be told: those that say which records count."""
    return frozenset(name for target in source.targets for name in _conditions(target.where, target.deleted))


def optional(source: Source) -> frozenset[str]:
    """The columns that the source says an export may lack."""
    fields = [told for target in source.targets for told in target.columns.values() if isinstance(told, Field_)]
    return frozenset(name for field in fields if field.optional for name in _named(field))


def _conditions(*texts: str | None) -> Iterator[str]:
    for text in texts:
        if text is not None:
            yield from (column.name for column in columns_of(parsed(text)))


def _named(field: Field_) -> Iterator[str]:
    yield from _conditions(field.value)
    yield from (field.source,) if isinstance(field.source, str) else field.source or ()
