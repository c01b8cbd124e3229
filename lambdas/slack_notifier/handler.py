"""The door of the function: records of SNS in, posts to Slack out.

Invariant: the call ends well only when each record was posted, now or before by this instance.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from . import message, report, slack
from .failure import Failure, SlackRefused
from .message import Notice
from .report import logger
from .settings import Settings
from .webhooks import WEBHOOKS

# Kept back from the function's own time, so that it can still say why it has failed.
_OWN_SECONDS = 1.0
_REMEMBERED = 1000

# Names of what this instance has posted. Another instance knows nothing of it: a notice comes at
# least once, and twice where SNS delivers twice to two of them.
_POSTED: OrderedDict[str, None] = OrderedDict()


# Said here, because otherwise a variable of the environment could have whole events logged.
@logger.inject_lambda_context(log_event=False)
def handle(event: Any, context: Any) -> dict[str, int]:
    """What Lambda calls. SNS sends one record a call; more are all tried before one fails."""
    done = {"posted": 0, "repeated": 0}
    failures: list[Failure] = []
    try:
        settings, given = Settings.read(), message.records(event)
    except Failure as failure:
        report.failed(None, failure)
        raise
    for record in given:
        notice = message.read(record, settings)
        try:
            done[_deliver(notice, settings, context)] += 1
        except Failure as failure:
            report.failed(notice, failure)
            failures.append(failure)
    if failures:
        # One that may still come to an end wins: AWS calls again for all of them.
        raise max(failures, key=lambda one: one.again)
    return done


def _deliver(notice: Notice, settings: Settings, context: Any) -> str:
    if notice.name in _POSTED:
        report.repeated(notice)
        return "repeated"
    began = time.monotonic()
    degraded = _post(notice, settings, context)
    _POSTED[notice.name] = None
    while len(_POSTED) > _REMEMBERED:
        _POSTED.popitem(last=False)
    report.posted(notice, milliseconds=round((time.monotonic() - began) * 1000), degraded=degraded)
    return "posted"


def _post(notice: Notice, settings: Settings, context: Any) -> bool:
    """Post it; whether only its text was taken. An address that is gone is read anew, once."""
    address = WEBHOOKS.of(notice.severity, settings)
    try:
        return _card_or_text(address, notice, settings, context)
    except SlackRefused as refused:
        if refused.status not in slack.GONE:
            raise
        newer = WEBHOOKS.of(notice.severity, settings, fresh=True)
        if newer == address:
            raise
    return _card_or_text(newer, notice, settings, context)


def _card_or_text(address: str, notice: Notice, settings: Settings, context: Any) -> bool:
    try:
        slack.post(address, notice.payload, seconds=_patience(settings, context))
        return False
    except SlackRefused as refused:
        if refused.code not in slack.BAD_CARD or "blocks" not in notice.payload:
            raise
    slack.post(address, notice.bare, seconds=_patience(settings, context))
    return True


def _patience(settings: Settings, context: Any) -> float:
    """How long Slack is waited for, within what is left of the function's own time."""
    left = float(context.get_remaining_time_in_millis()) / 1000 - _OWN_SECONDS
    return max(0.1, min(settings.timeout, left))
