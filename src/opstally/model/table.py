"""A canonical table: what one row is, its columns, and how it refers to other tables."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from opstally.model.declaration import Declaration, Expression, Name
from opstally.model.unit import ColumnType, Unit


class Lookup(Declaration):
    """A value for each row, aggregated from the rows of another table."""

    table: Name = field(metadata={"alias": "from"})
    on: Name
    """The column that both tables have."""
    value: Expression
    where: Expression | None = None


class Reconciliation(Declaration):
    """How a value that a vendor computed is put beside ours, by `opstally reconcile`."""

    ours: Expression
    """Our value, from the row and from `lookups`; rows without it are counted apart."""
    lookups: dict[Name, Lookup] = field(default_factory=dict)
    tolerance: float = 0.0
    """Differences up to this are rounding."""
    because: dict[str, Expression] = field(default_factory=dict)
    """Why the two differ → the condition that tells it; the first that is true counts."""
    missing: dict[str, Expression] = field(default_factory=dict)
    """Why ours is missing → the condition that tells it; the first that is true counts."""


class Column(Declaration):
    """One column as it is stored."""

    type: ColumnType
    description: str = ""
    unit: Unit | None = None
    required: bool = False
    """A row without it goes to quarantine. Key columns are always required."""
    allowed: tuple[str, ...] | None = None
    """The only values a text column may hold (compared after lower-casing and trimming)."""
    min: float | None = None
    max: float | None = None
    aliases: tuple[str, ...] = ()
    """Other names under which exports bring this column."""
    fill: Expression | None = None
    """Row-level expression that gives the value at load where the export has none."""
    personal: bool = False
    """Names or identifies a person."""
    same_as: str | None = None
    """`table.column` whose meaning this column copies, so that both are one dimension."""
    reconciles: Reconciliation | None = None
    """For a value that the vendor computed: what it is compared with. Its name begins with `vendor_`."""


class Computed(Declaration):
    """A row-level expression, usable wherever a column is. Its type follows from the expression."""

    value: Expression
    description: str = ""
    unit: Unit | None = None


class Reference(Declaration):
    """Many rows here to at most one row there; the mapping's key is the role, `role.column` the path to its columns."""

    table: Name
    on: Name | dict[Name, Name]
    """Our column → theirs; one name stands for the same name on both sides."""
    valid_from: Name | None = None
    """Their column from which a row is valid, where their key has several versions."""
    at: Name | None = None
    """Our column that picks the version valid then."""

    def __post_init__(self) -> None:
        if (self.valid_from is None) != (self.at is None):
            raise ValueError("valid_from and at go together: their column, and ours that picks the version")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(our column, their column) pairs of the join."""
        return ((self.on, self.on),) if isinstance(self.on, str) else tuple(self.on.items())

    @property
    def ours(self) -> tuple[str, ...]:
        """Our columns that decide which row there it is."""
        return (*(our for our, _ in self.pairs), *([self.at] if self.at else []))


class Check(Declaration):
    """A rule that every row must meet; a row that breaks it goes to quarantine with the message."""

    expect: Expression
    message: str


class DataTest(Declaration):
    """What `opstally check` asks of loaded rows, which stay where they are; one of the first four keys."""

    expect: Expression | None = None
    """What should be true of every row; a row for which it cannot be told is passed."""
    unique: tuple[Name, ...] = ()
    """Columns whose values together should stand in one row only; rows that lack one of them are passed."""
    fresh_days: float | None = field(default=None, metadata={"gt": 0})
    """The newest row, by the table's default time column, should not be older than so many days at the day of the
    check: the one asked for, or else that of the newest row in any table."""
    steady: float | None = field(default=None, metadata={"gt": 0})
    """The rows of the last whole week should not lie farther from the median of the weeks before than so many robust
    standard deviations."""
    severity: Literal["error", "warning"] = "warning"
    message: str = ""
    """What is wrong, in words; needed with `expect`."""

    def __post_init__(self) -> None:
        given = [self.expect, self.unique or None, self.fresh_days, self.steady]
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of expect, unique, fresh_days and steady")
        if self.expect is not None and not self.message:
            raise ValueError("give the message that says what is wrong with a row that is not as expected")


class Derived(Declaration):
    """Makes a table one row per entity over the asked period, from the rows of another table."""

    source: Name = field(metadata={"alias": "from"})
    per: tuple[Name, ...] = field(metadata={"min_length": 1})
    at: Name | None = None
    """The source's column that decides the period; its default time column unless told."""
    where: Expression | None = None
    """Which rows of the source count."""
    columns: dict[Name, Computed]
    """Aggregates over the entity's rows in the period."""


class Table(Declaration):
    """A canonical table, stored (with `columns`) or derived (with `derived`)."""

    table: Name
    label: str
    description: str
    row: str = ""
    """What one row is, in words: "one ticket"."""
    key: tuple[Name, ...] = ()
    recency: Name | None = None
    """The column that tells which of two versions of a row is newer; without it the later-read one is."""
    revision: Name | None = None
    """A column that decides between versions of equal recency: the tool's own count of changes."""
    at: Name | None = None
    """The default time column; None for a table that is not over time."""
    finest: Literal["day", "week", "month", "quarter", "year"] | None = None
    """The finest grain for which its rows mean something: a month's amount says nothing about the month's weeks."""
    steady: bool = False
    """Rows come every day, so that the newest tells up to which day a company's data reach."""
    columns: dict[Name, Column] = field(default_factory=dict)
    made_from: tuple[Name, ...] = ()
    """The stored tables whose rows this one is made from after every load; no export brings it."""
    derived: Derived | None = None
    references: dict[Name, Reference] = field(default_factory=dict)
    computed: dict[Name, Computed] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    tests: tuple[DataTest, ...] = ()
    """What `opstally check` looks at in the loaded rows, beside keys, references and the columns' bounds."""

    def __post_init__(self) -> None:
        if bool(self.columns) == (self.derived is not None):
            raise ValueError("a table has either columns (stored) or derived (made from another table)")
        if self.columns and not self.key:
            raise ValueError("a stored table needs a key: the columns that tell its rows apart")
        if self.at is None and any(test.fresh_days or test.steady for test in self.tests):
            raise ValueError("tests: fresh_days and steady need the table's default time column, `at`")
        if self.derived is not None and self.made_from:
            raise ValueError("made_from is for stored tables; a derived one says where it comes from itself")
