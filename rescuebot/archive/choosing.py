"""Which items are old and over, so that nobody will touch them again.

The archive sees the tables of all nouns, as the migrations do: it asks of a row only whether
something is still under way with it. Invariant: what is chosen takes with it nothing that is not.

A redelivered message is recognised by the `message_id` of its report, which goes with the event.
That loses nothing: SQS keeps a message for 14 days at most, so one whose report was taken in more
than 15 days ago cannot come again, and `cutoff` never comes nearer than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from rescuebot.advice.model import (
    Advice,
    AdviceState,
    Consultation,
    ConsultationState,
    Draft,
    DraftState,
)
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.archive.model import ArchivedItem, ItemKind
from rescuebot.archive.rows import ORDER, Item, table_of
from rescuebot.events.model import CloudWatchEvent, EventOccurrence, EventStatus
from rescuebot.executions.model import ENDED_STATES, Execution
from rescuebot.guard.model import Decision
from rescuebot.settings import Settings

_REDELIVERED_FOR = timedelta(days=15)
_MOST_COUNTED = 100_000

_OVER = (EventStatus.RESOLVED, EventStatus.FAILED)
_OPEN_APPROVALS = (ApprovalState.PENDING, ApprovalState.APPROVED)
_OPEN_DRAFTS = (DraftState.PROPOSED, DraftState.PROMOTED)
_OPEN_ADVICE = (AdviceState.GATHERING, AdviceState.ASKING)
# From a row to what it hangs on, the nearest first.
_UPWARDS = (
    ("log_id", "saltstack_event_log"),
    ("approval_id", "approval"),
    ("cloudwatch_event_id", "cloudwatch_event"),
    ("execution_id", "execution"),
)


@dataclass(frozen=True, slots=True)
class Old:
    """An item that may go, and the moment that it is of."""

    item: Item
    at: datetime


def cutoff(*, settings: Settings, now: datetime) -> datetime:
    """What is older may go: as the settings say, but not what dedup or the guard looks back on."""
    days = max(settings.archive.after_days, settings.guard.chronic_days)
    return now - max(timedelta(days=days), _REDELIVERED_FOR)


def choose(*, session: Session, before: datetime, limit: int) -> list[Old]:
    """The oldest items that may go: events first, then what hangs on no event."""
    kept = _newest(session)
    found: list[Old] = []
    for kind in ItemKind:
        rows = session.execute(_old(kind, before, kept).limit(limit - len(found)))
        found += [Old(Item(kind, row.id), row.at) for row in rows]
        if len(found) >= limit:
            break
    return found


def count(*, session: Session, before: datetime) -> dict[ItemKind, int]:
    """How many items of each kind may go; what is beyond 100,000 is not counted."""
    kept = _newest(session)
    counts = {}
    for kind in ItemKind:
        some = _old(kind, before, kept).order_by(None).limit(_MOST_COUNTED).subquery()
        counts[kind] = session.scalar(select(func.count()).select_from(some)) or 0
    return counts


def _old(kind: ItemKind, before: datetime, kept: set[Item]) -> Select[int, datetime]:
    select_of = {
        ItemKind.EVENT: _old_events,
        ItemKind.EXECUTION: _old_executions,
        ItemKind.DECISION: _old_decisions,
    }
    query = select_of[kind](before)
    key = table_of(kind).c.id
    restored = _there_is(
        ArchivedItem.kind == kind,
        ArchivedItem.item_id == key,
        ArchivedItem.restored_at >= before,
    )
    return query.where(
        key.not_in([item.id for item in kept if item.kind == kind]), ~restored
    ).order_by("at", key)


def _old_events(before: datetime) -> Select[int, datetime]:
    event = CloudWatchEvent
    return select(event.id, event.event_time.label("at")).where(
        event.event_time < before,
        event.resolved_at < before,
        event.status.in_(_OVER),
        # The sender's clock may be wrong; ours says when a report was taken in.
        event.received_at < before,
        ~_is_there(EventOccurrence.cloudwatch_event_id, EventOccurrence.received_at >= before),
        ~_is_there(Execution.cloudwatch_event_id, ~_ended(before)),
        ~_is_there(Approval.cloudwatch_event_id, Approval.state.in_(_OPEN_APPROVALS)),
        ~_is_there(Consultation.cloudwatch_event_id, Consultation.state != ConsultationState.DONE),
        # A promoted draft's event is the regression case of a runbook.
        ~_is_there(Draft.cloudwatch_event_id, Draft.state.in_(_OPEN_DRAFTS)),
        ~_is_there(Advice.cloudwatch_event_id, _in_use(before)),
        ~_gives_evidence_elsewhere(),
    )


def _old_executions(before: datetime) -> Select[int, datetime]:
    """Those that a person ran by hand."""
    run = Execution
    return select(run.id, run.planned_at.label("at")).where(
        run.cloudwatch_event_id.is_(None),
        _ended(before),
        ~_there_is(Advice.evidence_execution_id == run.id),
        ~_there_is(Draft.execution_id == run.id),
        ~_there_is(Approval.execution_id == run.id, Approval.state.in_(_OPEN_APPROVALS)),
    )


def _old_decisions(before: datetime) -> Select[int, datetime]:
    """Those that are of no event and no execution."""
    return select(Decision.id, Decision.decided_at.label("at")).where(
        Decision.cloudwatch_event_id.is_(None),
        Decision.execution_id.is_(None),
        Decision.decided_at < before,
    )


def _is_there(column: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return _there_is(column == CloudWatchEvent.id, *conditions)


def _there_is(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """EXISTS in a form that MySQL looks up row by row.

    Of a plain EXISTS it may first make a temporary table of all rows of today, millions of them.
    """
    return select(literal(1)).where(*conditions).limit(1).scalar_subquery().is_not(None)


def _ended(before: datetime) -> ColumnElement[bool]:
    return (
        Execution.state.in_(ENDED_STATES)
        & (Execution.planned_at < before)
        & (Execution.finished_at.is_(None) | (Execution.finished_at < before))
    )


def _in_use(before: datetime) -> ColumnElement[bool]:
    """Advice goes with the event that asked first, so that event is the last of them to go."""
    asked, drafted = aliased(Consultation), aliased(Draft)
    return or_(
        Advice.state.in_(_OPEN_ADVICE),
        Advice.live_hash.is_not(None)
        & (Advice.expires_at.is_(None) | (Advice.expires_at >= before)),
        _there_is(
            asked.advice_id == Advice.id, asked.cloudwatch_event_id != Advice.cloudwatch_event_id
        ),
        _there_is(
            drafted.advice_id == Advice.id,
            drafted.cloudwatch_event_id != Advice.cloudwatch_event_id,
        ),
    )


def _gives_evidence_elsewhere() -> ColumnElement[bool]:
    """A run of this event is the evidence in an advice that another event asked for first."""
    return _there_is(
        Execution.cloudwatch_event_id == CloudWatchEvent.id,
        Advice.evidence_execution_id == Execution.id,
        Advice.cloudwatch_event_id != CloudWatchEvent.id,
    )


def _newest(session: Session) -> set[Item]:
    """The items that hold the highest id of any table.

    They stay, because a database may give the id of a deleted last row to a new one; and then
    the old row could not come back.
    """
    kept = set()
    for name in ORDER:
        last = select(func.max(table_of(name).c.id)).scalar_subquery()
        row = _keys(session, name, last)
        if row is not None:
            kept.add(_item_of(session, name, row))
    return kept


def _keys(session: Session, name: str, row_id: Any) -> dict[str, Any] | None:
    table = table_of(name)
    wanted = [table.c.id, *(table.c[key] for key, _ in _UPWARDS if key in table.c)]
    row = session.execute(select(*wanted).where(table.c.id == row_id)).one_or_none()
    return None if row is None else dict(row._mapping)


def _item_of(session: Session, name: str, row: dict[str, Any]) -> Item:
    for key, parent in _UPWARDS:
        if row.get(key) is not None:
            above = _keys(session, parent, row[key])
            assert above is not None, "a foreign key points to a row"
            return _item_of(session, parent, above)
    kinds = {table_of(kind).name: kind for kind in ItemKind}
    return Item(kinds[name], row["id"])
