"""Events that wait for somebody who may never come; the sweeps look here, and move them on.

Invariant: each change is a conditional UPDATE, so several sweeps may run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from rescuebot.events.model import CloudWatchEvent, EventStatus


def unclaimed(*, session: Session, before: datetime, limit: int) -> Sequence[CloudWatchEvent]:
    """New events that were last hinted at before `before`, oldest first."""
    query = (
        select(CloudWatchEvent)
        .options(defer(CloudWatchEvent.raw))
        .where(
            CloudWatchEvent.status == EventStatus.NEW,
            func.coalesce(CloudWatchEvent.hinted_at, CloudWatchEvent.received_at) < before,
        )
    )
    return session.scalars(query.order_by(CloudWatchEvent.id).limit(limit)).all()


def hinted(*, session: Session, event: CloudWatchEvent, now: datetime) -> bool:
    """Note that a new event is hinted at once more; False when another sweep was first."""
    noted = session.execute(
        update(CloudWatchEvent)
        .where(
            CloudWatchEvent.id == event.id,
            CloudWatchEvent.status == EventStatus.NEW,
            CloudWatchEvent.hints == event.hints,
        )
        .values(hints=CloudWatchEvent.hints + 1, hinted_at=now)
    )
    return bool(noted.rowcount)  # type: ignore[attr-defined]


def undecided(*, session: Session, before: datetime, limit: int) -> Sequence[CloudWatchEvent]:
    """Events claimed before `before` that are still being processed, oldest first."""
    query = (
        select(CloudWatchEvent)
        .options(defer(CloudWatchEvent.raw))
        .where(
            CloudWatchEvent.status == EventStatus.PROCESSING,
            CloudWatchEvent.claimed_at < before,
            CloudWatchEvent.outcome.is_(None),
        )
    )
    return session.scalars(query.order_by(CloudWatchEvent.id).limit(limit)).all()


def give_back(*, session: Session, event: CloudWatchEvent) -> bool:
    """Make a claimed event new again; False when it has moved on."""
    given = session.execute(
        update(CloudWatchEvent)
        .where(
            CloudWatchEvent.id == event.id,
            CloudWatchEvent.status == EventStatus.PROCESSING,
            CloudWatchEvent.claimed_at == event.claimed_at,
            CloudWatchEvent.outcome.is_(None),
        )
        .values(status=EventStatus.NEW, claimed_by=None, claimed_at=None)
    )
    return bool(given.rowcount)  # type: ignore[attr-defined]
