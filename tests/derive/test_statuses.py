"""Ticket statuses over time, from histories written by hand."""

from __future__ import annotations

from typing import Any

from tests.derive.loaded import Loaded, day

from opstally.model.history import Histories


def event(number: int, ticket: str, when: str, value: str | None, **more: Any) -> dict[str, Any]:
    """A change of status, its identifiers counting up as those of help desks do."""
    row = {"event_id": str(number), "ticket_id": ticket, "at": day(when), "field": "status", "new_value": value}
    return row | more


def ticket(number: str, created: str, status: str = "open", **more: Any) -> dict[str, Any]:
    return {"ticket_id": number, "created_at": day(created), "status": status} | more


def spans(loaded: Loaded, number: str) -> list[str]:
    """ "2 10:00 – 3 11:00 open", in order."""
    found = loaded.rows(
        f"SELECT from_at, to_at, status FROM ticket_statuses WHERE ticket_id = '{number}' ORDER BY from_at"
    )
    return [f"{start:%-d %H:%M} – {f'{end:%-d %H:%M} ' if end else ''}{status}" for start, end, status in found]


def test_each_change_begins_a_status_and_ends_the_one_before(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00", "closed"))
    loaded.add(
        "ticket_events",
        event(1, "1", "2 09:30", "open"), event(2, "1", "2 10:00", "pending"), event(9, "1", "3 08:00", "open"),
        event(10, "1", "3 09:00", "solved"), event(11, "1", "7 09:00", "closed"),
    )  # fmt: skip
    loaded.derive()
    assert spans(loaded, "1") == [
        "2 09:00 – 2 09:30 new", "2 09:30 – 2 10:00 open", "2 10:00 – 3 08:00 pending", "3 08:00 – 3 09:00 open",
        "3 09:00 – 7 09:00 resolved", "7 09:00 – closed",
    ]  # fmt: skip


def test_the_status_before_the_first_change_is_what_the_change_says(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00"), ticket("2", "2 09:00"))
    loaded.add(
        "ticket_events", event(1, "1", "3", "open", old_value="Waiting for customer"), event(2, "2", "2 09:00", "open")
    )
    loaded.derive()
    assert spans(loaded, "1") == ["2 09:00 – 3 00:00 pending", "3 00:00 – open"]
    assert spans(loaded, "2") == ["2 09:00 – open"]


def test_updates_that_repeat_the_status_change_nothing(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00"))
    loaded.add("ticket_events", *(event(i, "1", f"2 {9 + i:02}:00", "In Progress") for i in range(1, 5)))
    loaded.derive()
    assert spans(loaded, "1") == ["2 09:00 – 2 10:00 new", "2 10:00 – open"]


def test_changes_at_one_instant_go_on_from_one_another(loaded: Loaded) -> None:
    """Their identifiers say the opposite in the first ticket; in the second only they can tell: 9 comes before 10."""
    loaded.add("support_tickets", ticket("1", "2"), ticket("2", "2"))
    loaded.add(
        "ticket_events",
        event(1, "1", "3", "resolved", old_value="pending"), event(2, "1", "3", "pending", old_value="open"),
        event(10, "2", "3", "hold"), event(9, "2", "3", "pending"),
    )  # fmt: skip
    loaded.derive()
    assert spans(loaded, "1") == ["2 00:00 – 3 00:00 open", "3 00:00 – resolved"]
    assert spans(loaded, "2") == ["2 00:00 – 3 00:00 new", "3 00:00 – hold"]


def test_a_ticket_without_history_is_open_until_it_was_resolved(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("open", "2", "pending"), ticket("done", "2", "closed", resolved_at=day("4")),
        ticket("done some time", "2", "closed", updated_at=day("5")), ticket("spam", "2", "deleted"),
    )  # fmt: skip
    loaded.add("ticket_events", event(1, "another", "3", "open"))
    loaded.derive()
    assert spans(loaded, "open") == ["2 00:00 – open"]
    assert spans(loaded, "done") == ["2 00:00 – 4 00:00 open", "4 00:00 – closed"]
    assert spans(loaded, "done some time") == ["2 00:00 – 5 00:00 open", "5 00:00 – closed"]
    assert spans(loaded, "spam") == []
    assert loaded.rows("SELECT DISTINCT ticket_id FROM ticket_statuses WHERE from_history") == [("another",)]


def test_the_tickets_own_newer_state_ends_its_history(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("closed later", "2", "closed", resolved_at=day("5"), updated_at=day("6")),
        ticket("moved later", "2", "hold", updated_at=day("6")),
        ticket("older than its history", "2", "closed", resolved_at=day("2 12:00"), updated_at=day("2 13:00")),
    )
    for i, number in enumerate(("closed later", "moved later", "older than its history")):
        loaded.add("ticket_events", event(i, number, "3", "open"))
    made = loaded.derive()
    assert spans(loaded, "closed later") == ["2 00:00 – 3 00:00 new", "3 00:00 – 5 00:00 open", "5 00:00 – closed"]
    assert spans(loaded, "moved later") == ["2 00:00 – 3 00:00 new", "3 00:00 – 6 00:00 open", "6 00:00 – hold"]
    assert spans(loaded, "older than its history") == ["2 00:00 – 3 00:00 new", "3 00:00 – open"]
    assert any("1 tickets show another state than their history" in note for one in made for note in one.notes)


def test_names_that_nobody_has_explained_are_unknown_and_told(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2"))
    loaded.add("ticket_events", event(1, "1", "3", "Frobnicated"), event(2, "1", "4", "Waiting for parts"))
    made = loaded.derive()
    assert spans(loaded, "1") == ["2 00:00 – 3 00:00 new", "3 00:00 – 4 00:00 unknown", "4 00:00 – hold"]
    assert "Unknown ticket statuses: 'Frobnicated'." in " ".join(note for one in made for note in one.notes)
    own = Histories(statuses={"frob*": "pending", "waiting for parts": "open"})
    made = loaded.derive(histories=own)
    assert spans(loaded, "1") == ["2 00:00 – 3 00:00 new", "3 00:00 – 4 00:00 pending", "4 00:00 – open"]
    assert [note for one in made for note in one.notes] == []


def test_a_log_without_a_status_says_so(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2"))
    loaded.add("ticket_events", event(1, "1", "3", "high") | {"field": "priority"})
    [made, *_] = loaded.derive()
    assert made.notes == ("No field of ticket_events is known to be the status; there are: 'priority'.",)


def test_without_events_there_is_nothing_to_tell(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2"))
    loaded.derive()
    assert loaded.rows("SELECT count(*) FROM ticket_statuses") == [(0,)]


def test_the_backlog_at_any_instant_is_that_of_a_replay(loaded: Loaded) -> None:
    """Six tickets replayed event by event, against the spans that cover each hour."""
    changes = {
        "a": [
            ("2 01:00", "open"),
            ("2 05:00", "solved"),
            ("2 09:00", "open"),
            ("2 11:00", "solved"),
            ("2 20:00", "closed"),
        ],
        "b": [("2 02:00", "pending")],
        "c": [("2 03:00", "solved"), ("2 03:00", "open"), ("2 04:00", "solved")],
        "d": [("2 06:00", "hold"), ("2 07:00", "open"), ("2 08:00", "closed")],
        "e": [],
        "f": [("2 10:00", "deleted")],
    }
    number = 0
    for name, turns in changes.items():
        loaded.add("support_tickets", ticket(name, "2 00:30", {"b": "pending", "e": "new"}.get(name, "closed")))
        for when, status in turns:
            number += 1
            loaded.add("ticket_events", event(number, name, when, status))
    loaded.connection.execute("UPDATE support_tickets SET status = 'open' WHERE ticket_id = 'f'")
    loaded.derive()
    for hour in range(24):
        instant = day(f"2 {hour:02}:15")
        state = {name: "new" for name in changes if day("2 00:30") <= instant}
        for name, turns in changes.items():
            for when, status in turns:
                if day(when) <= instant:
                    state[name] = status
        expected = sum(status in ("new", "open", "pending", "hold") for status in state.values())
        [(found,)] = loaded.rows(
            f"SELECT count(*) FROM ticket_statuses WHERE from_at <= '{instant}' AND (to_at > '{instant}') IS NOT FALSE "
            "AND status IN ('new', 'open', 'pending', 'hold')"
        )
        assert found == expected, instant
