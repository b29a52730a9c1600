"""`opstally init`: a project that loads as it is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from opstally.cli.init import FOLDERS, project_text
from opstally.library import read_project
from opstally.model.project import Assumptions, Project


def test_a_new_project(opstally: Any, tmp_path: Path) -> None:
    done = opstally("init", tmp_path / "shop")
    assert (done.code, done.out) == (0, "")
    assert f"cd {tmp_path / 'shop'}" in done.err
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == sorted(
        [*FOLDERS, ".gitignore", "opstally.yml"]
    )
    project, problems = read_project(tmp_path / "shop")
    assert problems == ()
    assert project.name == "shop"
    assert opstally("catalog", "--project", tmp_path / "shop").code == 0


def test_here(opstally: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert opstally("init").code == 0
    again = opstally("init")
    assert again.code == 2
    assert again.err == (
        "opstally: opstally.yml is there already: this is a project. Edit that file, or give another folder.\n"
    )


@pytest.mark.parametrize("name", ["yes", "a: b", 'say "hi"', "日本", "- x"])
def test_any_folder_name_is_a_name(name: str) -> None:
    assert yaml.safe_load(project_text(name))["name"] == name


def test_the_comments_tell_the_true_defaults() -> None:
    """With every setting's comment sign taken away the file still says what an empty one means."""
    lines = project_text("x").splitlines()
    assumptions = [
        line.removeprefix("#") for line in lines if line.startswith("#   ") and "#" in line[1:] and ":" in line
    ]
    told = yaml.safe_load("\n".join(line for line in assumptions if line.strip().split(":")[0] in NAMES))
    assert told == {f.name: f.default for f in fields(Assumptions)}
    settings = dict(line.removeprefix("# ").split("#")[0].split(": ", 1) for line in lines if SETTING(line))
    default = Project()
    assert {name: text.strip() for name, text in settings.items()} == {
        "timezone": default.timezone,
        "week_start": default.week_start,
        "fiscal_year_start": str(default.fiscal_year_start),
        "currency": default.currency,
    }


NAMES = {f.name for f in fields(Assumptions)}


def SETTING(line: str) -> bool:
    return line.startswith(("# timezone:", "# week_start:", "# fiscal_year_start:", "# currency:"))


def test_a_folder_that_cannot_be_made(opstally: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = opstally("init", tmp_path / "file")
    assert done.code == 1
    assert "Give another folder." in done.err
