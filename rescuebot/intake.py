"""From queue messages to recorded events.

Invariant: a message is reported as done only after the transaction that holds its event has
committed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import approving, clock, consulting, faults
from rescuebot.adapters.cloudwatch import AlarmDescription
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.audit import service as audit
from rescuebot.database import Database, Unstorable, repeat_on_contention
from rescuebot.errors import Unreadable
from rescuebot.events import composite, dead_letters
from rescuebot.events import service as events
from rescuebot.events.changing import LONG_AGO
from rescuebot.events.dead_letters import Letter
from rescuebot.events.model import LetterState, Outcome
from rescuebot.events.parse import parse
from rescuebot.events.reported import ReportedEvent
from rescuebot.guard import service as decisions
from rescuebot.notices import service as notices
from rescuebot.requests import service as requests
from rescuebot.requests.service import Once
from rescuebot.servers import service as servers
from rescuebot.settings import IntakeSettings

DescribeAlarms = Callable[[Sequence[str]], Sequence[AlarmDescription]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """New events of one source and type, for the bus: ids only, never what the event says."""

    tag: str
    event_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What became of a batch: which messages may leave the queue, what to hint at."""

    done: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()
    recorded: tuple[events.Recorded, ...] = ()
    buried: int = 0


def receive(
    messages: Sequence[QueueMessage],
    *,
    database: Database,
    settings: IntakeSettings,
    describe: DescribeAlarms | None = None,
    now: clock.Clock = clock.now,
) -> Receipt:
    """Record what the messages say; return which of them may leave the queue.

    Messages that cannot be understood become dead letters and are done as well: they would
    only come back. Raises DatabaseUnavailable with nothing recorded and nothing done.
    """
    at = now()
    understood, letters = _sort(messages, settings=settings, now=at)
    described = _described(understood, settings=settings, describe=describe)
    try:
        recorded = _record(
            understood, letters, described, database=database, settings=settings, now=at
        )
    except Unstorable as error:
        if len(messages) > 1:
            return _one_by_one(messages, database, settings, describe, now)
        letters = [_letter(messages[0], "unstorable", error.message)]
        recorded = _record([], letters, {}, database=database, settings=settings, now=at)
    return Receipt(
        done=tuple(message.handle for message in messages),
        hints=_hints(recorded),
        recorded=tuple(recorded),
        buried=len(letters),
    )


@repeat_on_contention
def hand_in(
    body: str,
    *,
    actor: str,
    database: Database,
    settings: IntakeSettings,
    describe: DescribeAlarms | None = None,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> Receipt:
    """Record one message that somebody brings by hand, read like one of the queue.

    Raises Unreadable when it cannot be understood: who brings it hears that, so it is not kept.
    No hint of it need reach the bus: the next sweep gives one, or handles what nobody takes.
    """
    at = now()
    # A message without an id of its own is another each time; who repeats it brings a key.
    own = str(uuid.uuid4()) if once is None else once.key_hash
    report = parse(body=body, fallback_id=f"by-hand-{own}", received_at=at, settings=settings)
    described = _described([report], settings=settings, describe=describe)
    try:
        with database.transaction() as session:
            before = requests.begin(session=session, once=once, now=at)
            if before is not None:
                return _handed_in_before(before)
            recorded = _write(
                session, [report], described, settings=settings, now=at, hinted_at=LONG_AGO
            )
            _note_handed_in(session, recorded, actor, at)
            answer = {"recorded": [asdict(item) for item in recorded]}
            requests.note(session=session, once=once, answer=answer, now=at)
    except Unstorable as error:
        raise Unreadable("unstorable", error.message) from error
    return Receipt(recorded=tuple(recorded))


def _handed_in_before(answer: Mapping[str, Any]) -> Receipt:
    recorded = [{**item, "kind": events.Kind(item["kind"])} for item in answer["recorded"]]
    return Receipt(recorded=tuple(events.Recorded(**item) for item in recorded))


def _note_handed_in(
    session: Session, recorded: Sequence[events.Recorded], actor: str, now: datetime
) -> None:
    for item in recorded:
        audit.note(
            session=session,
            actor=actor,
            action="event_handed_in",
            subject=f"event {item.event_id}",
            detail=f"{item.event_source} {item.event_type} ({item.kind.value})",
            now=now,
        )


def requeue(
    letter_id: int,
    *,
    actor: str,
    database: Database,
    settings: IntakeSettings,
    now: clock.Clock = clock.now,
) -> Receipt:
    """Give a dead letter back to intake, after a rule or a version has changed.

    Raises Unreadable when it cannot be understood now either; it is kept then.
    """
    at = now()
    with database.transaction() as session:
        letter = dead_letters.get(session=session, letter_id=letter_id)
        dead_letters.close(session=session, letter_id=letter_id, state=LetterState.REQUEUED, now=at)
        report = parse(
            body=letter.body,
            fallback_id=letter.message_id,
            received_at=letter.received_at,
            settings=settings,
        )
        servers.lock(session=session, server_ids=[report.server_id], now=at)
        dedup = timedelta(minutes=settings.dedup_minutes)
        recorded = events.record(session=session, report=report, dedup=dedup, now=at)
        _explain(session, report, recorded, at)
        _tell(session, [recorded], at)
        audit.note(
            session=session,
            actor=actor,
            action="dead_letter_requeued",
            subject=f"dead letter {letter_id}",
            detail=f"It is event {recorded.event_id} now ({recorded.kind.value}).",
            now=at,
        )
    return Receipt(hints=_hints([recorded]), recorded=(recorded,))


def discard(
    letter_id: int, *, actor: str, database: Database, now: clock.Clock = clock.now
) -> None:
    """Close a dead letter for good; its row stays."""
    with database.transaction() as session:
        letter = dead_letters.get(session=session, letter_id=letter_id)
        dead_letters.close(
            session=session, letter_id=letter_id, state=LetterState.DISCARDED, now=now()
        )
        audit.note(
            session=session,
            actor=actor,
            action="dead_letter_discarded",
            subject=f"dead letter {letter_id}",
            detail=f"Its reason was {letter.reason}: {letter.detail}",
            now=now(),
        )


@repeat_on_contention
def _record(
    reports: Sequence[ReportedEvent],
    letters: Sequence[Letter],
    described: Mapping[str, AlarmDescription],
    *,
    database: Database,
    settings: IntakeSettings,
    now: datetime,
) -> list[events.Recorded]:
    with database.transaction() as session:
        recorded = _write(session, reports, described, settings=settings, now=now)
        dead_letters.bury(session=session, letters=letters, now=now)
        faults.point("intake.recorded")
    return recorded


def _write(
    session: Session,
    reports: Sequence[ReportedEvent],
    described: Mapping[str, AlarmDescription],
    *,
    settings: IntakeSettings,
    now: datetime,
    hinted_at: datetime | None = None,
) -> list[events.Recorded]:
    dedup = timedelta(minutes=settings.dedup_minutes)
    expanded = [
        child
        for report in reports
        for child in composite.expand(
            session=session, report=report, described=described, settings=settings
        )
    ]
    servers.lock(session=session, server_ids=[r.server_id for r in expanded], now=now)
    recorded, told = [], 0
    for report in expanded:
        recorded.append(
            events.record(session=session, report=report, dedup=dedup, now=now, hinted_at=hinted_at)
        )
        _explain(session, report, recorded[-1], now)
        if recorded[-1].kind is events.Kind.RECOVERY:
            # In the order in which it happened: what is new is told before its recovery.
            _tell(session, recorded[told:], now)
            told = len(recorded)
            event_id = recorded[-1].event_id
            approving.end_recovered(session=session, event_id=event_id, now=now)
            consulting.end_recovered(session=session, event_id=event_id, now=now)
    _tell(session, recorded[told:], now)
    return recorded


def _tell(session: Session, recorded: Sequence[events.Recorded], now: datetime) -> None:
    """Notices of new events, and of one that recovered before anything was begun."""
    new = [item.event_id for item in recorded if item.kind is events.Kind.NEW]
    notices.of_new(session=session, event_ids=new, now=now)
    for item in recorded:
        if item.kind is events.Kind.RECOVERY:
            event = events.get(session=session, event_id=item.event_id)
            if event.outcome is Outcome.RECOVERED and event.resolved_at == now:
                notices.end_of_event(
                    session=session, event_id=event.id, outcome=Outcome.RECOVERED, now=now
                )


def _explain(
    session: Session, report: ReportedEvent, recorded: events.Recorded, now: datetime
) -> None:
    """A decision row where intake did more than write a new event down."""
    words = {
        events.Kind.RECOVERY: "The alarm returned to OK; what has not begun will not be run.",
        events.Kind.INFORMATION: "Kept for information: nothing is to be done about it.",
    }.get(recorded.kind, "")
    told = " ".join(filter(None, [words, *report.notes]))
    if told and recorded.kind != events.Kind.KNOWN:
        decisions.record(
            session=session,
            subject="intake",
            verdict=recorded.kind.value,
            words=told,
            event_id=recorded.event_id,
            now=now,
        )


def _sort(
    messages: Sequence[QueueMessage], *, settings: IntakeSettings, now: datetime
) -> tuple[list[ReportedEvent], list[Letter]]:
    understood, letters = [], []
    for message in messages:
        try:
            understood.append(
                parse(
                    body=message.body,
                    fallback_id=message.message_id,
                    received_at=now,
                    settings=settings,
                )
            )
        except Unreadable as error:
            letters.append(_letter(message, error.reason, error.message))
    return understood, letters


def _described(
    reports: Sequence[ReportedEvent],
    *,
    settings: IntakeSettings,
    describe: DescribeAlarms | None,
) -> dict[str, AlarmDescription]:
    names = composite.children_of(reports)
    if not names or describe is None or not settings.describe_alarms:
        return {}
    return {alarm.name: alarm for alarm in describe(names)}


def _one_by_one(
    messages: Sequence[QueueMessage],
    database: Database,
    settings: IntakeSettings,
    describe: DescribeAlarms | None,
    now: clock.Clock,
) -> Receipt:
    """One message of the batch cannot be stored: let it not keep the others out."""
    receipts = [
        receive([message], database=database, settings=settings, describe=describe, now=now)
        for message in messages
    ]
    recorded = [item for receipt in receipts for item in receipt.recorded]
    return Receipt(
        done=tuple(handle for receipt in receipts for handle in receipt.done),
        hints=_hints(recorded),
        recorded=tuple(recorded),
        buried=sum(receipt.buried for receipt in receipts),
    )


def _letter(message: QueueMessage, reason: str, detail: str) -> Letter:
    return Letter(message_id=message.message_id, reason=reason, detail=detail, body=message.body)


def _hints(recorded: Sequence[events.Recorded]) -> tuple[Hint, ...]:
    groups: dict[str, list[int]] = {}
    for item in recorded:
        if item.kind is events.Kind.NEW:
            groups.setdefault(tag_of(item.event_source, item.event_type), []).append(item.event_id)
    return tuple(Hint(tag=tag, event_ids=tuple(ids)) for tag, ids in groups.items())


def tag_of(event_source: str, event_type: str) -> str:
    """The bus tag of an event. Only letters that mean nothing to Salt's tag patterns get in."""
    parts = (re.sub(r"[^a-z0-9_]+", "_", part.lower()) for part in (event_source, event_type))
    return "rescue/event/" + "/".join(parts)
