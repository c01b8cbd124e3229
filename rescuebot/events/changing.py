"""What people change about events: close, open again, take back, give back.

Invariant: each change is one conditional UPDATE; who changes no row is told why, or was second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.orm import Session

from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome

# An event that no hint told of was "last hinted at" then, so the next sweep hints at it.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

_OVER = (EventStatus.RESOLVED, EventStatus.FAILED)
_CLOSED_FROM = {
    EventStatus.RESOLVED: (EventStatus.NEW, EventStatus.PROCESSING, EventStatus.FAILED),
    EventStatus.FAILED: (EventStatus.NEW, EventStatus.PROCESSING),
}


def close(*, session: Session, event_id: int, status: EventStatus, now: datetime) -> bool:
    """End an event as a person says; False when it is over already, or gone."""
    return _move(
        session,
        event_id,
        CloudWatchEvent.status.in_(_CLOSED_FROM[status]),
        CloudWatchEvent.deleted_at.is_(None),
        status=status,
        outcome=Outcome.BY_HAND,
        resolved_at=now,
    )


def reopen(*, session: Session, event_id: int, closed_since: datetime) -> bool:
    """Make an event new again that failed, or that a person resolved since `closed_since`.

    As an event that is open it takes repeats again; it is judged by what fits it now.
    """
    by_hand = (
        (CloudWatchEvent.status == EventStatus.RESOLVED)
        & (CloudWatchEvent.outcome == Outcome.BY_HAND)
        & (CloudWatchEvent.resolved_at >= closed_since)
    )
    return _move(
        session,
        event_id,
        or_(CloudWatchEvent.status == EventStatus.FAILED, by_hand),
        CloudWatchEvent.deleted_at.is_(None),
        status=EventStatus.NEW,
        outcome=None,
        resolved_at=None,
        claimed_by=None,
        claimed_at=None,
        # Should it fail again, somebody is to see to that as well.
        acknowledged_at=None,
        acknowledged_by=None,
        hints=0,
        hinted_at=LONG_AGO,
    )


def acknowledge(*, session: Session, event_id: int, actor: str, now: datetime) -> bool:
    """Note that a person sees to an event; False when somebody does already, or it is gone."""
    return _move(
        session,
        event_id,
        CloudWatchEvent.acknowledged_at.is_(None),
        CloudWatchEvent.deleted_at.is_(None),
        acknowledged_at=now,
        acknowledged_by=actor[:100],
    )


def try_again(*, session: Session, event_id: int, actor: str, now: datetime) -> bool:
    """A person takes an event that failed, to try the same once more."""
    return _move(
        session,
        event_id,
        CloudWatchEvent.status == EventStatus.FAILED,
        CloudWatchEvent.deleted_at.is_(None),
        status=EventStatus.PROCESSING,
        outcome=None,
        resolved_at=None,
        claimed_by=actor[:100],
        claimed_at=now,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def take_back(*, session: Session, event_id: int, actor: str, now: datetime) -> bool:
    """Show an event that is over to nobody any more; all its rows stay."""
    return _move(
        session,
        event_id,
        CloudWatchEvent.status.in_(_OVER),
        CloudWatchEvent.deleted_at.is_(None),
        deleted_at=now,
        deleted_by=actor[:100],
    )


def give_back(*, session: Session, event_id: int) -> bool:
    """Show an event again that was taken back."""
    taken = CloudWatchEvent.deleted_at.is_not(None)
    return _move(session, event_id, taken, deleted_at=None, deleted_by=None)


def _move(session: Session, event_id: int, *guards: ColumnElement[bool], **values: Any) -> bool:
    moved = session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id, *guards)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
