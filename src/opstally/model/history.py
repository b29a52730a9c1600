"""How a project's histories are read: names of statuses, what stops the clock, and when checks mean an outage."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from opstally.model.declaration import Declaration

Status = Literal["new", "open", "pending", "hold", "resolved", "closed", "deleted"]
Stage = Literal["investigating", "identified", "monitoring", "resolved", "none"]


class Outages(Declaration):
    """When the checks of a service mean that it is out; see the table `outages`."""

    down_share: float = field(default=0.5, metadata={"gt": 0, "le": 1})
    """Out while at least this share of the service's checks with a fresh result are down."""
    confirm: int = field(default=1, metadata={"ge": 1})
    """So many results in a row must be down before a check counts as down, from the first of them on."""
    stale_after: float = field(default=3.0, metadata={"ge": 1})
    """A result holds until the next one of its check, at most so many times the check's usual interval."""


class Histories(Declaration):
    """See the module."""

    statuses: dict[str, Status] = field(default_factory=dict)
    """The history's own name of a ticket status → ours; `*` stands for any text. Goes before the packaged names."""
    stages: dict[str, Stage] = field(default_factory=dict)
    """The status page's own name of an incident stage → ours; "none" where it changes nothing."""
    pauses: tuple[Status, ...] = ("pending", "hold")
    """While a ticket is in one of these, its business time to resolution stands still."""
    outages: Outages = Outages()
