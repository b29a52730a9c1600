"""A proposal put into a project: new sources as files of their own, shipped ones fed in opstally.yml."""

from __future__ import annotations

import re
from pathlib import Path

from opstally.errors import UsageError
from opstally.library import PROJECT_FILE
from opstally.recognise.proposal import FROM_WHEN, Proposal, ProposedSource
from opstally.recognise.text import flow


def write(proposal: Proposal, folder: Path) -> tuple[Path, ...]:
    """Write what is proposed into a project's folder; gives the files written. Nothing that is there is replaced.

    Raises UsageError where a file of the name is there already, or opstally.yml lists its sources in one line.
    """
    new = {folder / "sources" / f"{one.name}.yml": one for one in proposal.sources if not one.shipped}
    for path in new:
        if path.exists():
            raise UsageError(f"{path} is there already. Edit that file, or move it away and propose again.")
    fed = [one for one in proposal.sources if one.shipped]
    project = folder / PROJECT_FILE
    text = _with_feeds(project.read_text(encoding="utf-8"), fed, project) if fed else None
    for path, one in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.text, encoding="utf-8")
    if text is not None:
        project.write_text(text, encoding="utf-8")
    return (*new, *([project] if text is not None else []))


def _with_feeds(text: str, fed: list[ProposedSource], project: Path) -> str:
    lines = [line for one in fed for line in _feed(one)]
    found = re.search(r"^sources:[ \t]*(#.*)?\n", text, re.MULTILINE)
    if found:
        return text[: found.end()] + "\n".join(lines) + "\n" + text[found.end() :]
    if re.search(r"^sources:", text, re.MULTILINE):
        raise UsageError(
            f"{project} lists its sources in one line. Write them one a line (  - source: …), then propose again."
        )
    return text.rstrip("\n") + "\n\nsources:\n" + "\n".join(lines) + "\n"


def _feed(one: ProposedSource) -> list[str]:
    asked = [f"    # QUESTION: {question}" for question in one.questions]
    answer = ['    # epoch: "2024-01-01"'] if FROM_WHEN in one.questions else []
    return [f"  - source: {one.name}", f"    files: {flow(list(one.files))}", *asked, *answer]
