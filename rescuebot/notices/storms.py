"""Storms: from so many events of one service on, the rest are told as one.

Invariant: of one service, channel and kind there is one storm at a time, which a unique key holds;
whoever merges a notice into it does so by a guarded UPDATE.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from rescuebot.errors import NotFound
from rescuebot.events.reported import Severity
from rescuebot.notices.model import Notice, NoticeStorm

# What begins a thread of its own, and of what there may be too much.
FIRST = ("opened", "escalated")
_THREAD = "storm:"


def live(*, session: Session, notice: Notice) -> NoticeStorm | None:
    """The storm that a first notice belongs to, if one goes on."""
    query = select(NoticeStorm).where(NoticeStorm.live_key == _key(notice))
    return session.scalars(query).one_or_none()


def gathering(*, session: Session, notice: Notice, span: timedelta) -> tuple[int, datetime]:
    """How many first notices like this one there were up to it, and when the first of them was."""
    query = select(func.count(), func.min(Notice.created_at)).where(
        Notice.channel == notice.channel,
        Notice.service_type == notice.service_type,
        Notice.state == notice.state,
        Notice.event_id.is_not(None),
        Notice.created_at > notice.created_at - span,
        Notice.created_at <= notice.created_at,
        Notice.id <= notice.id,
    )
    count, first = session.execute(query).one()
    return int(count), first or notice.created_at


def begin(*, session: Session, notice: Notice, since: datetime, now: datetime) -> NoticeStorm:
    """Begin a storm with the notice that is one too many."""
    storm = NoticeStorm(
        channel=notice.channel,
        service_type=notice.service_type,
        state=notice.state,
        live_key=_key(notice),
        since=since,
        last_at=notice.created_at,
        told_at=now,
    )
    session.add(storm)
    session.flush()
    return storm


def grow(*, session: Session, storm: NoticeStorm, at: datetime) -> None:
    """Note when the latest of its notices came."""
    session.execute(
        update(NoticeStorm)
        .where(NoticeStorm.id == storm.id, NoticeStorm.last_at < at)
        .values(last_at=at)
        .execution_options(synchronize_session=False)
    )


def holds(*, session: Session, notice: Notice) -> Notice | None:
    """The storm's own notice that tells of this one's event, while that storm goes on."""
    first, teller = aliased(Notice), aliased(Notice)
    query = (
        select(teller)
        .join(first, first.merged_into == teller.id)
        .where(
            first.channel == notice.channel,
            first.event_id == notice.event_id,
            first.state.in_(FIRST),
            teller.thread_key.startswith(_THREAD),
        )
        .order_by(teller.id.desc())
    )
    found = session.scalars(query.limit(1)).first()
    if found is None:
        return None
    storm = get(session=session, storm_id=id_of(found.thread_key))
    return found if storm.ended_at is None else None


def thread_of(storm_id: int) -> str:
    """The thread of a storm."""
    return f"{_THREAD}{storm_id}"


def id_of(thread_key: str) -> int:
    """The storm of a thread."""
    return int(thread_key.removeprefix(_THREAD))


def list_live(*, session: Session, channel: str) -> Sequence[NoticeStorm]:
    """The storms that go on in a channel."""
    query = select(NoticeStorm).where(
        NoticeStorm.channel == channel, NoticeStorm.ended_at.is_(None)
    )
    return session.scalars(query.order_by(NoticeStorm.id)).all()


def get(*, session: Session, storm_id: int) -> NoticeStorm:
    """The storm, or NotFound."""
    found = session.get(NoticeStorm, storm_id)
    if found is None:
        raise NotFound(f"There is no storm {storm_id}.")
    return found


def event_ids(*, session: Session, storm: NoticeStorm) -> list[int]:
    """The events that it tells of, also those that were told singly before it began."""
    query = select(Notice.event_id).where(
        Notice.channel == storm.channel,
        Notice.service_type == storm.service_type,
        Notice.state == storm.state,
        Notice.created_at >= storm.since,
        Notice.created_at <= storm.last_at,
    )
    return sorted({event_id for event_id in session.scalars(query) if event_id is not None})


def worst(*, session: Session, storm: NoticeStorm) -> Severity:
    """The worst severity in it."""
    query = select(Notice.severity).where(
        Notice.channel == storm.channel,
        Notice.service_type == storm.service_type,
        Notice.state == storm.state,
        Notice.created_at >= storm.since,
        Notice.created_at <= storm.last_at,
    )
    return max(session.scalars(query.distinct()), key=list(Severity).index, default=Severity.INFO)


def told(*, session: Session, storm: NoticeStorm, words: str, now: datetime) -> bool:
    """Note what is to be told of it now; False when another tracker was first."""
    return _move(session, storm, told=words[:100], told_at=now, updates=NoticeStorm.updates + 1)


def end(*, session: Session, storm: NoticeStorm, now: datetime) -> bool:
    """End it; False when another tracker was first."""
    return _move(session, storm, live_key=None, ended_at=now, updates=NoticeStorm.updates + 1)


def _move(session: Session, storm: NoticeStorm, **values: object) -> bool:
    moved = session.execute(
        update(NoticeStorm)
        .where(
            NoticeStorm.id == storm.id,
            NoticeStorm.ended_at.is_(None),
            NoticeStorm.updates == storm.updates,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def _key(notice: Notice) -> str:
    return f"{notice.channel}/{notice.service_type}/{notice.state}"
