"""Events of the past as a replay needs them: small, in order, without their raw text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from rescuebot.events.model import CloudWatchEvent, EventOccurrence

_CHUNK = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class PastEvent:
    """One event that was to be handled; `changes` are when its alarm changed its state."""

    id: int
    event_type: str
    service_type: str
    server_id: str
    alarm_name: str
    message: str
    event_time: datetime
    received_at: datetime
    status: str
    outcome: str | None
    changes: tuple[datetime, ...]

    @property
    def alarm(self) -> tuple[str, ...]:
        """What tells one alarm of one server from all others."""
        return (self.server_id, self.event_type, self.service_type, self.alarm_name)


def latest_of(*, session: Session, service_type: str, limit: int) -> Sequence[CloudWatchEvent]:
    """The latest events of a service that are shown to people, newest first."""
    query = (
        select(CloudWatchEvent)
        .options(defer(CloudWatchEvent.raw))
        .where(
            CloudWatchEvent.service_type == service_type,
            CloudWatchEvent.deleted_at.is_(None),
        )
        .order_by(CloudWatchEvent.event_time.desc(), CloudWatchEvent.id.desc())
    )
    return session.scalars(query.limit(limit)).all()


def since(*, session: Session, since: datetime, limit: int) -> list[PastEvent]:
    """The latest events that somebody had to handle, in the order in which they came.

    What a person has deleted is left out: a replay is a statistic.
    """
    query = (
        select(CloudWatchEvent.id)
        .where(
            CloudWatchEvent.received_at >= since,
            CloudWatchEvent.claimed_at.is_not(None),
            CloudWatchEvent.deleted_at.is_(None),
        )
        .order_by(CloudWatchEvent.id.desc())
    )
    ids = sorted(session.scalars(query.limit(limit)))
    found = []
    for start in range(0, len(ids), _CHUNK):
        found += _read(session, ids[start : start + _CHUNK])
    return sorted(found, key=lambda event: (event.received_at, event.id))


def _read(session: Session, ids: Sequence[int]) -> list[PastEvent]:
    changes: dict[int, list[datetime]] = {event_id: [] for event_id in ids}
    reports = (
        select(
            EventOccurrence.cloudwatch_event_id,
            EventOccurrence.received_at,
            EventOccurrence.recovery,
        )
        .where(EventOccurrence.cloudwatch_event_id.in_(ids))
        .order_by(EventOccurrence.event_time, EventOccurrence.id)
    )
    last: dict[int, bool] = {}
    for event_id, received_at, recovery in session.execute(reports):
        if last.get(event_id) != recovery:
            changes[event_id].append(received_at)
        last[event_id] = recovery
    table = CloudWatchEvent
    columns = select(
        table.id,
        table.event_type,
        table.service_type,
        table.server_id,
        table.alarm_name,
        table.event_message.label("message"),
        table.event_time,
        table.received_at,
        table.status,
        table.outcome,
    ).where(table.id.in_(ids))
    return [
        PastEvent(**row._mapping, changes=tuple(changes[row.id]))
        for row in session.execute(columns)
    ]
