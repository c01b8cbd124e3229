"""What can be done with notices: put into the outbox, claim, end, remember where threads are.

Invariant: a notice is put in the transaction that changed what it tells of, once for each channel
that wants it; each change of `status` is one conditional UPDATE here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.events import service as events
from rescuebot.events.model import Outcome
from rescuebot.events.reported import Severity
from rescuebot.notices.model import (
    Notice,
    NoticeChannel,
    NoticeReceipt,
    NoticeStatus,
    NoticeThread,
)

# What only brings the first message of a thread up to date: nobody is told of it anew.
QUIETLY = ("running", "retrying", "previewed", "amended", "approval_answered", "acknowledged")
# What is asked of people. It has a message of its own beside the first one of the thread.
QUESTIONS = ("approval_asked", "previewed", "amended", "approval_answered")
_KNOWN = "notice_channels"
_ENDS = {
    Outcome.FIXED: "rescued",
    Outcome.NOTHING_TO_FIX: "nothing_to_fix",
    Outcome.RECOVERED: "recovered",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wants:
    """What a channel is told of. No service at all means every one."""

    severities: Collection[str]
    services: Collection[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What one hop answered."""

    way: str
    ok: bool
    code: str
    place: str = ""
    reference: str = ""
    milliseconds: int = 0


def set_channels(*, session: Session, channels: Mapping[str, Wants]) -> None:
    """Let exactly these be told from now on."""
    session.info.pop(_KNOWN, None)
    gone = delete(NoticeChannel).where(NoticeChannel.name.not_in(channels))
    session.execute(gone.execution_options(synchronize_session=False))
    for name, wants in channels.items():
        told = {
            "severities": json.dumps(list(wants.severities)),
            "services": json.dumps(list(wants.services)),
        }
        insert_missing(session, NoticeChannel, [{"name": name, **told}])
        session.execute(update(NoticeChannel).where(NoticeChannel.name == name).values(**told))


def put(
    *,
    session: Session,
    thread_key: str,
    state: str,
    severity: Severity,
    now: datetime,
    service_type: str | None = None,
    event_id: int | None = None,
    number: int | None = None,
) -> int:
    """Write a notice for each channel that wants it, unless it is there; returns for how many.

    `service_type` None is for what concerns all channels. Without `number` it is the next one of
    this state in its thread: the caller has just changed what the thread is about, by a guarded
    UPDATE, and so is alone.
    """
    names = _told(session, severity, service_type)
    rows = [
        _row(
            name,
            thread_key,
            state,
            severity,
            now,
            number=_next(session, name, thread_key, state) if number is None else number,
            service_type=service_type or "",
            event_id=event_id,
        )
        for name in names
    ]
    # A notice must never be the reason why what it tells of is rolled back.
    insert_missing(session, Notice, rows)
    return len(rows)


def of_new(*, session: Session, event_ids: Sequence[int], now: datetime) -> int:
    """Tell of events that have just been recorded, all in one statement."""
    if not event_ids or not channels(session=session):
        return 0
    found = [events.get(session=session, event_id=event_id) for event_id in event_ids]
    rows = [
        _row(
            name,
            event_thread(event_id=event.id),
            "opened",
            event.severity,
            now,
            number=0,
            service_type=event.service_type,
            event_id=event.id,
        )
        for event in found
        for name in _told(session, event.severity, event.service_type)
    ]
    insert_missing(session, Notice, rows)
    return len(rows)


def _row(
    channel: str, thread_key: str, state: str, severity: Severity, now: datetime, **more: Any
) -> dict[str, Any]:
    times = {"created_at": now, "not_before": now, "next_at": now}
    key = {"channel": channel, "thread_key": thread_key, "state": state}
    return {**key, **times, "severity": severity, **more}


def of_event(
    *, session: Session, event_id: int | None, state: str, now: datetime, number: int | None = None
) -> int:
    """Tell that an event has come into a state. None is the event of what has none."""
    if event_id is None or not channels(session=session):
        return 0
    event = events.get(session=session, event_id=event_id)
    return put(
        session=session,
        thread_key=event_thread(event_id=event_id),
        state=state,
        severity=event.severity,
        service_type=event.service_type,
        event_id=event_id,
        number=number,
        now=now,
    )


def end_of_event(*, session: Session, event_id: int, outcome: Outcome, now: datetime) -> int:
    """Tell that an event is over."""
    return of_event(session=session, event_id=event_id, state=state_of(outcome=outcome), now=now)


def state_of(*, outcome: Outcome) -> str:
    """The state of the notice that tells of an event which is over."""
    return _ENDS.get(outcome, "failed")


def channels(*, session: Session) -> Mapping[str, Wants]:
    """All channels, by name; read once in a transaction."""
    known: dict[str, Wants] | None = session.info.get(_KNOWN)
    if known is None:
        rows = session.scalars(select(NoticeChannel).order_by(NoticeChannel.name))
        known = {
            row.name: Wants(
                severities=json.loads(row.severities), services=json.loads(row.services)
            )
            for row in rows
        }
        session.info[_KNOWN] = known
    return known


def put_once(
    *,
    session: Session,
    channel: str,
    thread_key: str,
    state: str,
    severity: Severity,
    now: datetime,
    number: int = 0,
    service_type: str = "",
    event_id: int | None = None,
    not_before: datetime | None = None,
) -> tuple[Notice, bool]:
    """The notice of this number in this channel, written unless it is there; and whether it was."""
    row = Notice(
        channel=channel, thread_key=thread_key, state=state, number=number, severity=severity
    )
    same = _same(channel, thread_key, state, Notice.number == number)
    found = session.scalars(select(Notice).where(*same)).one_or_none()
    if found is not None:
        return found, False
    row.service_type, row.event_id = service_type, event_id
    row.created_at = row.next_at = now
    row.not_before = not_before or now
    session.add(row)
    session.flush()
    return row, True


def event_thread(*, event_id: int) -> str:
    """The thread of an event."""
    return f"event:{event_id}"


def _told(session: Session, severity: Severity, service_type: str | None) -> list[str]:
    return [
        name
        for name, wants in channels(session=session).items()
        if severity.value in wants.severities
        and (service_type is None or not wants.services or service_type in wants.services)
    ]


def _next(session: Session, channel: str, thread_key: str, state: str) -> int:
    query = select(func.max(Notice.number)).where(*_same(channel, thread_key, state))
    last = session.scalar(query)
    return 0 if last is None else last + 1


def _same(
    channel: str, thread_key: str, state: str, *also: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ...]:
    return (
        Notice.channel == channel,
        Notice.thread_key == thread_key,
        Notice.state == state,
        *also,
    )


# --- delivery ---------------------------------------------------------------------------------


def due(
    *, session: Session, channel: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Notice]:
    """The oldest open notice of each thread of a channel, as far as it may be sent now.

    One that pauses or is being sent holds back those that came after it in its thread.
    """
    heads = (
        select(func.min(Notice.id))
        .where(
            Notice.channel == channel,
            Notice.status == NoticeStatus.PENDING,
            Notice.not_before <= now,
        )
        .group_by(Notice.thread_key)
    )
    query = select(Notice).where(Notice.id.in_(heads), *_free(now, lease))
    return session.scalars(query.order_by(Notice.id).limit(limit)).all()


def _free(now: datetime, lease: timedelta) -> tuple[ColumnElement[bool], ...]:
    return (
        Notice.status == NoticeStatus.PENDING,
        Notice.next_at <= now,
        or_(Notice.claimed_at.is_(None), Notice.claimed_at <= now - lease),
    )


def claim(
    *, session: Session, notice: Notice, owner: str, now: datetime, lease: timedelta
) -> Notice | None:
    """Take a notice for sending, or None because somebody else has it or it was told otherwise."""
    taken = session.execute(
        update(Notice)
        .where(Notice.id == notice.id, *_free(now, lease))
        .values(claimed_by=owner[:100], claimed_at=now, attempts=Notice.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        return None
    return session.get(Notice, notice.id, populate_existing=True)


def let_go(*, session: Session, notice: Notice, hop: int, tries: int, next_at: datetime) -> bool:
    """Give back what was claimed, to be tried again then, by that way."""
    return _move(
        session, notice, claimed_by=None, claimed_at=None, hop=hop, tries=tries, next_at=next_at
    )


def end(*, session: Session, notice: Notice, status: NoticeStatus, now: datetime) -> bool:
    """Bring what was claimed to its end; False when somebody has taken it over meanwhile."""
    return _move(session, notice, status=status, ended_at=now, claimed_by=None, claimed_at=None)


def _move(session: Session, notice: Notice, **values: object) -> bool:
    """Change a notice whose claim is still the one that `notice` was read with."""
    moved = session.execute(
        update(Notice)
        .where(
            Notice.id == notice.id,
            Notice.status == NoticeStatus.PENDING,
            Notice.claimed_by == notice.claimed_by,
            Notice.attempts == notice.attempts,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def merge(
    *, session: Session, ids: Collection[int], into: int | None, now: datetime, lease: timedelta
) -> int:
    """Let another notice tell these too; what is being sent just now is left alone."""
    if not ids:
        return 0
    merged = session.execute(
        update(Notice)
        .where(
            Notice.id.in_(ids),
            Notice.status == NoticeStatus.PENDING,
            or_(Notice.claimed_at.is_(None), Notice.claimed_at <= now - lease),
        )
        .values(status=NoticeStatus.MERGED, merged_into=into, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(merged.rowcount)  # type: ignore[attr-defined]


def later_updates(*, session: Session, notice: Notice) -> list[int]:
    """Open notices of the same thread that only bring it up to date, as this one does anyway."""
    query = select(Notice.id).where(
        Notice.channel == notice.channel,
        Notice.status == NoticeStatus.PENDING,
        Notice.thread_key == notice.thread_key,
        Notice.id > notice.id,
        # These change the question's own message as well.
        Notice.state.in_([state for state in QUIETLY if state not in QUESTIONS]),
    )
    return list(session.scalars(query))


def note(*, session: Session, notice: Notice, receipts: Sequence[Receipt], now: datetime) -> None:
    """Keep what the hops answered."""
    for receipt in receipts:
        session.add(
            NoticeReceipt(
                notice_id=notice.id,
                way=receipt.way,
                ok=receipt.ok,
                code=receipt.code[:60],
                place=receipt.place[:120],
                reference=receipt.reference[:120],
                milliseconds=receipt.milliseconds,
                tried_at=now,
            )
        )


def remember_thread(
    *, session: Session, notice: Notice, place: str, reference: str, now: datetime
) -> None:
    """Where the first message of a thread is; the first that was remembered stays."""
    row = {"place": place, "reference": reference, "made_at": now}
    key = {"channel": notice.channel, "thread_key": notice.thread_key}
    insert_missing(session, NoticeThread, [{**key, **row}])


def thread_of(*, session: Session, channel: str, thread_key: str) -> NoticeThread | None:
    """The first message of a thread, if it was posted."""
    query = select(NoticeThread).where(
        NoticeThread.channel == channel, NoticeThread.thread_key == thread_key
    )
    return session.scalars(query).one_or_none()


def message_of(
    *, session: Session, notice: Notice, state: str, number: int
) -> NoticeReceipt | None:
    """The message in Slack by which another notice of the same thread was told."""
    query = (
        select(NoticeReceipt)
        .join(Notice, Notice.id == NoticeReceipt.notice_id)
        .where(
            *_same(notice.channel, notice.thread_key, state, Notice.number == number),
            NoticeReceipt.way == "slack",
            NoticeReceipt.ok,
        )
    )
    return session.scalars(query.order_by(NoticeReceipt.id.desc()).limit(1)).first()
