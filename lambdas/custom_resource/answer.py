"""Tells CloudFormation what came of its request, at the address that it gave.

Invariant: the body is smaller than CloudFormation's limit, whatever is to be told; no error names
the address or repeats what was answered there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tenacity
import urllib3

from .failure import AnswerRefused, AnswerUnavailable
from .request import Request

# docs.aws.amazon.com, "Custom resource response objects": the body can't exceed 4096 bytes.
_MOST_BYTES = 4096
_REASON_BYTES = 1500
_CONNECT_SECONDS = 3.0
_TRY_SECONDS = 5.0
_SLOWEST_WAIT = 4.0
_LATER = frozenset({408, 425, 429})
# The address is signed for a request without a type.
_HEADERS = {"Content-Type": ""}

_POOL = urllib3.PoolManager(num_pools=2, retries=False)

Left = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Reply:
    """Whether it went well, why not, and the attributes of the resource."""

    ok: bool
    reason: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


def put(request: Request, reply: Reply, *, left: Left) -> None:
    """Answer, and try again for as long as there is time `left`.

    Raises AnswerUnavailable or AnswerRefused; after a time-out nobody knows whether it was taken.
    """
    content = body(request, reply)
    for attempt in tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(AnswerUnavailable),
        wait=tenacity.wait_random_exponential(multiplier=0.3, max=_SLOWEST_WAIT),
        stop=lambda state: left() <= _SLOWEST_WAIT,
        reraise=True,
    ):
        with attempt:
            _once(request.url, content, seconds=max(0.2, min(_TRY_SECONDS, left())))


def body(request: Request, reply: Reply) -> bytes:
    """What is sent: all of it, or what fits."""
    told: dict[str, Any] = {
        "Status": "SUCCESS" if reply.ok else "FAILED",
        "Reason": _cut(reply.reason, _REASON_BYTES),
        "PhysicalResourceId": request.physical,
        "StackId": request.stack,
        "RequestId": request.name,
        "LogicalResourceId": request.logical,
        "NoEcho": False,
        "Data": dict(reply.data),
    }
    for shorter in ({}, {"Data": {}}, {"Reason": _cut(reply.reason, 200)}):
        told |= shorter
        content = json.dumps(told).encode()
        if len(content) < _MOST_BYTES:
            break
    return content


def _cut(text: str, most: int) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    # As it is sent: a letter that is not ASCII takes up to twelve bytes there.
    while len(json.dumps(clean)) > most:
        clean = clean[: max(1, len(clean) * 9 // 10)]
    return clean


def _once(url: str, content: bytes, *, seconds: float) -> None:
    patience = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), total=seconds)
    try:
        answer = _POOL.request(
            "PUT", url, body=content, headers=_HEADERS, timeout=patience, redirect=False
        )
    except urllib3.exceptions.NewConnectionError:
        # A TimeoutError to urllib3, but nobody was there who could have been slow.
        raise AnswerUnavailable("unreachable", "The answer cannot be delivered.") from None
    except urllib3.exceptions.TimeoutError:
        raise AnswerUnavailable("timeout", "The answer was not taken in time.") from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise AnswerUnavailable("unreachable", "The answer cannot be delivered.") from None
    if answer.status >= 500 or answer.status in _LATER:
        raise AnswerUnavailable(f"http_{answer.status}", "The answer was not taken just now.")
    if answer.status >= 300:
        words = "The answer was refused: the address is over, or was changed on its way."
        raise AnswerRefused(f"http_{answer.status}", words)
