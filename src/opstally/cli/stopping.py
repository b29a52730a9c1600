"""Ctrl-C ends a command, also where a library makes an error of its own of it, or swallows it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

AGAIN: Final = 1.0
"""Seconds after which somebody who has not been listened to asks again."""


class Stopping:
    """Whether an interrupt has come; while `listening`, it is a KeyboardInterrupt, again and again until that ends."""

    def __init__(self) -> None:
        self.asked = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Only the main thread hears signals; in others nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._stop)
        try:
            yield
        except Exception as error:
            if self.asked:  # a library has made an error of its own of it
                raise KeyboardInterrupt from error
            raise
        finally:
            self._ring(0)
            signal.signal(signal.SIGINT, before)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._ring(AGAIN)
        raise KeyboardInterrupt

    def _ring(self, seconds: float) -> None:
        if self.asked and hasattr(signal, "setitimer"):  # not on Windows
            signal.signal(signal.SIGALRM, self._stop if seconds else signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_REAL, seconds)
