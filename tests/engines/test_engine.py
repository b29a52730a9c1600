"""What engines share: names, constants, which tables there are, periods of days, and errors in one sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import psycopg
import pytest
from tests.planner.company import JANUARY, Company, metric, table

from opstally import engines
from opstally.engines import engine_class, names
from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.engines.postgres import Postgres
from opstally.errors import EngineError, UnknownName
from opstally.period import GRAINS, WEEKDAYS, Calendar, Grain, Weekday
from opstally.planner.query import Query


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    assert names() == ["duckdb", "postgres"]
    with pytest.raises(UnknownName, match="Did you mean 'duckdb'"):
        engine_class("duckbd")


def test_every_reserved_word_can_name_a_column(engine: Engine) -> None:
    words = {
        "duckdb": "SELECT keyword_name FROM duckdb_keywords()",
        "postgres": "SELECT word FROM pg_get_keywords()",
    }
    for (word,) in engine.run(words[engine.name]):
        name = engine.identifier(str(word))
        assert engine.run(
            f"WITH {name} AS (SELECT 1 AS {name}) SELECT {name}, CASE WHEN {name} = 1 THEN t.{name} + 1 END AS other "
            f"FROM {name} AS t GROUP BY {name} ORDER BY {name}"
        ) == [(1, 2)]


@pytest.mark.parametrize("name", ["plain", "_x1", "Upper", "two words", 'say "x"', "größe", "1st", "a.b", "SELECT"])
def test_any_name_can_name_a_column(engine: Engine, name: str) -> None:
    quoted = engine.identifier(name)
    assert engine.run(f"WITH q AS (SELECT 7 AS {quoted}) SELECT {quoted} FROM q") == [(7,)]


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("", "text"), ("it's", "text"), ("50 %", "text"), ("a\\nb", "text"), ("line\nbreak", "text"),
        ("Zoë 🦆", "text"),
        ("$$ :x {0} ?", "text"), (0, "integer"), (-5, "integer"), (2**63 - 1, "integer"), (0.1, "number"),
        (1e300, "number"), (-2.5e-9, "number"), (1e16, "number"), (True, "boolean"), (dt.date(1900, 2, 28), "date"),
        (dt.datetime(2026, 6, 1, 12, 30, 0, 1), "timestamp"), (None, "date"),
    ],
)  # fmt: skip
def test_a_constant_comes_back_as_it_is(engine: Engine, value: object, type_: str) -> None:
    sql = engine.literal(value)  # type: ignore[arg-type]
    assert engine.run(f"SELECT {engine.cast(sql, type_)}") == [(value,)]
    if value is not None:
        assert engine.run(f"SELECT 1 WHERE {sql} = {engine.cast(sql, type_)}") == [(1,)]


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("week_start", ["monday", "wednesday", "sunday"])
@pytest.mark.parametrize("fiscal_start", [1, 2, 4, 11])
def test_bucket_starts_are_those_of_the_calendar(
    engine: Engine, grain: Grain, week_start: Weekday, fiscal_start: int
) -> None:
    calendar = Calendar("UTC", week_start, fiscal_start)
    first = dt.date(2023, 12, 1)
    days = [first + dt.timedelta(days=n) for n in range(0, 500, 3)] + [dt.date(2024, 2, 29), dt.date(2024, 5, 31)]
    bucket = engine.bucket("d", grain, WEEKDAYS.index(week_start), fiscal_start)
    values = ", ".join(f"({engine.literal(day)})" for day in days)
    found = engine.run(f"SELECT d, {bucket} FROM (VALUES {values}) AS v(d)")
    assert len(found) == len(days)
    assert [(d, b) for d, b in found if b != calendar.bucket_start(d, grain)] == []  # type: ignore[arg-type]


def test_what_the_engine_says_is_one_sentence(engine: Engine) -> None:
    with pytest.raises(EngineError) as caught:
        engine.run("SELECT missing FROM nowhere")
    assert "nowhere" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert engine.run("SELECT 1") == [(1,)]


def test_a_word_that_an_engine_does_not_know_says_where_it_belongs(engine: Engine) -> None:
    with pytest.raises(EngineError, match=rf"{engine.name} has no spelling for 'sine': add it to opstally/engines/"):
        engine.say("sine", "1")


def test_a_word_that_an_engine_does_not_offer_says_why() -> None:
    class Small(engine_class("duckdb")):  # type: ignore[misc]
        not_offered = {"quantile": "it only samples"}

    with pytest.raises(EngineError, match=r"duckdb does not offer quantile\(\): it only samples"):
        Small.say(Small.__new__(Small), "quantile", "x", "0.5")


def test_the_version_names_engine_and_number(engine: Engine) -> None:
    name, number = engine.version().split()
    assert name.lower().startswith(engine.name[:6])
    assert number[0].isdigit()


def test_postgres_needs_an_environment_variable_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_DSN", raising=False)
    with pytest.raises(EngineError, match="environment variable that is not set"):
        Postgres.connect("$NO_SUCH_DSN")


def test_postgres_that_cannot_be_reached_is_one_sentence() -> None:
    with pytest.raises(EngineError, match="PostgreSQL cannot be reached") as caught:
        Postgres.connect("host=127.0.0.1 port=1 connect_timeout=2")
    assert "\n" not in str(caught.value)


def test_postgres_reads_its_environment_and_writes_nothing(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSTALLY_TEST_DSN", postgres_server)
    engine = Postgres.connect("$OPSTALLY_TEST_DSN")
    assert engine.run("SELECT current_setting('transaction_read_only')") == [("on",)]
    with pytest.raises(EngineError, match="cannot execute CREATE TABLE in a read-only transaction"):
        engine.run("CREATE TABLE x (a int)")
    assert engine.tables() == frozenset()
    engine.close()


def test_only_tables_with_rows_are_there_and_only_those_asked_for_are_looked_into(postgres_server: str) -> None:
    """A view of somebody else's that fails when it is read must not matter."""
    with psycopg.connect(postgres_server, autocommit=True) as other:
        other.execute(
            "CREATE SCHEMA theirs; CREATE TABLE theirs.full AS SELECT 1 AS a; CREATE TABLE theirs.empty (a int); "
            "CREATE VIEW theirs.seen AS SELECT 1 AS a; CREATE VIEW theirs.broken AS SELECT 1 / (random() * 0)::int AS a"
        )
    engine = Postgres.connect(postgres_server, "theirs")
    assert engine.tables(["full", "empty", "seen", "missing"]) == {"full", "seen"}
    with pytest.raises(EngineError, match="division by zero"):
        engine.run("SELECT * FROM broken")
    engine.close()


def test_tables_of_a_duckdb() -> None:
    engine = DuckDB(duckdb.connect())
    engine.connection.execute(
        "CREATE TABLE filled AS SELECT 1 AS a; CREATE TABLE emptied AS SELECT 1 AS a; DELETE FROM emptied; "
        "CREATE VIEW seen AS SELECT 1 AS a; CREATE SCHEMA other; CREATE TABLE other.hidden AS SELECT 1 AS a"
    )
    assert engine.tables() == {"filled", "seen"}
    assert engine.tables(["seen", "emptied"]) == {"seen"}


def test_a_third_engine_needs_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.py").write_text(
        "from opstally.engines.duckdb import DuckDB, SPELLING\n\n\n"
        "class Tiny(DuckDB):\n"
        "    name = 'tiny'\n"
        "    spelling = {word: said for word, said in SPELLING.items() if word != 'variance'}\n"
        "    not_offered = {'variance': 'it cannot'}\n\n\n"
        "ENGINE = Tiny\n"
    )
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(tmp_path)])
    assert "tiny" in names()
    made = engine_class("tiny")(duckdb.connect())  # type: ignore[call-arg]
    fact = table("f", "id text, day date, n integer", "id", at="day")
    asked = Company([fact], [metric("m", "f", "max(n)"), metric("v", "f", "variance(n)", "ratio")])
    made.connection.execute("CREATE TABLE f AS SELECT '1' AS id, DATE '2026-01-05' AS day, CAST(7 AS BIGINT) AS n")  # type: ignore[attr-defined]
    measured = asked.measuring()
    measured.engine = made
    assert measured.measure(Query(("m",), (), None, JANUARY, JANUARY.last_day)).rows == ((7,),)
    with pytest.raises(EngineError, match=r"tiny does not offer variance\(\): it cannot"):
        measured.measure(Query(("v",), (), None, JANUARY, JANUARY.last_day))
