"""A source: how a real export becomes rows of canonical tables."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from opstally.model.contract import Contract
from opstally.model.declaration import Declaration, Expression, Name


class Match(Declaration):
    """What an export of this source looks like, to recognise it."""

    files: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Columns that it always has."""
    exact: bool = False
    """It has no others."""


class Options(Declaration):
    """How the file is written."""

    delimiter: str | None = None
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    null: tuple[str, ...] = ("",)
    """Texts that mean "no value"."""
    records: str | None = None
    """Dotted path to the list of records in a JSON file; "." where the document itself is the record."""
    repeated: Literal["refuse", "number"] = "refuse"
    """Columns of one name: refuse the file, or call the second `Comment.2`, the third `Comment.3`."""


class Field_(Declaration):
    """Where one canonical column comes from: `from` a column as it is, or `value`, an expression over its columns.

    `from` a list of columns joins them with `|`, for exports whose rows only several columns tell apart. `from: "*"` is
    a digest of the whole record, for exports whose rows have no identifier; equal records in one file stay apart.
    """

    source: str | tuple[str, ...] | None = field(default=None, metadata={"alias": "from"})
    value: Expression | None = None
    map: dict[str, str] = field(default_factory=dict)
    """Export's value → ours (compared trimmed and lower-cased)."""
    otherwise: str | None = None
    """Value for what `map` does not name; without it such rows go to quarantine."""
    format: str | None = None
    """strptime format of a date or timestamp, or "epoch" or "epoch_ms" (since 1970), or "offset" (seconds since the
    source's `epoch`); ISO 8601 unless told."""
    extract: str | None = None
    """Regular expression with one group: only that part of the text counts; a text without it is a fault."""
    timezone: str | None = None
    """Of timestamps without an offset; the source's unless told."""
    decimal: Literal[".", ","] = "."
    optional: bool = False
    """The export may lack the column, or columns that the value names: then they are empty."""
    scale: float | None = None
    """The export's number times this is in our unit (0.0166… for seconds to minutes)."""

    def __post_init__(self) -> None:
        if (self.source is None) == (self.value is None):
            raise ValueError("give either from (a column of the export) or value (an expression over them)")


class Target(Declaration):
    """One canonical table that the export feeds."""

    table: Name
    columns: dict[Name, str | Field_]
    """Our column → the export's column, or how it is made."""
    where: Expression | None = None
    """Which records of the export are rows of this table."""
    each: dict[Name, str] = field(default_factory=dict)
    """A row for each element of a list inside a record: `{update: incident_updates}` makes `update.id` the element's
    own `id`, while other names stay those of the record. A second entry may go into the first one's elements
    (`{history: changelog.histories, item: history.items}`). `update.#` is the element's position, from 1; an object
    gives elements with `key` and `value`. Lists in a text column (JSON in a CSV) are opened as well."""
    split: dict[Name, str] = field(default_factory=dict)
    """With `each`: the list is a text, split by this regular expression; `{service: ', | and '}` makes `service`."""
    keep_empty: bool = False
    """With `each`: a record without elements makes one row, with nothing from the list."""
    optional: bool = False
    """The export may lack the list of `each`; then it has no rows of this table."""
    recency: str | None = None
    """The export's column that tells the newest version of a row; the table's unless told."""
    exclude_note: str = ""
    """Said of the records that `where` leaves out."""
    snapshot: bool = False
    """Each file is a complete export: only the one whose name sorts last is read, and rows that an earlier one had
    and it has not are gone."""
    deleted: Expression | None = None
    """Which records say that their row was deleted; they need no more than its key, and its recency."""
    gone: Literal["remove"] | dict[Name, str] = "remove"
    """What becomes of rows that are gone: out of the table, or marked in it by values, such as {status: deleted}."""

    def __post_init__(self) -> None:
        if self.snapshot and self.deleted is not None:
            raise ValueError("give either snapshot (what is absent is gone) or deleted (records say so)")


class Lookup(Declaration):
    """Another export beside this one, whose records say more about this one's, as `<lookup>.<column>`."""

    files: tuple[str, ...] = field(metadata={"min_length": 1})
    """Globs of its files, in the folder of the export; without any, its columns are missing."""
    on: dict[str, str] = field(metadata={"min_length": 1})
    """Its column → the export's column with the same value."""
    format: Literal["csv", "parquet", "json", "jsonl"] = "csv"
    options: Options = Options()


class Pull(Declaration):
    """A query to a PostgreSQL database whose rows are the records."""

    connection: str
    """Connection string; `$NAME` reads the environment."""
    query: str
    cursor: str | None = None
    """A column of the query that only grows, such as a time of change. A pull asks for the rows from the largest value
    seen on, that value included, as more rows may have come with it; without a cursor it asks for all rows."""


class Source(Declaration):
    """See the module."""

    source: Name
    label: str
    description: str = ""
    files: tuple[str, ...] = ()
    """Globs in the project folder; a project usually says its own."""
    format: Literal["csv", "parquet", "json", "jsonl", "xes", "yaml", "prometheus"] = "csv"
    options: Options = Options()
    timezone: str | None = None
    """Of timestamps without an offset; UTC for packaged sources that tell none. A project's own source must tell it
    where its timestamps have no offset."""
    date_format: str | None = None
    """strptime format of all dates and timestamps that do not say their own."""
    epoch: str | None = None
    """The UTC timestamp from which columns with `format: offset` count their seconds; exports do not tell it."""
    lookups: dict[Name, Lookup] = field(default_factory=dict)
    """Exports beside this one that its columns are looked up in."""
    pull: Pull | None = None
    """Where the records are pulled from, for a source without files."""
    match: Match = Match()
    contract: Contract = Contract()
    """What happens when an export changes; a project's `contracts` go before it."""
    targets: tuple[Target, ...] = field(metadata={"min_length": 1})
    cannot: dict[str, str] = field(default_factory=dict)
    """What cannot be had from this export → why."""
