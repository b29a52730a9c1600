"""The bounds of quantiles: their ranks are the binomial's, and the values are found by a second look, as in a sort."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.stats import binom
from tests.planner.company import JANUARY, LARGE, Company, derived, metric, table
from tests.planner.words import bounds

from opstally.engines.duckdb import DuckDB
from opstally.engines.spell import spell
from opstally.expression import Column
from opstally.measure import Measuring
from opstally.period import Grain
from opstally.planner.quantiles import ranks
from opstally.planner.query import Query
from opstally.result import Interval, Result

SHARES = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999]
D, N = dt.date(2026, 1, 5), Column(("n",))


# -- ranks -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def numbers() -> Any:
    """An engine with a table of n: all up to 5,000, and more up to 10⁹."""
    engine = DuckDB(duckdb.connect(config={"threads": 1}))
    many = "SELECT DISTINCT CAST(exp(ln(5000) + i * ln(200000) / 3000) AS BIGINT) FROM range(1, 3001) AS r(i)"
    engine.connection.execute(f"CREATE TABLE numbers AS SELECT i AS n FROM range(1, 5001) AS r(i) UNION ALL {many}")
    yield engine
    engine.close()


@pytest.mark.parametrize("share", SHARES)
def test_either_bound_misses_with_at_most_two_and_a_half_percent(numbers: DuckDB, share: float) -> None:
    low, high = (spell(rank, numbers, lambda _: "n") for rank in ranks(share, N))
    found = numbers.run(f"SELECT n, coalesce({low}, 0), coalesce({high}, n + 1) FROM numbers")
    n, lows, highs = np.array(found, dtype=float).T
    below, above = binom.cdf(lows - 1, n, share), binom.sf(highs - 1, n, share)
    assert max(below.max(), above.max()) <= 0.025 + 1e-12
    both = (lows > 0) & (highs <= n)
    assert both.any()
    assert (1 - below - above)[both].min() >= 0.95
    exact = binom.ppf(0.025, n, share), binom.ppf(0.975, n, share) + 1
    for further in ((exact[0] - lows)[lows > 0], (highs - exact[1])[highs <= n]):
        assert set(further) <= {0.0, 1.0}
        assert further.mean() < 0.1


# -- values ------------------------------------------------------------------------------------------------------------

FACT = table("f", "id text, day date, kind text, n integer, x number", "id", at="day")
TEN = [(str(i), D, "k", i, i / 2) for i in range(1, 11)]


def ask(rows: list[Any], *metrics: Any, **asked: Any) -> Result:
    return Company([FACT], metrics, {"f": rows}, settings={"limit": 2.0}).result(*(m.metric for m in metrics), **asked)


def one(value: str, rows: list[Any] = TEN, unit: str = "ratio", **declared: Any) -> Interval:
    [found] = ask(rows, metric("m", "f", value, unit, **declared)).intervals
    return found["m"]


def test_the_second_and_the_ninth_of_ten_bound_their_median() -> None:
    """1 + 10 of 1024 ways put at most one of ten below it: 1.1 % on either side."""
    assert one("median(n)") == Interval(10, 2.0, 9.0, "order statistics")


def test_a_bound_that_there_is_not_is_said() -> None:
    assert one("quantile(n, 0.9)") == Interval(
        10, 7.0, None, "order statistics", "ok", "at least 36 values are needed for an upper bound"
    )
    assert one("median(n)", TEN[:5]).reason == "at least 6 values are needed for a lower and an upper bound"
    assert one("median(n)", TEN[:5], min_n=8).reason == (
        "fewer than 8 rows; at least 6 values are needed for a lower and an upper bound"
    )
    assert one("median(n)", []) == Interval(0, method="order statistics", state="weak", reason="fewer than 1 rows")


def test_bounds_are_scaled_as_the_value_is() -> None:
    assert one("median(x) / 60") == Interval(10, 1 / 60, 4.5 / 60, "order statistics")
    assert one("2 * (median(n) - 1)") == Interval(10, 2.0, 16.0, "order statistics")
    assert one("median(n)", unit="percent") == Interval(10, 200.0, 900.0, "order statistics")


@pytest.mark.parametrize(
    "value",
    [
        "median(n) - quantile(n, 0.25)",
        "median(n) / avg(n)",
        "10 - median(n)",
        "0 * median(n)",
        "case when avg(n) > 5 then median(n) else quantile(n, 0.9) end",
        "case when median(n) > 5 then median(n) end",
        "quantile(n, 0)",
        "quantile(n, 1)",
    ],
)
def test_what_the_bounds_of_one_quantile_do_not_bound_has_n_only(value: str) -> None:
    assert (one(value).n, one(value).low, one(value).high, one(value).method) == (10, None, None, "")


def test_which_quantile_it_is_may_hang_on_what_tells_of_the_group() -> None:
    value = (
        "case when min(kind) = max(kind) then case when max(kind) = 'a' then quantile(n, 0.25) else median(n) end end"
    )
    rows = [(f"{kind}{i}", D, kind, i, None) for kind in "ab" for i in range(1, 11)]
    result = ask(rows, metric("m", "f", value, "ratio"), by="kind")
    assert [row[1] for row in result.rows] == [3.25, 5.5]
    assert [told["m"].low for told in result.intervals] == [None, 2.0]
    assert [told["m"].high for told in result.intervals] == [6.0, 9.0]
    assert result.intervals[0]["m"].reason == "at least 13 values are needed for a lower bound"
    [both] = ask(rows, metric("m", "f", value, "ratio")).intervals
    assert (both["m"].low, both["m"].high, both["m"].reason) == (None, None, "")


def test_nothing_more_is_asked_without_a_quantile() -> None:
    [sql] = ask(TEN, metric("m", "f", "avg(n)")).receipt.sql
    assert "ORDER BY" not in sql


def test_only_a_large_table_is_looked_at_twice() -> None:
    for told, times in ((0, 1), (LARGE, 2)):
        company = Company([FACT], [metric("m", "f", "median(n)", "ratio")], {"f": TEN}, told=told)
        assert company.result("m").receipt.sql[0].count("FROM f AS t") == times


def test_means_before_are_not_bounded() -> None:
    before = ask(TEN, metric("m", "f", "median(n)", "ratio"), compare="previous").receipt.sql[1]
    assert "ORDER BY" not in before


def test_names_do_not_meet() -> None:
    """A metric may be called like a column of a step."""
    names = ("m", "median(n)"), ("m_low", "avg(x)"), ("m_from", "max(n)"), ("m_value", "min(n)")
    metrics = [metric(n, "f", v, "ratio") for n, v in names]
    for told in (0, LARGE):
        company = Company([FACT], metrics, {"f": TEN}, told=told)
        result = company.result(*(n for n, _ in names), by="m_n=kind")
        assert result.rows == (("k", 5.5, 2.75, 10.0, 1.0),)
        assert (result.intervals[0]["m"].low, result.intervals[0]["m"].high) == (2.0, 9.0)


def test_entities_have_bounds_too() -> None:
    sums = derived("e", "f", "kind", {"total": "sum(n)"})
    rows = [(f"{i}", D, f"k{i % 10}", i, None) for i in range(1, 21)]
    for told in (0, LARGE):
        company = Company([FACT, sums], [metric("m", "e", "median(total)", "ratio")], {"f": rows}, told=told)
        assert company.ask("m") == [(21.0,)]
        assert company.result("m").intervals[0]["m"] == Interval(10, 14.0, 28.0, "order statistics")


def large_groups(told: int) -> Company:
    """Ties, NULLs, and groups of 6,000, of 900 and of 3 rows; the values of two metrics are in different rows."""
    dice = random.Random(7)
    kinds = ["a"] * 6000 + [None] * 6000 + ["b"] * 900 + ["c"] * 3
    rows = [
        (str(i), D, kind, dice.choice([None, *range(40)]), dice.expovariate(1) if i % 3 else None)
        for i, kind in enumerate(kinds)
    ]
    metrics = [metric(name, "f", f"quantile({x}, {share})", "ratio") for name, (x, share) in ASKED.items()]
    return Company([FACT], metrics, {"f": rows}, told=told)


ASKED = {"n05": ("n", 0.05), "n50": ("n", 0.5), "x50": ("x", 0.5), "x90": ("x", 0.9), "x95": ("x", 0.95)}


def bounded_as_sorted(company: Company, measured: Measuring, grain: Grain | None) -> None:
    """Each group of the large ones has the bounds that a sort of its values gives."""
    result = measured.measure(Query(tuple(ASKED), (("kind", "kind"),), grain, JANUARY, JANUARY.last_day))
    assert sorted(str(kind) for kind in result.values("kind")) == ["None", "a", "b", "c"]
    for kind, told in zip(result.values("kind"), result.intervals, strict=True):
        for name, (x, share) in ASKED.items():
            values = [row[3 if x == "n" else 4] for row in company.rows["f"] if row[2] == kind]
            lows, highs = bounds(values, share)
            assert told[name].low in lows
            assert told[name].high in highs


@pytest.mark.parametrize("told", [0, LARGE])
@pytest.mark.parametrize("grain", [None, "month"])
def test_both_ways_give_what_a_sort_gives(grain: Grain | None, told: int) -> None:
    company = large_groups(told)
    bounded_as_sorted(company, company.measuring(), grain)
