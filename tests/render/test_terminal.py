"""The page in a terminal, and the same as plain text."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from opstally.render import terminal
from opstally.render.document import Document


def printed(document: Document, width: int, tty: bool = False, **options: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=tty, highlight=False, markup=False, emoji=False, **options)  # type: ignore[arg-type]
    terminal.render(document, console)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


PLAIN = """\
Support  03 Aug – 30 Aug 2026 vs 06 Jul – 02 Aug 2026
Are we keeping our promises?
Only where channel = 'email'

By week

Last 4 weeks, oldest first, each on its own scale
                 Latest
─────────────────────────────
Tickets created     400  ▃▅▆█
SLA met           90.0%  ▁·█▆

             Tickets
Week         created  SLA met
─────────────────────────────
03 Aug 2026      100  ✗ 80.0%
10 Aug 2026      200        –
17 Aug 2026      300  ✓ 95.2%
24 Aug 2026      400  ✓ 90.0%

By service
Every service.

            Mean
Service    hours  Before   Change
─────────────────────────────────
auth     12.0 h*  10.0 h  ▲ 20.0%
search    9.0 h   10.0 h  ▼ 10.0%
<ghost>       –        –        –
Total    10.5 h   10.0 h   ▲ 5.0%
* rests on fewer rows than the metric asks for: read with care

Figures

   Metric           Value   Target  95 % interval
─────────────────────────────────────────────────
   Tickets created  12.3k
✗  SLA met          88.0%  ≥ 90.0%  87.5% – 88.6%

Stages

no data: needs table implementation_stages

A note.
Assumes  Support hourly cost 50 · Saving share 0.3
Receipt  1,204 rows of support_tickets (left out: 41 pending, 13 no target) · data to 30 Aug 2026 · DuckDB 1.5.6"""


def test_plain_text(document: Document) -> None:
    assert printed(document, 200) == PLAIN


def test_colour_only_where_there_is_meaning(document: Document) -> None:
    colored = printed(document, 100, tty=True, color_system="256")
    assert "\x1b[38;5;208m▲ 20.0%" in colored  # slower is bad
    assert "\x1b[38;5;36m▼ 10.0%" in colored
    assert "\x1b[38;5;36m✓" in colored


def test_no_color_leaves_shapes(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(document, 100, tty=True)
    assert "\x1b[3" not in text
    assert "✗ 80.0%" in text


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80])
def test_narrow_windows_fold_and_lose_nothing(document: Document, width: int) -> None:
    text = printed(document, width, tty=True, color_system=None, no_color=True)
    for value in ("95.2%", "12.0 h*", "▲ 20.0%", "88.0%", "<ghost>"):
        assert value in text
    tables = [line for line in text.splitlines() if "%" in line and "·" not in line]
    assert max(len(line) for line in tables) <= max(width, 40)


def test_folded_blocks_repeat_the_dimension(document: Document) -> None:
    text = printed(document, 24, tty=True, color_system=None, no_color=True)
    assert sum(line.startswith("auth") for line in text.splitlines()) >= 1
    assert sum(line.startswith("03 Aug 2026") for line in text.splitlines()) == 2


def test_long_tables_are_cut_in_a_terminal_and_say_so(document: Document) -> None:
    from dataclasses import replace

    section = document.sections[1]
    assert section.result is not None
    many = replace(section.result, rows=section.result.rows[:1] * 100, intervals=())
    long = replace(document, sections=(replace(section, result=many),))
    shown = printed(long, 100, tty=True, no_color=True)
    assert "60 more rows: add --full, or --format csv" in shown
    assert shown.count("auth") == 40
    assert printed(long, 100).count("auth") == 100


def test_an_empty_result_is_not_an_empty_table(document: Document) -> None:
    from dataclasses import replace

    section = document.sections[0]
    assert section.result is not None
    empty = replace(document, sections=(replace(section, result=replace(section.result, rows=())),))
    assert "no rows in this period" in printed(empty, 100)


def test_a_bucket_that_is_only_partly_in_the_period_is_marked(document: Document) -> None:
    import datetime as dt
    from dataclasses import replace

    from opstally.period import Period

    section = document.sections[0]
    assert section.result is not None
    receipt = replace(section.result.receipt, period=Period(dt.date(2026, 8, 3), dt.date(2026, 8, 27)))
    running = replace(document, sections=(replace(section, result=replace(section.result, receipt=receipt)),))
    text = printed(running, 100)
    assert "24 Aug 2026 …" in text
    assert "17 Aug 2026 …" not in text
    assert "Tickets created     300" in text  # the latest complete week
    assert "only partly in the period" in text


def test_a_count_of_zero_is_firm_and_a_rate_of_few_is_weak(document: Document) -> None:
    from dataclasses import replace

    from opstally.result import Interval

    section = document.sections[2]
    assert section.result is not None
    weak = Interval(0, state="weak", reason="fewer than 1 rows")
    few = replace(section.result, rows=((0, 88.0),), intervals=({"created": weak, "sla": weak},))
    text = printed(replace(document, sections=(replace(section, result=few),)), 100)
    assert re.search(r"Tickets created +0( |$)", text, re.MULTILINE)
    assert "88.0%*" in text


def test_wide_letters_and_long_texts_keep_columns_in_line(document: Document) -> None:
    from dataclasses import replace

    from rich.cells import cell_len

    from opstally.result import Column

    section = document.sections[1]
    assert section.result is not None
    name = Column("name", "Name", "text", is_dimension=True)
    why = Column("why", "Why", "text")
    count = Column("n", "Number", "integer", "count", "n")
    rows = (
        ("東京サポート", "short", 12),
        ("Core", "a text that is long enough to be folded in a window so narrow", 345),
    )
    result = replace(section.result, columns=(name, why, count), rows=rows, intervals=(), total=None)
    text = printed(replace(document, sections=(replace(section, result=result),)), 50, tty=True, no_color=True)
    lines = [line for line in text.splitlines() if line.endswith(("12", "345"))]
    assert [cell_len(line) for line in lines] == [50, 50]
    assert "folded in a window" in " ".join(text.split())
