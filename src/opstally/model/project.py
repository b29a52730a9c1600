"""A project: `opstally.yml`, its calendar, assumptions, sources and engine."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opstally.model.declaration import Declaration, Name


class Feed(Declaration):
    """A source used by this project, with the files it reads."""

    source: Name
    files: tuple[str, ...] = ()
    """Globs below the project folder; the source's own unless told."""
    timezone: str | None = None
    """Of timestamps without an offset; the source's unless told."""


class Assumptions(Declaration):
    """Numbers that no export holds. Printed with every number that uses them."""

    support_hourly_cost: float = Field(default=50.0, description="currency per hour of support work")
    saving_share: float = Field(
        default=0.3, description="share of an under-used resource's cost, or of a process's time, that can be saved"
    )
    on_time_days: float = Field(default=30.0, description="days from kickoff to go-live that count as on time")
    severely_underutilized_below: float = Field(default=20.0, description="percent utilisation")
    underutilized_below: float = Field(default=50.0, description="percent utilisation")
    near_capacity_above: float = Field(default=90.0, description="percent utilisation")
    still_seen_days: float = Field(default=7.0, description="a resource seen within so many days still exists")
    reopen_window_days: float = Field(default=7.0, description="days after resolving in which a ticket may be reopened")
    sla_exceeding: float = Field(default=99.9, description="percent compliance called Exceeding")
    sla_meeting: float = Field(default=95.0, description="percent compliance called Meeting")
    error_rate_high: float = Field(default=5.0, description="percent errors over 7 days worth the high risk points")
    error_rate_medium: float = Field(default=1.0, description="percent errors over 7 days worth the medium risk points")
    degradation_high: float = Field(default=20.0, description="percent slower over 30 days worth the high risk points")
    degradation_medium: float = Field(
        default=10.0, description="percent slower over 30 days worth the medium risk points"
    )
    risk_points_high: float = Field(default=20.0, description="points of a high signal")
    risk_points_medium: float = Field(default=10.0, description="points of a medium signal")
    maintenance_overdue_factor: float = Field(
        default=1.5, description="times the recommended interval that makes maintenance overdue"
    )
    high_risk_from: float = Field(default=40.0, description="points")
    medium_risk_from: float = Field(default=20.0, description="points")
    major_incident_minutes: float = Field(
        default=60.0, description="minutes of incidents in a day called Major Incident"
    )
    process_minutes_from: float = Field(
        default=30.0, description="minutes per case below which a process is not looked at"
    )
    capacity_soon_weeks: float = Field(default=8.0, description="weeks to 80 % within which to act now")
    default_slo_target: float = Field(default=99.9, description="percent, for services that declare none")


class Project(Declaration):
    """See the module."""

    name: str = "Opstally project"
    timezone: str = "UTC"
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    """The month in which fiscal quarters and years start."""
    currency: str = "USD"
    engine: str = "duckdb"
    connection: str | None = None
    """Connection string of an engine other than the embedded one; `$NAME` reads the environment."""
    schema_: str | None = Field(default=None, alias="schema")
    """Schema that holds the canonical tables on that engine."""
    sources: tuple[Feed, ...] = ()
    assumptions: Assumptions = Assumptions()
