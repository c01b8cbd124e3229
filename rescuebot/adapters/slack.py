"""Slack's Web API: post into a channel or a thread, change what was posted, look for it.

Invariant: every failure of the SDK, of the network and of Slack comes out as DeliveryRefused or
DeliveryUnavailable, with Slack's own word for it, and with neither the token nor foreign text.
Nothing is tried twice in here: who calls keeps what is to be sent, and knows when to come again.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from rescuebot.errors import DeliveryRefused, DeliveryUnavailable

# Where the Web API is, and where answers to buttons go.
_SLACK, _ANSWERS = "slack.com", "hooks.slack.com"
_EVENT_TYPE = "rescue_notice"
# History and chat.update know a conversation by its id alone, so that is what we go by.
_CHANNEL = re.compile(r"^[CGD][A-Z0-9]{2,20}$")
_WORD = re.compile(r"^[a-z][a-z0-9_]{1,60}$")
_LONGEST_WAIT = 3600.0
_PAGE = 200
_PAGES = 50
# How far Slack's clock may be behind ours.
_SKEW = timedelta(minutes=2)

# What Slack says while it is in trouble itself. With the first it has surely done nothing.
_RATE = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_PASSING = frozenset(
    "internal_error fatal_error service_unavailable request_timeout team_added_to_org "
    "backend_unavailable timeout".split()
)
_REMEDIES = {
    "invalid_auth": "Check slack.bot_token.",
    "not_authed": "Set slack.bot_token.",
    "token_revoked": "Install the Slack app again and set slack.bot_token.",
    "token_expired": "Install the Slack app again and set slack.bot_token.",
    "account_inactive": "Install the Slack app again and set slack.bot_token.",
    "missing_scope": "Give the Slack app chat:write, channels:history and groups:history.",
    "channel_not_found": "Check the channel's id, and invite the bot to a private one.",
    "not_in_channel": "Invite the bot to the channel.",
    "is_archived": "Name another channel, or bring it back.",
    "channel_is_no_id": "Name the channel by its id, such as C0123456789.",
}


class Workspace:
    """A workspace, as the bot whose token it is sees it. May be shared by threads.

    What was posted is known by its channel's id and by `ts`, Slack's own number for it.
    """

    def __init__(self, token: str, *, base_url: str, timeout_seconds: int) -> None:
        self._client = WebClient(
            token,
            base_url=base_url,
            timeout=timeout_seconds,
            retry_handlers=[],
            logger=_silent(),
        )

    def post(
        self,
        *,
        channel: str,
        text: str,
        blocks: Sequence[Mapping[str, Any]],
        notice: str,
        thread: str | None = None,
    ) -> str:
        """Post a message, in a thread or as a new one; returns its `ts`.

        `notice` travels with it, so that `find` can tell whether it has arrived.
        """
        _require_id(channel)
        answer = _asked(
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=text,
                blocks=[dict(block) for block in blocks],
                thread_ts=thread,
                metadata={"event_type": _EVENT_TYPE, "event_payload": {"notice": notice}},
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return _ts(answer.get("ts"))

    def update(
        self, *, channel: str, ref: str, text: str, blocks: Sequence[Mapping[str, Any]]
    ) -> None:
        """Put something else in the place of what was posted as `ref`. Doing so twice is safe."""
        _require_id(channel)
        given = [dict(block) for block in blocks]
        _asked(
            lambda: self._client.chat_update(channel=channel, ts=ref, text=text, blocks=given),
            changes=False,
        )

    def find(
        self, *, channel: str, notice: str, since: datetime, thread: str | None = None
    ) -> str | None:
        """The `ts` of a notice that was posted since then, or None. Asks page by page."""
        _require_id(channel)
        oldest = f"{(since - _SKEW).timestamp():.6f}"
        for message in self._messages(channel=channel, oldest=oldest, thread=thread):
            if _notice_of(message) == notice:
                return _ts(message.get("ts"))
        return None

    def _messages(
        self, *, channel: str, oldest: str, thread: str | None
    ) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in range(_PAGES):
            answer = self._page(channel=channel, oldest=oldest, thread=thread, cursor=cursor)
            found = answer.get("messages")
            yield from (one for one in _list(found) if isinstance(one, Mapping))
            following = answer.get("response_metadata")
            cursor = following.get("next_cursor") if isinstance(following, Mapping) else None
            if not cursor:
                return

    def _page(
        self, *, channel: str, oldest: str, thread: str | None, cursor: str | None
    ) -> Mapping[str, Any]:
        asked: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "cursor": cursor,
            "limit": _PAGE,
            "inclusive": True,
            "include_all_metadata": True,
        }
        if thread is None:
            return _asked(lambda: self._client.conversations_history(**asked), changes=False)
        return _asked(lambda: self._client.conversations_replies(ts=thread, **asked), changes=False)


def answer(url: str, body: Mapping[str, Any], *, base_url: str, timeout_seconds: int) -> None:
    """Tell who pressed a button what came of it, at the `response_url` that Slack sent with it.

    It is called only where Slack itself is, whatever was sent.
    """
    host, ours = urlsplit(url), urlsplit(base_url)
    known = ("https", _ANSWERS) if ours.hostname == _SLACK else (ours.scheme, ours.hostname)
    if (host.scheme, host.hostname) != known:
        raise DeliveryRefused("The answer was to go elsewhere.", reason="foreign_response_url")
    client = WebhookClient(url, timeout=timeout_seconds, retry_handlers=[], logger=_silent())
    client.proxy = None
    with _own_errors(changes=True):
        told = client.send_dict(dict(body))
    if told.status_code != 200:
        raise _unavailable(f"http_{told.status_code}")


def _asked(call: Any, *, changes: bool = True) -> Mapping[str, Any]:
    """What Slack answers. With `changes` an answer that nobody heard leaves a doubt."""
    with _own_errors(changes=changes):
        answer: SlackResponse = call()
        if not isinstance(answer.data, dict):
            raise _unavailable("unreadable_answer", uncertain=changes)
        return answer.data


@contextmanager
def _own_errors(*, changes: bool) -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        raise _of_answer(error.response, changes=changes) from None
    except (ssl.SSLCertVerificationError, socket.gaierror, ConnectionRefusedError) as error:
        raise _unavailable(_word_of(error)) from None
    except URLError as error:
        never_begun = (ssl.SSLCertVerificationError, socket.gaierror, ConnectionRefusedError)
        begun = not isinstance(error.reason, never_begun)
        raise _unavailable(_word_of(error.reason), uncertain=changes and begun) from None
    # The SDK also lets through what it meets in an answer that is no JSON object: lists have no
    # get, letters cannot be decoded.
    except (OSError, HTTPException, SlackClientError, ValueError, AttributeError) as error:
        raise _unavailable(_word_of(error), uncertain=changes) from None


def _of_answer(answer: SlackResponse, *, changes: bool) -> DeliveryRefused | DeliveryUnavailable:
    data = answer.data if isinstance(answer.data, dict) else {}
    told = str(data.get("error", ""))
    # What Slack did not write itself, such as a page of a proxy, comes in the same place.
    word = told if _WORD.fullmatch(told) else f"http_{answer.status_code}"
    if answer.status_code == 429 or word in _RATE:
        return _unavailable("ratelimited", retry_after=_retry_after(answer.headers))
    # An answer of 200 that is none of Slack's may hide that it was done.
    if answer.status_code >= 500 or word in _PASSING or word == "http_200":
        after = _retry_after(answer.headers)
        return _unavailable(word, retry_after=after, uncertain=changes)
    return DeliveryRefused(
        f"Slack refuses the notice ({word}).", reason=word, remedy=_REMEDIES.get(word, "")
    )


def _unavailable(
    word: str, *, retry_after: float | None = None, uncertain: bool = False
) -> DeliveryUnavailable:
    return DeliveryUnavailable(
        f"Slack does not take the notice just now ({word}).",
        reason=word,
        retry_after=retry_after,
        uncertain=uncertain,
    )


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """The seconds that Slack asks for, as far as they make sense."""
    values = [str(value) for name, value in headers.items() if name.lower() == "retry-after"]
    if not values or not re.fullmatch(r"[0-9]{1,9}", values[0].strip()):
        return None
    return min(float(values[0]), _LONGEST_WAIT)


def _word_of(error: object) -> str:
    """The class of an error tells enough; its text may hold addresses."""
    if isinstance(error, TimeoutError):
        return "timeout"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def _require_id(channel: str) -> None:
    if not _CHANNEL.fullmatch(channel):
        word = "channel_is_no_id"
        raise DeliveryRefused(
            f"Slack refuses the notice ({word}).", reason=word, remedy=_REMEDIES[word]
        )


def _notice_of(message: Mapping[str, Any]) -> object:
    metadata = message.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != _EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    return payload.get("notice") if isinstance(payload, Mapping) else None


def _ts(told: object) -> str:
    if not isinstance(told, str) or not re.fullmatch(r"[0-9]{1,12}\.[0-9]{1,9}", told):
        raise _unavailable("unreadable_answer", uncertain=True)
    return told


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []


def _silent() -> logging.Logger:
    """A logger that says nothing: the SDK's own quotes what was sent and what was answered."""
    logger = logging.getLogger("rescuebot.adapters.slack.sdk")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    return logger
