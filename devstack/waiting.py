"""Waiting for a condition, with a deadline and an error that tells what was seen instead.

Nothing in this package sleeps for a fixed time in the hope that something is ready by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from devstack.errors import WorldError

T = TypeVar("T")

# The pause grows, so that a short wait is precise and a long one does not eat a processor.
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.25


def until(
    condition: Callable[[], T],
    *,
    seconds: float,
    what: str,
    explain: Callable[[], str] = str,
) -> T:
    """The first truthy value of `condition`.

    A WorldError that `condition` raises means "not yet"; it is quoted when time is up, as is what
    `explain` has to say. A condition that can never come true ends the wait with `Hopeless`.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        seen: object
        try:
            if value := condition():
                return value
            seen = value
        except Hopeless:
            raise
        except WorldError as error:
            seen = error
        if time.monotonic() >= deadline:
            raise WorldError(_too_late(what=what, seconds=seconds, seen=seen), remedy=explain())
        time.sleep(pause)
        pause = min(pause * 1.3, _LONGEST_PAUSE)


class Hopeless(WorldError):
    """What was waited for cannot happen any more, for example because the process has ended."""


def _too_late(*, what: str, seconds: float, seen: object) -> str:
    shown = str(seen) if isinstance(seen, WorldError) else repr(seen)
    if len(shown) > 2000:
        shown = shown[:2000] + "…"
    return f"Waited {seconds:g} s in vain: {what}. Last seen: {shown}."
