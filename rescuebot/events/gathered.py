"""Many events told as one: how they stand by now, and those that nobody has seen to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.events.reported import Severity

_CHUNK = 500
# The clock of a sender may be so far from ours.
_SKEW = timedelta(hours=6)
_OPEN = (EventStatus.NEW, EventStatus.PROCESSING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How some events stand. `worst` are a few of them, the worst first."""

    count: int
    fixed: int
    failed: int
    open: int
    servers: tuple[str, ...]
    worst: tuple[CloudWatchEvent, ...]


def of_ids(*, session: Session, ids: Sequence[int], most: int = 10) -> Standing:
    """How these events stand, as far as they are not deleted."""
    found: list[CloudWatchEvent] = []
    for start in range(0, len(ids), _CHUNK):
        found += _read(session, CloudWatchEvent.id.in_(ids[start : start + _CHUNK]))
    return _standing(found, most)


def in_span(*, session: Session, since: datetime, until: datetime, most: int = 10) -> Standing:
    """How the events stand that came between, but those for information; servers are left out."""
    clauses = (
        CloudWatchEvent.event_time >= since - _SKEW,
        CloudWatchEvent.received_at >= since,
        CloudWatchEvent.received_at < until,
        CloudWatchEvent.severity != Severity.INFO,
        CloudWatchEvent.deleted_at.is_(None),
    )
    query = select(CloudWatchEvent.status, func.count()).where(*clauses)
    counts = {status: n for status, n in session.execute(query.group_by(CloudWatchEvent.status))}
    bad = _read(session, *clauses, CloudWatchEvent.status != EventStatus.RESOLVED, most=10 * most)
    return Standing(
        count=sum(counts.values()),
        fixed=counts.get(EventStatus.RESOLVED, 0),
        failed=counts.get(EventStatus.FAILED, 0),
        open=sum(counts.get(status, 0) for status in _OPEN),
        servers=(),
        worst=_worst(bad, most),
    )


def unseen(
    *, session: Session, since: datetime, until: datetime, after: int, limit: int
) -> Sequence[CloudWatchEvent]:
    """Events that failed between and that nobody has acknowledged, by id, a page at a time."""
    query = (
        select(CloudWatchEvent)
        .where(
            CloudWatchEvent.status == EventStatus.FAILED,
            CloudWatchEvent.id > after,
            CloudWatchEvent.resolved_at > since,
            CloudWatchEvent.resolved_at <= until,
            CloudWatchEvent.severity != Severity.INFO,
            CloudWatchEvent.acknowledged_at.is_(None),
            CloudWatchEvent.deleted_at.is_(None),
        )
        .options(defer(CloudWatchEvent.raw))
    )
    return session.scalars(query.order_by(CloudWatchEvent.id).limit(limit)).all()


def _read(
    session: Session, *clauses: ColumnElement[bool], most: int | None = None
) -> list[CloudWatchEvent]:
    query = select(CloudWatchEvent).where(*clauses, CloudWatchEvent.deleted_at.is_(None))
    query = query.options(defer(CloudWatchEvent.raw), defer(CloudWatchEvent.event_message))
    return list(session.scalars(query.order_by(CloudWatchEvent.id.desc()).limit(most)))[::-1]


def _standing(found: Sequence[CloudWatchEvent], most: int) -> Standing:
    return Standing(
        count=len(found),
        fixed=sum(event.status is EventStatus.RESOLVED for event in found),
        failed=sum(event.status is EventStatus.FAILED for event in found),
        open=sum(event.status in _OPEN for event in found),
        servers=tuple(dict.fromkeys(event.server_id for event in found if event.server_id)),
        worst=_worst(found, most),
    )


def _worst(found: Sequence[CloudWatchEvent], most: int) -> tuple[CloudWatchEvent, ...]:
    """What failed, then what is open, then the rest; of each the severest first."""
    order = {severity: -number for number, severity in enumerate(Severity)}
    return tuple(
        sorted(
            found,
            key=lambda event: (
                event.status is not EventStatus.FAILED,
                event.status is EventStatus.RESOLVED,
                order[event.severity],
                event.id,
            ),
        )[:most]
    )
