"""What the guard asks about events: who suffers just now, and which alarms flap. Only reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from rescuebot.events.model import CloudWatchEvent, EventOccurrence, EventStatus
from rescuebot.events.reported import Severity

_OPEN = (EventStatus.NEW, EventStatus.PROCESSING)
_MOST_REPORTS = 500
_MOST_OF_A_SERVER = 10_000
_HOUR = timedelta(hours=1)
# An alarm that was raised longer ago than this before the event is another story.
_LOOKED_BACK = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """How often an alarm changed its state since some time, and when last, by our clock."""

    count: int
    last_at: datetime


def types_of(*, session: Session, event_ids: Collection[int]) -> dict[int, str]:
    """The types of events, by their ids."""
    query = select(CloudWatchEvent.id, CloudWatchEvent.event_type).where(
        CloudWatchEvent.id.in_(event_ids)
    )
    return {event_id: event_type for event_id, event_type in session.execute(query)}


def with_open_events(
    *, session: Session, services: Collection[str], types: Collection[str], since: datetime
) -> dict[str, set[str]]:
    """Servers by service with an event of these types that is open, or failed since and did not
    recover.
    """
    failed = (
        (CloudWatchEvent.status == EventStatus.FAILED)
        & (CloudWatchEvent.resolved_at >= since)
        & CloudWatchEvent.recovered_at.is_(None)
    )
    query = select(CloudWatchEvent.service_type, CloudWatchEvent.server_id).where(
        CloudWatchEvent.service_type.in_(services),
        CloudWatchEvent.server_id != "",
        CloudWatchEvent.event_type.in_(types),
        CloudWatchEvent.status.in_(_OPEN) | failed,
    )
    found: dict[str, set[str]] = {}
    for service, server in session.execute(query):
        found.setdefault(service, set()).add(server)
    return found


def changes_of(
    *, session: Session, event_ids: Collection[int], since: datetime
) -> dict[int, Changes]:
    """How often the alarm of each event changed its state since; those that did at all."""
    query = (
        select(CloudWatchEvent)
        .where(CloudWatchEvent.id.in_(event_ids))
        .options(defer(CloudWatchEvent.raw))
    )
    found = {}
    for event in session.scalars(query):
        changes = _changes(session, event, since)
        if changes is not None:
            found[event.id] = changes
    return found


def _changes(session: Session, event: CloudWatchEvent, since: datetime) -> Changes | None:
    """A report that says the same as the one before it is no change."""
    query = (
        select(EventOccurrence.recovery, EventOccurrence.received_at)
        .join(CloudWatchEvent, CloudWatchEvent.id == EventOccurrence.cloudwatch_event_id)
        .where(
            CloudWatchEvent.server_id == event.server_id,
            CloudWatchEvent.event_type == event.event_type,
            CloudWatchEvent.service_type == event.service_type,
            CloudWatchEvent.alarm_name == event.alarm_name,
            CloudWatchEvent.event_time >= event.event_time - _LOOKED_BACK,
            EventOccurrence.received_at >= since,
        )
        .order_by(EventOccurrence.event_time, EventOccurrence.id)
        .limit(_MOST_REPORTS)
    )
    count, last_at, recovered = 0, None, None
    for recovery, received_at in session.execute(query):
        if recovery != recovered:
            count, last_at, recovered = count + 1, received_at, recovery
    return None if last_at is None else Changes(count=count, last_at=last_at)


def hours_of(*, session: Session, server_id: str, since: datetime) -> list[dict[str, Any]]:
    """The hours since then: how many events the server had in each, and the worst severity."""
    first = since.replace(minute=0, second=0, microsecond=0)
    query = (
        select(CloudWatchEvent.event_time, CloudWatchEvent.severity)
        .where(
            CloudWatchEvent.server_id == server_id,
            CloudWatchEvent.event_time >= first,
            CloudWatchEvent.deleted_at.is_(None),
        )
        .limit(_MOST_OF_A_SERVER)
    )
    found: dict[int, list[Severity]] = {number: [] for number in range(25)}
    for event_time, severity in session.execute(query):
        found.get(int((event_time - first) / _HOUR), []).append(severity)
    return [
        {
            "hour": first + number * _HOUR,
            "events": len(severities),
            "worst": max(severities, key=list(Severity).index, default=None),
        }
        for number, severities in found.items()
    ]
