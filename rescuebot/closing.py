"""What people do with events: close them, open them again, take them back, give them back.

Invariant: an event's change and what follows from it for all that waits for it are one transaction,
and leave a decision row and an audit row; what is out on a minion is never left without its event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rescuebot import approving, clock
from rescuebot.advice import service as advice
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict, Invalid, Problem
from rescuebot.events import changing
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions import service as executions
from rescuebot.executions.model import ACTIVE_STATES
from rescuebot.guard import service as decisions
from rescuebot.notices import service as notices
from rescuebot.requests import each
from rescuebot.requests import service as requests
from rescuebot.requests.each import Became
from rescuebot.requests.service import Once

MOST_EVENTS = 500
# What a person resolved longer ago was not resolved by mistake; its alarm comes again if need be.
_REOPENED_WITHIN = timedelta(days=1)

_Change = Callable[[Session, CloudWatchEvent, datetime], str]


def close(
    event_ids: Sequence[int],
    *,
    status: str,
    reason: str,
    actor: str,
    database: Database,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """End events as resolved or failed because a person says so: ``closed``, ``already``, or why
    not.

    What is held or planned for them is cancelled, what was asked about them withdrawn. An event
    whose work is out is left alone: what is being done now would have nobody to tell.
    """
    if status not in (EventStatus.RESOLVED, EventStatus.FAILED):
        raise Invalid([Problem("status", "must be resolved or failed")])
    each.check_reason(reason)
    wanted = EventStatus(status)

    def _change(session: Session, event: CloudWatchEvent, at: datetime) -> str:
        if not changing.close(session=session, event_id=event.id, status=wanted, now=at):
            return _closed_already(session, event)
        _withdraw_all(session, event.id, f"{actor} has closed its event: {reason}", at)
        changing.acknowledge(session=session, event_id=event.id, actor=actor, now=at)
        notices.of_event(session=session, event_id=event.id, state="closed", now=at)
        words = f"{actor} has closed it as {wanted}: {reason}"
        return _note(session, event, "closed", words, actor, at)

    return _each(event_ids, _change, database=database, once=once, now=now)


def acknowledge(
    event_ids: Sequence[int],
    *,
    actor: str,
    database: Database,
    reason: str = "",
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """Note that a person sees to events, so nobody else is called: ``acknowledged``, or ``already``
    when somebody does.
    """
    each.check_reason(reason, least=0)

    def _change(session: Session, event: CloudWatchEvent, at: datetime) -> str:
        _require_shown(event)
        if not changing.acknowledge(session=session, event_id=event.id, actor=actor, now=at):
            return "already"
        notices.of_event(session=session, event_id=event.id, state="acknowledged", now=at)
        words = f"{actor} sees to it{_because(reason)}"
        return _note(session, event, "acknowledged", words, actor, at)

    return _each(event_ids, _change, database=database, once=once, now=now)


def reopen(
    event_ids: Sequence[int],
    *,
    actor: str,
    database: Database,
    reason: str = "",
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """Have events decided anew that failed, or that a person resolved within a day: ``reopened``,
    ``already`` when they are new, or why not.
    """
    each.check_reason(reason, least=0)

    def _change(session: Session, event: CloudWatchEvent, at: datetime) -> str:
        since = at - _REOPENED_WITHIN
        if not changing.reopen(session=session, event_id=event.id, closed_since=since):
            return _reopened_already(session, event)
        # It may be asked about anew; an event waits for one answer at a time.
        advice.forget_consultation(session=session, event_id=event.id)
        notices.of_event(session=session, event_id=event.id, state="reopened", now=at)
        words = f"{actor} has opened it again; it is decided anew{_because(reason)}"
        return _note(session, event, "reopened", words, actor, at)

    return _each(event_ids, _change, database=database, once=once, now=now)


def take_back(
    event_ids: Sequence[int],
    *,
    reason: str,
    actor: str,
    database: Database,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """Delete events that are over: ``deleted``, ``already``, or why not.

    They are in no list and no figure any more; their rows and logs stay and can be given back.
    """
    each.check_reason(reason)

    def _change(session: Session, event: CloudWatchEvent, at: datetime) -> str:
        if event.deleted_at is not None:
            return "already"
        if not changing.take_back(session=session, event_id=event.id, actor=actor, now=at):
            raise Conflict(
                f"Event {event.id} is {event.status}; only what is over can be deleted.",
                remedy="Close it first.",
            )
        words = f"{actor} has deleted it: {reason}"
        return _note(session, event, "deleted", words, actor, at)

    return _each(event_ids, _change, database=database, once=once, now=now)


def give_back(
    event_ids: Sequence[int],
    *,
    actor: str,
    database: Database,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """Restore events that were deleted: ``restored``, or ``already``."""

    def _change(session: Session, event: CloudWatchEvent, at: datetime) -> str:
        if not changing.give_back(session=session, event_id=event.id):
            return "already"
        return _note(session, event, "restored", f"{actor} has restored it.", actor, at)

    return _each(event_ids, _change, database=database, once=once, now=now)


@repeat_on_contention
def _each(
    event_ids: Sequence[int],
    change: _Change,
    *,
    database: Database,
    once: Once | None,
    now: clock.Clock,
) -> tuple[Became, ...]:
    """Change each event, or find what the same request was answered before."""
    each.check(event_ids, field="event_ids", most=MOST_EVENTS)
    with database.transaction() as session:
        at = now()
        before = requests.begin(session=session, once=once, now=at)
        if before is not None:
            return each.answered(before)

        def _work(event_id: int) -> Became:
            event = events.get(session=session, event_id=event_id)
            return Became(id=event_id, became=change(session, event, at))

        found = each.of(event_ids, session=session, work=_work)
        requests.note(session=session, once=once, answer=each.answer(found), now=at)
    return found


def _withdraw_all(session: Session, event_id: int, words: str, now: datetime) -> None:
    """Take back all that waits for an event that has just been ended.

    First the consultation, which whoever proposes something holds until that is committed; then
    what is planned, which whoever sends it out takes by an UPDATE of its own.
    """
    asked = advice.consultation_of(session=session, event_id=event_id)
    if asked is not None:
        advice.finish(session=session, consultation_id=asked.id, now=now)
    for execution in executions.under_way(session=session, event_id=event_id):
        approving.withdraw(
            session=session, execution=execution, verdict="cancelled", words=words, now=now
        )
    out = executions.under_way(session=session, event_id=event_id, states=ACTIVE_STATES)
    if out:
        raise Conflict(
            f"For event {event_id} execution {out[0].id} is out on {out[0].server_id}.",
            remedy="Wait for its end, at the latest at its limit; then close the event.",
        )


def _closed_already(session: Session, event: CloudWatchEvent) -> str:
    session.refresh(event)
    _require_shown(event)
    if event.status in (EventStatus.RESOLVED, EventStatus.FAILED):
        return "already"
    raise Conflict(f"Event {event.id} has just been changed by another.", remedy="Look again.")


def _reopened_already(session: Session, event: CloudWatchEvent) -> str:
    session.refresh(event)
    _require_shown(event)
    if event.status is EventStatus.NEW:
        return "already"
    if event.status is EventStatus.PROCESSING:
        raise Conflict(f"Event {event.id} is being handled; it is open.")
    raise Conflict(
        f"Event {event.id} was resolved ({event.outcome}).",
        remedy="Only what failed, or what a person closed within a day, is opened again.",
    )


def _require_shown(event: CloudWatchEvent) -> None:
    if event.deleted_at is not None:
        raise Conflict(
            f"Event {event.id} was deleted by {event.deleted_by}.", remedy="Restore it first."
        )


def _note(
    session: Session, event: CloudWatchEvent, what: str, words: str, actor: str, now: datetime
) -> str:
    """Both for the reader of the event and in the audit; `what` is what became of it."""
    decisions.record(
        session=session, subject="by_hand", verdict=what, words=words, event_id=event.id, now=now
    )
    audit.note(
        session=session,
        actor=actor,
        action=f"event_{what}",
        subject=f"event {event.id}",
        detail=f"It was {event.status.value} ({event.outcome or 'no outcome'}). {words}",
        now=now,
    )
    return what


def _because(reason: str) -> str:
    return f": {reason}" if reason else "."
