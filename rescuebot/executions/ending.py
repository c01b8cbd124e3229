"""How executions end, and with them their events: state, log rows, outcome and words together.

Every function takes an open transaction, and returns False when somebody else was first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.advice import drafts
from rescuebot.events import service as events
from rescuebot.events.model import EventStatus, Outcome
from rescuebot.executions import attempts, results, service, summary
from rescuebot.executions.model import (
    ACTIVE_STATES,
    WAITING_STATES,
    Execution,
    ExecutionState,
    LogStatus,
    Step,
)
from rescuebot.executions.pin import command_of
from rescuebot.executions.returns import STATE_OF, Returned, ReturnedStep
from rescuebot.executions.summary import Summary
from rescuebot.guard import service as decisions
from rescuebot.notices import service as notices

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
    "offline": (EventStatus.FAILED, Outcome.LOST),
    "disapproved": (EventStatus.FAILED, Outcome.REJECTED),
    "expired": (EventStatus.FAILED, Outcome.REJECTED),
    "cancelled": (EventStatus.FAILED, Outcome.REJECTED),
    "tampered": (EventStatus.FAILED, Outcome.REJECTED),
    "failed_preview": (EventStatus.FAILED, Outcome.REJECTED),
    "recovered": (EventStatus.RESOLVED, Outcome.RECOVERED),
}

# A person has said so, and need not be called for it.
_KNOWN_TO_PEOPLE = {"disapproved", "cancelled"}

# After these another attempt may help; each begins with its own check, so none fixes what is up.
_RETRIED = {"changed_not_fixed", "failed", "timeout", "interrupted", "unreadable", "lost"}


def by_result(*, session: Session, execution: Execution, result: Returned, now: datetime) -> bool:
    """The minion told how it went."""
    state = STATE_OF[result.verdict]
    told = _summary(execution, result)
    if not _end(session, execution, state, result.verdict, result.message, now, came_to=told):
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


def offline(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The minion was waited for as long as settings say, and never fetched its work."""
    words = f"Minion {execution.minion_id} has not fetched its work all this time: it is away."
    unfetched = (ExecutionState.DISPATCHED,)
    return _end(session, execution, ExecutionState.LOST, "offline", words, now, unfetched)


def killed(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The run went on past its limit and was ended on the minion from outside."""
    words = f"The run went on past its limit of {execution.limit_seconds} s and was killed."
    return _end(session, execution, ExecutionState.TIMEOUT, "timeout", words, now)


def cancelled(
    *, session: Session, execution: Execution, verdict: str, words: str, now: datetime
) -> bool:
    """It is not run at all: disapproved, expired, cancelled, tampered or recovered."""
    state = ExecutionState.CANCELLED
    return _end(session, execution, state, verdict, words, now, WAITING_STATES)


def _end(
    session: Session,
    execution: Execution,
    state: ExecutionState,
    verdict: str,
    message: str,
    now: datetime,
    was: Sequence[ExecutionState] = (*WAITING_STATES, *ACTIVE_STATES),
    came_to: Summary | None = None,
) -> bool:
    ended = service.end(
        session=session,
        execution=execution,
        state=state,
        verdict=verdict,
        message=message,
        now=now,
        was=was,
        summary=came_to,
    )
    if ended and execution.approval_owed:
        drafts.note_verdict(
            session=session,
            execution_id=execution.id,
            verdict=verdict,
            actor=execution.minion_id,
            now=now,
        )
    if ended and execution.cloudwatch_event_id is not None:
        message = message or f"The minion says: {verdict}."
        if verdict in _RETRIED and execution.attempt < execution.attempts:
            _try_again(session, execution, message, now)
        else:
            _end_event(session, execution, verdict, message, now)
    return ended


def _try_again(session: Session, execution: Execution, message: str, now: datetime) -> None:
    following = attempts.again(session=session, execution=execution, now=now)
    pause = (following.not_before - now).total_seconds()
    words = (
        f"Attempt {execution.attempt} of {execution.attempts} did not help: {message} "
        f"The next begins in {pause:.0f} s."
    )
    decide(session, execution, "retry", "again", words, now)
    notices.of_event(
        session=session,
        event_id=execution.cloudwatch_event_id,
        state="retrying",
        number=following.id,
        now=now,
    )


def _end_event(
    session: Session, execution: Execution, verdict: str, message: str, now: datetime
) -> None:
    event_id = execution.cloudwatch_event_id
    assert event_id is not None, "the caller has looked"
    status, outcome = _EVENT_END[verdict]
    if verdict == "nothing_to_fix" and _had_changed(session, execution):
        outcome, message = Outcome.FIXED, f"An earlier attempt has brought it up. {message}"
    if not events.end(session=session, event_id=event_id, status=status, outcome=outcome, now=now):
        return  # It is over: a person has closed it, and that has been said.
    decide(session, execution, "outcome", outcome.value, message, now)
    notices.end_of_event(session=session, event_id=event_id, outcome=outcome, now=now)
    if status is EventStatus.FAILED and verdict not in _KNOWN_TO_PEOPLE:
        words = f"After {execution.attempt} attempt(s) a person must look at it."
        decide(session, execution, "escalation", "escalated", words, now)


def _had_changed(session: Session, execution: Execution) -> bool:
    """Whether an attempt before this one may have done its fix."""
    before = attempts.earlier(session=session, execution=execution)
    return any(attempt.verdict in _RETRIED for attempt in before)


def decide(
    session: Session, execution: Execution, subject: str, verdict: str, words: str, now: datetime
) -> None:
    """Write down what was decided on an execution, for its event and its runbook as well."""
    decisions.record(
        session=session,
        subject=subject,
        verdict=verdict,
        words=words,
        event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        runbook_id=execution.runbook_id,
        now=now,
    )


def _summary(execution: Execution, result: Returned) -> Summary | None:
    fixes = [step.output for step in result.steps if step.step is Step.FIX]
    return summary.of(kind=execution.solution_kind, output=fixes[-1]) if fixes else None


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
        seconds=step.seconds,
    )
