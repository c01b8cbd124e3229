"""An answer that many want at once, asked of the ledger by one of them.

Invariant: nobody is given an answer older than `stale` seconds, and while somebody asks, whoever
finds one that is not older does not wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import current_app


class Fresh:
    """The latest answer to one question, in one process."""

    def __init__(self, *, fresh: float, stale: float) -> None:
        self._fresh, self._stale = fresh, stale
        self._asking = threading.Lock()
        self._at = -stale - 1
        self._found: Any = None

    def get(self, ask: Callable[[], Any]) -> Any:
        """What is kept, or what `ask` says now."""
        age = time.monotonic() - self._at
        if age <= self._fresh:
            return self._found
        if not self._asking.acquire(blocking=age > self._stale):
            return self._found
        try:
            if time.monotonic() - self._at > self._fresh:
                # As old as the question: what has changed while it was answered is not in it.
                began = time.monotonic()
                self._found, self._at = ask(), began
            return self._found
        finally:
            self._asking.release()


def of(name: str, *, fresh: float, stale: float) -> Fresh:
    """That of the application which serves this request."""
    kept: Fresh = current_app.extensions.setdefault(name, Fresh(fresh=fresh, stale=stale))
    return kept
