"""All derivations together: the same every time, and taken back without a trace."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.derive.loaded import TABLES, Loaded, day
from tests.derive.test_business import OFFICE
from tests.derive.test_outages import checks
from tests.derive.test_process import log
from tests.derive.test_stages import incident, update
from tests.derive.test_statuses import event, ticket

from opstally import derive, library
from opstally.errors import UsageError
from opstally.library import Library
from opstally.model.calendar import BusinessCalendar
from opstally.model.project import Project


def everything(loaded: Loaded) -> Loaded:
    loaded.add("support_tickets", ticket("1", "2 09:00", "closed", sla_target_minutes=60.0), ticket("2", "2 10:00"))
    loaded.add("support_tickets", ticket("3", "2 10:00", "resolved", resolved_at=day("3"), reopened=True))
    loaded.add("ticket_events", event(1, "1", "2 12:00", "pending"), event(2, "1", "2 16:00", "resolved"))
    reply = event(3, "1", "2 11:00", None) | {"field": "comment", "actor_type": "human", "is_public": True}
    loaded.add("ticket_events", reply, event(4, "3", "3", "resolved"))
    loaded.add("incidents", incident(), incident("web"))
    loaded.add("incident_updates", update(1, "2 10:00", "monitoring"), update(2, "2 11:00", "resolved", "web"))
    checks(loaded, "2 10:00", "uudduu")
    log(loaded, "10:00 a", "10:10 b")
    return loaded


def content(loaded: Loaded) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in its order, also of the record of what was made."""
    names = [f'main."{name}"' for name in TABLES]
    names += [
        f"opstally.{name}"
        for (name,) in loaded.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'opstally'")
    ]
    return {name: loaded.rows(f"FROM {name}") for name in sorted(names)}


def test_again_makes_the_same(loaded: Loaded) -> None:
    made = everything(loaded).derive(calendars={"office": OFFICE})
    before = content(loaded)
    assert loaded.derive(calendars={"office": OFFICE}) == made
    assert content(loaded) == before


def test_the_order_of_rows_does_not_matter(loaded: Loaded) -> None:
    made = everything(loaded).derive(calendars={"office": OFFICE})
    before = {name: sorted(rows, key=repr) for name, rows in content(loaded).items()}
    for name in TABLES:
        turned = f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM "{name}" ORDER BY rowid DESC'
        loaded.connection.execute(turned)
    assert loaded.derive(calendars={"office": OFFICE}) == made
    assert {name: sorted(rows, key=repr) for name, rows in content(loaded).items()} == before


def test_forgetting_leaves_what_exports_gave(loaded: Loaded) -> None:
    names = ("support_tickets", "incidents", "process_executions")
    everything(loaded)
    before = {name: loaded.rows(f"FROM {name} ORDER BY ALL") for name in names}
    loaded.derive(calendars={"office": OFFICE})
    assert all(loaded.rows(f"FROM {name} ORDER BY ALL") != before[name] for name in names)
    for name in names:
        derive.forget(loaded.connection, TABLES, name)
    assert {name: loaded.rows(f"FROM {name} ORDER BY ALL") for name in names} == before


def test_without_its_rows_nothing_of_it_is_left(loaded: Loaded) -> None:
    everything(loaded).derive()
    for name in ("ticket_events", "incident_updates", "infrastructure_monitoring", "process_events"):
        loaded.connection.execute(f"DELETE FROM {name}")
    assert loaded.derive() == ()
    for name in ("ticket_statuses", "ticket_histories", "incident_stages", "outages", "process_executions"):
        assert loaded.rows(f"FROM {name}") == []
    assert loaded.row("support_tickets", "1", ["resolved_at", "first_response_at"]) == (None, None)


def test_what_was_made_is_on_record(loaded: Loaded) -> None:
    made = everything(loaded).derive(calendars={"office": OFFICE})
    found = loaded.rows("SELECT table_name, column_name, rows FROM opstally.derived")
    assert found == [(one.table, one.column, one.rows) for one in made]
    assert ("support_tickets", "first_response_at", 1) in found
    assert ("outages", None, 1) in found
    # The cells themselves: ticket 3 brought its end itself.
    assert loaded.rows("SELECT ticket_id FROM opstally.filled_ticket_history WHERE resolved_at") == [("1",)]


def test_no_temporary_table_is_left(loaded: Loaded) -> None:
    everything(loaded).derive(calendars={"office": OFFICE})
    assert loaded.rows("SELECT table_name FROM duckdb_tables() WHERE temporary") == []


def test_made_tables_hold_what_they_declare(loaded: Loaded) -> None:
    """Allowed values, required columns and keys, as for rows that exports bring."""
    everything(loaded).derive(calendars={"office": OFFICE})
    for name, table in TABLES.items():
        if not table.made_from:
            continue
        key = ", ".join(table.key)
        assert loaded.rows(f"SELECT {key} FROM {name} GROUP BY ALL HAVING count(*) > 1") == []
        for column, declared in table.columns.items():
            values = {value for (value,) in loaded.rows(f"SELECT DISTINCT {column} FROM {name}")}
            assert not (declared.required or column in table.key) or None not in values, (name, column)
            assert declared.allowed is None or values - {None} <= set(declared.allowed), (name, column)


def test_words_mean_one_thing_each() -> None:
    from opstally.derive.words import WORDS, meaning, pairs
    from opstally.yamlfile import read

    for kind, meanings in read(WORDS, "words.yml").data.items():
        for means, words in meanings.items():
            for word in words:
                if "*" not in word:
                    assert meaning(word, pairs(kind, {})) == means, (kind, word)


def test_the_catalogue_says_from_what_tables_are_made() -> None:
    loaded: Library = library.load()
    made = {name: d.declaration.made_from for name, d in loaded.tables.items() if d.declaration.made_from}
    assert made == {
        "ticket_statuses": ("ticket_events",),
        "ticket_histories": ("ticket_events",),
        "incident_stages": ("incident_updates",),
        "outages": ("infrastructure_monitoring",),
    }
    assert all(source in loaded.tables for sources in made.values() for source in sources)


def test_a_calendar_that_cannot_be_used_is_refused_by_name() -> None:
    pytest.importorskip("holidays", reason="the optional package holidays is not installed")
    lost = BusinessCalendar(hours={"monday": ("09:00-10:00",)}, holidays_of=("Atlantis",))
    derive.accept(Project(calendars={"office": OFFICE}))
    with pytest.raises(UsageError, match=r"opstally.yml, calendar lost: holidays_of: there is no country 'ATLANTIS'"):
        derive.accept(Project(calendars={"lost": lost}))


def test_steps_say_which_tables_they_use() -> None:
    """What a module's SQL reads or writes is what makes it out of date."""
    for modules in derive._STEPS.values():
        for module in modules:
            sql = Path(module.__file__).read_text(encoding="utf-8").replace("{TABLE}", getattr(module, "TABLE", ""))
            named = set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE) (\w+)", sql)) & set(TABLES)
            assert named <= set(module.USES), module.__name__
            assert set(module.MAKES) <= set(module.USES), module.__name__


def test_only_what_is_out_of_date_is_made_again(loaded: Loaded) -> None:
    """Marks in made tables stay where nothing is made."""
    made = everything(loaded).derive(calendars={"office": OFFICE})
    loaded.connection.execute("UPDATE outages SET down_checks = 99; UPDATE ticket_statuses SET source_status = 'mark'")

    def after(*changed: str, **project: Any) -> tuple[bool, bool, bool]:
        """Whether outages, statuses and business time were left alone."""
        office = {"ticket_id": "1", "business_calendar": "mark"}
        loaded.connection.execute(
            "UPDATE support_tickets SET business_calendar = $business_calendar WHERE ticket_id = $ticket_id", office
        )
        for name in changed:
            derive.forget(loaded.connection, TABLES, name)
        assert derive.run(loaded.connection, TABLES, Project(**({"calendars": {"office": OFFICE}} | project))) == made
        return (
            loaded.rows("SELECT DISTINCT down_checks FROM outages") == [(99,)],
            loaded.rows("SELECT DISTINCT source_status FROM ticket_statuses") == [("mark",)],
            loaded.row("support_tickets", "1", ["business_calendar"]) == ("mark",),
        )

    assert after() == (True, True, True)
    assert after("costs", "services") == (True, True, True)
    assert after("customers") == (True, True, False)
    assert after("ticket_events") == (True, False, False)
    loaded.connection.execute("UPDATE ticket_statuses SET source_status = 'mark'")
    assert after("infrastructure_monitoring") == (False, True, True)
    loaded.connection.execute("UPDATE outages SET down_checks = 99")
    assert after(timezone="Europe/Berlin") == (False, False, False)


LACKING = {
    "support_tickets": ("requester", "sla_target_minutes", "resolution_due_at", "assignments", "updated_at"),
    "incidents": ("mitigated_at",),
    "outages": ("down_checks",),
    "process_executions": ("rework_required", "is_automated"),
    "customers": ("service_tier",),
}


def test_tables_that_a_project_declares_with_fewer_columns_do(loaded: Loaded) -> None:
    tables = dict(TABLES)
    everything(loaded)
    for name, columns in LACKING.items():
        kept = {c: declared for c, declared in TABLES[name].columns.items() if c not in columns}
        tables[name] = replace(TABLES[name], columns=kept)
        for column in columns:
            loaded.connection.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
    for name in (*TABLES, *TABLES):
        derive.forget(loaded.connection, tables, name)
        made = derive.run(loaded.connection, tables, Project(calendars={"office": OFFICE}))
    filled = {one.column for one in made if one.table == "support_tickets"}
    assert {"first_response_at", "resolution_business_minutes"} <= filled
    assert not filled & set(LACKING["support_tickets"])
    assert {one.table for one in made} >= {"ticket_statuses", "incident_stages", "outages", "process_executions"}
    assert loaded.rows("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal") == []


def test_what_does_not_need_a_broken_table_is_made_all_the_same(loaded: Loaded) -> None:
    tables = {name: table for name, table in TABLES.items() if name != "support_tickets"}
    made = derive.run(everything(loaded).connection, tables, Project())
    assert {one.table for one in made} == {"incident_stages", "incidents", "outages", "process_executions"}
