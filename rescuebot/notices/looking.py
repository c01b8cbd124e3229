"""What was told to whom: look at notices and receipts, count what is late, forget what is old."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from rescuebot.errors import NotFound
from rescuebot.notices.model import Notice, NoticeReceipt, NoticeStatus

# A deletion must not hold the table for long.
_FORGOTTEN_AT_ONCE = 500
_OF_EVENT = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the outbox stands. `late` are open since before some moment."""

    pending: int
    late: int
    given_up: int
    last_trouble: NoticeReceipt | None


def get(*, session: Session, notice_id: int) -> Notice:
    """The notice, or NotFound."""
    found = session.get(Notice, notice_id)
    if found is None:
        raise NotFound(
            f"There is no notice {notice_id}.", remedy="salt-run rescue.notices lists the latest."
        )
    return found


def list_(
    *, session: Session, limit: int = 50, status: NoticeStatus | None = None
) -> Sequence[Notice]:
    """The latest notices, newest first."""
    query = select(Notice) if status is None else select(Notice).where(Notice.status == status)
    return session.scalars(query.order_by(Notice.id.desc()).limit(limit)).all()


def whole(*, session: Session, notice_id: int) -> dict[str, Any]:
    """A notice and what each way answered."""
    return _whole(session, [get(session=session, notice_id=notice_id)])[0]


def of_event(*, session: Session, event_id: int) -> list[dict[str, Any]]:
    """The notices of an event, oldest first, each with its receipts."""
    query = select(Notice).where(Notice.event_id == event_id)
    return _whole(session, session.scalars(query.order_by(Notice.id).limit(_OF_EVENT)).all())


def _whole(session: Session, found: Sequence[Notice]) -> list[dict[str, Any]]:
    told: dict[int, list[NoticeReceipt]] = {notice.id: [] for notice in found}
    for receipt in receipts(session=session, notice_ids=list(told)):
        told[receipt.notice_id].append(receipt)
    return [
        {
            **{name: getattr(notice, name) for name in notice.__mapper__.columns.keys()},
            "receipts": told[notice.id],
        }
        for notice in found
    ]


def receipts(*, session: Session, notice_ids: Collection[int]) -> Sequence[NoticeReceipt]:
    """What the hops of notices answered, oldest first."""
    query = select(NoticeReceipt).where(NoticeReceipt.notice_id.in_(notice_ids))
    return session.scalars(query.order_by(NoticeReceipt.id)).all()


def forget_old(*, session: Session, before: datetime) -> int:
    """Delete some notices that ended before then, with their receipts; returns how many."""
    query = select(Notice.id).where(
        Notice.created_at < before, Notice.status != NoticeStatus.PENDING
    )
    ids = list(session.scalars(query.order_by(Notice.created_at).limit(_FORGOTTEN_AT_ONCE)))
    if ids:
        session.execute(delete(NoticeReceipt).where(NoticeReceipt.notice_id.in_(ids)))
        session.execute(delete(Notice).where(Notice.id.in_(ids)))
    return len(ids)


def merged_events(*, session: Session, notice_id: int) -> list[int]:
    """The events of the notices that this one tells, too."""
    query = select(Notice.event_id).where(Notice.merged_into == notice_id).distinct()
    return sorted(event_id for event_id in session.scalars(query) if event_id is not None)


def standing(*, session: Session, late_before: datetime, since: datetime) -> Standing:
    """How the outbox stands; what was given up, and the last trouble, since then."""
    pending = Notice.status == NoticeStatus.PENDING
    given_up = (Notice.status == NoticeStatus.GIVEN_UP) & (Notice.created_at >= since)
    trouble = (
        select(NoticeReceipt)
        .where(NoticeReceipt.ok.is_(False), NoticeReceipt.tried_at >= since)
        .order_by(NoticeReceipt.tried_at.desc(), NoticeReceipt.id.desc())
    )
    return Standing(
        pending=_count(session, pending),
        late=_count(session, pending, Notice.not_before < late_before),
        given_up=_count(session, given_up),
        last_trouble=session.scalars(trouble.limit(1)).first(),
    )


def _count(session: Session, *clauses: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Notice).where(*clauses)) or 0
