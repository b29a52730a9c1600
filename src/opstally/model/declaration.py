"""What all declarations share: frozen, and no unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name in an expression or a database: lower case, digits, underscores."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
"""A name in a command or a URL: lower case, digits, hyphens."""

Expression = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""Text in the expression language of definitions (see `opstally.expression`)."""


class Declaration(BaseModel):
    """Frozen data from YAML; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
