"""Loading all declarations: the package's, a project's beside or instead of them, and problems instead of crashes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opstally.library import CATALOG, KINDS, json_schemas, load, read_project

Write = Callable[[str, str], Path]

METRIC = """\
metric: {}
label: Mine
description: Mine.
domain: support
table: support_tickets
value: count()
unit: count
good: up
"""
TABLE = "table: {}\nlabel: Mine\ndescription: Mine.\nkey: [id]\ncolumns:\n  id: {{type: text}}\n"
REPORT = "report: {}\ntitle: Mine\nquestion: Mine\nwindow: 4 weeks\nsections: [{{title: a, columns: {{n: tickets}}}}]\n"
SOURCE = "source: {}\nlabel: Mine\ntargets:\n- table: x\n  columns:\n    a: {{from: A, timezone: UTC}}\n"


def told(folder: Path) -> list[str]:
    return [str(problem) for problem in load(folder).problems]


def test_the_packaged_catalogue_has_no_problems_and_leaves_nothing_out() -> None:
    library = load()
    assert library.problems == ()
    for kind in KINDS:
        names = sorted(path.stem for path in (CATALOG / kind.folder).rglob("*.yml"))
        assert list(getattr(library, kind.folder)) == names


def test_metrics_lie_in_the_folder_of_their_domain() -> None:
    for declared in load().metrics.values():
        assert declared.file == f"catalog/metrics/{declared.declaration.domain}/{declared.declaration.metric}.yml"


@pytest.mark.parametrize(
    ("folder_name", "name", "text"),
    [
        ("metrics", "mine", METRIC),
        ("tables", "mine", TABLE),
        ("reports", "my-own", REPORT),
        ("sources", "mine", SOURCE),
    ],
)
def test_one_file_adds_one_thing(folder: Path, write: Write, folder_name: str, name: str, text: str) -> None:
    write(f"{folder_name}/deep/er/{name}.yaml", text.format(name))
    library = load(folder)
    declared = getattr(library, folder_name)[name]
    assert library.problems == ()
    assert (declared.file, declared.overrides) == (f"{folder_name}/deep/er/{name}.yaml", None)
    assert declared.line_of(("title" if folder_name == "reports" else "label",)) == 2
    assert set(getattr(load(), folder_name)) == set(getattr(library, folder_name)) - {name}


def test_a_project_overrides_the_package_visibly(folder: Path, write: Write) -> None:
    before = load()
    name = next(iter(before.metrics))
    write(f"metrics/{name}.yml", METRIC.format(name))
    declared = load(folder).metrics[name]
    assert declared.declaration.label == "Mine"
    assert declared.overrides == before.metrics[name].file


def test_a_broken_override_takes_the_packaged_definition_out_too(folder: Path, write: Write) -> None:
    name = next(iter(load().metrics))
    write(f"metrics/{name}.yml", METRIC.format(name).replace("label", "lable"))
    library = load(folder)
    assert name not in library.metrics
    assert library.left_out == {("metric", name): f"metrics/{name}.yml"}
    assert [str(problem) for problem in library.problems] == [
        f"metrics/{name}.yml:1: the key 'label' is missing.",
        f"metrics/{name}.yml:2: unknown key 'lable'. Did you mean 'table' or 'label' or 'value'?",
    ]


def test_a_misnamed_override_takes_it_out_too(folder: Path, write: Write) -> None:
    name = next(iter(load().metrics))
    write("metrics/zz_other.yml", METRIC.format(name))
    library = load(folder)
    assert name not in library.metrics
    assert [str(problem) for problem in library.problems] == [
        f"metrics/zz_other.yml:1: declares metric {name!r}, so the file's name must be {name}.yml."
    ]


@pytest.mark.parametrize("other", ["a_copy", "z_copy"])
def test_a_misnamed_copy_does_not_take_out_the_well_named_one(folder: Path, write: Write, other: str) -> None:
    write("metrics/mine.yml", METRIC.format("mine"))
    write(f"metrics/{other}.yml", METRIC.format("mine"))
    library = load(folder)
    assert library.metrics["mine"].file == "metrics/mine.yml"
    assert library.left_out == {("metric", other): f"metrics/{other}.yml"}


def test_two_files_of_one_name_are_both_left_out_and_named(folder: Path, write: Write) -> None:
    for path in ("metrics/a/mine.yml", "metrics/b/mine.yml", "metrics/fine.yml"):
        write(path, METRIC.format(Path(path).stem))
    library = load(folder)
    assert "mine" not in library.metrics
    assert "fine" in library.metrics
    assert [str(problem) for problem in library.problems] == [
        "metrics/b/mine.yml:1: metric 'mine' is declared in metrics/a/mine.yml too; remove one of the two."
    ]


def test_all_files_problems_come_together_and_the_rest_loads(folder: Path, write: Write) -> None:
    write("metrics/one.yml", METRIC.format("one") + "tabel: x\n")
    write("metrics/two.yml", "metric: two\n\tlabel: x\n")
    write("tables/three.yml", TABLE.format("three").replace("text", "txt"))
    write("sources/four.yml", SOURCE.format("four").replace("UTC", "Europe/Berln") + "timezone: nowhere\n")
    write("metrics/fine.yml", METRIC.format("fine"))
    library = load(folder)
    assert "fine" in library.metrics
    assert len(library.metrics) == len(load().metrics) + 1
    lines = [(problem.file, problem.line) for problem in library.problems]
    assert lines == [
        ("metrics/one.yml", 9),
        ("metrics/two.yml", 2),
        ("sources/four.yml", 6),
        ("sources/four.yml", 7),
        ("tables/three.yml", 6),
    ]


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("metrics/x.yml", TABLE.format("x"), "1: declares a table, but lies in metrics/; move it to tables/."),
        (
            "metrics/x.yml",
            "# Mine.\nmetrik: x\n",
            "2: a file in metrics/ starts with 'metric: NAME', not with 'metrik'. Did you mean 'metric'?",
        ),
        ("reports/x.yml", "title: x\n", "1: a file in reports/ starts with 'report: NAME', not with 'title'."),
        ("tables/x.yml", "{}\n", "1: a file in tables/ starts with 'table: NAME', not with ''."),
    ],
)
def test_a_file_of_another_kind(folder: Path, write: Write, path: str, text: str, problem: str) -> None:
    write(path, text)
    assert told(folder) == [f"{path}:{problem}"]


def test_hidden_and_other_files_are_not_definitions(folder: Path, write: Write) -> None:
    for path in ("metrics/._x.yml", "metrics/.git/x.yml", "metrics/README.md", "metrics/x.yml.orig", "data/x.yml"):
        write(path, "not: a definition\n")
    assert told(folder) == []


def test_a_folder_without_definitions_is_the_package(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere") == load()


class TestProject:
    def test_is_read(self, folder: Path, write: Write) -> None:
        write("opstally.yml", "name: Acme\ntimezone: Europe/Berlin\nsources: [{source: a}]\n")
        project, problems = read_project(folder)
        assert (project.name, project.timezone, project.sources[0].source) == ("Acme", "Europe/Berlin", "a")
        assert problems == ()

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("timezon: UTC\n", "1: unknown key 'timezon'. Did you mean 'timezone'?"),
            ("name: x\ntimezone: Berlin\n", "2: There is no time zone 'Berlin'."),
            ("sources:\n- source: a\n  timezone: UTZ\n", "3: There is no time zone 'UTZ'."),
            ("", "1: is empty"),
        ],
    )
    def test_problems(self, folder: Path, write: Write, text: str, problem: str) -> None:
        write("opstally.yml", text)
        _, problems = read_project(folder)
        assert len(problems) == 1
        assert str(problems[0]).startswith(f"opstally.yml:{problem}")

    def test_missing(self, tmp_path: Path) -> None:
        _, problems = read_project(tmp_path)
        assert "'opstally init' makes a new project" in str(problems[0])


def test_json_schemas_say_what_a_file_may_hold() -> None:
    schemas = json_schemas()
    assert set(schemas) == {"table", "metric", "report", "source", "project"}
    assert schemas["metric"]["additionalProperties"] is False
    assert "label" in schemas["metric"]["required"]
    assert "from" in schemas["source"]["$defs"]["Field_"]["properties"]


def test_loading_is_quick() -> None:
    load()
    seconds = []
    for _ in range(5):
        started = time.process_time()
        load()
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.15
