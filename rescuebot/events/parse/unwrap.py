"""From the body of a queue message to the JSON object that some service wrote.

Invariant: whatever the body, the answer is an object of bounded size and depth, or Unreadable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NoReturn

from rescuebot.errors import Unreadable
from rescuebot.events.parse.text import mapping, quote, without_surrogates

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
# SNS in SNS in a Lambda event is three; more is nobody's honest message.
MAX_LAYERS = 5
BYTE_ORDER_MARK = "\ufeff"


@dataclass(slots=True)
class Unwrapped:
    """The innermost object, its text, and what the envelopes said about it."""

    value: dict[str, Any] = field(default_factory=dict)
    raw: str = ""
    sns_id: Any = None
    record_id: Any = None
    sent_at: Any = None
    notes: list[str] = field(default_factory=list)


def unwrap(body: str) -> Unwrapped:
    """Take off SNS envelopes, Lambda records and JSON-in-JSON, as many as there are."""
    _check_size(body)
    found = Unwrapped(raw=body.removeprefix(BYTE_ORDER_MARK))
    for _ in range(MAX_LAYERS):
        value, repeated = load(found.raw)
        inner = _inner(value, found)
        if inner is None:
            if repeated:
                found.notes.append("The message holds a key twice; the last one counts.")
            return found
        found.raw = without_surrogates(inner).removeprefix(BYTE_ORDER_MARK)
    raise Unreadable("too_deep", f"The message is wrapped more than {MAX_LAYERS} times.")


def load(text: str) -> tuple[Any, bool]:
    """Read strict JSON; the second value says whether an object held a key twice.

    Whole numbers of absurd length become floats: nobody uses them, and to read a million digits
    would take Python seconds.
    """
    if not text.strip():
        raise Unreadable("empty", "The message is empty.")
    objects = _Objects()
    try:
        value = json.loads(
            text,
            object_pairs_hook=objects,
            parse_int=_whole_number,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        _too_deep()
    except ValueError:
        raise Unreadable("not_json", "The message is not JSON.") from None
    _check_depth(value, text)
    return value, objects.repeated


class _Objects:
    """Builds objects as json does and remembers whether a key came twice."""

    def __init__(self) -> None:
        self.repeated = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        self.repeated = self.repeated or len(built) != len(pairs)
        return built


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _check_size(body: str) -> None:
    # A character is at least a byte, so the huge are refused before they are copied.
    try:
        size = len(body) if len(body) > MAX_BYTES else len(body.encode())
    except UnicodeEncodeError:
        raise Unreadable("not_utf8", "The message is not valid UTF-8.") from None
    if size > MAX_BYTES:
        raise Unreadable("too_large", "The message is larger than 1 MiB.")


def _check_depth(value: Any, text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    if any(isinstance(node, dict | list) for node in level):
        _too_deep()


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _too_deep() -> NoReturn:
    raise Unreadable("too_deep", f"The message is nested more than {MAX_DEPTH} levels deep.")


def _inner(value: Any, found: Unwrapped) -> str | None:
    """The text inside the envelope `value`; None if it is none, and is then what was looked for."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return value
    if not isinstance(value, dict):
        raise Unreadable("not_an_object", "The message is JSON, but not an object.")
    if "Records" in value:
        return _from_records(value["Records"], found)
    if value.get("Type") == "Notification" or {"Type", "TopicArn"} <= value.keys():
        return _from_sns(value, found)
    found.value = value
    return None


def _from_records(records: Any, found: Unwrapped) -> str:
    """The body of the one record of a Lambda event from SQS or SNS."""
    if not isinstance(records, list) or not records:
        raise Unreadable("missing_field", "The message has no record in 'Records'.")
    if len(records) > 1:
        raise Unreadable("too_many_records", f"The message holds {len(records)} records, not one.")
    record = mapping(records[0])
    if isinstance(record.get("Sns"), dict):
        return _from_sns(record["Sns"], found)
    if not isinstance(record.get("body"), str):
        raise Unreadable("missing_field", "The record has no text in 'body'.")
    found.record_id = record.get("messageId")
    return str(record["body"])


def _from_sns(envelope: dict[str, Any], found: Unwrapped) -> str:
    kind = envelope.get("Type")
    if kind != "Notification":
        raise Unreadable("unknown_shape", f"An SNS message of type {quote(kind)} is no event.")
    if not isinstance(envelope.get("Message"), str):
        raise Unreadable("missing_field", "The SNS notification has no text in 'Message'.")
    found.sns_id = envelope.get("MessageId")
    found.sent_at = envelope.get("Timestamp")
    return str(envelope["Message"])
