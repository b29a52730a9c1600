"""A small project whose exports are loaded through the command line, and a way to run commands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opstally.cli import run

TICKETS = """\
ticket_id,created_at,first_response_at,resolved_at,status,ticket_priority,team,sla_target_minutes,satisfaction_score
t1,2026-10-05 09:00:00,2026-10-05 09:30:00,2026-10-05 11:00:00,resolved,high,Core,60,5
t2,2026-10-06 09:00:00,2026-10-06 11:00:00,2026-10-07 09:00:00,resolved,high,Core,60,2
t3,2026-10-13 09:00:00,2026-10-13 09:20:00,,open,low,Core,240,
t4,2026-10-14 09:00:00,2026-10-14 10:00:00,2026-10-14 13:00:00,closed,low,Night,240,4
t5,2026-10-20 09:00:00,,,open,high,Night,60,
t6,2026-10-25 23:30:00,,,new,low,Night,240,
t7,2026-10-21 09:00:00,2026-10-21 09:10:00,2026-10-21 10:00:00,resolved,low,Night,,3
"""
"""Weeks of 5, 12 and 19 October 2026.

First responses as of 25 October: t1, t3, t4 met, t2, t5 breached, t6 pending, t7 without target."""

AS_OF = ("--as-of", "2026-10-25")


@dataclass
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    def object(self) -> Any:
        return json.loads(self.out)


Opstally = Callable[..., Done]


@pytest.fixture
def opstally(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Opstally:
    """Runs a command in this process: opstally("report", "support-tickets")."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("OPSTALLY_DEBUG", raising=False)

    def call(*arguments: object) -> Done:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def project(tmp_path: Path, opstally: Opstally, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loaded project, which is also the working folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "opstally.yml").write_text("name: Small\n", encoding="utf-8")
    (tmp_path / "data" / "support_tickets.csv").write_text(TICKETS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert opstally("load").code == 0
    return tmp_path
