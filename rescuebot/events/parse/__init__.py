"""From one queue message to what it reports.

Invariant: for every text the answer is a ReportedEvent whose values are safe to store, or
Unreadable with a stable reason; no other exception, whoever wrote the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rescuebot.clock import as_utc, isoformat
from rescuebot.errors import Unreadable
from rescuebot.events.parse import alarms, aws_events, metrics, own, text
from rescuebot.events.parse.draft import Draft
from rescuebot.events.parse.unwrap import Unwrapped, unwrap
from rescuebot.events.reported import ReportedEvent
from rescuebot.events.rules import Classification, classify
from rescuebot.settings import IntakeSettings

__all__ = ["parse", "server_of"]

# SQS keeps a message for 14 days at most; clocks that run ahead get a day.
OLDEST = timedelta(days=15)
NEWEST = timedelta(days=1)


def parse(
    *, body: str, fallback_id: str, received_at: datetime, settings: IntakeSettings
) -> ReportedEvent:
    """Understand `body`; `fallback_id` is the id that the queue gave the message.

    Raises Unreadable(reason, message). The reasons: empty, too_large, not_utf8, not_json,
    not_an_object, too_deep, unknown_shape, missing_field, bad_time, too_many_records.
    """
    found = unwrap(body)
    draft = _read(found, settings)
    classified = classify(draft.facts, rules=settings.rules)
    moment, time_notes = _time(draft.times, received_at=as_utc(received_at))
    server = text.server_id(draft.server)
    return ReportedEvent(
        message_id=text.identity(
            _event_id(found), found.sns_id, found.record_id, fallback_id, content=body
        ),
        event_source=text.source(draft.facts.source),
        event_type=draft.type or classified.type,
        severity=draft.severity or classified.severity,
        server_id=server,
        service_type=classified.service,
        event_message=text.block(draft.message),
        event_time=moment,
        recovery=draft.recovery,
        for_information=draft.for_information,
        alarm_name=draft.facts.alarm,
        children=draft.children,
        notes=(*found.notes, *draft.notes, *time_notes, *_other_notes(draft, server, classified)),
        raw=found.raw,
    )


def server_of(dimensions: Mapping[str, str], settings: IntakeSettings) -> str:
    """The server that the dimensions of an alarm name, "" when they name none that can be one."""
    return text.server_id(metrics.server(dimensions, names=settings.server_dimensions))


def _read(found: Unwrapped, settings: IntakeSettings) -> Draft:
    """Hand the object to whoever knows its shape."""
    value = found.value
    if "detail-type" in value:
        return _read_event_bridge(value, settings)
    if "AlarmName" in value:
        return alarms.sns_message(value, found.sent_at, settings)
    keys = ", ".join(text.quote(key) for key in list(value)[:8]) or "none"
    raise Unreadable("unknown_shape", f"The message is no event that is known here; keys: {keys}.")


def _read_event_bridge(event: dict[str, Any], settings: IntakeSettings) -> Draft:
    # The source is not asked: AWS lets nobody else write "aws.", so tests and relays use their own.
    for key, kind in (("detail-type", str), ("detail", dict)):
        if not isinstance(event.get(key), kind):
            raise Unreadable("missing_field", f"The event has no usable '{key}'.")
    match event["detail-type"]:
        case "CloudWatch Alarm State Change" | "CloudWatch Alarm Contributor State Change":
            return alarms.state_change(event, settings)
        case "CloudWatch Alarm Configuration Change":
            return alarms.configuration_change(event, settings)
        case "EC2 Instance State-change Notification":
            return aws_events.ec2_state_change(event)
        case "RDS DB Instance Event" | "RDS DB Cluster Event":
            return aws_events.rds_event(event)
        case own.DETAIL_TYPE:
            return own.read(event)
    return aws_events.other(event)


def _event_id(found: Unwrapped) -> Any:
    return found.value.get("id") if "detail-type" in found.value else None


def _time(candidates: tuple[Any, ...], *, received_at: datetime) -> tuple[datetime, list[str]]:
    """The first candidate that is a date, if it is near enough to be true, else `received_at`."""
    given = [candidate for candidate in candidates if candidate is not None]
    moment = next(filter(None, map(_date, given)), None)
    if moment is None:
        if given:
            raise Unreadable("bad_time", f"{text.quote(given[0])} is not a date.")
        return received_at, ["The message has no time; the time of its arrival is taken."]
    if received_at - OLDEST <= moment <= received_at + NEWEST:
        return moment, []
    return received_at, [
        f"The message says {isoformat(moment)}, too far from its arrival, whose time is taken."
    ]


def _date(value: Any) -> datetime | None:
    try:
        return as_utc(datetime.fromisoformat(value)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _other_notes(draft: Draft, server: str, classified: Classification) -> list[str]:
    notes = list(classified.notes)
    if draft.server and not server:
        notes.append(f"{text.quote(draft.server)} cannot be the name of a server; left out.")
    return notes
