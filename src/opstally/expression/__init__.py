"""The expression language of definitions and filters: SQL's expressions, a fixed vocabulary, nothing else.

Our own small parser rather than a SQL library's: it loads in no time (the SQL parser costs a quarter of a
second a process), accepts only what every engine can be told, and can point at the offending character.
"""

from opstally.expression.check import Typed, check
from opstally.expression.parse import parse
from opstally.expression.tree import Call, Column, Expr, Literal

__all__ = ["Call", "Column", "Expr", "Literal", "Typed", "check", "parse"]
