"""When the company's support teams work: the calendars of its opstally.yml, with the holidays of the covered years."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from opstally.demo.season import HOLIDAYS, two_years
from opstally.period import WEEKDAYS, Weekday

_WORKING: tuple[Weekday, ...] = WEEKDAYS[:5]

_OFFICE = "The desks that work with the customers' offices, on the Berlin clock."
_LONG = "The desks that everybody calls: Saturdays too."
_ALWAYS = "Customers of Enterprise Care have bought help at any hour, and urgent tickets wait for nobody."


def calendars(until: date) -> str:
    """The end of opstally.yml, as YAML."""
    span = two_years(until)
    # A ticket of the last day may be due in the year after it.
    years = range(span.start.year, until.year + 2)
    closed = [date(year, month, day) for year in years for month, day in HOLIDAYS]
    return "\n".join(
        [
            "",
            "# Hours in which business time is counted, for the metrics that have it in their names.",
            "calendars:",
            *_calendar("office", _OFFICE, "Europe/Berlin", dict.fromkeys(_WORKING, "08:00-18:00"), closed),
            *_calendar(
                "long_hours", _LONG, "Europe/Berlin",
                {**dict.fromkeys(_WORKING, "07:00-21:00"), WEEKDAYS[5]: "09:00-15:00"}, closed,
            ),
            *_calendar("always", _ALWAYS, None, dict.fromkeys(WEEKDAYS, "00:00-24:00"), []),
            "calendar_for:  # the first rule that fits",
            "  - {calendar: always, ticket_priority: urgent}",
            "  - {calendar: always, team: Enterprise Care}",
            "  - {calendar: long_hours, team: [Frontline, Technical Support]}",
            "  - {calendar: office}",
            "",
        ]
    )  # fmt: skip


def _calendar(
    name: str, about: str, timezone: str | None, hours: dict[Weekday, str], closed: Sequence[date]
) -> Iterator[str]:
    yield f"  # {about}"
    yield f"  {name}:"
    if timezone is not None:
        yield f"    timezone: {timezone}"
    yield "    hours:"
    yield from (f'      {day}: ["{span}"]' for day, span in hours.items())
    if closed:
        yield "    holidays:"
        for year in sorted({day.year for day in closed}):
            yield from (f"      - {day.isoformat()}" for day in closed if day.year == year)
