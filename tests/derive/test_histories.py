"""What tickets do not tell themselves, from histories written by hand; and that what an export gave is left alone."""

from __future__ import annotations

from typing import Any

from tests.derive.loaded import Loaded, day
from tests.derive.test_statuses import event, ticket


def change(number: int, ticket: str, when: str, field: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    return event(number, ticket, when, value, **more) | {"field": field}


def comment(number: int, ticket: str, when: str, actor_type: str, **more: Any) -> dict[str, Any]:
    return change(number, ticket, when, "comment", actor_type=actor_type) | {"is_public": True} | more


def test_the_first_answer_is_a_public_one_by_a_person_who_did_not_ask(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets", ticket("1", "2 09:00", requester="Ada"), ticket("2", "2 09:00"), ticket("3", "2 09:00")
    )
    loaded.add(
        "ticket_events",
        comment(1, "1", "2 09:00", "human", actor="Bo"),  # the request itself, written down by a colleague
        comment(2, "1", "2 09:01", "bot", actor="Autoreply"),
        comment(3, "1", "2 09:05", "customer", actor="Ada"),
        comment(4, "1", "2 09:10", "human", actor="Bo", is_public=False),
        comment(5, "1", "2 09:12", "human", actor="Ada"),  # a colleague who asks for himself
        change(6, "1", "2 09:15", "priority", "high", actor_type="human"),
        comment(7, "1", "2 09:20", "human", actor="Bo"),
        comment(8, "1", "2 09:40", "human", actor="Cy"),
        comment(9, "2", "2 10:00", "customer"),
        comment(10, "3", "2 10:00", "human", is_public=None),
        comment(11, "3", "2 11:00", "human", is_public=None) | {"field": "Public_Reply"},
    )
    loaded.derive()
    columns = "first_response_at", "first_response_minutes", "agent_touches"
    assert loaded.row("support_tickets", "1", columns) == (day("2 09:20"), 20, 2)
    assert loaded.row("support_tickets", "2", columns) == (None, None, 0)
    assert loaded.row("support_tickets", "3", columns) == (day("2 11:00"), 120, 1)


def test_where_nothing_tells_who_answered_nothing_is_said(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00"))
    loaded.add("ticket_events", comment(1, "1", "2 10:00", "human") | {"actor_type": None})
    loaded.derive()
    assert loaded.row("support_tickets", "1", ["first_response_at", "agent_touches"]) == (None, None)


def test_assignments(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00"), ticket("2", "2 09:00"))
    loaded.add(
        "ticket_events",
        change(1, "1", "2 08:59", "assignee", "Bo"), change(2, "1", "2 09:30", "assignee", "Bo"),
        change(3, "1", "2 10:00", "assignee", None), change(4, "1", "2 11:00", "assigned_to", "Cy"),
        change(5, "1", "2 12:00", "assignee", "Bo"), change(6, "2", "2 12:00", "status", "open"),
    )  # fmt: skip
    loaded.derive()
    columns = "assigned_at", "assignments"
    # Assigned a minute before it was created, by another clock: not before it was there.
    assert loaded.row("support_tickets", "1", columns) == (day("2 09:00"), 3)
    assert loaded.row("support_tickets", "2", columns) == (None, None)


def test_resolving_reopening_and_pauses(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 09:00", "closed"), ticket("2", "2 09:00", "resolved"))
    turns = [
        ("2 10:00", "pending"), ("2 12:00", "open"), ("2 13:00", "resolved"), ("2 14:00", "open"),
        ("2 15:00", "hold"), ("2 15:30", "open"), ("2 16:00", "resolved"), ("2 17:00", "pending"),
        ("2 18:00", "closed"), ("3 18:00", "resolved"),
    ]  # fmt: skip
    loaded.add("ticket_events", *(event(i, "1", when, status) for i, (when, status) in enumerate(turns)))
    loaded.add("ticket_events", event(100, "2", "2 10:00", "resolved"))
    loaded.derive()
    columns = "reopened", "reopenings", "reopened_at", "resolved_at", "resolution_hours", "paused_minutes"
    # From closed to resolved is no new resolving.
    assert loaded.row("support_tickets", "1", columns) == (True, 2, day("2 17:00"), day("2 18:00"), 9, 120 + 30 + 60)
    assert loaded.row("support_tickets", "2", columns) == (False, 0, None, day("2 10:00"), 1, 0)


def test_a_change_that_tells_what_was_before_needs_no_change_before_it(loaded: Loaded) -> None:
    """A log that begins in the middle."""
    loaded.add("support_tickets", ticket("1", "2", "open"))
    loaded.add("ticket_events", event(1, "1", "4", "open", old_value="Solved"))
    loaded.derive()
    assert loaded.row("support_tickets", "1", ["reopenings", "reopened_at"]) == (1, day("4"))


def test_open_tickets_stay_open(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("reopened", "2", "open"), ticket("open by its own word", "2", "open"),
        ticket("open by its history", "2", "closed"),
    )  # fmt: skip
    loaded.add("ticket_events", event(1, "reopened", "3", "resolved"), event(2, "reopened", "4", "open"))
    loaded.add("ticket_events", event(3, "open by its own word", "3", "resolved"))
    loaded.add(
        "ticket_events", event(4, "open by its history", "3", "resolved"), event(5, "open by its history", "4", "open")
    )
    loaded.derive()
    for number in ("reopened", "open by its own word", "open by its history"):
        assert (
            loaded.row("support_tickets", number, ["resolved_at", "resolution_hours", "paused_minutes"]) == (None,) * 3
        )


def test_what_the_export_gave_stays(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("1", "2 09:00", "closed", resolved_at=day("5"), resolution_hours=99.0, reopened=False, agent_touches=7),
    )
    loaded.add(
        "ticket_events", event(1, "1", "3", "resolved"), event(2, "1", "4", "open"), event(3, "1", "4 12:00", "closed")
    )
    made = loaded.derive()
    columns = "resolved_at", "resolution_hours", "reopened", "agent_touches", "reopenings", "reopened_at"
    assert loaded.row("support_tickets", "1", columns) == (day("5"), 99, False, 7, 1, day("4"))
    filled = {one.column: one.rows for one in made if one.table == "support_tickets"}
    assert filled == {"reopenings": 1, "reopened_at": 1, "paused_minutes": 1}
