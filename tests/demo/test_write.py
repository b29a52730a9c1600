"""Writing the company: same bytes each time, a sensible size, and a refusal to overwrite anything else."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path

import pytest
import yaml

from opstally.demo import write
from opstally.errors import LoadError, UsageError
from opstally.library import read_project

from .conftest import Written


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_command_writes_the_same_bytes(small: Written, tmp_path: Path) -> None:
    write(tmp_path / "again", scale=0.02)
    assert hashes(tmp_path / "again") == hashes(small.folder)


def test_another_seed_is_another_company(small: Written, tmp_path: Path) -> None:
    write(tmp_path / "other", scale=0.02, seed=8)
    same = hashes(tmp_path / "other").items() & hashes(small.folder).items()
    assert not [name for name, _ in same if name.startswith(("data/helpdesk", "data/uptime", "data/customers"))]


def test_it_is_written_again_where_it_is_only_when_asked_to(tmp_path: Path) -> None:
    write(tmp_path, scale=0.005)
    before = hashes(tmp_path)
    mine = tmp_path / "metrics" / "mine.yml"
    mine.parent.mkdir()
    for file in (mine, tmp_path / "opstally.yml"):
        file.write_text("name: Mine\n", encoding="utf-8")
    changed = hashes(tmp_path)
    with pytest.raises(UsageError, match="holds this company already: ask it there. --again writes its files anew"):
        write(tmp_path, scale=0.005)
    assert hashes(tmp_path) == changed
    write(tmp_path, scale=0.005, again=True)
    assert hashes(tmp_path) == before | {"metrics/mine.yml": changed["metrics/mine.yml"]}


def test_another_company_is_refused_even_when_asked_again(tmp_path: Path) -> None:
    write(tmp_path, scale=0.001)
    with pytest.raises(UsageError, match=r"holds the company of seed 7"):
        write(tmp_path, scale=0.001, seed=8, again=True)


@pytest.mark.parametrize(
    ("scale", "until", "start"),
    [
        (0.005, date(2026, 11, 22), "2024-11-23"),
        (0.005, date(2024, 2, 29), "2022-03-01"),
        (0.0005, date(2027, 3, 1), "2025-03-02"),
    ],
)
def test_any_day_ends_two_years(tmp_path: Path, scale: float, until: date, start: str) -> None:
    truth = write(tmp_path, scale=scale, until=until)
    assert truth.as_json()["from"] == start
    days = {path.stem[-7:] for path in (tmp_path / "data" / "uptime").iterdir()}
    assert (min(days), max(days)) == (start[:7], f"{until:%Y-%m}")


def test_checks_and_tickets_grow_with_the_scale(small: Written, company: Written) -> None:
    """Scale 1 has 1,051,200 checks, and about 100,000 tickets."""
    for written, scale in ((small, 0.02), (company, 0.5)):
        rows = {account["source"]: account["merged"] for account in written.truth.accounts()}
        assert rows["uptime_checker"] == pytest.approx(scale * 1_051_200, rel=0.01)
        assert rows["helpdesk"] == pytest.approx(scale * 100_000, rel=0.12)


def test_the_project_is_complete(small: Written) -> None:
    project = yaml.safe_load((small.folder / "opstally.yml").read_text(encoding="utf-8"))
    assert project["name"] == "Larkspur Cloud"
    written = json.loads((small.folder / "truth.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(small.truth.as_json()))
    assert len(written["effects"]) >= 25
    assert all(effect["description"] and effect["tables"] for effect in written["effects"])


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    write(tmp_path, scale=0.001, progress=lambda what, share: told.append((what, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert "the exports of 2026-10" in {what for what, _ in told}


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e6])
def test_a_scale_that_makes_no_company_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(UsageError, match="Give a scale above 0 and up to 200"):
        write(tmp_path, scale=scale)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="holds something else already"):
        write(tmp_path, scale=0.001)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_another_company_in_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, scale=0.001)
    before = hashes(tmp_path)
    with pytest.raises(UsageError, match=r"holds the company of seed 7, scale 0\.001, until 2026-10-31"):
        write(tmp_path, scale=0.001, seed=8)
    assert hashes(tmp_path) == before


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        write(tmp_path / "demo")


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    target = Path("/proc/demo") if os.geteuid() == 0 else Path("/demo")
    with pytest.raises(LoadError, match="cannot be written: .*give another folder"):
        write(target, scale=0.001)


def test_the_teams_have_opening_hours_and_holidays(small: Written) -> None:
    """Every team has a calendar, and each year that the data touch its holidays."""
    project, problems = read_project(small.folder)
    assert problems == ()
    assert set(project.calendars) == {"office", "long_hours", "always"}
    assert project.calendar_for[-1].conditions == {}
    office = project.calendars["office"]
    assert office.timezone == "Europe/Berlin"
    assert "saturday" not in office.hours
    assert {day.year for day in office.holidays} == {2024, 2025, 2026, 2027}
    assert date(2026, 5, 1) in office.holidays
    assert project.calendars["always"].holidays == ()
