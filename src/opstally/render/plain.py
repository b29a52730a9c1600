"""Texts from exports, as they can be shown: a terminal would obey what stands in them."""

from __future__ import annotations

from typing import Final

_LINE: Final = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")
_CONTROL: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_OTHERS: Final = dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""Controls of eight bits, and those that turn the direction of what follows."""
_SHOWN: Final = _CONTROL | _OTHERS | _LINE


def plain(text: str) -> str:
    """A text on one line, its control characters as the signs for them (ESC as ␛)."""
    return text if text.isprintable() else text.translate(_SHOWN)
