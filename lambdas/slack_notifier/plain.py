"""Foreign text as Slack may show it: text, and never a mention, a link or a format.

Invariant: what these functions return is escaped, within Slack's limits, and holds no character
that hides or turns what stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

HEADER = 150
SECTION = 3000
ELEMENT = 300
LINE = 300
ELEMENTS = 10

# Controls, direction and invisible characters, halves of surrogate pairs. Tab and newline stay.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
# A mention of a person, a channel or everybody; a date is no mention.
_CALL = re.compile(r"<((?:[@#]|!(?!date\^))[^<>]*)>?")
_MARK = "…"
_SIGNS = {
    "fatal": "\u26d4",
    "critical": "\U0001f534",
    "warning": "\U0001f7e0",
    "info": "\U0001f535",
}


def escaped(text: str, limit: int) -> str:
    """`text` as Slack wants it, cut with a mark where it is longer than `limit`."""
    clean = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text[: limit + 1])
    whole = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(whole) <= limit and len(text) <= limit:
        return whole
    return _HALF_ENTITY.sub("", whole[: limit - len(_MARK)]) + _MARK


def tamed(text: str) -> str:
    """A text that was escaped already: links and dates stay, what calls people is taken out."""
    return _CALL.sub(r"&lt;\1&gt;", _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text))


def card(
    *, severity: str, title: str, body: str, marks: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """A message of plain texts only: a head, what is said, and small print of names and values."""
    head = f"{_SIGNS[severity]} {' '.join(title.split()) or severity}"
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _text(head, HEADER)}]
    if body.strip():
        blocks.append({"type": "section", "text": _text(body.strip(), SECTION)})
    small = [_text(f"{name}: {value}", ELEMENT) for name, value in marks if value][:ELEMENTS]
    if small:
        blocks.append({"type": "context", "elements": small})
    return {"text": escaped(head, LINE), "blocks": blocks}


def _text(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}
