"""What holds for all source files: imports run downwards only, start-up stays light, every module says what it is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import opstally

ORDER = [
    "errors",
    "period",
    "model",
    "expression",
    "yamlfile",
    "validate",
    "remember",
    "library",
    "result",
    "methods",
    "engines",
    "planner",
    "definitions",
    "freshness",
    "reach",
    "measure",
    "checks",
    "blocks",
    "quoting",
    "refusals",
    "layout",
    "store",
    "derive",
    "ingest",
    "recognise",
    "publish",
    "reports",
    "answers",
    "render",
    "demo",
    "explanation",
    "folder",
    "storefile",
    "workspace",
    "api",
    "web",
    "cli",
    "__main__",
]
"""Files and folders of the package. Each imports only from those above it, also inside functions and for types."""

HEAVY = {"altair", "duckdb", "numpy", "psycopg", "scipy", "sqlglot", "statsmodels", "vl_convert"}
"""Packages that cost 0.1 to 1 s to import, or are optional: imported where they are used, not where a file starts."""

MAY_START_HEAVY = ["demo/", "render/charts.py", "render/html.py"]
"""Files that are nothing without their heavy package; whoever uses them imports them late instead."""

PACKAGE = Path(opstally.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


@dataclass(frozen=True)
class Import:
    """`line` of a file imports `module`; `late` means inside a function, or for types only."""

    module: str
    line: int
    late: bool


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def place(path: Path) -> str:
    """The entry of ORDER that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, `from a import b` as both a and a.b, relative ones made absolute."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            around = ["opstally", *path.relative_to(PACKAGE).parts[: -node.level]] if node.level else []
            base = ".".join([*around, *filter(None, [node.module])])
            yield Import(base, node.lineno, id(node) in late)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, id(node) in late)


def own(path: Path) -> Iterator[tuple[str, Import]]:
    """The imports of this package's own files, with the entry of ORDER that each belongs to."""
    for found in imports(path):
        parts = found.module.split(".")
        if parts[0] == "opstally" and len(parts) > 1 and parts[1] in ORDER:
            yield parts[1], found


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_run_downwards_only(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert list(own(path)) == []
        return
    here = ORDER.index(place(path))
    wrong = {f"line {found.line}: {found.module}" for target, found in own(path) if ORDER.index(target) > here}
    assert wrong == set(), f"{relative(path)} imports what stands below it"


def test_every_file_and_folder_has_its_place() -> None:
    assert {place(path) for path in MODULES} - {"__init__"} <= set(ORDER)


def test_no_file_imports_in_a_circle() -> None:
    """Within a folder too; what is imported late, or for types, is no circle when the program runs."""
    names = {module_name(path): path for path in MODULES}
    graph = {
        name: {found.module for found in imports(path) if not found.late and found.module in names} - {name}
        for name, path in names.items()
    }
    assert list(circles(graph)) == []


def module_name(path: Path) -> str:
    parts = ["opstally", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(graph: dict[str, set[str]]) -> Iterator[str]:
    """The modules that reach themselves."""
    for start in graph:
        reached: set[str] = set()
        waiting = set(graph[start])
        while waiting:
            module = waiting.pop()
            reached.add(module)
            waiting |= graph[module] - reached
        if start in reached:
            yield start


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert text.split("\n\n")[0].strip(), f"{relative(path)} has no docstring"
    assert len(text.splitlines()[0]) <= 120


LIGHT_MODULES = [path for path in MODULES if not relative(path).startswith(tuple(MAY_START_HEAVY))]


@pytest.mark.parametrize("path", LIGHT_MODULES, ids=relative)
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    """And so are the files that start with one."""
    heavy = HEAVY | {f"opstally.{name.removesuffix('.py').strip('/').replace('/', '.')}" for name in MAY_START_HEAVY}
    early = {found.module for found in imports(path) if not found.late}
    assert {module for module in early if any(f"{module}.".startswith(f"{name}.") for name in heavy)} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["repotr"]])
def test_help_and_usage_errors_load_nothing_heavy(arguments: list[str]) -> None:
    unwanted = sorted(HEAVY | {"pydantic", "yaml"})
    program = (
        "import sys\n"
        "from opstally.cli import main\n"
        f"sys.argv = ['opstally', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print('loaded:', [name for name in {unwanted!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.stdout.splitlines()[-1:] == ["loaded: []"], done.stdout + done.stderr
