"""What people are shown of an event: a card for Slack, and lines for an e-mail.

Invariant: what came from outside stands in plain texts only, escaped and within Slack's limits.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from .event import Event

_HERE = Path(__file__).parent
SCHEMA: dict[str, Any] = json.loads((_HERE / "message.schema.json").read_text())
WORDS: dict[str, dict[str, str]] = json.loads((_HERE / "words.json").read_text())
_VALIDATOR = Draft202012Validator(SCHEMA)

_HEADER = 150
_SECTION = 3000
_ELEMENT = 300
_SUBJECT = 99

# Controls, direction and invisible characters, halves of surrogate pairs. Tab and newline stay.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
_NOT_IN_SUBJECT = re.compile(r"[^\x20-\x7e]+")
_SIGNS = {
    "fatal": "\u26d4",
    "critical": "\U0001f534",
    "warning": "\U0001f7e0",
    "info": "\U0001f535",
}


def message(
    event: Event, *, state: str, language: str, console_url: str, event_id: int | None
) -> dict[str, Any]:
    """The message for SNS, as its schema has it. `state` is a key of the words."""
    words = WORDS[language]
    head = f"{_SIGNS[event.severity]} {words[event.severity]}: {_one_line(event.title)}"
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _text(head, _HEADER)}]
    if event.message.strip():
        blocks.append({"type": "section", "text": _text(event.message.strip(), _SECTION)})
    blocks.append({"type": "context", "elements": _small(event, words, state)})
    if console_url and event_id is not None:
        blocks.append(_link(f"{console_url}/events/{event_id}", words["open"]))
    made = {
        "version": 1,
        "notice": event.notice,
        "severity": event.severity,
        "language": language,
        "text": _escaped(f"{head} - {words[state]}", 1000),
        "blocks": blocks,
        "thread_key": f"event:{event_id}" if event_id is not None else f"report:{event.notice}",
        "state": state,
    }
    # Our own product: what does not fit is a mistake of ours, and a test's to find.
    _VALIDATOR.validate(made)
    return made


def subject(event: Event) -> str:
    """The subject of an e-mail: SNS takes printable ASCII of one line, and not much of it."""
    title = _NOT_IN_SUBJECT.sub("?", _one_line(event.title))
    return f"[Rescue Bot] {event.severity}: {title}"[:_SUBJECT].rstrip()


def lines(event: Event, *, state: str, language: str) -> str:
    """The same for those who have subscribed by e-mail."""
    words = WORDS[language]
    said = [
        f"{words[event.severity]}: {_one_line(event.title)}",
        _clean(event.message.strip()[:_SECTION]),
        *(f"{words[name]}: {value}" for name, value in _marks(event)),
        words[state],
    ]
    return "\n".join(part for part in said if part)


def _small(event: Event, words: dict[str, str], state: str) -> list[dict[str, Any]]:
    marks = [_text(f"{words[name]}: {value}", _ELEMENT) for name, value in _marks(event)]
    return [_text(words[state], _ELEMENT), *marks]


def _marks(event: Event) -> list[tuple[str, str]]:
    told = [("server", _one_line(event.server)), ("time", _one_line(event.time))]
    return [(name, value) for name, value in told if value]


def _link(address: str, words: str) -> dict[str, Any]:
    """The one text with a format; nothing in it came with the event."""
    link = f"<{address.replace('&', '&amp;').replace('|', '%7C').replace('>', '%3E')}|{words}>"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": link, "verbatim": True}]}


def _text(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _escaped(text, limit), "emoji": False}


def _escaped(text: str, limit: int) -> str:
    """`text` as Slack wants it, cut with a mark where it is longer than `limit`."""
    clean = _clean(text[: limit + 1])
    whole = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(whole) <= limit and len(text) <= limit:
        return whole
    return _HALF_ENTITY.sub("", whole[: limit - 1]) + "…"


def _clean(text: str) -> str:
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())
