"""Of many who might move rows to or from the archive, one does.

Invariant: whoever has lost the lease commits nothing more, because each of its transactions
renews it first. A holder that gives no sign of life for ten minutes has lost it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from rescuebot.archive.model import ArchiveLease
from rescuebot.database import insert_missing
from rescuebot.errors import Conflict

_NAME = "archive"
_KEPT_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move rows."""

    token: str


def take(*, session: Session, actor: str, now: datetime, again_at: datetime) -> Lease:
    """Take the lease, or Conflict. `again_at` is when a run is due, should this one fail."""
    lease = _taken(session, actor, now, again_at)
    if lease is None:
        name = session.scalar(select(ArchiveLease.held_by).where(ArchiveLease.name == _NAME))
        raise Conflict(
            f"{name or 'Somebody'} is moving rows to or from the archive just now.",
            remedy="Try again when that is done; if it was killed, in ten minutes.",
        )
    return lease


def take_if_due(*, session: Session, actor: str, now: datetime, again_at: datetime) -> Lease | None:
    """Take the lease if a run is due and nobody else has it."""
    due = or_(ArchiveLease.due_at.is_(None), ArchiveLease.due_at <= now)
    return _taken(session, actor, now, again_at, due)


def renew(*, session: Session, lease: Lease, now: datetime) -> None:
    """Say that the work goes on, and hold the row until the transaction ends; else Conflict."""
    mine = (ArchiveLease.name == _NAME) & (ArchiveLease.token == lease.token)
    kept = session.execute(update(ArchiveLease).where(mine).values(held_until=now + _KEPT_FOR))
    if not kept.rowcount:  # type: ignore[attr-defined]
        raise Conflict("Another process has taken over the archive; it finishes what is open.")


def give_back(*, session: Session, lease: Lease, due_at: datetime | None = None) -> None:
    """Let others have it; with `due_at` the work is done and due again then."""
    query = update(ArchiveLease).where(
        ArchiveLease.name == _NAME, ArchiveLease.token == lease.token
    )
    values = {"due_at": due_at} if due_at else {}
    session.execute(query.values(token=None, held_by="", held_until=None, **values))


def _taken(
    session: Session,
    actor: str,
    now: datetime,
    again_at: datetime,
    *conditions: ColumnElement[bool],
) -> Lease | None:
    # Only once: an insert that finds the row there locks it for reading, and two such deadlock.
    if session.scalar(select(ArchiveLease.name).where(ArchiveLease.name == _NAME)) is None:
        insert_missing(session, ArchiveLease, [{"name": _NAME, "held_by": ""}])
    lease = Lease(uuid.uuid4().hex)
    free = or_(ArchiveLease.held_until.is_(None), ArchiveLease.held_until <= now)
    taken = session.execute(
        update(ArchiveLease)
        .where(ArchiveLease.name == _NAME, free, *conditions)
        .values(token=lease.token, held_by=actor[:255], held_until=now + _KEPT_FOR, due_at=again_at)
    )
    return lease if taken.rowcount else None  # type: ignore[attr-defined]
