"""Linked metrics: what does not fit is refused when it is looked at, and the version tells what decides the value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.planner.company import Company, metric, table

from opstally.errors import BadExpression, UnknownName
from opstally.model.metric import Metric
from opstally.planner.metric import Metrics
from opstally.planner.schema import Schema

COLUMNS = "id text, at timestamp, day date, kind text, ok boolean, n integer, x number"
WITH_UNITS = {"hours": {"value": "x * 1", "unit": "hours"}, "used": {"value": "x", "unit": "percent"}}
FACT = table("f", COLUMNS, "id", at="at", computed=WITH_UNITS)


def linked(*metrics: Metric) -> Metrics:
    return Metrics({m.metric: m for m in metrics}, Schema({"f": FACT}))


@pytest.mark.parametrize(
    ("value", "unit", "sentence"),
    [
        ("n", "count", r"A metric is an aggregate, such as count\(\) or avg\(x\)"),
        ("n + 1", "count", "A metric is an aggregate"),
        ("period_days()", "days", "A metric is an aggregate"),
        ("max(null)", "count", "A metric gives a number or a text, not null"),
        ("max(at)", "count", "A metric gives a number or a text, not timestamp"),
        ("last(ok, at)", "count", "A metric gives a number or a text, not boolean"),
        ("count() > 1", "count", "A metric gives a number or a text, not boolean"),
        ("max(kind)", "count", "The metric gives text, its unit is count"),
        ("count()", "text", "The metric gives integer, its unit is text"),
        ("sum(hours)", "minutes", "The expression gives hours, the metric's unit is minutes"),
        ("sum(hours) + sum(used)", "hours", "mixes the units hours and percent"),
        ("100 * count_if(ok) / count()", "percent", "Write the share: the unit percent multiplies it by 100"),
        ("count_if(ok) / count() * 100.0", "percent", "Write the share"),
        ("count_if(okay)", "count", r"f has no column 'okay'\. Did you mean 'ok'"),
        ("sum(sum(n))", "count", "stands around another aggregate"),
        ("avg(n) +", "count", "ends too early"),
        ("sin(n)", "count", r"There is no function sin\(\)"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: str, unit: str, sentence: str) -> None:
    with pytest.raises(BadExpression, match=sentence):
        linked(metric("m", "f", value, unit))["m"]


@pytest.mark.parametrize("key", ["where", "settled", "excludes"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("n", "A condition on rows is expected here"),
        ("count() > 1", "A condition on rows"),
        ("okay", "Did you mean 'ok'"),
        ("n =", "too early"),
    ],
)
def test_conditions_are_on_rows(key: str, text: str, sentence: str) -> None:
    given: Any = {"odd": text} if key == "excludes" else text
    with pytest.raises(BadExpression, match=sentence):
        linked(metric("m", "f", "count()", **{key: given}))["m"]


def test_a_reason_cannot_be_that_the_row_is_used() -> None:
    with pytest.raises(BadExpression, match="cannot be called 'used'"):
        linked(metric("m", "f", "count()", excludes={"used": "ok"}))["m"]


@pytest.mark.parametrize(
    ("value", "more", "sentence"),
    [
        ("a / zz", {}, "There is no metric 'zz'"),
        ("a / m", {}, "m is made of itself: m → m"),
        ("count() / a", {}, "An aggregate needs a table"),
        ("1 + 1", {}, "made of other metrics: name at least one"),
        ("a + overlap_minutes()", {}, r"overlap_minutes\(\)"),
        ("a + t", {}, "'\\+' takes numeric, not text"),
        ("a", {"where": "ok"}, "no where, settled, excludes or at of its own"),
        ("a", {"at": "day"}, "no where, settled, excludes or at of its own"),
    ],
)
def test_a_metric_of_metrics_that_does_not_fit_is_refused(value: str, more: dict[str, Any], sentence: str) -> None:
    parts = [metric("a", "f", "count()"), metric("t", "f", "max(kind)", "text")]
    with pytest.raises(BadExpression, match=sentence):
        linked(*parts, metric("m", None, value, "ratio", **more))["m"]


def test_two_metrics_made_of_each_other_are_refused_with_the_way_round() -> None:
    with pytest.raises(BadExpression, match="a is made of itself: a → b → a"):
        linked(metric("a", None, "b + 1"), metric("b", None, "a + 1"))["a"]


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'tickets'"):
        linked(metric("tickets", "f", "count()"))["tikets"]


def test_a_metric_over_a_table_that_there_is_not() -> None:
    with pytest.raises(BadExpression, match=r"There is no table 'ff'\. Did you mean 'f'"):
        linked(metric("m", "ff", "count()"))["m"]


# -- percent -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("count_if(ok) / count()", 25.0),
        ("avg(case when ok then 1 else 0 end)", 25.0),
        ("avg(used)", 5.0),
        ("avg(used) / 100", 5.0),
        ("max(used) / sum(used)", 100 * 8 / 20),
        ("1 - count_if(ok) / count()", 75.0),
    ],
)
def test_shares_are_shown_in_percent_once(value: str, expected: float) -> None:
    day = dt.datetime(2026, 1, 5)
    rows = [
        (str(i), day, None, None, ok, 1, x)
        for i, (ok, x) in enumerate([(True, 2.0), (False, 8.0), (None, 6.0), (False, 4.0)])
    ]
    [(found,)] = Company([FACT], [metric("m", "f", value, "percent")], {"f": rows}).ask("m")
    assert found == pytest.approx(expected)


def test_a_metric_of_percents_is_in_percent_already() -> None:
    share, twice = (
        metric("share", "f", "count_if(ok) / count()", "percent"),
        metric("twice", None, "share + share", "percent"),
    )
    of_two = metric("of_two", None, "share / twice", "percent")
    rows = [(str(i), dt.datetime(2026, 1, 5), None, None, i == 0, 1, None) for i in range(4)]
    assert Company([FACT], [share, twice, of_two], {"f": rows}).ask("share", "twice", "of_two") == [(25.0, 50.0, 50.0)]


# -- versions ----------------------------------------------------------------------------------------------------------


def version(value: str, name: str = "m", **more: Any) -> str:
    base = [metric("a", "f", "count()"), metric("b", None, "a * 2")]
    given = metric(name, None if "b" in value else "f", value, **more)
    return linked(*base, given).version(name)


def test_a_version_does_not_change_with_how_a_definition_is_laid_out() -> None:
    assert version("count_if(n > 1)") == version("count_if( n>1 )") == version("COUNT_IF((n > 1))", label="Other")
    assert len(version("count()")) == 8


def test_a_version_changes_with_everything_that_decides_the_value() -> None:
    told = [
        version("count_if(n > 1)"), version("count_if(n > 2)"), version("count_if(n > 1)", where="ok"),
        version("count_if(n > 1)", settled="n > 3"), version("count_if(n > 1)", at="day"),
        version("count_if(n > 1)", unit="ratio"),
    ]  # fmt: skip
    assert len(set(told)) == len(told)


def test_a_version_changes_with_a_part_of_a_part() -> None:
    def of(formula: str, column: str) -> str:
        fact = table("f", COLUMNS, "id", at="at", computed={"good": {"value": column}})
        metrics = [metric("a", "f", "count_if(good)"), metric("b", None, formula), metric("c", None, "b + a")]
        return Metrics({m.metric: m for m in metrics}, Schema({"f": fact})).version("c")

    assert of("a * 2", "n > 1") == of("a * 2", "n > 1")
    assert len({of("a * 2", "n > 1"), of("a * 3", "n > 1"), of("a * 2", "n > 2")}) == 3
