"""What Slack's double keeps, and how it may take a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Mood:
    """How Slack takes the next calls.

    `word` is one of ratelimited (with `seconds`), http_500, http_503, hang (for `seconds`), cut,
    garbage, or any error of the Web API. With `after` the call is done before that happens, so that
    only the answer is lost.
    """

    word: str
    seconds: float = 1.0
    after: bool = False


@dataclass(kw_only=True, slots=True)
class Kept:
    """A message as people see it now; `versions` counts how often it was written."""

    channel: str
    ts: str
    text: str
    blocks: list[Any]
    way: str  # api, webhook or response_url
    at: datetime
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    ephemeral: bool = False
    versions: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call as it came in, whatever became of it."""

    method: str
    body: dict[str, Any]
    answer: str
