"""What exports do not tell themselves, and their histories do once they are loaded."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Loading

Load = Callable[..., Loading]

SYNCED = ("zendesk_sync/ticket_data.csv", "zendesk_sync/ticket_field_history.csv", "zendesk_sync/ticket_comment.csv")
FACTS = (
    "SELECT CAST(first_response_at AS VARCHAR), CAST(resolved_at AS VARCHAR), agent_touches, assignments "
    "FROM support_tickets"
)


def test_a_first_reply_is_an_agents_although_comments_have_only_numbers(loaded: Load) -> None:
    loading = loaded(*SYNCED, "zendesk_sync/user_data.csv")
    # The comment at 02:06 is internal; the one at 02:05 is public, and its author is in the list of agents.
    assert loading.ask(FACTS) == [("2026-02-19 02:05:00", "2026-02-19 03:55:11", 1, 1)]


def test_without_the_agents_nobody_knows_who_replied(loaded: Load) -> None:
    assert loaded(*SYNCED).ask(FACTS) == [(None, "2026-02-19 03:55:11", None, 1)]


def test_jira_comments_tell_the_first_reply(loaded: Load) -> None:
    loading = loaded("jira/issues.json")
    rows = loading.ask("SELECT ticket_id, first_response_minutes, reopened FROM support_tickets ORDER BY 1")
    assert rows == [("SUP-1", 40.0, False), ("SUP-2", None, None)]


def test_updates_of_a_status_page_become_stages(loaded: Load) -> None:
    loading = loaded("statuspage/incidents.json")
    rows = loading.ask(
        "SELECT service_name, stage, CAST(from_at AS VARCHAR) FROM incident_stages "
        "WHERE incident_id = 'p31zjtct2jer' ORDER BY ALL"
    )
    assert rows == [
        ("API", "investigating", "2026-03-10 13:55:00"),
        ("API", "monitoring", "2026-03-10 15:10:00"),
        ("API", "started", "2026-03-10 13:50:00"),
        ("Dashboard", "investigating", "2026-03-10 13:55:00"),
        ("Dashboard", "monitoring", "2026-03-10 15:10:00"),
        ("Dashboard", "started", "2026-03-10 13:50:00"),
    ]


def test_events_of_a_log_become_steps(loaded: Load) -> None:
    loading = loaded("event_log/claims.xes")
    rows = loading.ask(
        "SELECT execution_id, step_name, step_duration_minutes, process_name FROM process_executions ORDER BY 1"
    )
    assert rows == [("case-1", "Register", 30.0, "Claims"), ("case-2", "Register", None, "Claims")]


def test_names_of_groups_are_looked_up_where_they_lie_beside(loaded: Load) -> None:
    loading = loaded("zendesk/tickets.json", "zendesk/groups.json")
    assert loading.ask("SELECT team FROM support_tickets ORDER BY ticket_id") == [("Billing",), ("302",), ("Billing",)]
    assert loading.summary is not None
    assert loading.summary.notes == ()
