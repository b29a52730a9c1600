"""script/environment takes the interpreter that it is told, and else leaves alone what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = "requirements.lock"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for a POSIX shell")


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone, as far as the script looks at it, and an installer that makes the files which it would install."""
    clone = tmp_path / "clone"
    for name in ("script/environment", LOCK, "pyproject.toml"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    executable(
        tmp_path / "bin" / "uv",
        """#!/bin/sh
echo "uv $*" >>../told
case "$1" in
    venv) mkdir -p .venv/bin && printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$4" >.venv/bin/python ;;
    pip) touch .venv/bin/opstally ;;
esac
chmod +x .venv/bin/*
""",
    )
    return clone


def run(clone: Path, python: str | None) -> subprocess.CompletedProcess[str]:
    told = {"PYTHON": python} if python else {}
    rest = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "PATH")}
    search = os.pathsep.join([str(clone.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [str(clone / "script" / "environment"), LOCK],
        env={**rest, **told, "PATH": search},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def installs(clone: Path) -> list[str]:
    told = clone.parent / "told"
    return [line.split()[1] for line in told.read_text().splitlines()] if told.exists() else []


def of_another_version(folder: Path) -> str:
    """An interpreter that does all that this one does, and says that it is another."""
    says = "import sys; sys.version = 'another'; exec(sys.argv.pop(2))"
    return str(executable(folder / "other" / "python", f'#!/bin/sh\nexec "{sys.executable}" -c "{says}" "$@"\n'))


def test_installed_once(checkout: Path) -> None:
    assert run(checkout, None).returncode == 0
    assert installs(checkout) == ["venv", "pip", "pip"]
    again = run(checkout, None)
    assert (again.returncode, again.stderr) == (0, "")
    assert run(checkout, sys.executable).returncode == 0
    assert installs(checkout) == ["venv", "pip", "pip"]


def test_another_interpreter_makes_the_environment_anew(checkout: Path) -> None:
    """Otherwise `PYTHON=python3.13 script/test` tests whatever Python was there, and says nothing."""
    run(checkout, None)
    (checkout / ".venv" / "left-over").touch()
    assert run(checkout, of_another_version(checkout.parent)).returncode == 0
    assert installs(checkout) == ["venv", "pip", "pip"] * 2
    assert not (checkout / ".venv" / "left-over").exists()
    run(checkout, None)
    assert installs(checkout) == ["venv", "pip", "pip"] * 2, "untold, it stays"


def test_no_python_leaves_the_environment_as_it_is(checkout: Path) -> None:
    run(checkout, None)
    refused = run(checkout, "/nowhere/python3.13")
    assert refused.returncode == 2
    assert "'/nowhere/python3.13' is not: run again with PYTHON=" in refused.stderr
    assert (checkout / ".venv" / "bin" / "opstally").exists()
