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
SOURCE = """\
source: desk
label: Desk
files: [desk.csv]
targets:
- table: visits
  columns:
    visit_id: id
    day: day
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
        ("fill: \"'gold'\", allowed: [silver, golden]", "'gold' is none of the values that the column may hold."),
        ("fill: \"case when minutes > 1 then 'Silver' end\", allowed: [silver]", "'Silver' is none of the values"),
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


STATES = "customer_id: {type: text}\n  state: {type: text, allowed: [new, open, done]}"
STATEFUL = FACT.replace("customer_id: {type: text}", STATES)


def test_a_misspelt_value_is_told_wherever_it_stands(folder: Path, write: Write) -> None:
    """Each at its own line, not only the first of a file; and once, though metrics are made of it."""
    write(
        "tables/visits.yml",
        STATEFUL + "computed:\n  over: {value: state = 'don'}\n"
        "checks:\n- {expect: \"state != 'nwe'\", message: x}\ntests:\n- {expect: \"state = 'opn'\", message: x}\n",
    )
    excludes = "excludes:\n  fresh: state = 'nw'\n  other: state = 'new'\n"
    write("metrics/visits_n.yml", METRIC + f"value: count_if(state = 'dne')\nwhere: state = 'opne'\n{excludes}")
    write("metrics/overs.yml", METRIC.replace("visits_n", "overs") + "value: count_if(over)\n")
    write("metrics/sound.yml", METRIC.replace("visits_n", "sound") + "value: count()\n")
    write("reports/visits.yml", REPORT.replace("visits_n", "sound") + "  where: state in ('done', 'dnoe')\n")
    found = [(line.split(": ")[0], line.split(" is never ")[1].split(" ")[0]) for line in told(folder)]
    assert sorted(found) == [
        ("metrics/visits_n.yml:11", "'nw'."),
        ("metrics/visits_n.yml:8", "'dne'."),
        ("metrics/visits_n.yml:9", "'opne'."),
        ("reports/visits.yml:6", "'dnoe'."),
        ("tables/visits.yml:13", "'don'."),
        ("tables/visits.yml:15", "'nwe'."),
        ("tables/visits.yml:17", "'opn'."),
    ]


@pytest.mark.parametrize(
    ("state", "line", "value"),
    [
        ("{from: s, map: {n: new, d: dnoe}}", 9, "'dnoe'"),
        ("{from: s, map: {n: new}, otherwise: opne}", 9, "'opne'"),
        ("{value: \"case when s = 'x' then 'dnoe' else 'open' end\"}", 9, "'dnoe'"),
    ],
)
def test_a_source_that_makes_what_the_column_may_not_hold(
    folder: Path, write: Write, state: str, line: int, value: str
) -> None:
    write("tables/visits.yml", STATEFUL)
    write("sources/desk.yml", SOURCE + f"    state: {state}\n")
    [found] = told(folder)
    assert found.startswith(f"sources/desk.yml:{line}: {value} is none of the values that the column may hold.")
    assert "Did you mean" in found


@pytest.mark.parametrize(
    "state",
    [
        "s",
        "{from: s, map: {n: New, d: DONE}, otherwise: open}",
        "{value: \"case when s = 'x' then 'Done' else s end\"}",
        "{value: \"case when s = 'x' then 'y' end\", map: {y: done}}",
    ],
)
def test_what_a_load_reads_as_a_value_that_the_column_may_hold(folder: Path, write: Write, state: str) -> None:
    write("tables/visits.yml", STATEFUL)
    write("sources/desk.yml", SOURCE + f"    state: {state}\n")
    assert told(folder) == []
