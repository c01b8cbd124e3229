"""One post to an incoming webhook of Slack.

Invariant: no error names the address that was posted to, or repeats what was answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import urllib3

from .failure import Failure, SlackRefused, SlackUnavailable

_CONNECT_SECONDS = 3.0
_ANSWER_BYTES = 4096
_CODE = re.compile(r"[a-z_]{1,40}")
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
# A card that Slack cannot show; its text alone it may still take.
BAD_CARD = frozenset({"invalid_blocks", "invalid_blocks_format", "invalid_payload", "too_long"})
# The address is not (any more) one to post to; perhaps the secret holds a newer one.
GONE = frozenset({403, 404, 410})
_LATER = frozenset({408, 425, 429})

_POOL = urllib3.PoolManager(num_pools=4, retries=False)


def post(address: str, payload: Mapping[str, Any], *, seconds: float) -> None:
    """Post it; SlackUnavailable when a later try may succeed, SlackRefused when none will.

    After a timeout nobody knows whether Slack has it.
    """
    patience = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), total=seconds)
    body = json.dumps(payload, ensure_ascii=False).encode(errors="replace")
    try:
        answer = _POOL.request(
            "POST",
            address,
            body=body,
            headers=_HEADERS,
            timeout=patience,
            redirect=False,
            preload_content=False,
        )
        said = answer.read(_ANSWER_BYTES, decode_content=False).decode(errors="replace").strip()
        answer.drain_conn()
    except urllib3.exceptions.NewConnectionError:
        # A TimeoutError to urllib3, but nobody was there who could have been slow.
        raise SlackUnavailable("unreachable", "Slack cannot be reached.") from None
    except urllib3.exceptions.TimeoutError:
        raise SlackUnavailable("timeout", "Slack did not answer in time.") from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise SlackUnavailable("unreachable", "Slack cannot be reached.") from None
    if answer.status != 200 or said != "ok":
        raise _failure(answer.status, said, answer.headers.get("Retry-After", ""))


def _failure(status: int, said: str, retry_after: str) -> Failure:
    if status == 429:
        seconds = int(retry_after) if re.fullmatch(r"[0-9]{1,5}", retry_after) else None
        words = "Slack wants fewer messages."
        return SlackUnavailable("throttled", words, status=status, retry_after=seconds)
    if status >= 500 or status in _LATER:
        return SlackUnavailable("unavailable", "Slack has failed.", status=status)
    if status == 200:
        return SlackRefused("no_slack", "What answered is no webhook of Slack.", status=status)
    # Slack's own word for it, where it is a word: never a whole answer of whoever it was.
    code = said if _CODE.fullmatch(said) else f"http_{status}"
    return SlackRefused(code, "Slack refuses it, and always will.", status=status)
