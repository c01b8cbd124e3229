"""What can be done with the previews of approvals: find those that are due, ask, store.

Invariant: an answer belongs to the dispatch that was asked last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.approvals.model import Approval, ApprovalState

_ASKED_AGAIN_AFTER = timedelta(seconds=30)
_TRIES = 3


def due(*, session: Session, now: datetime, limit: int) -> Sequence[Approval]:
    """Questions that wait for a person and whose preview is missing, oldest first."""
    query = select(Approval).where(
        Approval.state == ApprovalState.PENDING,
        Approval.previewed_at.is_(None),
        Approval.preview_tries < _TRIES,
        Approval.preview_asked_at.is_(None)
        | (Approval.preview_asked_at < now - _ASKED_AGAIN_AFTER),
    )
    return session.scalars(query.order_by(Approval.id).limit(limit)).all()


def may_still_come(*, approval: Approval, now: datetime) -> bool:
    """Whether the minion has not answered yet, and has not been given up."""
    if approval.previewed_at is not None:
        return False
    asked_at = approval.preview_asked_at
    return (
        approval.preview_tries < _TRIES or asked_at is None or now - asked_at < _ASKED_AGAIN_AFTER
    )


def asked(
    *, session: Session, approval: Approval, dispatch_id: str, jid: str, now: datetime
) -> bool:
    """Note that a minion is asked; False when another tracker was first, or what would run has
    been exchanged since `approval` was read.
    """
    noted = session.execute(
        update(Approval)
        .where(
            Approval.id == approval.id,
            Approval.state == ApprovalState.PENDING,
            Approval.digest == approval.digest,
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


def store(*, session: Session, approval: Approval, text: str, now: datetime) -> bool:
    """Keep the answer to what was asked last, once; False if something else was asked meanwhile."""
    stored = session.execute(
        update(Approval)
        .where(
            Approval.id == approval.id,
            Approval.preview_dispatch == approval.preview_dispatch,
            Approval.previewed_at.is_(None),
        )
        .values(preview=text, previewed_at=now)
    )
    return bool(stored.rowcount)  # type: ignore[attr-defined]
