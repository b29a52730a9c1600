"""Arguments, exit codes, and what happens when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import opstally as package
from opstally.cli import stopping
from opstally.cli.run import hoisted
from opstally.workspace import Workspace

COMMAND = [sys.executable, "-m", "opstally"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(package.__file__).parents[1])}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["report", "x", "--project", "p"], ["--project", "p", "report", "x"]),
        (["report", "--engine=duckdb", "x"], ["--engine=duckdb", "report", "x"]),
        (["query", "a", "--debug"], ["--debug", "query", "a"]),
        (["query", "--", "--project", "p"], ["query", "--", "--project", "p"]),
        (["report", "x", "--project"], ["--project", "report", "x"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], expected: list[str]) -> None:
    assert hoisted(given) == expected


def test_the_version(opstally: Any) -> None:
    done = opstally("--version")
    assert (done.code, done.out) == (0, f"opstally {package.__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["query", "-h"]])
def test_help_is_on_stdout(opstally: Any, arguments: list[str]) -> None:
    done = opstally(*arguments)
    assert done.code == 0
    assert done.out.startswith("Usage: opstally")
    assert done.err == ""


def test_no_command_is_wrong_use_and_shows_the_help(opstally: Any) -> None:
    done = opstally()
    assert done.code == 2
    assert "explain" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["repotr"], "No such command 'repotr'. Did you mean 'report'? See 'opstally --help'."),
        (
            ["report", "--formt", "json"],
            "There is no option --formt. Did you mean '--format'",
        ),
        (["report", "x", "--format", "jsn"], "There is no format 'jsn'. Did you mean 'json'?"),
        (["query"], "Missing argument 'METRIC...'. See 'opstally query --help'."),
        (["report", "x", "--as-of", "2026-02-30"], "There is no day 2026-02-30 in the calendar."),
        (["--server", "x", "report", "y"], "Servers come with a later version"),
        (["check", "--format", "csv"], "The format csv is not offered here: "),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(opstally: Any, arguments: list[str], sentence: str) -> None:
    done = opstally(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(f"opstally: {sentence}")
    assert done.err.count("\n") == 1


def test_outside_of_a_project(opstally: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = opstally("report", "support-tickets")
    assert done.code == 2
    assert "'opstally init .' makes a project" in done.err


def test_a_project_named_after_the_command(opstally: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert opstally("query", "tickets_created", "--as-of", "2026-10-25", "--project", project).code == 0


def test_an_unexpected_error_is_a_sentence(opstally: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such luck")

    assert project.is_dir()
    monkeypatch.setattr(Workspace, "open", broken)
    done = opstally("query", "csat")
    assert done.code == 70
    assert done.err == (
        "opstally: This is a bug in Opstally (RuntimeError: no such luck). Run it again with --debug for the details.\n"
    )
    with pytest.raises(RuntimeError):
        opstally("query", "csat", "--debug")


def test_a_reader_that_has_gone_is_no_error(project: Path) -> None:
    program = f"{sys.executable} -m opstally catalog metrics | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", program], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "141")


@pytest.mark.parametrize("after", [0, 0.05, 0.1, 0.5, 1.5])
def test_interrupting(after: float, tmp_path: Path) -> None:
    """While the engine runs a query, an interrupt becomes an error of its own; in other libraries it may be lost."""
    process = subprocess.Popen(
        [*COMMAND, "demo", "company", "--scale", "0.5"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "company").exists():
        time.sleep(0.02)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "opstally: Stopped."


def test_a_pager_that_is_stopped_too_is_no_failure() -> None:
    """What was not printed yet when both were stopped has nowhere to go."""
    program = (
        "import sys\n"
        "from opstally.cli import main\n"
        "run = sys.modules['opstally.cli.run']\n"
        "run.run = lambda arguments: print('a page') or run.INTERRUPTED\n"
        "sys.stdin.read()\n"
        "main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=ENVIRONMENT | {"PYTHONUNBUFFERED": ""}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 130
    process.stderr.close()


def test_an_interrupt_that_is_swallowed_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "AGAIN", 0.01)
    told, swallowed = stopping.Stopping(), 0
    with told.listening():
        while swallowed < 3:
            try:
                if not told.asked:
                    signal.raise_signal(signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt:
                swallowed += 1
    assert (told.asked, swallowed) == (True, 3)
    time.sleep(0.05)  # nothing comes any more


def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "from opstally.cli import run\n"
        "run(['report', '--help'])\n"
        "print([n for n in ('rich', 'pydantic', 'yaml', 'duckdb', 'numpy', 'jinja2') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
