"""What `opstally check` finds in loaded rows: a table's own tests, bounds, freshness, volume, refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from opstally.checks import CheckResult
from opstally.checks.steady import robust_z
from opstally.workspace import Workspace

Write = Callable[[str, str], Path]
Found = Callable[..., list[tuple[str, str, str, int]]]

TABLE = """\
table: shipments
label: Shipments
description: What was sent
key: [shipment_id]
at: sent_at
columns:
  shipment_id: {type: text}
  sent_at: {type: timestamp}
  weight: {type: number, min: 0}
  label_code: {type: text}
"""
HEAD = "shipment_id,sent_at,weight,label_code\n"


@pytest.fixture
def found(folder: Path, write: Write) -> Found:
    """Loads rows into a table with tests, checks it, and gives (severity, column, reason, rows)."""

    def find(tests: str, rows: str, as_of: dt.date | None = None) -> list[tuple[str, str, str, int]]:
        write("tables/shipments.yml", TABLE + tests)
        write("data/shipments.csv", HEAD + rows)
        assert Workspace.open(folder).load().errors == ()
        told: CheckResult = Workspace.open(folder).check(as_of)
        assert told.problems == ()
        return [(f.severity, f.column, f.reason, f.count) for f in told.findings]

    return find


ROWS = "S1,2026-03-02 10:00,5,A\nS2,2026-03-03 10:00,0,A\nS3,2026-03-04 10:00,,B\n"


def test_rows_that_are_not_as_expected(found: Found) -> None:
    """A row for which it cannot be told is passed."""
    tests = "tests:\n  - {expect: weight > 0, message: weighs nothing, severity: error}\n"
    assert found(tests, ROWS) == [("error", "weight", "weighs nothing", 1)]


def test_values_that_should_stand_once(found: Found) -> None:
    assert found("tests:\n  - {unique: [label_code]}\n", ROWS) == [
        ("warning", "label_code", "stands in more than one row", 1)
    ]


def test_tests_that_find_nothing(found: Found) -> None:
    tests = (
        "tests:\n  - {expect: weight >= 0, message: x}\n  - {unique: [label_code, shipment_id]}\n  - {fresh_days: 1}\n"
    )
    assert found(tests, ROWS) == []


def test_freshness_at_a_day(found: Found) -> None:
    assert found("tests:\n  - {fresh_days: 2}\n", ROWS, dt.date(2026, 3, 6)) == []
    assert found("tests:\n  - {fresh_days: 2}\n", ROWS, dt.date(2026, 3, 7)) == [
        ("warning", "sent_at", "no rows for 3 days before 2026-03-07, at most 2 are usual", 3)
    ]


def weeks(counts: list[int]) -> str:
    """Rows of weeks from Monday 5 January 2026 on."""
    first = dt.datetime(2026, 1, 5, 10)
    each = ((week, n) for week, count in enumerate(counts) for n in range(count))
    return "".join(f"W{w}-{n},{first + dt.timedelta(days=7 * w + n % 7)},1,\n" for w, n in each)


@pytest.mark.parametrize(("last", "told"), [(100, False), (115, False), (20, True), (260, True)])
def test_volume_against_its_own_history(found: Found, last: int, told: bool) -> None:
    rows = weeks([40, 100, 104, 96, 100, 108, 92, 100, 103, 97, last])
    findings = found("tests:\n  - {steady: 5}\n", rows, dt.date(2026, 3, 22))
    assert [(f[0], f[1]) for f in findings] == ([("warning", "sent_at")] if told else [])
    if told:
        assert findings[0][2].startswith(f"{last} rows in the week of 2026-03-16, 100 are usual")


def test_a_week_without_any_row_is_told(found: Found) -> None:
    rows = weeks([100] * 11)
    [(_, _, reason, count)] = found("tests:\n  - {steady: 5}\n", rows, dt.date(2026, 3, 29))
    assert (count, reason[:6]) == (0, "0 rows")


def test_too_short_a_history_says_nothing(found: Found) -> None:
    assert found("tests:\n  - {steady: 5}\n", weeks([100, 100, 100, 1]), dt.date(2026, 2, 1)) == []


def test_robust_z_by_hand() -> None:
    """Median 10, deviations 1, 0, 1, 2, 0, their median 1: 1.4826; but by chance alone counts of 10 scatter by 3.16."""
    assert robust_z(20, [9, 10, 11, 12, 10]) == pytest.approx(10 / 10**0.5)
    assert robust_z(1_000, [400, 500, 600, 500, 300]) == pytest.approx(500 / (1.4826 * 100))


def test_a_refused_load_is_an_error_until_the_next_good_one(folder: Path, write: Write, found: Found) -> None:
    assert found("", ROWS) == []
    good = (folder / "data/shipments.csv").read_text(encoding="utf-8")
    write("data/shipments.csv", "sent_at,weight\n2026-03-02 10:00,5\n")
    assert Workspace.open(folder).load().errors != ()
    [finding] = Workspace.open(folder).check().findings
    assert (finding.severity, finding.table, finding.reason) == (
        "error", "shipments", "was refused, so older data serve",
    )  # fmt: skip
    write("data/shipments.csv", good)
    assert Workspace.open(folder).load().errors == ()
    assert Workspace.open(folder).check().findings == ()


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{expect: wieght > 0, message: x}", "wieght"),
        ("{expect: weight, message: x}", "boolean"),
        ("{expect: weight > 0}", "message"),
        ("{unique: [wieght]}", "Did you mean 'weight'?"),
        ("{unique: [weight], fresh_days: 2}", "one of expect, unique, fresh_days and steady"),
    ],
)
def test_tests_that_cannot_be_used(folder: Path, write: Write, test: str, message: str) -> None:
    write("tables/shipments.yml", f"{TABLE}tests:\n  - {test}\n")
    [problem] = Workspace.open(folder).problems
    assert (problem.file, message in problem.message) == ("tables/shipments.yml", True), problem


def test_bounds_of_a_table_that_others_load(tmp_path: Path) -> None:
    """As in a company's own database: nobody has kept out what no column allows."""
    import duckdb

    from opstally.checks.bounds import bounds
    from opstally.engines.duckdb import DuckDB
    from opstally.model.table import Column, Table

    columns = {
        "id": Column(type="text"),
        "share": Column(type="number", min=0, max=1),
        "state": Column(type="text", allowed=("on", "off"), required=True),
    }
    table = Table(table="things", label="Things", description="Things", key=("id",), columns=columns)
    with duckdb.connect(str(tmp_path / "theirs.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE things AS SELECT * FROM (VALUES ('a', 0.5, 'on'), ('b', 2.0, 'off'), ('c', -1.0, NULL), "
            "('d', NULL, 'half')) AS t(id, share, state)"
        )
        told = [(f.column, f.reason, f.count, f.first) for f in bounds(DuckDB(connection), table)]
    assert told == [
        ("share", "is below 0, the least possible", 1, "c"),
        ("share", "is above 1, the most possible", 1, "b"),
        ("state", "is missing", 1, "c"),
        ("state", "is not one of on, off", 1, "d"),
    ]
