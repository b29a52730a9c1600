"""The company goes through the load like anybody's exports: every row is accounted for, no other is put aside."""

from __future__ import annotations

import shutil

import pytest

from opstally.ingest import Loaded, LoadSummary
from opstally.workspace import Workspace

from .conftest import Written


@pytest.fixture(scope="module")
def loaded(small: Written, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, LoadSummary]:
    """A copy of the small company, loaded once."""
    folder = tmp_path_factory.mktemp("loaded") / "company"
    shutil.copytree(small.folder, folder)
    workspace = Workspace.open(folder)
    return workspace, workspace.load(())


def fates(row: Loaded) -> dict[str, int]:
    return {"read": row.read, "merged": row.merged, "duplicate": row.duplicate, "quarantined": row.quarantined}


def test_every_row_meets_the_fate_that_was_planted(small: Written, loaded: tuple[Workspace, LoadSummary]) -> None:
    _, summary = loaded
    assert summary.errors == ()
    names = ("read", "merged", "duplicate", "quarantined")
    told = {(load["source"], load["table"]): {name: load[name] for name in names} for load in small.truth.accounts()}
    assert {(row.source, row.table): fates(row) for row in summary.loaded} == told
    assert all(row.unchanged == 0 for row in summary.loaded)


def test_every_file_is_taken(small: Written, loaded: tuple[Workspace, LoadSummary]) -> None:
    _, summary = loaded
    files = {str(path.relative_to(small.folder)) for path in small.data.rglob("*") if path.is_file()}
    assert {file.path for file in summary.files} == files


def test_loading_again_changes_nothing(loaded: tuple[Workspace, LoadSummary]) -> None:
    workspace, first = loaded
    again = workspace.load(())
    assert sum(row.merged for row in again.loaded) == 0
    assert sum(row.unchanged for row in again.loaded) == sum(row.merged for row in first.loaded)


def test_the_clocks_are_read_right(loaded: tuple[Workspace, LoadSummary]) -> None:
    """The log tells in UTC when tickets were created; the tickets were exported on the clock of Berlin."""
    workspace, _ = loaded
    ((pairs, apart),) = workspace.engine.run(
        "SELECT count(*), max(abs(epoch(t.created_at) - epoch(e.at))) FROM support_tickets t JOIN ticket_events e "
        "ON e.ticket_id = t.ticket_id AND e.field = 'status' AND e.old_value IS NULL"
    )
    assert pairs > 1_900
    assert apart <= 3600


def test_business_time_is_known(loaded: tuple[Workspace, LoadSummary]) -> None:
    """Every ticket that counts has a calendar; business time is never longer than time, the same around the clock."""
    workspace, _ = loaded
    found = workspace.engine.run(
        "SELECT business_calendar, max(first_response_business_minutes - first_response_minutes), "
        "min(first_response_business_minutes - first_response_minutes), count(resolution_target_minutes) - count(*) "
        "FROM support_tickets WHERE status <> 'deleted' GROUP BY 1 ORDER BY 1"
    )
    assert [name for name, *_ in found] == ["always", "long_hours", "office"]
    assert all(abs(float(str(longest))) < 1e-6 and without == 0 for _, longest, _, without in found)
    assert [round(float(str(shortest)), 6) == 0 for *_, shortest, _ in found] == [True, False, False]
    result = workspace.query(["first_response_sla_business", "resolution_sla_business", "first_response_sla"])
    business, resolved, elapsed = (float(str(value)) for value in result.rows[0][:3])
    assert 0 < elapsed < business < 100
    assert 0 < resolved < 100
