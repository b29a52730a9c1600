"""Definitions that do not fit each other are told all together, each with its file, its line and the nearest name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from opstally import definitions, library
from opstally.model.project import Assumptions
from opstally.period import Calendar

Write = Callable[[str, str], Path]

FACT = """\
table: visits
label: Visits
description: Visits.
key: [visit_id]
at: day
columns:
  visit_id: {type: text}
  day: {type: date}
  customer_id: {type: text}
  minutes: {type: number, unit: minutes}
"""
METRIC = """\
metric: visits_n
label: Visits
description: Visits.
domain: support
unit: count
good: up
table: visits
"""
REPORT = """\
report: visits
title: Visits
question: How many?
window: 4 weeks
sections:
- title: Visits
  columns: {n: visits_n}
"""


def told(folder: Path) -> list[str]:
    """The problems of the project's own files."""
    found = definitions.problems(library.load(folder), asdict(Assumptions()), Calendar())
    return [str(problem) for problem in found]


def test_the_packaged_definitions_fit_each_other() -> None:
    assert definitions.problems(library.load(), asdict(Assumptions()), Calendar()) == ()


def test_a_project_s_own_definitions_fit_beside_them(folder: Path, write: Write) -> None:
    references = "references:\n  customer: {table: customers, on: customer_id}\n"
    write("tables/visits.yml", FACT + references + "computed:\n  long: {value: minutes > 60}\n")
    write("metrics/visits_n.yml", METRIC + "value: count_if(long)\nwhere: customer.plan = 'gold'\n")
    write("reports/visits.yml", REPORT + "  by: [customer_segment]\n  sort: [-n]\n")
    assert told(folder) == []


@pytest.mark.parametrize(
    ("more", "line", "sentence"),
    [
        ("recency: changed_at\n", 11, "visits has no column 'changed_at'"),
        ("computed:\n  twice: {value: minuets * 2}\n", 12, "visits has no column 'minuets'. Did you mean 'minutes'"),
        ("computed:\n  day: {value: day}\n", 12, "day is a stored column already"),
        ("computed:\n  n: {value: count()}\n", 12, "computed row by row and cannot hold an aggregate"),
        (
            "computed:\n  n: {value: \"minutes * setting('saving_shar')\"}\n",
            12,
            "no setting 'saving_shar'. Did you mean 'saving_share'",
        ),
        (
            "references:\n  customer: {table: custommers, on: customer_id}\n",
            12,
            "no table 'custommers'. Did you mean 'customers'",
        ),
        (
            "references:\n  customer: {table: customers, on: {customer: customer_id}}\n",
            12,
            "visits has no column 'customer'",
        ),
        ("references:\n  customer: {table: customers, on: {customer_id: id}}\n", 12, "customers has no column 'id'"),
        (
            "references:\n  customer: {table: customers, on: {day: customer_id}}\n",
            12,
            "visits.day is date, customers.customer_id is text",
        ),
        (
            "references:\n  customer: {table: customers, on: {customer_id: plan}}\n",
            12,
            "It would multiply rows: customers is told apart by customer_id",
        ),
        ("references:\n  sla: {table: sla_definitions, on: {visit_id: sla_id}}\n", 12, "the reference names sla_id"),
        (
            "references:\n  s: {table: service_periods, on: {visit_id: service_name}}\n",
            12,
            "service_periods is derived",
        ),
        ("checks:\n- {expect: minutes, message: x}\n", 12, "A boolean for each row is expected here, not number"),
        ("checks:\n- {expect: sum(minutes) > 0, message: x}\n", 12, "A boolean for each row is expected here"),
    ],
)
def test_a_table_that_does_not_fit(folder: Path, write: Write, more: str, line: int, sentence: str) -> None:
    write("tables/visits.yml", FACT + more)
    found = told(folder)
    assert found
    assert found[0].startswith(f"tables/visits.yml:{line}: ")
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("fill: lower(day)", "'lower' takes text, not date"),
        ("fill: minutes * 1", "A text for each row is expected here, not number"),
        ("same_as: customers.plam", "There is no column 'customers.plam'"),
    ],
)
def test_a_column_that_does_not_fit(folder: Path, write: Write, column: str, sentence: str) -> None:
    write("tables/visits.yml", FACT.replace("customer_id: {type: text", f"customer_id: {{type: text, {column}"))
    [found] = told(folder)
    assert found.startswith("tables/visits.yml:9: ")
    assert sentence in found


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        (
            "{from: visit, per: [customer_id], columns: {n: {value: count()}}}",
            "There is no table 'visit'. Did you mean 'visits'",
        ),
        ("{from: service_periods, per: [service_name], columns: {n: {value: count()}}}", "is derived itself"),
        ("{from: visits, per: [customer], columns: {n: {value: count()}}}", "visits has no column 'customer'"),
        ("{from: visits, per: [customer_id], columns: {n: {value: minutes}}}", "needs an aggregate"),
        (
            "{from: visits, per: [customer_id], where: minutes, columns: {n: {value: count()}}}",
            "A boolean for each row",
        ),
    ],
)
def test_a_derived_table_that_does_not_fit(folder: Path, write: Write, inside: str, sentence: str) -> None:
    write("tables/visits.yml", FACT)
    write("tables/visitors.yml", f"table: visitors\nlabel: V\ndescription: V.\nderived: {inside}\n")
    found = told(folder)
    assert found
    assert all(f.startswith("tables/visitors.yml:4: ") for f in found)
    assert any(sentence in f for f in found)


@pytest.mark.parametrize(
    ("more", "line", "sentence"),
    [
        ("value: count_if(minuets > 1)\n", 8, "Did you mean 'minutes'"),
        ("value: minutes\n", 8, "A metric is an aggregate"),
        ("value: count()\nat: customer_id\n", 8, "a time basis needs a date or a timestamp"),
        ("value: count()\nguardrails: [visits_m]\n", 9, "no metric 'visits_m'. Did you mean 'visits_n'"),
        (
            "value: count()\nwhere: minutes > setting('on_time_dais')\n",
            9,
            "no setting 'on_time_dais'. Did you mean 'on_time_days'",
        ),
    ],
)
def test_a_metric_that_does_not_fit(folder: Path, write: Write, more: str, line: int, sentence: str) -> None:
    write("tables/visits.yml", FACT)
    write("metrics/visits_n.yml", METRIC + more)
    [found] = told(folder)
    assert found.startswith(f"metrics/visits_n.yml:{line}: ")
    assert sentence in found


@pytest.mark.parametrize(
    ("more", "line", "sentence"),
    [
        ("  columns: {n: visitors_n}\n", 7, "There is no metric 'visitors_n'. Did you mean 'visits_n'"),
        ("  columns: {n: visits_n}\n  by: [custmer_id]\n", 6, "There is no dimension 'custmer_id'"),
        ("  columns: {n: visits_n, day: visits_n}\n  by: [day]\n", 6, "Two columns of the section are called 'day'"),
        ("  columns: {n: visits_n}\n  sort: [-m]\n", 8, "The section has no column 'm'. There are: n"),
        ("  columns: {n: visits_n}\n  window: 4 moons\n", 8, "The period '4 moons' cannot be read"),
        ("  columns: {n: visits_n}\n  where: minutes\n", 6, "A filter is a condition on rows"),
        ("  columns: {n: visits_n}\n  chart: {kind: bar, x: day, y: n}\n", 8, "The section has no column 'day'"),
        ("  columns: {n: visits_n}\n  transform: {method: magic}\n", 8, "There is no method 'magic'"),
        (
            "  columns: {n: visits_n}\n  transform: {method: trend, options: {a: 'setting:saving_shar'}}\n",
            8,
            "Did you mean 'saving_share'",
        ),
    ],
)
def test_a_report_that_does_not_fit(folder: Path, write: Write, more: str, line: int, sentence: str) -> None:
    write("tables/visits.yml", FACT)
    write("metrics/visits_n.yml", METRIC + "value: count()\n")
    write("reports/visits.yml", REPORT.replace("  columns: {n: visits_n}\n", more))
    [found] = told(folder)
    assert found.startswith(f"reports/visits.yml:{line}: ")
    assert sentence in found


def test_all_problems_are_told_together(folder: Path, write: Write) -> None:
    write("tables/visits.yml", FACT + "recency: changed_at\ncomputed:\n  twice: {value: minuets * 2}\n")
    write("metrics/visits_n.yml", METRIC + "value: count_if(okay)\nguardrails: [zz]\n")
    assert len(told(folder)) == 4
