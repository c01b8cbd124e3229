"""What can be done with events: record a report, claim, end, list.

Invariant: each change of `status` is one conditional UPDATE here; whoever changes no row lost the
race and does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session, defer

from rescuebot.errors import NotFound
from rescuebot.events.model import CloudWatchEvent, EventOccurrence, EventStatus, Outcome
from rescuebot.events.reported import ReportedEvent, Severity

# A return to OK is told of the youngest event of its kind, unless that is older than this.
_RECOVERS_WITHIN = timedelta(days=30)


class Kind(StrEnum):
    """What a report turned out to be."""

    NEW = "new"
    REPEAT = "repeat"
    RECOVERY = "recovery"
    INFORMATION = "information"
    KNOWN = "known"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """Where a report went: the event's id, and whether it is a new one to be handled."""

    event_id: int
    kind: Kind
    event_source: str
    event_type: str


def record(
    *,
    session: Session,
    report: ReportedEvent,
    dedup: timedelta,
    now: datetime,
    hinted_at: datetime | None = None,
) -> Recorded:
    """Write down one report. The caller holds the lock of its server.

    A message id that was taken in before counts for nothing; a repeat within `dedup` of event
    time is counted on the first row; a recovery is noted there too. `hinted_at` is for a new
    event that the caller gives no hint of: LONG_AGO has the next sweep do it.
    """
    known = session.scalar(
        select(EventOccurrence.cloudwatch_event_id).where(
            EventOccurrence.message_id == report.message_id
        )
    )
    if known is not None:
        return _recorded(known, Kind.KNOWN, report)
    if report.recovery:
        return _record_recovery(session=session, report=report, now=now)
    if report.for_information:
        return _record_information(
            session=session, report=report, outcome=Outcome.SUPPRESSED, now=now
        )
    first = _first_of(session=session, report=report, dedup=dedup)
    if first is not None:
        _count(session=session, event_id=first, report=report)
        _note(session=session, event_id=first, report=report, now=now)
        return _recorded(first, Kind.REPEAT, report)
    event = _insert(session=session, report=report, now=now)
    event.hinted_at = hinted_at
    return _recorded(event.id, Kind.NEW, report)


def claim(*, session: Session, event_id: int, owner: str, now: datetime) -> CloudWatchEvent | None:
    """Take a new event for `owner`, or return None because somebody else has it.

    The conditional UPDATE is the claim; a read before it would prove nothing.
    """
    taken = session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id, CloudWatchEvent.status == EventStatus.NEW)
        .values(status=EventStatus.PROCESSING, claimed_by=owner, claimed_at=now)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        return None
    return session.get(CloudWatchEvent, event_id, populate_existing=True)


def end(
    *,
    session: Session,
    event_id: int,
    status: EventStatus,
    outcome: Outcome,
    now: datetime,
    was: EventStatus = EventStatus.PROCESSING,
) -> bool:
    """Bring an event from `was` to its end; False when it is there no more."""
    ended = session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id, CloudWatchEvent.status == was)
        .values(status=status, outcome=outcome, resolved_at=now)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def hold(*, session: Session, event_id: int) -> bool:
    """Note that the rescue of a claimed event waits for a person or by a rule of the guard."""
    return _set_outcome(session, event_id, Outcome.HELD)


def resume(*, session: Session, event_id: int) -> bool:
    """Note that the rescue of a claimed event goes on."""
    return _set_outcome(session, event_id, None)


def _set_outcome(session: Session, event_id: int, outcome: Outcome | None) -> bool:
    done = session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id, CloudWatchEvent.status == EventStatus.PROCESSING)
        .values(outcome=outcome)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def get(*, session: Session, event_id: int) -> CloudWatchEvent:
    """The event, or NotFound."""
    event = session.get(CloudWatchEvent, event_id)
    if event is None:
        raise NotFound(
            f"There is no event {event_id}.", remedy="salt-run rescue.events lists the latest."
        )
    return event


def exists(*, session: Session, event_id: int) -> bool:
    """Whether there is an event with this id."""
    query = select(CloudWatchEvent.id).where(CloudWatchEvent.id == event_id)
    return session.scalar(query) is not None


def list_(
    *,
    session: Session,
    limit: int = 50,
    status: EventStatus | None = None,
    severity: Severity | None = None,
    server_id: str | None = None,
) -> Sequence[CloudWatchEvent]:
    """The latest events that are not deleted, newest first, without their raw text."""
    query = select(CloudWatchEvent).options(defer(CloudWatchEvent.raw))
    query = query.where(CloudWatchEvent.deleted_at.is_(None))
    if status is not None:
        query = query.where(CloudWatchEvent.status == status)
    if severity is not None:
        query = query.where(CloudWatchEvent.severity == severity)
    if server_id is not None:
        query = query.where(CloudWatchEvent.server_id == server_id)
    query = query.order_by(CloudWatchEvent.id.desc()).limit(limit)
    return session.scalars(query).all()


def servers_with_open(*, session: Session, service_type: str) -> set[str]:
    """The servers of a service that have an event which is not over."""
    query = select(CloudWatchEvent.server_id).where(
        CloudWatchEvent.service_type == service_type,
        CloudWatchEvent.status.in_((EventStatus.NEW, EventStatus.PROCESSING)),
    )
    return set(session.scalars(query))


def occurrences(*, session: Session, event_id: int, limit: int = 200) -> Sequence[EventOccurrence]:
    """The reports of one event, oldest first."""
    query = select(EventOccurrence).where(EventOccurrence.cloudwatch_event_id == event_id)
    return session.scalars(query.order_by(EventOccurrence.id).limit(limit)).all()


def last_place_of(*, session: Session, alarm_name: str, since: datetime) -> CloudWatchEvent | None:
    """The latest event of an alarm that named a server, for the parents of that alarm."""
    query = (
        select(CloudWatchEvent)
        .where(
            CloudWatchEvent.alarm_name == alarm_name,
            CloudWatchEvent.event_time >= since,
            CloudWatchEvent.server_id != "",
        )
        .order_by(CloudWatchEvent.event_time.desc(), CloudWatchEvent.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def _first_of(*, session: Session, report: ReportedEvent, dedup: timedelta) -> int | None:
    """The event that this report repeats, if there is one.

    Also a deleted one: that it is shown no more does not make its alarm a new incident.
    """
    query = (
        select(CloudWatchEvent)
        .where(
            CloudWatchEvent.server_id == report.server_id,
            CloudWatchEvent.event_type == report.event_type,
            CloudWatchEvent.event_time >= report.event_time - dedup,
            CloudWatchEvent.event_time <= report.event_time + dedup,
        )
        .options(defer(CloudWatchEvent.raw))
        .order_by(CloudWatchEvent.id)
    )
    for event in session.scalars(query):
        same_alarm = report.server_id != "" or event.alarm_name == report.alarm_name
        same_service = event.service_type == report.service_type
        if same_alarm and same_service and not _is_over(event, report.event_time):
            return event.id
    return None


def _is_over(event: CloudWatchEvent, raised_at: datetime) -> bool:
    """Whether an alarm raised at that time is a new incident, although `event` is so close.

    Counting it away would leave the service down for ever, because CloudWatch does not raise
    an alarm twice: so what had been dealt with, had recovered, or was only kept for information
    takes no repeats any more.
    """
    if event.resolved_at is not None and event.resolved_at < raised_at:
        return True
    if event.outcome == Outcome.RECOVERED and event.recovered_at is not None:
        return event.recovered_at < raised_at or event.recovered_at == event.event_time
    return event.outcome == Outcome.SUPPRESSED and event.claimed_at is None


def _count(*, session: Session, event_id: int, report: ReportedEvent) -> None:
    session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id)
        .values(
            occurrences=CloudWatchEvent.occurrences + 1,
            last_seen_at=case(
                (CloudWatchEvent.last_seen_at < report.event_time, report.event_time),
                else_=CloudWatchEvent.last_seen_at,
            ),
        )
    )


def _record_recovery(*, session: Session, report: ReportedEvent, now: datetime) -> Recorded:
    """Note that an alarm went back to OK; what has not been begun needs no fix any more."""
    event_id = _recovered_event(session=session, report=report)
    if event_id is None:
        return _record_information(
            session=session, report=report, outcome=Outcome.RECOVERED, now=now
        )
    session.execute(
        update(CloudWatchEvent)
        .where(CloudWatchEvent.id == event_id)
        .values(recovered_at=report.event_time)
    )
    end(
        session=session,
        event_id=event_id,
        was=EventStatus.NEW,
        status=EventStatus.RESOLVED,
        outcome=Outcome.RECOVERED,
        now=now,
    )
    _note(session=session, event_id=event_id, report=report, now=now)
    return _recorded(event_id, Kind.RECOVERY, report)


def _recovered_event(*, session: Session, report: ReportedEvent) -> int | None:
    query = (
        select(CloudWatchEvent.id)
        .where(
            CloudWatchEvent.server_id == report.server_id,
            CloudWatchEvent.event_type == report.event_type,
            CloudWatchEvent.service_type == report.service_type,
            CloudWatchEvent.event_time <= report.event_time,
            CloudWatchEvent.event_time >= report.event_time - _RECOVERS_WITHIN,
            CloudWatchEvent.recovered_at.is_(None),
        )
        .order_by(CloudWatchEvent.event_time.desc(), CloudWatchEvent.id.desc())
    )
    if report.server_id == "":
        query = query.where(CloudWatchEvent.alarm_name == report.alarm_name)
    return session.scalar(query.limit(1))


def _record_information(
    *, session: Session, report: ReportedEvent, outcome: Outcome, now: datetime
) -> Recorded:
    """Keep a report that asks for nothing, as an event that is over already."""
    event = _insert(session=session, report=report, now=now)
    event.severity = Severity.INFO
    event.status = EventStatus.RESOLVED
    event.outcome = outcome
    event.resolved_at = now
    if report.recovery:
        event.recovered_at = report.event_time
    return _recorded(event.id, Kind.INFORMATION, report)


def _insert(*, session: Session, report: ReportedEvent, now: datetime) -> CloudWatchEvent:
    event = CloudWatchEvent(
        event_source=report.event_source,
        event_type=report.event_type,
        severity=report.severity,
        server_id=report.server_id,
        event_message=report.event_message,
        event_time=report.event_time,
        status=EventStatus.NEW,
        message_id=report.message_id,
        alarm_name=report.alarm_name,
        service_type=report.service_type,
        last_seen_at=report.event_time,
        received_at=now,
        raw=report.raw,
    )
    session.add(event)
    session.flush()
    _note(session=session, event_id=event.id, report=report, now=now)
    return event


def _note(*, session: Session, event_id: int, report: ReportedEvent, now: datetime) -> None:
    session.add(
        EventOccurrence(
            message_id=report.message_id,
            cloudwatch_event_id=event_id,
            event_time=report.event_time,
            received_at=now,
            recovery=report.recovery,
        )
    )


def _recorded(event_id: int, kind: Kind, report: ReportedEvent) -> Recorded:
    return Recorded(
        event_id=event_id,
        kind=kind,
        event_source=report.event_source,
        event_type=report.event_type,
    )
