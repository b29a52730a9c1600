"""A query built in layers, each computing named expressions over the one below it."""

from __future__ import annotations

from collections.abc import Mapping


class Layers:
    """SELECTs around SELECTs. What lower layers name stays visible; an expression is computed once, under its name."""

    def __init__(self, source: str) -> None:
        self.sql = source

    def add(self, named: Mapping[str, str]) -> None:
        """A layer that computes name → SQL; none where there is nothing to compute."""
        if named:
            listed = ", ".join(f"{sql} AS {name}" for name, sql in named.items())
            self.sql = f"(SELECT *, {listed} FROM {self.sql})"
