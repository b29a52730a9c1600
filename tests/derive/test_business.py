"""Business time of tickets: by hand, and 10,000 random tickets against a look at every single minute."""

from __future__ import annotations

import csv
import datetime as dt
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.derive.clocks import MINUTE, Minutes
from tests.derive.loaded import Loaded, day

from opstally.errors import UsageError
from opstally.model.calendar import BusinessCalendar, CalendarRule, ScheduleChange
from opstally.model.history import Histories
from opstally.period import WEEKDAYS

OFFICE = BusinessCalendar(hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-17:00")))
"""Seven hours a day. 2 March 2026 is a Monday."""


def ticket(number: str, created: str, **more: Any) -> dict[str, Any]:
    return {"ticket_id": number, "created_at": day(created), "status": "open"} | more


def resolved(number: str, created: str, end: str, **more: Any) -> dict[str, Any]:
    return ticket(number, created, resolved_at=day(end), status="resolved", **more)


def business(loaded: Loaded, number: str, *columns: str) -> tuple[Any, ...]:
    return loaded.row("support_tickets", number, columns)


def test_minutes_within_hours_only(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        resolved("lunch", "2 11:30", "2 13:45"),
        resolved("weekend", "6 16:00", "9 10:00"),
        resolved("closed all the time", "7 10:00", "8 20:00"),
        resolved("seconds", "2 09:00:00.25", "2 09:00:01"),
    )
    loaded.derive(calendars={"office": OFFICE})
    assert business(loaded, "lunch", "business_calendar", "resolution_business_minutes") == ("office", 75)
    assert business(loaded, "weekend", "resolution_business_minutes") == (120,)
    assert business(loaded, "closed all the time", "resolution_business_minutes") == (0,)
    assert business(loaded, "seconds", "resolution_business_minutes") == (0.75 / 60,)


def test_first_response(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("answered", "6 16:30", first_response_at=day("9 09:10"), sla_target_minutes=60),
        ticket("waiting", "6 16:30", sla_target_minutes=60),
        ticket("to the minute", "6 16:30", sla_target_minutes=30),
        ticket("promised nothing", "6 16:30"),
        ticket("asked on Saturday", "7 16:30", sla_target_minutes=0),
    )
    loaded.derive(calendars={"office": OFFICE})
    columns = "first_response_business_minutes", "first_response_due_at"
    assert business(loaded, "answered", *columns) == (40, day("9 09:30"))
    assert business(loaded, "waiting", *columns) == (None, day("9 09:30"))
    # A promise that runs out as the office closes runs out then, not when it opens again.
    assert business(loaded, "to the minute", *columns) == (None, day("6 17:00"))
    assert business(loaded, "promised nothing", *columns) == (None, None)
    assert business(loaded, "asked on Saturday", *columns) == (None, day("7 16:30"))


def test_without_a_calendar_there_is_no_business_time(loaded: Loaded) -> None:
    loaded.add("support_tickets", resolved("1", "2 11:30", "2 13:45", sla_target_minutes=60))
    loaded.derive()
    columns = "business_calendar", "resolution_business_minutes", "first_response_due_at"
    assert business(loaded, "1", *columns) == (None, None, None)


def test_the_first_rule_that_fits_decides(loaded: Loaded) -> None:
    loaded.add(
        "customers", {"customer_id": "C1", "service_tier": " Gold"}, {"customer_id": "C2", "service_tier": "basic"}
    )
    loaded.add(
        "support_tickets",
        ticket("desk", "2", team="Night desk", customer_id="C1"),
        ticket("gold", "2", team="Day desk", customer_id="C1", ticket_priority="P1"),
        ticket("gold, less urgent", "2", customer_id="C1", ticket_priority="P3"),
        ticket("basic", "2", team="Day desk", customer_id="C2", ticket_priority="P1"),
        ticket("nobody", "2"),
    )
    rules = (
        CalendarRule(calendar="night", team=("night DESK",)),
        CalendarRule(calendar="always", service_tier=("gold", "platinum"), ticket_priority=("p1",)),
        CalendarRule(calendar="day", team=("Day desk",)),
        CalendarRule(calendar="day", customer_id=("C1",)),
    )
    always = BusinessCalendar(hours=dict.fromkeys(WEEKDAYS, ("00:00-24:00",)))
    loaded.derive(calendars={"night": OFFICE, "always": always, "day": OFFICE}, calendar_for=rules)
    found = dict(loaded.rows("SELECT ticket_id, business_calendar FROM support_tickets"))
    assert found == {"desk": "night", "gold": "always", "gold, less urgent": "day", "basic": "day", "nobody": None}


def history(number: str, *changes: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"event_id": f"{number}-{i}", "ticket_id": number, "at": day(when), "field": "status", "new_value": status}
        for i, (when, status) in enumerate(changes)
    ]


def test_pauses_stop_the_clock_of_the_resolution(loaded: Loaded) -> None:
    """Open Monday 10:00 to Tuesday 11:00 are 8 hours, of which 16:00 to 10:00 (two) and a lunch (none) are pauses."""
    loaded.add("support_tickets", resolved("1", "2 10:00", "3 11:00", resolution_target_minutes=300))
    loaded.add(
        "ticket_events",
        *history(
            "1",
            ("2 12:00", "hold"),
            ("2 13:00", "open"),
            ("2 16:00", "pending"),
            ("3 10:00", "open"),
            ("3 11:00", "resolved"),
        ),
    )
    loaded.derive(calendars={"office": OFFICE})
    columns = "resolution_business_minutes", "resolution_due_at", "paused_minutes"
    # Five hours are worked off at 16:00, as the second pause begins, which therefore puts nothing off.
    assert business(loaded, "1", *columns) == (360, day("2 16:00"), 60 + 18 * 60)


def test_what_counts_as_a_pause_is_the_projects(loaded: Loaded) -> None:
    loaded.add("support_tickets", resolved("1", "2 10:00", "3 11:00"))
    loaded.add(
        "ticket_events",
        *history("1", ("2 14:00", "hold"), ("2 15:00", "open"), ("2 16:00", "pending"), ("3 10:00", "open")),
    )
    loaded.derive(calendars={"office": OFFICE}, histories=Histories(pauses=("hold",)))
    assert business(loaded, "1", "resolution_business_minutes") == (7 * 60,)
    loaded.derive(calendars={"office": OFFICE}, histories=Histories(pauses=()))
    assert business(loaded, "1", "resolution_business_minutes") == (8 * 60,)


def test_open_tickets_run_out_later_by_their_pauses_and_never_while_paused(loaded: Loaded) -> None:
    loaded.add(
        "support_tickets",
        ticket("working", "2 10:00", resolution_target_minutes=240),
        ticket("stopped", "2 10:00", resolution_target_minutes=240, status="pending"),
        ticket("stopped too late", "2 10:00", resolution_target_minutes=60, status="pending"),
    )
    loaded.add("ticket_events", *history("working", ("2 11:00", "pending"), ("2 16:00", "open")))
    loaded.add(
        "ticket_events", *history("stopped", ("2 11:00", "pending")), *history("stopped too late", ("2 15:00", "hold"))
    )
    loaded.derive(calendars={"office": OFFICE})
    columns = "resolution_business_minutes", "resolution_due_at"
    # An hour before the pause, one until the evening, two the next morning.
    assert business(loaded, "working", *columns) == (None, day("3 11:00"))
    assert business(loaded, "stopped", *columns) == (None, None)
    assert business(loaded, "stopped too late", *columns) == (None, day("2 11:00"))


def test_deleted_tickets_have_no_business_time(loaded: Loaded) -> None:
    loaded.add("support_tickets", ticket("1", "2 10:00", status="deleted"))
    loaded.derive(calendars={"office": OFFICE})
    assert business(loaded, "1", "business_calendar") == (None,)


def test_a_promise_longer_than_the_data_is_followed_into_the_future(loaded: Loaded) -> None:
    """200 hours of Mondays from 09:00 to 10:00 end on the 200th Monday."""
    mondays = BusinessCalendar(hours={"monday": ("09:00-10:00",)})
    loaded.add("support_tickets", ticket("1", "2 00:00", sla_target_minutes=200 * 60))
    loaded.derive(calendars={"mondays": mondays})
    assert business(loaded, "1", "first_response_due_at") == (day("2 10:00") + 199 * dt.timedelta(weeks=1),)
    loaded.add("support_tickets", ticket("2", "2 00:00", sla_target_minutes=30 * 53 * 60))
    loaded.derive(calendars={"mondays": mondays})
    assert business(loaded, "2", "first_response_due_at") == (None,)


def test_what_the_help_desk_measured_itself_stays(loaded: Loaded) -> None:
    loaded.add("support_tickets", resolved("1", "2 11:30", "2 13:45", resolution_business_minutes=77.0))
    loaded.derive(calendars={"office": OFFICE})
    assert business(loaded, "1", "resolution_business_minutes") == (77,)


def test_holidays_that_nobody_can_tell_are_refused(loaded: Loaded) -> None:
    pytest.importorskip("holidays", reason="the optional package holidays is not installed")
    loaded.add("support_tickets", ticket("1", "2 10:00"))
    somewhere = BusinessCalendar(hours={"monday": ("09:00-10:00",)}, holidays_of=("Atlantis",))
    with pytest.raises(UsageError, match="no country 'ATLANTIS'"):
        loaded.derive(calendars={"somewhere": somewhere})


# -- against every minute ----------------------------------------------------------------------------------------------

START, END = dt.datetime(2025, 10, 1), dt.datetime(2026, 4, 20)
"""With the changes of clocks of both hemispheres in it, one of them twice."""

Pauses = list[tuple[dt.datetime, dt.datetime]]

ZONES = (
    "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe",
    "America/St_Johns", "Africa/Casablanca",
)  # fmt: skip


def random_week(rng: random.Random) -> dict[Any, tuple[str, ...]]:
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    week: dict[Any, tuple[str, ...]] = {}
    for name in rng.sample(WEEKDAYS, rng.randint(1, 7)):
        ends = sorted(rng.sample(range(1440), 2 * rng.randint(1, 3)))
        listed = [f"{clock(a)}-{clock(b)}" for a, b in zip(ends[::2], ends[1::2], strict=True)]
        if rng.random() < 0.25:
            listed[-1] = f"{clock(ends[-2])}-{clock(rng.randrange(ends[0] + 1))}"
        week[name] = ("00:00-24:00",) if rng.random() < 0.1 else tuple(listed)
    return week


def random_calendar(rng: random.Random) -> BusinessCalendar:
    def some_day() -> dt.date:
        return START.date() + dt.timedelta(days=rng.randrange((END - START).days))

    changes = {some_day(): random_week(rng) for _ in range(rng.randint(0, 2))}
    return BusinessCalendar(
        hours=random_week(rng),
        timezone=rng.choice(ZONES),
        holidays=tuple(some_day() for _ in range(rng.randint(0, 12))),
        changes=tuple(
            ScheduleChange(valid_from=first, hours=week, timezone=rng.choice([None, rng.choice(ZONES)]))
            for first, week in changes.items()
        ),
    )


def random_instant(rng: random.Random, low: dt.datetime, high: dt.datetime) -> dt.datetime:
    unit = rng.choice([dt.timedelta(microseconds=1), dt.timedelta(seconds=1), MINUTE])
    return low + rng.randrange((high - low) // unit + 1) * unit


def random_tickets(rng: random.Random, calendar: str, count: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(count):
        created = random_instant(rng, START, END - dt.timedelta(days=40))
        end = random_instant(rng, created, created + dt.timedelta(days=rng.choice([1, 3, 30])))
        instants = sorted(random_instant(rng, created, end) for _ in range(2 * rng.choice([0, 0, 1, 2, 5])))
        rows.append({
            "ticket_id": f"{calendar}-{i}", "team": calendar, "created_at": created,
            "first_response_at": random_instant(rng, created, end) if rng.random() < 0.8 else None,
            "resolved_at": end, "pauses": list(zip(instants[::2], instants[1::2], strict=True)),
            "sla_target_minutes": float(rng.randrange(1, 1200)),
            "resolution_target_minutes": float(rng.randrange(1, 3000)),
        })  # fmt: skip
    return rows


def due(minutes: Minutes, created: dt.datetime, target: float, pauses: Pauses) -> dt.datetime:
    """The instant at which business time without pauses reaches the target, by walking from piece to piece."""
    left = round(target * 60_000_000)
    ends = sorted({created, *(end for pause in pauses for end in pause if end > created)})
    ends.append(END)
    for low, high in pairwise(ends):
        if any(start <= low and high <= end for start, end in pauses):
            continue
        if minutes.between(low, high) < left:
            left -= minutes.between(low, high)
            continue
        floor = minutes.until(low)
        found, far = 0, (high - low) // dt.timedelta(microseconds=1)
        while found < far:  # the first microsecond at which nothing is left
            middle = (found + far) // 2
            reached = minutes.until(low + dt.timedelta(microseconds=middle)) - floor >= left
            found, far = (found, middle) if reached else (middle + 1, far)
        return low + dt.timedelta(microseconds=found)
    raise AssertionError("the promise ends after the data")


def test_ten_thousand_random_tickets_agree_with_a_look_at_every_minute(loaded: Loaded, tmp_path: Path) -> None:
    rng = random.Random(20260322)
    calendars = {f"c{i}": random_calendar(rng) for i in range(25)}
    tickets = [row for name in calendars for row in random_tickets(rng, name, 400)]
    write(loaded, tmp_path, tickets)
    rules = tuple(CalendarRule(calendar=name, team=(name,)) for name in calendars)
    loaded.derive(calendars=calendars, calendar_for=rules, timezone="Asia/Kolkata")
    found = {
        number: (*rest,)
        for number, *rest in loaded.rows(
            "SELECT ticket_id, business_calendar, round(first_response_business_minutes * 6e7), first_response_due_at, "
            "round(resolution_business_minutes * 6e7), resolution_due_at FROM support_tickets"
        )
    }
    wrong = []
    for name, calendar in calendars.items():
        minutes = Minutes(calendar, "Asia/Kolkata", START, END)
        wrong += [
            row["ticket_id"]
            for row in tickets
            if row["team"] == name and found[row["ticket_id"]] != expected(row, minutes)
        ]
    assert len(found) == len(tickets) == 10_000
    assert wrong == []


def expected(row: dict[str, Any], minutes: Minutes) -> tuple[Any, ...]:
    created, answered = row["created_at"], row["first_response_at"]
    paused = sum(minutes.between(start, end) for start, end in row["pauses"])
    late = END - dt.timedelta(minutes=1)
    reach = minutes.between(created, late)

    def run_out(target: float, pauses: Pauses) -> object:
        spent = sum(minutes.between(start, end) for start, end in pauses)
        return due(minutes, created, target, pauses) if reach - spent >= target * 6e7 else BEYOND

    return (
        row["team"],
        minutes.between(created, answered) if answered else None,
        run_out(row["sla_target_minutes"], []),
        minutes.between(created, row["resolved_at"]) - paused,
        run_out(row["resolution_target_minutes"], row["pauses"]),
    )


class _Beyond:
    """Any instant after the minutes that were looked at."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dt.datetime) and other >= END - dt.timedelta(minutes=1)

    __hash__ = None  # type: ignore[assignment]


BEYOND = _Beyond()


def write(loaded: Loaded, folder: Path, tickets: list[dict[str, Any]]) -> None:
    """Tickets with their pauses as a history; through files, because single rows take DuckDB a minute."""
    events = [
        {
            "event_id": f"{row['ticket_id']}-{10 * i + (status == 'open'):03}",
            "ticket_id": row["ticket_id"],
            "at": at,
            "field": "status",
            "new_value": status,
        }
        for row in tickets
        for i, pause in enumerate(row["pauses"])
        for status, at in zip(("pending", "open"), pause, strict=True)
    ]
    plain = [{"status": "resolved", **row} for row in tickets]
    for table, rows in (("support_tickets", plain), ("ticket_events", events)):
        file = folder / f"{table}.csv"
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, [name for name in rows[0] if name != "pauses"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        loaded.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM read_csv('{file}', all_varchar = true)")
