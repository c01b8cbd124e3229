"""Live: tells browsers which topics have changed, so that they ask again before their next turn.

Invariant: it is an accelerator. It carries no data, may be absent or full at any time, and whoever
only polls sees the same. A stream holds a thread and no connection to the ledger.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator

from flask import Flask, current_app

from rescuebot import watermarks
from rescuebot.database import Database
from rescuebot.errors import Busy, RescueError
from rescuebot.logs import logger

log = logger(__name__)

_NAME = "rescue-live"
_LOOK_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0
# A page asks for its content before its stream begins; what changed between is told as well.
_BEFORE_SECONDS = 3.0
# Streams end by themselves, and their browsers come back with a fresh token.
MOST_SECONDS = 900


class Live:
    """The streams of one process, and the thread that looks into the ledger while there are any."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._changed = threading.Condition()
        self._streams = 0
        self._ended = False
        self._looking = False
        # When each topic changed last, in numbers of this process.
        self._boot = uuid.uuid4().hex[:8]
        self._number = 0
        self._numbers = dict.fromkeys(watermarks.TOPICS, 0)
        # The latest changes: when, and under which number.
        self._latest: deque[tuple[float, int]] = deque(maxlen=16)
        self._marks: dict[str, str] = {}

    def enter(self) -> None:
        """Take one of the places, or Busy."""
        with self._changed:
            if self._ended:
                raise Busy("This process is ending.", retry_after=5)
            if self._streams >= self._most:
                raise Busy("All live streams of this process are taken; poll.", retry_after=30)
            self._streams += 1
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="live", daemon=True).start()

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._streams -= 1

    def end(self) -> None:
        """End all streams: their browsers come back to the process that takes over."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def stream(self, last_id: str, seconds: float) -> Iterator[str]:
        """The events of one stream, from behind `last_id`; ends after `seconds`."""
        end = time.monotonic() + seconds
        seen = self._place(last_id)
        yield "retry: 3000\n\n"
        while (left := end - time.monotonic()) > 0 and not self._ended:
            topics, number = self._wait(seen, min(left, _HEARTBEAT_SECONDS))
            if not topics:
                yield ": alive\n\n"
            for topic in topics:
                yield f"id: {self._boot}-{number}\nevent: changed\ndata: {topic}\n\n"
            seen = number

    def _place(self, last_id: str) -> int:
        """Where a stream goes on. Whoever comes from another process has missed who knows what."""
        boot, _, number = last_id.partition("-")
        with self._changed:
            if boot == self._boot and number.isdecimal():
                return min(int(number[:15]), self._number)
            return -1 if last_id else self._before()

    def _before(self) -> int:
        """The number of a moment ago."""
        since = time.monotonic() - _BEFORE_SECONDS
        return min((number - 1 for at, number in self._latest if at > since), default=self._number)

    def _wait(self, seen: int, seconds: float) -> tuple[list[str], int]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._number > seen or seen < 0 or self._ended, timeout=seconds
            )
            topics = [topic for topic, at in self._numbers.items() if at > seen]
            return topics, self._number

    def _look(self) -> None:
        while True:
            with self._changed:
                if not self._streams:
                    # The marks stay: whoever comes back is told of what has changed meanwhile.
                    self._looking = False
                    return
            try:
                with self._database.reading() as session:
                    found = watermarks.marks(session=session)
            except RescueError as error:
                log.warning("live_waits", reason=error.code)
            else:
                self._compare(found)
            time.sleep(_LOOK_SECONDS)

    def _compare(self, found: dict[str, str]) -> None:
        with self._changed:
            before, self._marks = self._marks, found
            changed = [topic for topic in found if before and found[topic] != before[topic]]
            if changed:
                self._number += 1
                self._latest.append((time.monotonic(), self._number))
                self._numbers |= dict.fromkeys(changed, self._number)
                self._changed.notify_all()


def install(app: Flask, database: Database, most: int) -> None:
    """Give `app` its streams."""
    app.extensions[_NAME] = Live(database, most)


def live() -> Live:
    """The streams of the application that serves this request."""
    return of(current_app)


def of(app: Flask) -> Live:
    """The streams of `app`."""
    found: Live = app.extensions[_NAME]
    return found
