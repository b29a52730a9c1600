"""Draws the README's pictures: the demo's terminal output as SVG, in docs/pictures/.

opstally demo company && python docs/make_pictures.py company
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from opstally.cli import explained
from opstally.render import terminal
from opstally.render.document import of_report
from opstally.workspace import Workspace

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 106
DARK = TerminalTheme(
    (23, 26, 32),
    (236, 238, 242),
    [
        (23, 26, 32), (255, 143, 94), (76, 201, 164), (229, 228, 131),
        (126, 166, 255), (163, 102, 168), (76, 201, 164), (179, 185, 196),
    ],
)  # fmt: skip


def draw(show: Callable[[Console], None], command: str, name: str, lines: int | None = None) -> None:
    """The first lines of what is shown, or all of it."""
    console = _console()
    with console.capture() as captured:
        show(console)
    picture = _console(record=True)
    picture.print(Text.from_ansi("\n".join(captured.get().splitlines()[:lines])))
    svg = picture.export_svg(title=f"$ {command}", theme=DARK, unique_id=name)
    # The fonts that the library would fetch from elsewhere: the reader's own are used instead.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: DejaVu Sans Mono, Menlo, Consolas, monospace")
    svg = svg.replace("font-family: arial", "font-family: DejaVu Sans, sans-serif")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


def _console(record: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="256", record=record,
        highlight=False, markup=False, emoji=False,
    )  # fmt: skip


def main(folder: Path) -> None:
    workspace = Workspace.open(folder)
    dashboard = of_report(workspace.report("operations-dashboard"))
    draw(lambda c: terminal.render(dashboard, c), "opstally report operations-dashboard", "dashboard")
    found = workspace.explain("first_response_sla", by=["team"])

    def explain(console: Console) -> None:
        for block in explained.blocks(found, workspace, console):
            console.print(block)

    draw(explain, "opstally explain first_response_sla --by team", "explain", 37)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-company"))
