"""From one record of SNS to what is posted.

Invariant: whatever a record says, there is a notice to post; a notice of ours that does not fit its
schema is shown as plain text, since a broken card must not swallow what it tells.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from . import foreign, plain
from .failure import EventRefused
from .settings import SEVERITIES, Settings

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "message.schema.json").read_text())
_VALIDATOR = Draft202012Validator(SCHEMA)


@dataclass(frozen=True, slots=True)
class Notice:
    """`name` is what it is known by again; `bare` is what to post where Slack refuses `payload`."""

    name: str
    kind: str
    severity: str
    state: str
    payload: Mapping[str, Any]
    bare: Mapping[str, Any]


def records(event: object) -> list[Mapping[str, Any]]:
    """What SNS has sent; EventRefused where it was not SNS that called. It sends one at a time."""
    found = event.get("Records") if isinstance(event, dict) else None
    given = found if isinstance(found, list) else []
    told = [
        one["Sns"] for one in given if isinstance(one, dict) and isinstance(one.get("Sns"), dict)
    ]
    if not told or len(told) < len(given):
        raise EventRefused("not_sns", "The event holds no records of SNS.")
    return told


def read(record: Mapping[str, Any], settings: Settings) -> Notice:
    """The notice that a record of SNS is."""
    text = _text(record.get("Message"))
    value = foreign.parsed(text)
    if isinstance(value, dict) and {"version", "notice"} <= value.keys():
        if next(_VALIDATOR.iter_errors(value), None) is None:
            return _ours(value)
        return _unreadable(record, value, settings)
    return _foreign(record, foreign.understand(_text(record.get("Subject")), text), settings)


def _ours(value: Mapping[str, Any]) -> Notice:
    bare = {"text": plain.tamed(value["text"])}
    payload = bare | ({"blocks": value["blocks"]} if value["blocks"] else {})
    return Notice(value["notice"], "notice", value["severity"], value["state"], payload, bare)


def _unreadable(record: Mapping[str, Any], value: Mapping[str, Any], settings: Settings) -> Notice:
    """One that says that it is ours, and is not as agreed: perhaps of a version to come."""
    severity = value.get("severity")
    if severity not in SEVERITIES:
        severity = _by_topic(record, settings)
    said = foreign.Said("unreadable", _text(value.get("text")) or "Rescue Bot", "")
    return _carded(record, said, severity)


def _foreign(record: Mapping[str, Any], said: foreign.Said, settings: Settings) -> Notice:
    return _carded(record, said, _by_topic(record, settings))


def _carded(record: Mapping[str, Any], said: foreign.Said, severity: str) -> Notice:
    made = plain.card(severity=severity, title=said.title, body=said.body, marks=said.marks)
    # Foreign, and SNS writes a UUID; a log takes no more than that.
    name = plain.escaped(_text(record.get("MessageId")), 36) or str(uuid.uuid4())
    return Notice(name, said.kind, severity, "none", made, {"text": made["text"]})


def _by_topic(record: Mapping[str, Any], settings: Settings) -> str:
    """A topic's name ends in its severity: ``rescue-prod-critical``."""
    last = re.split("[-_:]", _text(record.get("TopicArn")))[-1]
    return last if last in SEVERITIES else settings.otherwise


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
