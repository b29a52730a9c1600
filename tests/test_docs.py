"""The documentation is what the code says: pages are fresh, commands are there, links lead somewhere, YAML loads."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from opstally.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh(generate: ModuleType) -> None:
    assert generate.stale() == [], "run: python docs/generate.py"


def test_every_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert len(names) == 11
    for name in names:
        assert f"## opstally {name}\n" in text


def test_schemas_are_schemas() -> None:
    for path in (DOCS / "schema").iterdir():
        assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'(?:src|href)="([^"#]+)"', text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def yaml_blocks() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        if page.parent.name != "catalogue":
            text = page.read_text(encoding="utf-8")
            found += [(page.name, block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return found


def test_yaml_in_the_guides_is_accepted(folder: Path) -> None:
    """Each block starts with a comment that says its file; all of them together make a project without problems."""
    from opstally.workspace import Workspace

    blocks = yaml_blocks()
    assert len(blocks) >= 3
    for page, block in blocks:
        named = re.match(r"# (\S+\.yml)\n", block)
        assert named, f"{page}: {block}"
        path = folder / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    assert [str(problem) for problem in Workspace.open(folder).problems] == []


def test_five_minutes_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its commands work in its order on its export, and what it says of the tickets is what comes out."""
    import shlex

    from opstally.cli import run

    text = (DOCS / "five-minutes.md").read_text(encoding="utf-8")
    [export] = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 9
    monkeypatch.chdir(tmp_path)
    for command in commands:
        words = shlex.split(command, comments=True)
        assert words[0] == "opstally"
        assert run(words[1:]) == (1 if "exit code 1" in command else 0), command
        if words[1] == "init":
            (tmp_path / "data" / "support_tickets.csv").write_text(export, encoding="utf-8")
    capfd.readouterr()
    assert run(["explain", "first_response_sla", "--range", "2026-10", "--format", "json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert {fate["fate"]: fate["rows"] for fate in told["parts"][0]["fates"]} == {"used": 5, "not settled yet": 1}
    assert told["sections"][0]["rows"] == [{"first_response_sla": 60.0}]
    assert (tmp_path / "support.html").exists()
