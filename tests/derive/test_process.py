"""Steps of processes, from event logs written by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.derive.loaded import Loaded, day


def log(loaded: Loaded, *lines: str, case: str = "c1", **more: Any) -> None:
    """Events such as "10:00 check start", in the log's order but with identifiers that say nothing of it."""
    for number, line in enumerate(lines):
        clock, step, *rest = line.split()
        row = {"event_id": f"{case}-{(number * 7919 + 13) % 1000}", "execution_id": case, "process_name": "claims"}
        row |= {"step_name": step, "at": day(f"2 {clock}"), "lifecycle": rest[0] if rest else "complete"}
        if len(rest) > 1:
            row["instance"] = rest[1]
        loaded.add("process_events", row | {"event_sequence": number} | more)


def steps(loaded: Loaded, case: str = "c1") -> list[str]:
    """ "1 check 10:00–10:05 work 5 wait -", in order."""
    found = loaded.rows(
        "SELECT step_sequence, step_name, started_at, completed_at, step_duration_minutes, wait_time_minutes "
        f"FROM process_executions WHERE execution_id = '{case}' ORDER BY step_sequence"
    )
    return [
        f"{number} {step} {_clock(start)}–{_clock(end)} work {_number(work)} wait {_number(wait)}"
        for number, step, start, end, work, wait in found
    ]


def _clock(instant: dt.datetime | None) -> str:
    return f"{instant:%H:%M}" if instant else ""


def _number(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:g}"


def test_a_log_of_completions_tells_waits_only(loaded: Loaded) -> None:
    log(loaded, "10:00 register", "10:20 check", "10:20 decide", "11:00 pay")
    loaded.derive()
    assert steps(loaded) == [
        "1 register –10:00 work - wait -", "2 check –10:20 work - wait 20", "3 decide –10:20 work - wait 0",
        "4 pay –11:00 work - wait 40",
    ]  # fmt: skip


def test_starts_find_their_ends(loaded: Loaded) -> None:
    log(loaded, "10:00 check start", "10:10 check complete", "10:30 pay start", "10:45 pay complete")
    loaded.derive()
    assert steps(loaded) == ["1 check 10:00–10:10 work 10 wait -", "2 pay 10:30–10:45 work 15 wait 20"]


def test_steps_side_by_side_wait_for_what_was_done_before_them(loaded: Loaded) -> None:
    log(
        loaded, "10:00 a start", "10:05 b start", "10:10 a complete", "10:12 c start", "10:20 b complete",
        "10:20 d complete", "10:30 c complete",
    )  # fmt: skip
    loaded.derive()
    assert steps(loaded) == [
        "1 a 10:00–10:10 work 10 wait -", "2 b 10:05–10:20 work 15 wait -", "3 c 10:12–10:30 work 18 wait 2",
        "4 d –10:20 work - wait 0",
    ]  # fmt: skip


def test_two_goes_at_a_step_end_in_the_order_in_which_they_began(loaded: Loaded) -> None:
    log(loaded, "10:00 a start", "10:05 a start", "10:10 a complete", "10:30 a complete")
    log(loaded, "10:00 a start 1", "10:05 a start 2", "10:10 a complete 2", "10:30 a complete 1", case="told")
    loaded.derive()
    assert steps(loaded) == ["1 a 10:00–10:10 work 10 wait -", "2 a 10:05–10:30 work 25 wait -"]
    assert steps(loaded, "told") == ["1 a 10:00–10:30 work 30 wait -", "2 a 10:05–10:10 work 5 wait -"]


def test_an_end_without_start_takes_none_from_a_later_go(loaded: Loaded) -> None:
    log(loaded, "09:00 a complete", "10:00 a start", "10:10 a complete", "11:00 a complete", "12:00 a start")
    loaded.derive()
    assert steps(loaded) == [
        "1 a –09:00 work - wait -", "2 a 10:00–10:10 work 10 wait 60", "3 a –11:00 work - wait 50",
        "4 a 12:00– work - wait 60",
    ]  # fmt: skip


def test_work_stands_still_while_suspended(loaded: Loaded) -> None:
    log(
        loaded, "10:00 a start", "10:10 a suspend", "10:40 a resume", "10:50 a suspend", "11:00 a complete",
        "11:00 b schedule", "11:05 b assign", "11:20 b start", "11:30 b ate_abort",
    )  # fmt: skip
    loaded.derive()
    assert steps(loaded) == ["1 a 10:00–11:00 work 20 wait -", "2 b 11:20–11:30 work 10 wait 20"]
    assert loaded.rows("SELECT error_occurred FROM process_executions ORDER BY step_sequence") == [(None,), (True,)]


def test_lines_that_have_both_start_and_end(loaded: Loaded) -> None:
    log(loaded, "10:10 a", started_at=day("2 10:00"), is_automated=True, resource="Bo")
    log(loaded, "10:40 b", started_at=day("2 10:25"))
    loaded.derive()
    assert steps(loaded) == ["1 a 10:00–10:10 work 10 wait -", "2 b 10:25–10:40 work 15 wait 15"]
    found = loaded.rows("SELECT process_name, resource, is_automated FROM process_executions ORDER BY step_sequence")
    assert found == [("claims", "Bo", True), ("claims", None, None)]


def test_a_step_that_is_done_again_was_reworked(loaded: Loaded) -> None:
    log(loaded, "10:00 check", "10:10 decide", "10:20 check", "10:30 decide", "10:40 check", "10:50 pay")
    loaded.derive()
    found = loaded.rows("SELECT rework_required FROM process_executions ORDER BY step_sequence")
    assert [again for (again,) in found] == [True, True, True, False, False, False]


def test_the_day_is_the_projects(loaded: Loaded) -> None:
    log(loaded, "23:30 a")
    loaded.derive(timezone="Europe/Berlin")
    assert loaded.rows("SELECT execution_date FROM process_executions") == [(dt.date(2026, 3, 3),)]
    loaded.derive()
    assert loaded.rows("SELECT execution_date FROM process_executions") == [(dt.date(2026, 3, 2),)]


def test_cases_that_came_as_steps_stay_as_they_came(loaded: Loaded) -> None:
    given = {"execution_id": "c1", "step_sequence": 7, "process_name": "claims", "step_name": "given"}
    loaded.add("process_executions", given)
    log(loaded, "10:00 a", "10:10 b")
    log(loaded, "10:00 a", case="c2")
    loaded.derive()
    found = loaded.rows("SELECT execution_id, step_sequence, step_name FROM process_executions ORDER BY ALL")
    assert found == [("c1", 7, "given"), ("c2", 1, "a")]


def test_lifecycles_that_nobody_knows_are_left_out_and_told(loaded: Loaded) -> None:
    log(loaded, "10:00 a", "10:10 a wobble")
    [made] = loaded.derive()
    assert (made.rows, made.notes) == (1, ("Events with these lifecycles are not understood and left out: 'wobble'.",))
