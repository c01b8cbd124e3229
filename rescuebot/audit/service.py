"""What can be done with the audit: note, list. Never change what was noted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.audit.model import AuditEntry

_COUNTED_FOR = timedelta(minutes=1)


def note(
    *, session: Session, actor: str, action: str, subject: str, detail: str, now: datetime
) -> None:
    """Write down what somebody did."""
    session.add(
        AuditEntry(
            actor=actor[:255],
            action=action[:50],
            subject=subject[:255],
            detail=detail[:4000],
            noted_at=now,
        )
    )


def note_attempt(
    *, session: Session, actor: str, action: str, subject: str, detail: str, now: datetime
) -> None:
    """Write down what was turned away; the same within a minute is only counted."""
    same = select(AuditEntry.id).where(
        AuditEntry.action == action[:50],
        AuditEntry.actor == actor[:255],
        AuditEntry.subject == subject[:255],
        AuditEntry.noted_at > now - _COUNTED_FOR,
    )
    entry_id = session.scalar(same.limit(1))
    if entry_id is None:
        note(session=session, actor=actor, action=action, subject=subject, detail=detail, now=now)
        return
    session.execute(
        update(AuditEntry).where(AuditEntry.id == entry_id).values(times=AuditEntry.times + 1)
    )


def list_(*, session: Session, limit: int = 50) -> Sequence[AuditEntry]:
    """The latest entries, newest first."""
    return session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)).all()
