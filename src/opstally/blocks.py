"""The blocks that a checkpoint of the database writes anew where they are, kept until it has come to its end."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# DuckDB writes what changed into free blocks, and then a header that points to them. Only its directory it writes into
# the unused rest of blocks that are in use, each anew as a whole, with a checksum. A process that is killed within such
# a write, or a machine that loses power, leaves a block whose checksum is wrong: the file cannot be opened again. As
# long as the header has not been written, the blocks as they were before are the right ones.

_HEADERS: Final = 3 * 4096
"""Bytes before the first block."""

_COUNTED: Final = struct.Struct("<qq")
"""Bytes of a block, and how many are kept. Headers, numbers of blocks, blocks and a digest of it all follow."""

_DIGEST: Final = hashlib.sha256().digest_size


def keep(path: Path, file: int, connection: DuckDBPyConnection) -> None:
    """Put aside the blocks that the next checkpoint of the database may write again. Raises OSError, duckdb.Error.

    `file` is open for reading it, and must stay so: to close any file of a database ends its process's locks on it.
    """
    if not hasattr(os, "pread"):  # nor could the file be open twice there
        return
    [(size,)] = connection.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = current_database()"
    ).fetchall()
    rows = connection.execute("SELECT DISTINCT block_id FROM pragma_metadata_info(current_database())").fetchall()
    numbers = sorted(int(number) for (number,) in rows)
    digest = hashlib.sha256()
    with open(_new(path), "wb") as out:
        for part in _parts(file, size, numbers):
            digest.update(part)
            out.write(part)
        out.write(digest.digest())
        out.flush()
        os.fsync(out.fileno())
    _new(path).replace(_kept(path))


def drop(path: Path) -> None:
    """The checkpoint has come to its end."""
    _kept(path).unlink(missing_ok=True)


def restore(path: Path) -> bool:
    """Put back what was kept of a database that nobody has open; whether there was something to put back."""
    try:
        import fcntl  # lazy: not on every system

        with open(_kept(path), "rb") as kept, open(path, "r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size, count = _COUNTED.unpack(kept.read(_COUNTED.size))
            if not _is_whole(kept) or kept.read(_HEADERS) != file.read(_HEADERS):
                return False
            for (number,) in struct.iter_unpack("<q", kept.read(8 * count)):
                file.seek(_HEADERS + number * size)
                file.write(kept.read(size))
            file.flush()
            os.fsync(file.fileno())
            return True
    except (ImportError, OSError, struct.error):  # nothing was kept, or what is there may not be written
        return False


def _parts(file: int, size: int, numbers: list[int]) -> Iterator[bytes]:
    yield _COUNTED.pack(size, len(numbers))
    yield os.pread(file, _HEADERS, 0)
    yield struct.pack(f"<{len(numbers)}q", *numbers)
    for number in numbers:
        yield os.pread(file, size, _HEADERS + number * size).ljust(size, b"\0")


def _is_whole(kept: BinaryIO) -> bool:
    """Whether the digest is right; afterwards the headers come next."""
    kept.seek(0)
    digest, left = hashlib.sha256(), os.fstat(kept.fileno()).st_size - _DIGEST
    while left > 0 and (part := kept.read(min(left, 1 << 20))):
        digest.update(part)
        left -= len(part)
    whole = kept.read(_DIGEST) == digest.digest()
    kept.seek(_COUNTED.size)
    return whole


def _kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.blocks")


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.blocks.new")
