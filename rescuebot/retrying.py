"""What failed is run once more because a person wants it: with the same input, by the same rules.

Invariant: an execution has at most one successor, and its event is taken by a guarded UPDATE in the
transaction that plans it; what it would do is still what its runbook or command says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import approving, by_hand, clock
from rescuebot.advice import drafts
from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict
from rescuebot.events import changing
from rescuebot.events import service as events
from rescuebot.executions import attempts, ending
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.executions.pin import edit_of, fix_of
from rescuebot.notices import service as notices
from rescuebot.requests import each
from rescuebot.requests import service as requests
from rescuebot.requests.each import Became
from rescuebot.requests.service import Once
from rescuebot.runbooks import standing as runbooks
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

MOST_EXECUTIONS = 100
_RETRIED = (
    ExecutionState.FAILED,
    ExecutionState.TIMEOUT,
    ExecutionState.LOST,
    ExecutionState.CANCELLED,
)
_NEW_WORK = "Open its event again: what fits it now is chosen then."


@repeat_on_contention
def retry(
    execution_ids: Sequence[int],
    *,
    actor: str,
    database: Database,
    settings: Settings,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> tuple[Became, ...]:
    """Run again what failed: ``planned``, or ``held`` for an approval, and which execution that
    is; or why not (`conflict`, `halted`, `not_found`).

    The pinned work is the same; the guard is asked at its start as always.
    """
    each.check(execution_ids, field="execution_ids", most=MOST_EXECUTIONS)
    with database.transaction() as session:
        at = now()
        before = requests.begin(session=session, once=once, now=at)
        if before is not None:
            return each.answered(before)

        def _work(execution_id: int) -> Became:
            return _once_more(session, execution_id, actor, settings, at)

        found = each.of(execution_ids, session=session, work=_work)
        requests.note(session=session, once=once, answer=each.answer(found), now=at)
    return found


def _once_more(
    session: Session, execution_id: int, actor: str, settings: Settings, now: datetime
) -> Became:
    execution = executions.get(session=session, execution_id=execution_id)
    _require_last_and_failed(session, execution)
    why = _require_same_work(session, execution)
    minion_id = _require_minion(session, execution)
    _take_event(session, execution, actor, now)
    following = attempts.once_more(
        session=session,
        execution=execution,
        minion_id=minion_id,
        requested_by=actor,
        approval_owed=why is not None,
        now=now,
    )
    _note(session, execution, following, actor, now)
    if why is not None:
        _ask(session, following, why, settings, now)
    return Became(id=execution_id, became=following.state.value, made=following.id)


def _require_last_and_failed(session: Session, execution: Execution) -> None:
    if execution.state not in _RETRIED:
        raise Conflict(
            f"Execution {execution.id} is {execution.state}.",
            remedy="Only what failed, timed out, was lost or was cancelled is run again.",
        )
    later = attempts.successor(session=session, execution=execution)
    if later is not None:
        raise Conflict(
            f"Execution {later} came after execution {execution.id}.",
            remedy="Look at that one first: salt-run rescue.executions lists the latest.",
        )


def _require_same_work(session: Session, execution: Execution) -> str | None:
    """Why a person has to approve it, None if nobody has to; Conflict if it is not wanted as it is
    any more.
    """
    if drafts.of_execution(session=session, execution_id=execution.id) is not None:
        raise Conflict(
            f"Execution {execution.id} ran a draft of the model that was turned down or failed.",
            remedy=_NEW_WORK,
        )
    if (edit := edit_of(execution.pinned)) is not None:
        raise Conflict(
            f"Execution {execution.id} ran what {edit.by[-1]} had written for that once.",
            remedy=_NEW_WORK,
        )
    asks = _runbook_asks(session, execution)
    _require_same_command(session, execution)
    if asks:
        return f"{execution.solution_name} is in mode ask now: it waits until a person approves it."
    if execution.approval_owed:
        return f"Execution {execution.id} owed an approval, so to run it again owes one, too."
    return None


def _runbook_asks(session: Session, execution: Execution) -> bool:
    if execution.runbook_id is None:
        return False
    found = runbooks.standing(session=session, runbook_id=execution.runbook_id)
    name = f"Runbook {execution.runbook_id}"
    if found is None or not found.usable:
        version = "" if found is None else f" (version {found.version})"
        raise Conflict(
            f"{name}{version} has been deleted, disabled or put into shadow mode since.",
            remedy=_NEW_WORK,
        )
    fix = fix_of(execution.pinned)
    if fix is None or (fix["kind"], fix["solution"]) != (found.kind.value, found.solution):
        raise Conflict(
            f"{name} has been changed by {found.updated_by} since; version {found.version} is "
            f"another solution than the one that execution {execution.id} ran.",
            remedy=_NEW_WORK,
        )
    return found.asks


def _require_same_command(session: Session, execution: Execution) -> None:
    if execution.command_id is None:
        return
    command = commands.get(session=session, which=execution.command_id)
    fix = fix_of(execution.pinned)
    if command.deleted_at is not None:
        raise Conflict(f"Command {command.command_name} has been deleted since.")
    if fix is None or fix["solution"] != command.command_script:
        raise Conflict(
            f"Command {command.command_name} has been changed since; version {command.version} is "
            f"another script than the one that execution {execution.id} ran.",
            remedy="Run the command itself.",
        )


def _require_minion(session: Session, execution: Execution) -> str:
    """The minion that runs on the server now; Halted where nothing may start."""
    minion_id = servers.minion_of(session=session, server_id=execution.server_id)
    if minion_id is None:
        raise Conflict(
            f"Server {execution.server_id} has no minion any more.",
            remedy="salt-run rescue.servers lists those that have one.",
        )
    by_hand.refuse_if_halted(
        session=session,
        service=execution.service_type,
        server_id=execution.server_id,
        minion_id=minion_id,
    )
    return minion_id


def _take_event(session: Session, execution: Execution, actor: str, now: datetime) -> None:
    """The event that failed is being handled again, so the end of this run ends it again."""
    event_id = execution.cloudwatch_event_id
    if event_id is None:
        return
    if not changing.try_again(session=session, event_id=event_id, actor=actor, now=now):
        event = events.get(session=session, event_id=event_id)
        gone = "was deleted" if event.deleted_at is not None else f"is {event.status}"
        raise Conflict(
            f"Event {event_id} {gone}; only for one that failed a run is tried again.",
            remedy=f"salt-run rescue.event {event_id} tells what became of it.",
        )


def _ask(
    session: Session, execution: Execution, why: str, settings: Settings, now: datetime
) -> None:
    approving.ask(session=session, execution=execution, why=why, settings=settings.guard, now=now)
    if execution.cloudwatch_event_id is not None:
        events.hold(session=session, event_id=execution.cloudwatch_event_id)
    ending.decide(
        session, execution, "guard", "approval", f"{why} See: salt-run rescue.approvals", now
    )


def _note(
    session: Session, execution: Execution, following: Execution, actor: str, now: datetime
) -> None:
    words = f"{actor} runs execution {execution.id} again: that is execution {following.id}."
    ending.decide(session, following, "retry", "by_hand", words, now)
    notices.of_event(
        session=session,
        event_id=execution.cloudwatch_event_id,
        state="retrying",
        number=following.id,
        now=now,
    )
    audit.note(
        session=session,
        actor=actor,
        action="execution_retried",
        subject=f"execution {execution.id}",
        detail=f"{execution.solution_name} on {execution.server_id}. {words}",
        now=now,
    )
