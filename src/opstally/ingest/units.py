"""Number columns that suddenly hold values of another magnitude: most likely the export's unit has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opstally.errors import LoadError
from opstally.ingest.mapping import GOOD
from opstally.ingest.staging import Staged
from opstally.model.contract import Contract
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FEWEST: Final = 20
"""Values from which quartiles say something."""

_LOOKED_AT: Final = 50_000
"""Rows whose values are looked at, evenly over the table."""

Quartiles = tuple[float, float, float]


def refuse_doubtful(
    connection: DuckDBPyConnection, staged: Staged, fresh_from: int, contract: Contract, where: str
) -> None:
    """Compare the rows of new files with the stored ones. Raises LoadError with the question to answer."""
    numbers = [
        name for name in staged.provided
        if staged.table.columns[name].type in ("number", "integer") and name not in contract.accept
        and name not in (*staged.table.key, staged.table.revision)
    ]  # fmt: skip
    if not numbers or fresh_from >= len(staged.files):
        return
    stored = f"main.{quoted(staged.table.table)}"
    before = _quartiles(connection, stored, "true", numbers)
    now = _quartiles(connection, staged.name, f"_fate = {GOOD} AND _file >= {fresh_from}", numbers) if before else {}
    for name in numbers:
        if name in before and name in now:
            factor = _factor(before[name], now[name])
            if factor >= contract.unit_factor or factor <= 1 / contract.unit_factor:
                raise LoadError(_question(staged, name, before[name][1], now[name][1], where))


def _quartiles(connection: DuckDBPyConnection, table: str, where: str, names: list[str]) -> dict[str, Quartiles]:
    """Of the values other than 0, without their signs; only of columns with enough of them."""
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    step = max(1, rows // _LOOKED_AT)
    each = [f"nullif(abs({quoted(name)}), 0)" for name in names]
    told = ", ".join(f"count({e}), quantile_cont(CAST({e} AS DOUBLE), [0.25, 0.5, 0.75])" for e in each)
    [row] = connection.execute(f"SELECT {told} FROM {table} WHERE rowid % {step} = 0 AND {where}").fetchall()
    pairs = zip(names, row[::2], row[1::2], strict=True)
    return {name: tuple(quartiles) for name, count, quartiles in pairs if count >= _FEWEST}


def _factor(before: Quartiles, now: Quartiles) -> float:
    """How many times all quartiles grew at least, or the most that is left of any; 1 where they moved apart."""
    ratios = [ours / theirs for ours, theirs in zip(now, before, strict=True)]
    return min(ratios) if min(ratios) > 1 else max(ratios) if max(ratios) < 1 else 1.0


def _question(staged: Staged, name: str, before: float, now: float, where: str) -> str:
    column = staged.table.columns[name]
    unit = f" (in {column.unit})" if column.unit else ""
    factor = now / before if now > before else before / now
    change = "larger" if now > before else "smaller"
    return (
        f"{staged.files[-1].file.shown}: {staged.table.table}.{name}{unit} is {factor:,.0f} times {change} than what "
        f"is loaded (median {now:,.6g}, before {before:,.6g}). Has the export's unit changed? If so, give the column "
        f"its `scale` in {where}; if the values are right, set contract: {{accept: [{name}]}}. Nothing was loaded."
    )
