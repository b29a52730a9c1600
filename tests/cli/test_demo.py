"""`opstally demo`: from nothing to a report, with one command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import opstally as package


def demo(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(Path(package.__file__).parents[1])}
    command = [sys.executable, "-m", "opstally", "demo", "company", "--scale", "0.02", *more]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder in which the demo was made, and what the command said."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder)


def test_the_dashboard_is_the_output_and_the_rest_is_narration(company: Any) -> None:
    _, done = company
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Operations dashboard  01 Oct – 31 Oct 2026 vs 01 Sep – 30 Sep 2026\n")
    assert re.search(r"Loaded [\d,]+ rows in [\d.]+ s", done.stderr)


def test_what_to_try_next_works(company: Any, opstally: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, done = company
    commands = [line.split() for line in done.stderr.partition("Try next:")[2].splitlines() if line.strip()]
    assert commands[0] == ["cd", "company"]
    monkeypatch.chdir(folder / "company")
    for command in commands[1:]:
        assert command[0] == "opstally"
        tried = opstally(*command[1:])
        assert tried.code == 0, (command, tried.err)
    assert (folder / "company" / "reports" / "operations-dashboard.html").exists()


def test_a_folder_with_something_else_is_left_alone(opstally: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = opstally("demo", tmp_path)
    assert done.code == 2
    assert "holds something else already" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_company_that_is_there_is_left_alone_unless_it_is_wanted_again(company: Any) -> None:
    folder, _ = company
    own = folder / "company" / "opstally.yml"
    written = own.read_text(encoding="utf-8")
    own.write_text(f"{written}# mine\n", encoding="utf-8")
    done = demo(folder)
    assert done.returncode == 0, done.stderr
    assert "holds this company already. Its files stay as they are; --again writes them anew." in done.stderr
    assert "Wrote two years" not in done.stderr
    assert "Operations dashboard" in done.stdout
    assert own.read_text(encoding="utf-8").endswith("# mine\n")
    assert demo(folder, "--again").returncode == 0
    assert own.read_text(encoding="utf-8") == written
