"""What Slack would say of a message: Block Kit by the SDK's own models, and the limits beside them.

Invariant: stricter than Slack where Slack would only show it wrongly: an unescaped sign, a mention,
a link to somewhere else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

# Source: Slack's reference of Block Kit and of chat.postMessage.
_BLOCKS = 50
_TEXT = 3000
_FIELD = 2000
_MESSAGE = 4000
# All texts of all blocks together; Slack does not tell the number, people have measured it.
_ALL_TEXTS = 11_000
_ALL_JSON = 13_000
_ACTION_ID = 255
_BUTTON_VALUE = 2000
_METADATA_BYTES = 16_384

# What Block Kit has for messages, of which we could use: an input needs a modal.
_TYPES = frozenset("section divider image actions context header rich_text table markdown".split())
# Not among them is what calls people: user, usergroup, channel, broadcast.
_RICH = frozenset(
    "rich_text_section rich_text_list rich_text_preformatted rich_text_quote "
    "text link emoji date".split()
)
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
# What may stand between < and >: a link, and a date that everybody sees in their own zone.
_MARKUP = re.compile(r"<(https?://[^\s<>|]+(\|[^<>]*)?|!date\^[0-9]+\^[^<>|]+\|[^<>]+)>")

Message = Mapping[str, Any]


def problems(message: Message) -> list[str]:
    """Slack's own word first, then what exactly is wrong; empty when Slack would take it."""
    blocks = message.get("blocks") or []
    text = message.get("text") or ""
    if not text and not blocks:
        return ["no_text: neither text nor blocks"]
    if not isinstance(blocks, list) or not isinstance(text, str):
        return ["invalid_blocks_format: not a list"]
    found = [f"invalid_blocks: {words}" for words in _of_blocks(blocks)]
    if len(text) > _MESSAGE:
        found.append(f"msg_too_long: {len(text)} letters")
    found += [f"invalid_text: {words}" for words in _of_mrkdwn(text, where="text")]
    found += [f"metadata_must_be_sent_properly: {w}" for w in _of_metadata(message)]
    size = sum(len(str(told)) for told in texts(blocks))
    whole = len(json.dumps(blocks, ensure_ascii=False))
    if size > _ALL_TEXTS or whole > _ALL_JSON:
        found.append(f"msg_blocks_too_long: {size} letters in {whole} of JSON")
    return found


def texts(value: Any) -> Iterator[str]:
    """All texts of blocks, whatever holds them."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in blocks that have a type, from the outside in."""
    if isinstance(value, Mapping):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def _of_blocks(blocks: list[Any]) -> Iterator[str]:
    if len(blocks) > _BLOCKS:
        yield f"{len(blocks)} blocks"
    ids = Counter(block.get("block_id") for block in blocks if isinstance(block, Mapping))
    yield from (f"block_id {name} twice" for name, n in ids.items() if name and n > 1)
    for number, block in enumerate(blocks):
        yield from (f"block {number}: {words}" for words in _of_block(block))


def _of_block(block: Any) -> Iterator[str]:
    if not isinstance(block, Mapping) or block.get("type") not in _TYPES:
        yield "no block of a message"
        return
    try:
        parsed = Block.parse(dict(block))
        told = parsed.to_dict() if parsed else {}
    except (SlackObjectFormationError, TypeError, KeyError, AttributeError) as error:
        yield f"{type(error).__name__}: {error}"
        return
    if _normal(told) != _normal(dict(block)):
        yield "the SDK reads something else than was written: an unknown key or a wrong type"
    yield from _of_rich_text(block)
    yield from _of_actions(block)
    for inner in objects(block):
        yield from _of_text(inner)
    if block["type"] == "header" and block["text"]["type"] != "plain_text":
        yield "a header is plain_text"
    yield from (f"field of {len(t)}" for t in texts(block.get("fields")) if len(t) > _FIELD)


def _of_text(inner: Mapping[str, Any]) -> Iterator[str]:
    kind, text = inner["type"], inner.get("text")
    if kind in ("mrkdwn", "plain_text"):
        if not isinstance(text, str) or not 1 <= len(text) <= _TEXT:
            yield f"a text of {len(str(text or ''))} letters"
        elif kind == "mrkdwn":
            yield from _of_mrkdwn(text, where="mrkdwn")
            if inner.get("verbatim") is not True:
                yield "a mrkdwn that Slack may read links and mentions into: not verbatim"
        elif set(text) & set("<>") or _ENTITY.search(text):
            yield "an unescaped sign in plain_text"


def _of_rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    if block["type"] != "rich_text":
        return
    for inner in objects(block["elements"]):
        kind = inner["type"]
        if kind not in _RICH:
            yield f"an element of type {kind}"
        if kind == "text" and not 1 <= len(inner.get("text", "")) <= _TEXT:
            yield "an empty text, or one that is too long"
        if kind == "link" and not re.fullmatch(r"https?://[^\s<>|]{1,2990}", inner.get("url", "")):
            yield "a link to nowhere"


def _of_actions(block: Mapping[str, Any]) -> Iterator[str]:
    buttons = [one for one in objects(block) if one["type"] == "button"]
    ids = Counter(one.get("action_id") for one in buttons)
    yield from (f"action_id {name} twice" for name, n in ids.items() if n > 1)
    for one in buttons:
        name, value = one.get("action_id") or "", one.get("value") or ""
        if not 1 <= len(name) <= _ACTION_ID or len(value) > _BUTTON_VALUE:
            yield "a button without an action_id, or with a value that is too long"
        if one["text"]["type"] != "plain_text":
            yield "a button's text is plain_text"


def _of_mrkdwn(text: str, *, where: str) -> Iterator[str]:
    rest = _MARKUP.sub("", text)
    if set(rest) & set("<>") or _ENTITY.search(text):
        yield f"an unescaped sign in {where}"


def _of_metadata(message: Message) -> Iterator[str]:
    metadata = message.get("metadata")
    if metadata is None:
        return
    good = isinstance(metadata, Mapping) and isinstance(metadata.get("event_payload"), Mapping)
    if not good or not isinstance(metadata.get("event_type"), str):
        yield "event_type and event_payload"
    elif len(json.dumps(metadata)) > _METADATA_BYTES:
        yield "too large"


def _normal(value: Any) -> Any:
    """Without what is empty, as the SDK writes it."""
    if isinstance(value, Mapping):
        inner = {name: _normal(one) for name, one in value.items()}
        return {name: one for name, one in inner.items() if one not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_normal(one) for one in value]
    return value
