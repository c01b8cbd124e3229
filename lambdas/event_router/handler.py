"""The door of the function: an event of EventBridge in, one to the API and to people out.

Invariant: the call ends well only when the API has the event, or has said that it never will, and
whoever must be told was told. Neither waits for the other to succeed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from . import api, card, report, topics
from . import event as events
from .api import Taken
from .event import Event
from .failure import EventRefused, Failure
from .report import logger
from .settings import Settings

# Kept back from the function's own time, so that people are told although the API was slow.
_OWN_SECONDS = 11.0
_REMEMBERED = 1000

# What a report was, for the API, that people are told of. A repeat is counted on its event; what is
# "known" has come by the queue first, so nobody was told of it by us.
_TOLD_KINDS = {"new": "received", "known": "received", "recovery": "recovered"}

# Names of what this instance has told. AWS calls again after an error, and a person shall not hear
# the same each time; an instance that has just begun knows nothing of it.
_TOLD: OrderedDict[str, None] = OrderedDict()


# Said here, because otherwise a variable of the environment could have whole events logged.
@logger.inject_lambda_context(log_event=False)
def handle(event: Any, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    began = time.monotonic()
    try:
        settings = Settings.read()
        if not isinstance(event, dict):
            raise EventRefused("no_event", "The function was called with no JSON object.")
    except Failure as failure:
        report.refused(failure)
        raise
    found = events.read(event)
    taken, failures = _hand_in(found, settings, context)
    told = _tell(found, taken, settings, failures)
    result = {
        "notice": found.notice,
        "severity": found.severity,
        "events": [event_id for event_id, _ in taken.events] if taken else [],
        "refused": taken.refused if taken else "",
        "told": told,
    }
    report.routed(result, failures=failures, milliseconds=round((time.monotonic() - began) * 1000))
    if failures:
        raise failures[0]
    return result


def _hand_in(found: Event, settings: Settings, context: Any) -> tuple[Taken | None, list[Failure]]:
    def left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - _OWN_SECONDS

    try:
        return api.hand_in(found, settings=settings, left=left), []
    except Failure as failure:
        return None, [failure]


def _tell(found: Event, taken: Taken | None, settings: Settings, failures: list[Failure]) -> bool:
    """Tell people where it is ours to do; a failure is noted beside those that there are."""
    state = _state(taken, settings)
    topic = settings.topics.get(found.severity)
    if not state or topic is None or found.notice in _TOLD:
        return False
    message = card.message(
        found,
        state=state,
        language=settings.language,
        console_url=settings.console_url,
        event_id=taken.events[0][0] if taken and taken.events else None,
    )
    lines = card.lines(found, state=state, language=settings.language)
    try:
        topics.publish(topic, message, subject=card.subject(found), lines=lines)
    except Failure as failure:
        failures.append(failure)
        return False
    _TOLD[found.notice] = None
    while len(_TOLD) > _REMEMBERED:
        _TOLD.popitem(last=False)
    return True


def _state(taken: Taken | None, settings: Settings) -> str:
    """What people are told; "" where the outbox tells them, or nobody need be told."""
    if taken is None:
        return "unreached"
    if taken.refused:
        return "refused"
    if settings.tell == "unreached":
        return ""
    return next((_TOLD_KINDS[kind] for _, kind in taken.events if kind in _TOLD_KINDS), "")
