"""Calendars and histories in opstally.yml: what can be said, and the sentence for everything that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import Write

from opstally.library import read_project
from opstally.model.calendar import minutes_of

A = "calendars: {{a: {{hours: {{monday: {0}}}}}}}"
NINE = "hours: {monday: ['09:00-12:00']}"
TWICE = f"changes: [{{valid_from: 2026-01-01, {NINE}}}, {{valid_from: 2026-01-01, {NINE}}}]"
AT = "calendars.a.hours.monday[1]: "

WRONG = {
    A.format("['9-17']"): f"{AT}'9-17' are no hours; write them as 09:00-17:30.",
    A.format("['09:00-25:00']"): f"{AT}'09:00-25:00' names a time that is on no clock; a day goes from 00:00 to 24:00.",
    A.format("['09:00-09:00']"): f"{AT}'09:00-09:00' end where they begin; the whole day is 00:00-24:00.",
    A.format("['09:00-12:00', '11:00-13:00']"): "the hours of monday overlap: 09:00-12:00, 11:00-13:00.",
    A.format("'09:00-12:00'"): "calendars.a.hours.monday: must be a list, not '09:00-12:00'.",
    "calendars: {a: {hours: {}}}": "calendars.a.hours: no hours on any day; without a calendar",
    "calendars: {a: {hours: {mondy: ['09:00-12:00']}}}": "'mondy' is not known here. Did you mean 'monday'?",
    f"calendars: {{a: {{timezone: Berlin, {NINE}}}}}": "There is no time zone 'Berlin'. Did you mean 'Europe/Berlin'?",
    f"calendars: {{a: {{{NINE}, holidays: [2026-13-01]}}}}": "calendars.a.holidays[1]: '2026-13-01' is no day",
    f"calendars: {{a: {{{NINE}, holiday: [2026-12-01]}}}}": "a: unknown key 'holiday'. Did you mean 'holidays'",
    f"calendars: {{a: {{{NINE}, {TWICE}}}}}": "calendars.a: two changes of schedule hold from the same day; keep one",
    "calendar_for: [{calendar: b}]": "calendar_for: there is no calendar 'b'; none is declared under calendars.",
    f"calendars: {{a: {{{NINE}}}}}\ncalendar_for: [{{calendar: b}}]": "there is no calendar 'b'; there are a.",
    f"calendars: {{a: {{{NINE}}}, b: {{{NINE}}}}}": "calendars: say in calendar_for which tickets use which of a, b.",
    f"calendars: {{a: {{{NINE}}}}}\ncalendar_for: [{{calendar: a, team: []}}]": "team: must not be empty.",
    "histories: {statuses: {Parked: parked}}": "histories.statuses.Parked: 'parked' is not known here.",
    "histories: {outages: {confirm: 0}}": "histories.outages.confirm: 0 is too small, the least is 1.",
    "histories: {outages: {down_share: 0}}": "histories.outages.down_share: 0 is too small, it must be above 0.",
}
"""What stands in opstally.yml → a part of the one sentence about it."""


@pytest.mark.parametrize("written", WRONG)
def test_what_is_wrong_is_said(folder: Path, write: Write, written: str) -> None:
    write("opstally.yml", f"name: Test\n{written}\n")
    _, problems = read_project(folder)
    assert len(problems) == 1
    assert WRONG[written] in str(problems[0])


def test_one_value_may_stand_without_a_list(folder: Path, write: Write) -> None:
    rule = "calendar_for: [{calendar: a, team: ' Night Desk', ticket_priority: [P1, p2]}]"
    write("opstally.yml", f"calendars: {{a: {{{NINE}, holidays_of: DE/BY}}}}\n{rule}\n")
    project, problems = read_project(folder)
    assert problems == ()
    assert project.calendars["a"].holidays_of == ("DE/BY",)
    assert project.calendar_for[0].conditions == {"team": ("night desk",), "ticket_priority": ("p1", "p2")}


def test_hours_that_end_before_they_begin_go_on_after_midnight() -> None:
    assert minutes_of("09:00-17:30") == (540, 1050)
    assert minutes_of("22:00 - 06:00") == (1320, 1800)
    assert minutes_of("16:00-00:00") == (960, 1440)
    assert minutes_of("00:00-24:00") == (0, 1440)
