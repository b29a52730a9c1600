"""A checkpoint that ends within one of its writes leaves a store that opens."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from opstally import blocks, library
from opstally.errors import StoreError
from opstally.store import Store

HEADERS, BLOCK, PAGE = 3 * 4096, 262_144, 4096
TABLES = {name: d.declaration for name, d in library.load().tables.items() if d.declaration.columns}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with rows in place."""
    path = tmp_path / "opstally.duckdb"
    with Store.open(path, TABLES) as store:
        store.connection.execute("INSERT INTO services (service_name, owner) VALUES ('api', 'Ann')")
    assert not path.with_name("opstally.duckdb.wal").exists()
    return path


def directory(path: Path) -> list[int]:
    """The blocks that a checkpoint may write where they are."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT block_id FROM pragma_metadata_info() ORDER BY 1").fetchall()
    return [number for (number,) in rows]


def tear(path: Path, number: int) -> None:
    """Write the first page of a block anew, as a checkpoint that ends there does."""
    with path.open("r+b") as file:
        file.seek(HEADERS + number * BLOCK)
        first = file.read(PAGE)
        file.seek(HEADERS + number * BLOCK)
        file.write(bytes(255 - byte for byte in first))


def kept(path: Path) -> None:
    with Store.open(path, TABLES) as store:
        store.connection.execute("UPDATE services SET owner = 'Bob'")
        assert store.file is not None
        blocks.keep(path, store.file, store.connection)
        store.connection.close()  # without a checkpoint


@pytest.mark.parametrize("read_only", [True, False])
def test_torn_blocks_are_put_back(path: Path, read_only: bool) -> None:
    numbers = directory(path)
    assert numbers
    kept(path)
    for number in numbers:
        tear(path, number)
    with Store.open(path, TABLES, read_only) as store:
        assert store.connection.execute("SELECT service_name, owner FROM services").fetchall() == [("api", "Bob")]


def test_blocks_of_before_a_finished_checkpoint_are_not_put_back(path: Path) -> None:
    kept(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CHECKPOINT")
    tear(path, directory(path)[0])
    with pytest.raises(StoreError, match="is damaged.*Restore it from a backup"):
        Store.open(path, TABLES)


def test_half_a_copy_is_not_put_back(path: Path) -> None:
    kept(path)
    copy = path.with_name("opstally.duckdb.blocks")
    copy.write_bytes(copy.read_bytes()[:-PAGE])
    tear(path, directory(path)[0])
    with pytest.raises(StoreError, match="is damaged"):
        Store.open(path, TABLES)


def test_nothing_is_left_of_a_checkpoint_that_came_to_its_end(path: Path) -> None:
    assert [file.name for file in path.parent.iterdir()] == [path.name]
