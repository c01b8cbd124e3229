"""How executions end, and with them their events: state, log rows, outcome and words together.

Every function takes an open transaction, and returns False when somebody else was first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.events import service as events
from rescuebot.events.model import EventStatus, Outcome
from rescuebot.executions import results, service
from rescuebot.executions.model import Execution, ExecutionState, LogStatus, Step
from rescuebot.executions.pin import command_of
from rescuebot.executions.returns import STATE_OF, Returned, ReturnedStep
from rescuebot.guard import service as decisions

_EVENT_END: dict[str, tuple[EventStatus, Outcome]] = {
    "fixed": (EventStatus.RESOLVED, Outcome.FIXED),
    "nothing_to_fix": (EventStatus.RESOLVED, Outcome.NOTHING_TO_FIX),
    "done": (EventStatus.RESOLVED, Outcome.FIXED),
    "changed_not_fixed": (EventStatus.FAILED, Outcome.CHANGED_NOT_FIXED),
    "failed": (EventStatus.FAILED, Outcome.CHANGED_NOT_FIXED),
    "busy": (EventStatus.FAILED, Outcome.REJECTED),
    "refused": (EventStatus.FAILED, Outcome.REJECTED),
    "timeout": (EventStatus.FAILED, Outcome.TIMEOUT),
    "interrupted": (EventStatus.FAILED, Outcome.LOST),
    "no_minion": (EventStatus.FAILED, Outcome.NO_MINION),
    "no_module": (EventStatus.FAILED, Outcome.REJECTED),
    "unreadable": (EventStatus.FAILED, Outcome.LOST),
    "lost": (EventStatus.FAILED, Outcome.LOST),
}


def by_result(*, session: Session, execution: Execution, result: Returned, now: datetime) -> bool:
    """The minion told how it went."""
    state = STATE_OF[result.verdict]
    if not _end(session, execution, state, result.verdict, result.message, now):
        return False
    since = _since(session, execution)
    for step in result.steps:
        _log(session, execution, step, result, since, now)
    return True


def unreadable(*, session: Session, execution: Execution, value: Any, now: datetime) -> bool:
    """The minion returned something that is no result of ours, such as a stack trace."""
    words = "The minion's return is not a result of rescue.execute; it is kept as it came."
    if not _end(session, execution, ExecutionState.FAILED, "unreadable", words, now):
        return False
    results.record(
        session=session,
        execution=execution,
        step=Step.FIX,
        status=LogStatus.FAILED,
        retcode=None,
        output=value if isinstance(value, str) else repr(value),
        command_id=None,
        executed_at=now,
        response_seconds=(now - _since(session, execution)).total_seconds(),
    )
    return True


def without_minion(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The master has no accepted key of the minion."""
    words = f"The master has no accepted key of minion {execution.minion_id}; nothing was run."
    return _end(session, execution, ExecutionState.FAILED, "no_minion", words, now)


def without_module(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The minion still lacks our module after it was synced."""
    words = (
        f"Minion {execution.minion_id} has no module rescue, also after saltutil.sync_modules: "
        "put salt/states, which holds _modules, into the master's file_roots."
    )
    return _end(session, execution, ExecutionState.FAILED, "no_module", words, now)


def lost(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The deadline has passed and no return is on the bus or in the job cache."""
    words = (
        f"Minion {execution.minion_id} returned nothing within the limit of "
        f"{execution.limit_seconds} s and the grace after it; what it did is not known."
    )
    return _end(session, execution, ExecutionState.LOST, "lost", words, now)


def _end(
    session: Session,
    execution: Execution,
    state: ExecutionState,
    verdict: str,
    message: str,
    now: datetime,
) -> bool:
    ended = service.end(
        session=session,
        execution=execution,
        state=state,
        verdict=verdict,
        message=message,
        now=now,
    )
    if ended and execution.cloudwatch_event_id is not None:
        _end_event(session, execution, verdict, message, now)
    return ended


def _end_event(
    session: Session, execution: Execution, verdict: str, message: str, now: datetime
) -> None:
    event_id = execution.cloudwatch_event_id
    assert event_id is not None, "the caller has looked"
    status, outcome = _EVENT_END[verdict]
    events.end(session=session, event_id=event_id, status=status, outcome=outcome, now=now)
    decisions.record(
        session=session,
        subject="outcome",
        verdict=outcome.value,
        words=message or f"The minion says: {verdict}.",
        event_id=event_id,
        execution_id=execution.id,
        runbook_id=execution.runbook_id,
        now=now,
    )


def _since(session: Session, execution: Execution) -> datetime:
    """From when the response is timed: the event's arrival, or the request of a person."""
    if execution.cloudwatch_event_id is None:
        return execution.planned_at
    return events.get(session=session, event_id=execution.cloudwatch_event_id).received_at


def _log(
    session: Session,
    execution: Execution,
    step: ReturnedStep,
    result: Returned,
    since: datetime,
    now: datetime,
) -> None:
    """One log row. The minion's clock is only used for differences: it may be wrong."""
    executed_at = now - max(result.finished_at - step.started_at, now - now)
    ended_before_now = (result.finished_at - step.started_at).total_seconds() - step.seconds
    results.record(
        session=session,
        execution=execution,
        step=step.step,
        status=step.status,
        retcode=step.retcode,
        output=step.output,
        command_id=command_of(execution.pinned, step.step),
        executed_at=executed_at,
        response_seconds=(now - since).total_seconds() - max(0.0, ended_before_now),
    )
