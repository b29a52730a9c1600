"""A project: `opstally.yml`, its calendar, assumptions, sources and engine."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from opstally.model.calendar import BusinessCalendar, CalendarRule
from opstally.model.contract import Contract
from opstally.model.declaration import Declaration, Name
from opstally.model.history import Histories
from opstally.period import Calendar


class Feed(Declaration):
    """A source used by this project, with the files it reads."""

    source: Name
    files: tuple[str, ...] = ()
    """Globs below the project folder; the source's own unless told."""
    timezone: str | None = None
    """Of timestamps without an offset; the source's unless told."""
    epoch: str | None = None
    """The UTC timestamp from which the export counts seconds; the source's unless told."""


def assumed(value: float, description: str) -> Any:
    """The value unless the project says another, and what it is: the unit first."""
    return field(default=value, metadata={"description": description})


class Assumptions(Declaration):
    """Numbers that no export holds. Printed with every number that uses them."""

    support_hourly_cost: float = assumed(50.0, "currency per hour of support work")
    saving_share: float = assumed(
        0.3, "share of an under-used resource's cost, or of a process's time, that can be saved"
    )
    on_time_days: float = assumed(30.0, "days from kickoff to go-live that count as on time")
    severely_underutilized_below: float = assumed(20.0, "percent utilisation")
    underutilized_below: float = assumed(50.0, "percent utilisation")
    near_capacity_above: float = assumed(90.0, "percent utilisation")
    still_seen_days: float = assumed(7.0, "a resource seen within so many days still exists")
    reopen_window_days: float = assumed(7.0, "days after resolving in which a ticket may be reopened")
    sla_exceeding: float = assumed(99.9, "percent compliance called Exceeding")
    sla_meeting: float = assumed(95.0, "percent compliance called Meeting")
    error_rate_high: float = assumed(5.0, "percent errors over 7 days worth the high risk points")
    error_rate_medium: float = assumed(1.0, "percent errors over 7 days worth the medium risk points")
    degradation_high: float = assumed(20.0, "percent slower over 30 days worth the high risk points")
    degradation_medium: float = assumed(10.0, "percent slower over 30 days worth the medium risk points")
    risk_points_high: float = assumed(20.0, "points of a high signal")
    risk_points_medium: float = assumed(10.0, "points of a medium signal")
    maintenance_overdue_factor: float = assumed(1.5, "times the recommended interval that makes maintenance overdue")
    high_risk_from: float = assumed(40.0, "points")
    medium_risk_from: float = assumed(20.0, "points")
    major_incident_minutes: float = assumed(60.0, "minutes of incidents in a day called Major Incident")
    process_minutes_from: float = assumed(30.0, "minutes per case below which a process is not looked at")
    capacity_soon_weeks: float = assumed(8.0, "weeks to 80 % within which to act now")
    default_slo_target: float = assumed(99.9, "percent, for services that declare none")


class Project(Declaration):
    """See the module."""

    name: str = "Opstally project"
    timezone: str = "UTC"
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    fiscal_year_start: int = field(default=1, metadata={"ge": 1, "le": 12})
    """The month in which fiscal quarters and years start."""
    currency: str = "USD"
    engine: str = "duckdb"
    connection: str | None = None
    """Connection string of an engine other than the embedded one; `$NAME` reads the environment."""
    schema_: str | None = field(default=None, metadata={"alias": "schema"})
    """Schema that holds the canonical tables on that engine."""
    sources: tuple[Feed, ...] = ()
    contracts: dict[Name, Contract] = field(default_factory=dict)
    """Source → what happens when its exports change, in place of what the source says."""
    assumptions: Assumptions = Assumptions()
    calendars: dict[Name, BusinessCalendar] = field(default_factory=dict)
    """Business calendars; without any there is no business time."""
    calendar_for: tuple[CalendarRule, ...] = ()
    """Which tickets use which calendar: the first rule that fits. A single calendar needs no rule, all use it."""
    histories: Histories = Histories()

    @property
    def calendar(self) -> Calendar:
        """How time is cut into days, weeks, quarters and years."""
        return Calendar(self.timezone, self.week_start, self.fiscal_year_start)

    def __post_init__(self) -> None:
        for rule in self.calendar_for:
            if rule.calendar not in self.calendars:
                there = (
                    f"there are {', '.join(self.calendars)}" if self.calendars else "none is declared under calendars"
                )
                raise ValueError(f"calendar_for: there is no calendar {rule.calendar!r}; {there}")
        if len(self.calendars) > 1 and not self.calendar_for:
            named = ", ".join(self.calendars)
            raise ValueError(f"calendars: say in calendar_for which tickets use which of {named}")
