"""What the task has said of itself: the one line that it writes for programs.

Invariant: nothing but codes and revisions comes from here, and whether it can be read at all
changes nothing about how the request ends.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .request import Work

_LINE = re.compile(
    r"migrations code=(?P<code>[a-z_]{1,40})"
    r"(?: from=(?P<before>[A-Za-z0-9_]{1,40}) to=(?P<after>[A-Za-z0-9_]{1,40}))?"
)
_LAST = 50
_CONNECT_SECONDS = 2
_READ_SECONDS = 2
# The last lines come a moment after the task has ended.
_TRIES, _PAUSE = 4, 0.5


def of(work: Work, arn: str, *, left: Callable[[], float]) -> Mapping[str, str]:
    """The groups of that line, `code`, `before` and `after`; {} where there is none."""
    if not work.log_group or not work.log_prefix:
        return {}
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        if left() <= _PAUSE:
            break
        if found := _read(work.log_group, stream(work, arn)):
            return found
    return {}


def stream(work: Work, arn: str, container: str = "") -> str:
    """The log stream of a container of the task: prefix/container/id, as the driver names it.

    Where the prefix is the name of the container that migrates, others have theirs as well.
    """
    name = container or work.container
    prefix = name if work.log_prefix == work.container else work.log_prefix
    return f"{prefix}/{name}/{arn.rpartition('/')[2]}"


def _read(group: str, stream: str) -> Mapping[str, str]:
    try:
        told = _client().get_log_events(
            logGroupName=group, logStreamName=stream, limit=_LAST, startFromHead=False
        )
    except (ClientError, BotoCoreError):
        return {}
    for event in reversed(told.get("events", [])):
        if match := _LINE.fullmatch(str(event.get("message", "")).strip()):
            return {name: value for name, value in match.groupdict().items() if value}
    return {}


@lru_cache(maxsize=1)
def _client() -> Any:
    return boto3.client(
        "logs",
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
        ),
    )
