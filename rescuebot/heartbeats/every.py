"""Chores of an engine: each is due every so many seconds, and looked at by the engine's loop."""

from __future__ import annotations

import time
from collections.abc import Callable


class Every:
    """A chore that is due every so many seconds, the first time at once."""

    def __init__(self, seconds: float, work: Callable[[], object]) -> None:
        self._seconds = seconds
        self._work = work
        self._due = 0.0

    def run_if_due(self) -> None:
        """Do it, if it is time."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._seconds
            self._work()
