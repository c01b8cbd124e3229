"""Hands an event in at Rescue Bot's API.

Invariant: each try carries the same Idempotency-Key, so however many reach the API, the event is
taken in once. No error repeats the key of the API or what was answered.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

from .event import Event
from .failure import ApiDenied, ApiMisplaced, ApiUnavailable, Failure
from .keys import API_KEY
from .settings import Settings

_PATH = "/api/v1/events/ingest"
_CONNECT_SECONDS = 2.0
_PAUSE = 0.2
_ANSWER_BYTES = 65_536
_CODE = re.compile(r"[a-z_]{1,40}")
_LATER = frozenset({408, 409, 425, 429})
# The API understands what is asked, and will never take this event.
_UNREADABLE = frozenset({400, 413, 422})

_POOL = urllib3.PoolManager(num_pools=2, retries=False)

Left = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Taken:
    """What the API said: the ids of events with what each report was, or why it refuses it."""

    events: tuple[tuple[int, str], ...] = ()
    refused: str = ""


def hand_in(event: Event, *, settings: Settings, left: Left) -> Taken:
    """Hand it in, a few times if need be, within the seconds that are `left`.

    Raises ApiUnavailable, ApiDenied or ApiMisplaced with nothing known of the event's fate.
    """
    fresh = False
    for attempt in range(1, settings.attempts + 1):
        try:
            return _once(event, settings=settings, left=left, fresh=fresh)
        except ApiDenied:
            # The key was changed perhaps: once more with what the secret says now.
            if fresh or left() <= 0:
                raise
            fresh = True
        except ApiUnavailable:
            if attempt == settings.attempts or left() <= _PAUSE:
                raise
            time.sleep(_PAUSE)
    return _once(event, settings=settings, left=left, fresh=fresh)


def _once(event: Event, *, settings: Settings, left: Left, fresh: bool) -> Taken:
    key = API_KEY.read(settings, fresh=fresh)
    seconds = max(0.1, min(settings.timeout, left()))
    try:
        answer = _POOL.request(
            "POST",
            settings.api_url + _PATH,
            body=event.body.encode(errors="replace"),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {key}",
                "Idempotency-Key": event.key,
            },
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), total=seconds),
            redirect=False,
            preload_content=False,
        )
        said = _parsed(answer.read(_ANSWER_BYTES, decode_content=False))
        answer.drain_conn()
    except urllib3.exceptions.NewConnectionError:
        # A TimeoutError to urllib3, but nobody was there who could have been slow.
        raise ApiUnavailable("unreachable", "The API cannot be reached.") from None
    except urllib3.exceptions.TimeoutError:
        raise ApiUnavailable("timeout", "The API did not answer in time.") from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise ApiUnavailable("unreachable", "The API cannot be reached.") from None
    return _judged(answer.status, said)


def _judged(status: int, said: dict[str, Any]) -> Taken:
    told = said.get("code")
    code = told if isinstance(told, str) and _CODE.fullmatch(told) else f"http_{status}"
    if status == 201:
        return Taken(events=_events(said))
    if status == 422 and code == "key_reused":
        # The same id was handed in with other words: it is in the ledger.
        return Taken()
    if status in _UNREADABLE and told == code:
        return Taken(refused=code)
    raise _failure(status, code)


def _failure(status: int, code: str) -> Failure:
    if status in (401, 403):
        words = "The API refuses the key. It must be of the role ingest, and not withdrawn."
        return ApiDenied(code, words, status=status)
    if status >= 500 or status in _LATER:
        return ApiUnavailable(code, "The API has failed or is busy.", status=status)
    return ApiMisplaced(code, "What answers is not the API. Check API_URL.", status=status)


def _events(said: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    try:
        return tuple((int(one["event_id"]), str(one["kind"])) for one in said["events"])
    except (KeyError, TypeError, ValueError):
        words = "What answers is not the API. Check API_URL."
        raise ApiMisplaced("no_api", words, status=201) from None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
