"""The project's database: made, opened, widened, and refused with one sentence where it cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from opstally.errors import StoreError
from opstally.layout import VERSION
from opstally.model.table import Column, Table
from opstally.store import Store


def table(**columns: str) -> Table:
    declared = {name: Column(type=kind) for name, kind in columns.items()}  # type: ignore[arg-type]
    return Table(table="things", label="Things", description="", key=("id",), columns=declared)


THINGS = {"things": table(id="text", n="integer", x="number", yes="boolean", day="date", at="timestamp")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "opstally.duckdb"


def stored(path: Path, name: str = "things") -> list[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [(c[0], c[1]) for c in connection.execute(f"DESCRIBE main.{name}").fetchall()]


def test_a_new_store_has_the_declared_tables_with_their_types(path: Path) -> None:
    Store.open(path, THINGS).close()
    assert stored(path) == [
        ("id", "VARCHAR"),
        ("n", "BIGINT"),
        ("x", "DOUBLE"),
        ("yes", "BOOLEAN"),
        ("day", "DATE"),
        ("at", "TIMESTAMP"),
    ]


def test_opening_again_keeps_rows(path: Path) -> None:
    with Store.open(path, THINGS) as store:
        store.connection.execute("INSERT INTO things (id, n) VALUES ('a', 1)")
    with Store.open(path, THINGS) as store:
        assert store.connection.execute("SELECT id, n FROM things").fetchall() == [("a", 1)]


def test_a_column_that_a_declaration_gained_is_added_and_one_that_it_lost_stays(path: Path) -> None:
    with Store.open(path, {"things": table(id="text", old="integer")}) as store:
        store.connection.execute("INSERT INTO things VALUES ('a', 7)")
    Store.open(path, {"things": table(id="text", new="date")}).close()
    assert stored(path) == [("id", "VARCHAR"), ("old", "BIGINT"), ("new", "DATE")]


def test_whole_numbers_become_numbers_but_nothing_is_turned_into_something_else(path: Path) -> None:
    with Store.open(path, {"things": table(id="text", n="integer")}) as store:
        store.connection.execute("INSERT INTO things VALUES ('a', 7)")
    with Store.open(path, {"things": table(id="text", n="number")}) as store:
        assert store.connection.execute("SELECT n FROM things").fetchall() == [(7.0,)]
    with pytest.raises(StoreError, match=r"holds things\.n as double, and it is now declared date\. Undo"):
        Store.open(path, {"things": table(id="text", n="date")})


def test_an_empty_column_takes_any_new_type(path: Path) -> None:
    Store.open(path, {"things": table(id="text", n="integer")}).close()
    Store.open(path, {"things": table(id="text", n="date")}).close()
    assert stored(path)[1] == ("n", "DATE")


def test_derived_tables_are_not_stored(path: Path) -> None:
    from opstally import library

    tables = {name: d.declaration for name, d in library.load().tables.items()}
    derived = [name for name, declared in tables.items() if not declared.columns]
    Store.open(path, tables).close()
    with duckdb.connect(str(path), read_only=True) as connection:
        there = {
            t
            for (t,) in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            ).fetchall()
        }
    assert derived
    assert there == set(tables) - set(derived)


def test_settings_that_numbers_depend_on(path: Path) -> None:
    with Store.open(path, THINGS) as store:
        asked = "current_setting('TimeZone'), current_setting('disabled_optimizers'), current_setting('temp_directory')"
        [(zone, disabled, spills)] = store.connection.execute(f"SELECT {asked}").fetchall()
    assert (zone, disabled) == ("UTC", "window_self_join")
    assert Path(spills).parent == path.parent


def test_reading_needs_a_store_and_changes_none(path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"opstally\.duckdb is not there: nothing has been loaded yet\. 'opstally load'"
    ):
        Store.open(path, THINGS, read_only=True)
    Store.open(path, THINGS).close()
    with (
        Store.open(path, {**THINGS, "others": table(id="text")}, read_only=True) as store,
        pytest.raises(duckdb.Error),
    ):
        store.connection.execute("DELETE FROM things")
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'others'").fetchall() == [
            (0,)
        ]


def test_reading_a_store_that_is_behind_its_declarations_says_what_to_do(path: Path) -> None:
    Store.open(path, {"things": table(id="integer")}).close()
    newer = {"things": table(id="integer", colour="text")}
    with pytest.raises(StoreError, match=r"was loaded before things.colour was declared. 'opstally load' adds"):
        Store.open(path, newer, read_only=True)
    Store.open(path, newer).close()
    Store.open(path, newer, read_only=True).close()


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    with Store.open(path, THINGS) as store:
        with pytest.raises(duckdb.Error), store.transaction() as connection:
            connection.execute("INSERT INTO things (id) VALUES ('a'); SELECT CAST('x' AS INTEGER) FROM things")
        assert store.connection.execute("SELECT count(*) FROM things").fetchall() == [(0,)]


def test_what_a_killed_load_left_is_cleared_away(path: Path) -> None:
    with Store.open(path, THINGS) as store:
        store.connection.execute('CREATE TABLE main."things~loading0" (id VARCHAR)')
    left = path.with_name("opstally.duckdb.scratch")
    left.mkdir()
    (left / "half.csv").write_text("id\n")
    with Store.open(path, THINGS) as store:
        assert store.connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%loading%'"
        ).fetchall() == [(0,)]
        with store.scratch() as scratch:
            assert list(scratch.iterdir()) == []
    assert not left.exists()


def test_a_store_of_a_later_version_is_refused(path: Path) -> None:
    with Store.open(path, THINGS) as store:
        store.connection.execute(f"UPDATE opstally.store SET version = {VERSION + 1}")
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"written by a later Opstally: its version is 2, .* Update Opstally"):
            Store.open(path, THINGS, read_only)


@pytest.mark.parametrize("content", [b"", b"ticket_id,status\nT1,open\n", os.urandom(64) * 1000])
def test_a_file_that_is_no_database_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"opstally\.duckdb is not a DuckDB database\. Move it away"):
        Store.open(path, THINGS)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused_and_kept(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE theirs (a INTEGER)")
    with pytest.raises(StoreError, match="but not one of Opstally's"):
        Store.open(path, THINGS)
    assert stored(path, "theirs") == [("a", "INTEGER")]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"The folder .*/nowhere is not there"):
        Store.open(tmp_path / "nowhere" / "opstally.duckdb", THINGS)


def test_a_store_in_use_says_by_whom(path: Path) -> None:
    with Store.open(path, THINGS):
        program = (
            "from pathlib import Path\n"
            "from opstally.errors import StoreError\n"
            "from opstally.store import Store\n"
            "try:\n"
            f"    Store.open(Path({str(path)!r}))\n"
            "except StoreError as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=_env())
    assert f"is in use by another process (PID {os.getpid()}). Wait until it is done" in done.stdout


def test_a_read_only_folder_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        path = Path(folder) / "opstally.duckdb"
        path.parent.chmod(0o555)
        said = _refused_as_an_ordinary_user(f"Store.open(Path({str(path)!r}))")
        path.parent.chmod(0o755)
    assert f"{path} cannot be written: {path.parent} is read-only for you." in said


def test_a_database_that_may_not_be_read_is_told_as_that() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "opstally.duckdb"
        Store.open(path).close()
        path.parent.chmod(0o755)
        path.chmod(0)
        said = _refused_as_an_ordinary_user(f"Store.open(Path({str(path)!r}), read_only=True)")
    assert said == f"{path} cannot be read: you lack the permission. Ask its owner for it.\n"


def _refused_as_an_ordinary_user(call: str) -> str:
    """The sentence; for the superuser nothing is refused."""
    program = (
        "import os\n"
        "from pathlib import Path\n"
        "from opstally.errors import StoreError\n"
        "from opstally.store import Store\n"
        "import duckdb\n"
        "if os.getuid() == 0:\n"
        "    os.setuid(65534)\n"
        "try:\n"
        f"    {call}\n"
        "except StoreError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=_env())
    assert done.stdout, done.stderr
    return done.stdout


def _env() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_store_remembers_what_was_declared_and_notices_what_is_new(path: Path) -> None:
    wider = {"things": table(id="text", colour="text")}
    Store.open(path, {"things": table(id="text")}).close()
    Store.open(path, {"things": table(id="text")}, read_only=True).close()
    with pytest.raises(StoreError, match=r"was loaded before things\.colour was declared"):
        Store.open(path, wider, read_only=True)
    Store.open(path, wider).close()
    Store.open(path, wider, read_only=True).close()
    with duckdb.connect(path, read_only=True) as connection:
        assert len(connection.execute("SELECT digest FROM opstally.opstally.declared").fetchall()) == 1
