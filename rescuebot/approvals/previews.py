"""What can be done with the previews of approvals: find those that are due, ask, store.

Invariant: an answer belongs to the dispatch that was asked last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.approvals.model import Approval, ApprovalState


def due(
    *, session: Session, asked_before: datetime, most_tries: int, limit: int
) -> Sequence[Approval]:
    """Questions that wait for a person and whose preview is missing, oldest first."""
    query = select(Approval).where(
        Approval.state == ApprovalState.PENDING,
        Approval.previewed_at.is_(None),
        Approval.preview_tries < most_tries,
        Approval.preview_asked_at.is_(None) | (Approval.preview_asked_at < asked_before),
    )
    return session.scalars(query.order_by(Approval.id).limit(limit)).all()


def asked(
    *, session: Session, approval: Approval, dispatch_id: str, jid: str, now: datetime
) -> bool:
    """Note that a minion is asked; False when another tracker was first."""
    noted = session.execute(
        update(Approval)
        .where(
            Approval.id == approval.id,
            Approval.state == ApprovalState.PENDING,
            Approval.preview_tries == approval.preview_tries,
        )
        .values(
            preview_dispatch=dispatch_id,
            preview_jid=jid,
            preview_tries=Approval.preview_tries + 1,
            preview_asked_at=now,
        )
    )
    return bool(noted.rowcount)  # type: ignore[attr-defined]


def of_dispatch(*, session: Session, dispatch_id: str) -> Approval | None:
    """The question that is open and whose preview was asked for under this id, or None."""
    query = select(Approval).where(
        Approval.preview_dispatch == dispatch_id, Approval.state == ApprovalState.PENDING
    )
    return session.scalars(query).one_or_none()


def store(*, session: Session, approval_id: int, text: str, now: datetime) -> bool:
    """Keep the answer, once."""
    stored = session.execute(
        update(Approval)
        .where(Approval.id == approval_id, Approval.previewed_at.is_(None))
        .values(preview=text, previewed_at=now)
    )
    return bool(stored.rowcount)  # type: ignore[attr-defined]
