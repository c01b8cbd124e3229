"""What can be done with changes to what waits for approval: keep them, and tell what was before.

Invariant: rows are only added, each with the number that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from rescuebot.approvals.model import Amendment


def keep(
    *,
    session: Session,
    approval_id: int,
    number: int,
    amended_by: str,
    comment: str,
    old_digest: str,
    new_digest: str,
    old_name: str,
    old_pinned: str,
    now: datetime,
) -> Amendment:
    """Write down who has changed what, with all that was before."""
    amendment = Amendment(
        approval_id=approval_id,
        number=number,
        amended_by=amended_by[:100],
        amended_at=now,
        comment=comment,
        old_digest=old_digest,
        new_digest=new_digest,
        old_name=old_name,
        old_pinned=old_pinned,
    )
    session.add(amendment)
    session.flush()
    return amendment


def of_approval(*, session: Session, approval_id: int) -> Sequence[Amendment]:
    """The changes in their order, without the texts."""
    query = select(Amendment).where(Amendment.approval_id == approval_id)
    return session.scalars(query.order_by(Amendment.number)).all()


def first(*, session: Session, approval_id: int) -> Amendment | None:
    """The first change with what was proposed before it; None if nothing was changed."""
    query = select(Amendment).where(Amendment.approval_id == approval_id)
    query = query.options(undefer(Amendment.old_pinned)).order_by(Amendment.number).limit(1)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()
