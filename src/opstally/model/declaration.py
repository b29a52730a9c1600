"""What all declarations share: frozen dataclasses, checked by pydantic when they are read, with no unknown keys.

They are plain dataclasses because a command that finds them read and checked already (see `opstally.library`) then
starts without pydantic, whose import alone takes a third of the time in which a report has to be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Declaration:
    """Frozen data from YAML; an unknown key is an error.

    `field(metadata={"alias": …, "ge": …, "min_length": …})` says what pydantic's own Field would.
    """

    __pydantic_config__ = {"extra": "forbid", "validate_by_name": True, "validate_by_alias": True}

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Field → the key that YAML has for it."""
        return {f.name: f.metadata.get("alias", f.name) for f in fields(cls)}  # type: ignore[arg-type]  # subclasses are


class Matches:
    """A text that fits a pattern; `words` say it to people."""

    def __init__(self, pattern: str, words: str) -> None:
        self.pattern, self.words = pattern, words

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), "pattern": self.pattern}


class Checked:
    """A value that a function accepts as it is, or refuses with a ValueError that is a sentence."""

    def __init__(self, check: Callable[[Any], Any]) -> None:
        self.check = check

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema  # lazy: only reading needs it

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class OneOrMore:
    """A list that may be written as its only item."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema  # lazy: only reading needs it

        return core_schema.no_info_before_validator_function(_listed, handler(source))


def _listed(given: object) -> object:
    return (given,) if isinstance(given, str) else given


def _written(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


NAME = Matches(r"^[a-z][a-z0-9_]*$", "lower-case letters, digits and underscores, with a letter first")
SLUG = Matches(r"^[a-z][a-z0-9-]*$", "lower-case letters, digits and hyphens, with a letter first")

Name = Annotated[str, NAME]
"""A name in an expression or a database: lower case, digits, underscores."""

Slug = Annotated[str, SLUG]
"""A name in a command or a URL: lower case, digits, hyphens."""

Expression = Annotated[str, Checked(_written)]
"""Text in the expression language of definitions (see `opstally.expression`)."""


def is_name(text: str) -> bool:
    """Whether a text can name a column."""
    return re.match(NAME.pattern, text) is not None
