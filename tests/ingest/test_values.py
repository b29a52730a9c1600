"""Text → values, each read by the engine itself."""

from __future__ import annotations

import datetime as dt
import random
import zoneinfo
from typing import Any

import duckdb
import pytest

from opstally.ingest.values import Writing, mapped, reading
from opstally.ingest.zones import prepare, to_utc
from opstally.model.unit import ColumnType

BERLIN = Writing(zone="Europe/Berlin")


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    prepare(connection, ["Europe/Berlin", "Asia/Kathmandu"])
    return connection


def read(engine: duckdb.DuckDBPyConnection, text: str, type_: ColumnType, how: Writing, allowed: Any = None) -> Any:
    """The value, or the string "fault"."""
    reads = reading("given", type_, how, allowed)
    local = reads.local or "NULL"
    sound = reads.sound.format("value") or "true"
    [(value, good)] = engine.execute(
        f"SELECT value, value IS NOT NULL AND {sound} FROM (SELECT {reads.finish('read', 'local')} AS value FROM ("
        f"SELECT {reads.value} AS read, {local} AS local FROM (SELECT CAST(? AS VARCHAR) AS given)))",
        [text],
    ).fetchall()
    return value if good else "fault"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("-7", -7), ("+7", 7), ("7.0", 7), ("1e3", 1000), ("9007199254740993", 9007199254740993),
        ("7.5", "fault"), ("1,000", "fault"), ("x", "fault"), ("99999999999999999999", "fault"), ("0x1F", "fault"),
        ("nan", "fault"),
    ],
)  # fmt: skip
def test_whole_numbers(engine: duckdb.DuckDBPyConnection, text: str, value: object) -> None:
    assert read(engine, text, "integer", Writing()) == value


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("7.25", Writing(), 7.25), ("1e-3", Writing(), 0.001), ("7,25", Writing(), "fault"),
        ("1,234.5", Writing(), "fault"), ("$5", Writing(), "fault"), ("5 %", Writing(), "fault"),
        ("inf", Writing(), "fault"), ("NaN", Writing(), "fault"), ("1e400", Writing(), "fault"),
        ("7,25", Writing(decimal=","), 7.25), ("7", Writing(decimal=","), 7.0), ("7.25", Writing(decimal=","), "fault"),
        ("1.234,5", Writing(decimal=","), "fault"), ("90", Writing(scale=1 / 60), 1.5),
    ],
)  # fmt: skip
def test_numbers(engine: duckdb.DuckDBPyConnection, text: str, how: Writing, value: object) -> None:
    assert read(engine, text, "number", how) == value


@pytest.mark.parametrize(("text", "value"), [("120", 2), ("90", "fault")])
def test_a_scaled_whole_number_is_whole(engine: duckdb.DuckDBPyConnection, text: str, value: object) -> None:
    assert read(engine, text, "integer", Writing(scale=1 / 60)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("YES", True),
        ("1", True),
        ("1.0", True),
        ("f", False),
        ("No", False),
        ("0", False),
        ("2", "fault"),
    ],
)
def test_yes_and_no(engine: duckdb.DuckDBPyConnection, text: str, value: object) -> None:
    assert read(engine, text, "boolean", Writing()) == value


@pytest.mark.parametrize(("text", "value"), [("Usage", "Usage"), ("uSAGE", "Usage"), ("Use", "fault")])
def test_allowed_words_in_their_own_spelling(engine: duckdb.DuckDBPyConnection, text: str, value: object) -> None:
    assert read(engine, text, "text", Writing(), ("Usage", "Tax")) == value


DAY = dt.date(2026, 10, 31)


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("2026-10-31", Writing(), DAY), ("2026/10/31", Writing(), DAY), ("2026-10-31 10:00", Writing(), DAY),
        ("2026-10-31T23:30:00-05:00", Writing(), DAY), ("2026-02-30", Writing(), "fault"),
        ("31.10.2026", Writing(), "fault"), ("31.10.2026", Writing("%d.%m.%Y"), DAY),
        ("31.10.26", Writing("%d.%m.%Y"), "fault"), ("0001-01-01", Writing(), "fault"),
        ("9999-12-31", Writing(), "fault"), ("2026-10-31 (BC)", Writing(), "fault"), ("infinity", Writing(), "fault"),
        ("1793404800", Writing("epoch"), DAY),
    ],
)  # fmt: skip
def test_days(engine: duckdb.DuckDBPyConnection, text: str, how: Writing, value: object) -> None:
    assert read(engine, text, "date", how) == value


TEN = dt.datetime(2026, 10, 31, 10)


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("2026-10-31 10:00:00", Writing(), TEN), ("2026-10-31T10:00:00", Writing(), TEN),
        ("2026-10-31 10:00", Writing(), TEN), ("2026-10-31", Writing(), dt.datetime(2026, 10, 31)),
        ("2026-10-31T10:00:00Z", Writing(), TEN), ("2026-10-31T10:00Z", Writing(), TEN),
        ("2026-10-31T12:00:00+02:00", Writing(), TEN), ("2026-10-31 12:00:00 +0200", Writing(), TEN),
        ("2026-10-31 12:00+02", Writing(), TEN), ("2026-10-31 04:30:00-05:30", Writing(), TEN),
        ("2026-10-31 10:00:00 UTC", Writing(), TEN),
        ("2026-10-31 10:00:00,250", Writing(), TEN.replace(microsecond=250_000)),
        ("2026-10-31T10:00:00.123456789Z", Writing(), TEN.replace(microsecond=123_456)),
        ("2026-10-31 10:00:00 CET", Writing(), "fault"), ("2026-10-31 25:00:00", Writing(), "fault"),
        ("2026-10-31 10:61:00", Writing(), "fault"), ("31/10/2026 10:00", Writing(), "fault"),
        ("31/10/2026 10:00", Writing("%d/%m/%Y %H:%M"), TEN), ("30/2/2026 10:00", Writing("%d/%m/%Y %H:%M"), "fault"),
        ("31/10/2026 12:00 +0200", Writing("%d/%m/%Y %H:%M %z"), TEN), ("infinity", Writing(), "fault"),
        ("1793440800", Writing("epoch"), TEN), ("1793440800000", Writing("epoch_ms"), TEN),
        ("1793440800.5", Writing("epoch"), TEN.replace(microsecond=500_000)), ("soon", Writing("epoch"), "fault"),
        ("1e40", Writing("epoch"), "fault"), ("1793440800000", Writing("epoch"), "fault"),
        # offsets go before the export's time zone
        ("2026-10-31T10:00:00Z", BERLIN, TEN), ("2026-10-31T12:00:00+02:00", BERLIN, TEN),
        ("2026-10-31 11:00:00", BERLIN, TEN), ("2026-07-31 12:00:00", BERLIN, dt.datetime(2026, 7, 31, 10)),
        ("31/10/2026 15:45", Writing("%d/%m/%Y %H:%M", "Asia/Kathmandu"), TEN),
    ],
)  # fmt: skip
def test_instants(engine: duckdb.DuckDBPyConnection, text: str, how: Writing, value: object) -> None:
    assert read(engine, text, "timestamp", how) == value


def test_when_clocks_change(engine: duckdb.DuckDBPyConnection) -> None:
    """Berlin's clocks went from 2:00 to 3:00 on 29 March 2026, and from 3:00 to 2:00 on 25 October."""
    told = [
        "2026-03-29 01:59:59",
        "2026-03-29 02:30:00",
        "2026-03-29 03:00:00",
        "2026-10-25 02:30:00",
        "2026-10-25 03:00:00",
    ]
    assert [read(engine, text, "timestamp", BERLIN) for text in told] == [
        dt.datetime(2026, 3, 29, 0, 59, 59),
        "fault",
        dt.datetime(2026, 3, 29, 1, 0),
        dt.datetime(2026, 10, 25, 0, 30),  # came twice: the first
        dt.datetime(2026, 10, 25, 2, 0),
    ]


ZONES = [
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Africa/Casablanca", "Asia/Kathmandu",
    "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Asia/Gaza",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_are_those_of_the_zone_rules(engine: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Against Python's own rules, at random times from 1970 to 2069 and at every quarter of an hour around changes."""
    rules = zoneinfo.ZoneInfo(zone)
    chance = random.Random(zone)
    begun = dt.datetime(1970, 1, 3)
    locals_ = [begun + dt.timedelta(seconds=chance.randrange(99 * 365 * 86_400)) for _ in range(400)]
    for day in (d for y in range(2018, 2027) for d in range(365 * (y - 1970), 365 * (y - 1970) + 365, 1)):
        noon = begun + dt.timedelta(days=day)
        if rules.utcoffset(noon) != rules.utcoffset(noon + dt.timedelta(days=1)):
            locals_ += [noon + dt.timedelta(minutes=15 * i) for i in range(110)]
    prepare(engine, [zone])
    engine.register("given", _column(locals_))
    got = [v for (v,) in engine.execute(f"SELECT {to_utc('local', zone)} FROM given").fetchall()]
    assert got == [expected(at, rules) for at in locals_]


def _column(values: list[dt.datetime]) -> dict[str, Any]:
    import numpy as np

    return {"local": np.array(values, dtype="datetime64[us]")}


def expected(local: dt.datetime, rules: zoneinfo.ZoneInfo) -> dt.datetime | None:
    """The first UTC time that shows as this local one; None where none does."""
    utc = local.replace(tzinfo=rules, fold=0).astimezone(dt.UTC)
    return utc.replace(tzinfo=None) if utc.astimezone(rules).replace(tzinfo=None) == local else None


def test_maps_compare_trimmed_and_in_lower_case(engine: duckdb.DuckDBPyConnection) -> None:
    def map_(text: str | None, otherwise: str | None = None) -> Any:
        sql = mapped("given", {" P1 ": "urgent", "it's": "odd"}, otherwise)
        return engine.execute(f"SELECT {sql} FROM (SELECT CAST(? AS VARCHAR) AS given)", [text]).fetchall()[0][0]

    assert [map_(t) for t in ("P1", "p1", "It's", "P9", None)] == ["urgent", "urgent", "odd", None, None]
    assert [map_(t, "normal") for t in ("P1", "P9", None)] == ["urgent", "normal", None]
