"""A file against its model: every problem at once, at its line, in words of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from opstally.errors import DefinitionError
from opstally.model.declaration import Declaration
from opstally.model.metric import Metric
from opstally.model.project import Project
from opstally.model.report import Report
from opstally.model.source import Source
from opstally.model.table import Table
from opstally.validate import declaration
from opstally.yamlfile import read

METRIC = "metric: a\nlabel: A\ndescription: A.\ndomain: cost\nvalue: count()\nunit: count\ngood: up\n"
SOURCE = "source: a\nlabel: A\ntargets:\n- table: x\n  columns:\n"


def problems(folder: Path, model: type[Declaration], text: str) -> list[str]:
    (folder / "x.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as error:
        declaration(read(folder / "x.yml", "x.yml"), model)
    return [str(problem) for problem in error.value.problems]


def test_what_fits_is_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(METRIC + "at: {during: [starts, ends]}\n", encoding="utf-8")
    metric = declaration(read(tmp_path / "x.yml", "x.yml"), Metric)
    assert metric.metric == "a"
    assert getattr(metric.at, "during", None) == ("starts", "ends")


def test_all_problems_of_a_file_come_together_in_the_order_of_its_lines(tmp_path: Path) -> None:
    """An unknown key names the near ones; a missing one is reported where it should be."""
    text = """\
tabel: x
label: 3
description: x
key: [a]
columns:
  a: {typ: text}
  b: {type: txt, min: abc, required: maybe, aliases: x}
  C: {type: text}
"""
    assert problems(tmp_path, Table, text) == [
        "x.yml:1: the key 'table' is missing.",
        "x.yml:1: unknown key 'tabel'. Did you mean 'table' or 'label'?",
        "x.yml:2: label: must be text, not 3; put it in quotes.",
        "x.yml:6: columns.a: the key 'type' is missing.",
        "x.yml:6: columns.a: unknown key 'typ'. Did you mean 'type'?",
        "x.yml:7: columns.b.aliases: must be a list, not 'x'.",
        "x.yml:7: columns.b.min: must be a number, not 'abc'.",
        "x.yml:7: columns.b.required: must be true or false, not 'maybe'.",
        "x.yml:7: columns.b.type: 'txt' is not known here. Did you mean 'text'?",
        "x.yml:8: columns.C: 'C' is not a name: lower-case letters, digits and underscores, with a letter first.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("domain: cost", "domain: kost", "4: domain: 'kost' is not known here. Did you mean 'cost'?"),
        ("good: up", "good: true", "7: good: true is not known here. It is one of 'up', 'down' or 'neutral'."),
        ("value: count()", "value: ''", "5: value: must not be empty."),
        ("value: count()", "value: 3", "5: value: must be text, not 3; put it in quotes."),
        ("value: count()", "value:", "5: value: is empty, and must be text."),
        ("good: up", "good: up\nmin_n: 0", "8: min_n: 0 is too small, the least is 1."),
        ("good: up", "good: up\ndecimals: 10", "8: decimals: 10 is too large, the most is 9."),
        ("good: up", "good: up\ndecimals: 1.5", "8: decimals: must be a whole number, not 1.5."),
        ("good: up", "good: up\nat: [a]", "8: at: must be text or a mapping (key: value), not a list."),
        ("good: up", "good: up\nat: {latst: a}", "8: at: unknown key 'latst'. Did you mean 'latest' or 'last'?"),
        ("good: up", "good: up\nat:\n  during: [a]", "9: at.during: item 2 of the list is missing."),
        (
            "good: up",
            "good: up\nat: {last: a, during: [a, b]}",
            "8: at: give exactly one of during, open_at_end, latest, last.",
        ),
        ("good: up", "good: up\nguardrails: [b, C d]", "8: guardrails[2]: 'C d' is not a name: lower-case letters, "
         "digits and underscores, with a letter first."),
    ],
)  # fmt: skip
def test_metric(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problems(tmp_path, Metric, METRIC.replace(old, new)) == [f"x.yml:{problem}"]


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("c: {form: x}", "unknown key 'form'. Did you mean 'format' or 'from'?"),
        ("c: {from: a, value: b}", "give either from (a column of the export) or value (an expression over them)."),
        ("c: {}", "give either from (a column of the export) or value (an expression over them)."),
        ("c: 3", "must be text or a mapping (key: value), not 3; put it in quotes."),
        ("c:", "is empty, and must be text or a mapping (key: value)."),
    ],
)
def test_a_union_speaks_of_the_branch_that_was_meant(tmp_path: Path, column: str, problem: str) -> None:
    assert problems(tmp_path, Source, f"{SOURCE}    a: b\n    {column}\n") == [
        f"x.yml:7: targets[1].columns.c: {problem}"
    ]


def test_a_deep_problem_has_its_own_line(tmp_path: Path) -> None:
    text = f"{SOURCE}    a:\n      from: x\n      map:\n        1: 2\n      decimal: ';'\n"
    assert problems(tmp_path, Source, text) == [
        "x.yml:9: targets[1].columns.a.map.1: must be text, not 2; put it in quotes.",
        "x.yml:10: targets[1].columns.a.decimal: ';' is not known here. It is one of '.' or ','.",
    ]


def test_a_list_whose_items_are_all_wrong_is_not_called_empty(tmp_path: Path) -> None:
    head = "report: a\ntitle: A\nquestion: A?\nwindow: 13 weeks\n"
    assert problems(tmp_path, Report, head + "sections:\n- {title: a}\n") == [
        "x.yml:6: sections[1]: the key 'columns' is missing."
    ]
    assert problems(tmp_path, Report, head + "sections: []\n") == ["x.yml:5: sections: must not be empty."]


def test_a_slug_has_hyphens(tmp_path: Path) -> None:
    text = "report: a_b\ntitle: A\nquestion: A?\nwindow: 13 weeks\nsections: [{title: a, columns: {a: b}}]\n"
    words = "lower-case letters, digits and hyphens, with a letter first"
    assert problems(tmp_path, Report, text) == [f"x.yml:1: report: 'a_b' is not a name: {words}."]


def test_project(tmp_path: Path) -> None:
    assert problems(tmp_path, Project, "week_start: sunny\nassumptions: {saving_shere: 2}\n") == [
        "x.yml:1: week_start: 'sunny' is not known here. Did you mean 'sunday'?",
        "x.yml:2: assumptions: unknown key 'saving_shere'. Did you mean 'saving_share'?",
    ]
