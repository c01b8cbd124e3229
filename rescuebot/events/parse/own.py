"""Events in our own words, from whoever has no alarm of CloudWatch: scripts, monitors, people.

They have the shape of EventBridge, so they come by any way that an alarm can come.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import Any

from rescuebot.clock import isoformat
from rescuebot.errors import Unreadable
from rescuebot.events.parse.draft import Draft, required
from rescuebot.events.parse.text import block, line
from rescuebot.events.parse.text import source as source_of
from rescuebot.events.reported import Severity
from rescuebot.events.rules import TAG_PREFIX, Facts

DETAIL_TYPE = "Rescue Event"
_TYPE = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")


def written(
    *,
    event_source: str,
    event_type: str,
    severity: Severity,
    server_id: str,
    event_message: str,
    event_time: datetime | None = None,
    service_type: str = "",
    message_id: str | None = None,
) -> str:
    """The message that says so. The same `message_id` again is the same report."""
    detail = {
        "type": event_type,
        "severity": severity.value,
        "server": server_id,
        "service": service_type,
        "message": event_message,
    }
    event = {
        "detail-type": DETAIL_TYPE,
        "id": message_id or str(uuid.uuid4()),
        "source": event_source,
        "detail": detail,
    }
    if event_time is not None:
        event["time"] = isoformat(event_time)
    return json.dumps(event, ensure_ascii=False)


def read(event: dict[str, Any]) -> Draft:
    """What such a message says. Type and severity are its own; rules may tell its service."""
    detail = event["detail"]
    message = detail.get("message")
    if not isinstance(message, str) or not message.strip():
        raise Unreadable("missing_field", "The message has no text at 'detail.message'.")
    type_ = required(detail, "type", path="detail.type")
    if not _TYPE.fullmatch(type_):
        raise Unreadable("missing_field", "'detail.type' must be a word such as process_down.")
    severity = required(detail, "severity", path="detail.severity")
    if severity not in list(Severity):
        raise Unreadable("missing_field", f"'detail.severity' must be one of {_SEVERITIES}.")
    service = line(detail.get("service"))
    return Draft(
        facts=Facts(
            source=source_of(event.get("source")),
            message=block(message),
            tags={f"{TAG_PREFIX}service": service} if service else {},
        ),
        message=message,
        server=line(detail.get("server")),
        times=(event.get("time"),),
        type=type_,
        severity=Severity(severity),
    )


_SEVERITIES = ", ".join(Severity)
