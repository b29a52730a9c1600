# ruff: noqa: E501  # exports are as wide as they are
"""Lists inside records, dotted names, and what is not what it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Loading

Write = Callable[[str, str], Path]

UPDATES = """
source: updates
label: Updates
files: [data/*]
format: {format}
timezone: UTC
targets:
  - table: incident_updates
    each: {{{each}}}
    keep_empty: {keep}
    columns:
      update_id: {{from: [id, "u.#"]}}
      incident_id: id
      at: {{value: 'coalesce("u.at", "u.value.at", opened)'}}
      stage: {{value: 'coalesce("u.stage", "u.key", ''none'')'}}
"""


def declared(write: Write, format_: str = "json", each: str = "u: updates", keep: str = "false") -> None:
    write("sources/updates.yml", UPDATES.format(format=format_, each=each, keep=keep).lstrip())


def rows(loading: Loading) -> list[tuple[object, ...]]:
    return loading.ask('SELECT update_id, CAST("at" AS VARCHAR), stage FROM incident_updates ORDER BY 1')


def test_each_element_is_a_row(loading: Loading, write: Write) -> None:
    declared(write)
    write(
        "data/a.json",
        '[{"id": 1, "opened": "2026-01-01", "updates": [{"at": "2026-01-02", "stage": "x"}, {"at": "2026-01-03", "stage": "y"}]},'
        ' {"id": 2, "opened": "2026-01-01", "updates": []}, {"id": 3, "opened": "2026-01-01", "updates": null},'
        ' {"id": 4, "opened": "2026-01-01"}]',
    )
    loading.load()
    assert loading.counts() == {("updates", "incident_updates"): (2, 0)}
    assert rows(loading) == [("1|1", "2026-01-02 00:00:00", "x"), ("1|2", "2026-01-03 00:00:00", "y")]


def test_records_without_elements_may_stay(loading: Loading, write: Write) -> None:
    declared(write, keep="true")
    write(
        "data/a.json",
        '[{"id": 1, "opened": "2026-01-01", "updates": []}, {"id": 2, "opened": "2026-01-05", "updates": null}]',
    )
    loading.load()
    # Joined with nothing, the identifier is the record's own.
    assert rows(loading) == [("1|1", "2026-01-01 00:00:00", "none"), ("2|1", "2026-01-05 00:00:00", "none")]


def test_an_object_gives_its_entries(loading: Loading, write: Write) -> None:
    declared(write)
    write(
        "data/a.json",
        '[{"id": 1, "opened": "2026-01-01", "updates": {"in\\"one": {"at": "2026-02-01"}, "two.2": {"at": "2026-02-02"}}}]',
    )
    loading.load()
    assert {row[1:] for row in rows(loading)} == {("2026-02-01 00:00:00", 'in"one'), ("2026-02-02 00:00:00", "two.2")}


def test_a_list_of_lists(loading: Loading, write: Write) -> None:
    declared(write, each="g: groups, u: g.updates")
    write(
        "data/a.json",
        '[{"id": 1, "opened": "2026-01-01", "groups": [{"updates": [{"at": "2026-01-02", "stage": "a"}]},'
        ' {"updates": []}, {"updates": [{"at": "2026-01-03", "stage": "b"}]}]}]',
    )
    loading.load()
    assert loading.summary is not None
    # Their place is that in the inner list: both are first, and so one row, of which the newest reading stays.
    assert [(one.merged, one.duplicate) for one in loading.summary.loaded] == [(1, 1)]


def test_what_is_no_list_is_put_aside_with_its_line(loading: Loading, write: Write) -> None:
    declared(write, "jsonl")
    write(
        "data/a.jsonl",
        '{"id": 1, "opened": "2026-01-01", "updates": [{"at": "2026-01-02", "stage": "x"}, {"at": "2026-01-03", "stage": "y"}]}\n'
        '{"id": 2, "opened": "2026-01-01", "updates": "soon"}\n'
        '{"id": 3, "opened": "2026-01-01", "updates": [{"at": "never", "stage": "z"}]}\n'
        "no object\n"
        '{"id": 5, "opened": "2026-01-01", "updates": [{"at": "2026-01-04", "stage": "v"}, {"at": "2026-01-04", "stage": "w"}]}\n',
    )
    loading.load()
    assert loading.counts() == {("updates", "incident_updates"): (4, 3)}
    assert [(line, reason.split(" (")[0]) for _, line, _, _, reason in loading.faults()] == [
        (2, "is no JSON, so nothing can be taken out of it"),
        (3, "is not a timestamp"),
        (4, "is not a JSON object"),
    ]


def test_lists_in_columns_of_text(loading: Loading, write: Write) -> None:
    declared(write, "csv")
    write(
        "data/a.csv",
        'id,opened,updates\n1,2026-01-01,"[{""at"": ""2026-01-02"", ""stage"": ""x""}, {""at"": ""2026-01-03""}]"\n2,2026-01-01,\n3,2026-01-01,[broken\n',
    )
    loading.load()
    assert rows(loading) == [("1|1", "2026-01-02 00:00:00", "x"), ("1|2", "2026-01-03 00:00:00", "none")]
    assert [fault[1:4] for fault in loading.faults()] == [(4, "updates", "[broken")]


def test_a_text_can_be_split(loading: Loading, write: Write) -> None:
    write(
        "sources/s.yml",
        "source: s\nlabel: S\nfiles: [data/*]\ntimezone: UTC\ntargets:\n  - table: incidents\n    each: {service: hit}\n"
        "    split: {service: '^Affected: |, and | and |, |\\.$'}\n    columns:\n      incident_id: id\n"
        "      service_name: service\n      started_at: opened\n",
    )
    write(
        "data/a.csv",
        'id,opened,hit\n1,2026-01-01,"Affected: API, Web, and Mail."\n2,2026-01-01,Affected: API.\n3,2026-01-01,\n',
    )
    loading.load()
    found = loading.ask("SELECT incident_id, service_name FROM incidents ORDER BY ALL")
    assert found == [("1", "API"), ("1", "Mail"), ("1", "Web"), ("2", "API")]


def test_a_list_that_is_not_there_is_told(loading: Loading, write: Write) -> None:
    declared(write)
    write("data/a.json", '[{"id": 1, "opened": "2026-01-01", "update": []}]')
    [error] = loading.load().errors
    assert "has no list 'updates', of which incident_updates takes each element. Did you mean 'update'?" in error


def test_pages_of_an_api_are_put_together(loading: Loading, write: Write) -> None:
    declared(write)
    text = (loading.folder / "sources" / "updates.yml").read_text(encoding="utf-8")
    write("sources/updates.yml", text.replace("timezone: UTC\n", "timezone: UTC\noptions: {records: page.items}\n"))
    one = '{"page": {"items": [{"id": %d, "opened": "2026-01-01", "updates": [{"at": "2026-01-02", "stage": "x"}]}]}}'
    write("data/lines.json", f"{one % 1}\n{one % 2}\n")
    write("data/list.json", f"[{one % 3}, {one % 4}]")
    write("data/cut.json", '[{"id": 5, "opened": "2026-01-01", "updates": [{"at": "2026-01-02", "stage": "x"}]}]')
    loading.load()
    assert [row[0] for row in rows(loading)] == ["1|1", "2|1", "3|1", "4|1", "5|1"]


def test_the_name_of_the_file(loading: Loading, write: Write) -> None:
    write(
        "sources/s.yml",
        "source: s\nlabel: S\nfiles: [data/*]\ntimezone: UTC\ntargets:\n  - table: component_failures\n    columns:\n"
        "      failure_id: '*'\n      component_id: $file\n      failed_at: at\n",
    )
    write("data/disk-1.csv", "at\n2026-01-01\n")
    write("data/it's.csv", "at\n2026-01-02\n2026-01-03\n")
    loading.load()
    found = loading.ask("SELECT component_id, count(*) FROM component_failures GROUP BY 1 ORDER BY 1")
    assert found == [("disk-1", 1), ("it's", 2)]


def test_a_part_of_a_text(loading: Loading, write: Write) -> None:
    write(
        "sources/s.yml",
        "source: s\nlabel: S\nfiles: [data/*]\ntimezone: UTC\ntargets:\n  - table: component_failures\n    columns:\n"
        "      failure_id: '*'\n      component_id: {from: link, extract: 'id=([0-9]+)'}\n      failed_at: at\n",
    )
    write("data/a.csv", "link,at\nx?id=12&y,2026-01-01\nx?y,2026-01-02\nx?id=13,2026-01-03\n")
    loading.load()
    assert loading.ask("SELECT component_id FROM component_failures ORDER BY 1") == [("12",), ("13",)]
    assert [fault[1:] for fault in loading.faults()] == [
        (3, "component_id", "x?y", "does not have the form id=([0-9]+)")
    ]


def test_columns_of_one_name(loading: Loading, write: Write) -> None:
    source = (
        "source: s\nlabel: S\nfiles: [data/*]\ntimezone: UTC\noptions: {repeated: %s}\ntargets:\n"
        "  - table: component_failures\n    columns:\n      failure_id: id\n      component_id: c.2\n      failed_at: at\n"
    )
    write("data/a.csv", "id,c,at,c\n1,a,2026-01-01,b\n")
    write("sources/s.yml", source % "refuse")
    [error] = loading.load().errors
    assert "has the column 'c' more than once" in error
    write("sources/s.yml", source % "number")
    loading.load()
    assert loading.ask("SELECT component_id FROM component_failures") == [("b",)]
