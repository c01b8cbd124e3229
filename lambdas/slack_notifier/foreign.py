"""What others than Rescue Bot say on its topics: alarms, budgets, events of RDS, anything.

Invariant: whatever the text, there is something to show; nobody is left untold because a message
has a shape that is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GENERIC = 10


@dataclass(frozen=True, slots=True)
class Said:
    """A message taken apart: `marks` are names and values as the sender has written them."""

    kind: str
    title: str
    body: str
    marks: tuple[tuple[str, str], ...] = ()


def understand(subject: str, text: str) -> Said:
    """Take a message of SNS apart, as far as its shape is known."""
    value = parsed(text)
    if isinstance(value, dict) and value:
        if "AlarmName" in value:
            return _alarm(value)
        if "Event Source" in value and "Event Message" in value:
            return _rds(value)
        if "detail-type" in value:
            return _event(value)
        return _other(subject, value)
    kind = "budget" if subject.startswith("AWS Budgets") else "text"
    lines = text.strip().splitlines() or [""]
    return Said(kind, subject or lines[0], text if subject else "\n".join(lines[1:]))


def parsed(text: str) -> Any:
    """The JSON that `text` is, or None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _alarm(value: Mapping[str, Any]) -> Said:
    """What CloudWatch sends as the action of an alarm."""
    state = _line(value, "NewStateValue")
    said = [_line(value, "AlarmDescription"), _line(value, "NewStateReason")]
    return Said(
        "alarm",
        f"{state}: {_line(value, 'AlarmName')}",
        "\n".join(part for part in said if part),
        _marks(value, "StateChangeTime", "Region", "AWSAccountId", "OldStateValue"),
    )


def _rds(value: Mapping[str, Any]) -> Said:
    """What an event subscription of RDS sends."""
    return Said(
        "rds",
        f"{_line(value, 'Event Source')}: {_line(value, 'Source ID')}",
        _line(value, "Event Message"),
        _marks(value, "Event Time", "Event ID", "Source ARN"),
    )


def _event(value: Mapping[str, Any]) -> Said:
    """An event of EventBridge that a rule sends to a topic as it is."""
    detail = json.dumps(value.get("detail"), ensure_ascii=False, indent=1)
    marks = _marks(value, "source", "time", "region", "account")
    return Said("event", _line(value, "detail-type"), detail, marks)


def _other(subject: str, value: Mapping[str, Any]) -> Said:
    """Any other object: its plain values, in their order."""
    names = [name for name in value if isinstance(value[name], str | int | float)]
    lines = [f"{name}: {_line(value, name)}" for name in names[:_GENERIC]]
    return Said("other", subject or (lines[0] if lines else "SNS"), "\n".join(lines))


def _marks(value: Mapping[str, Any], *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, _line(value, name)) for name in names)


def _line(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return str(found) if isinstance(found, str | int | float) else ""
