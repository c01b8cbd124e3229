"""People's answers: ask for them, take them, let what was approved go on, end what was not.

Invariant: an answer and what follows from it for the execution and its event are one transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock, plain
from rescuebot.advice import drafts
from rescuebot.approvals import previews
from rescuebot.approvals import service as approvals
from rescuebot.approvals import telling
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict, Invalid, Problem
from rescuebot.events import changing
from rescuebot.executions import ending, service, waiting
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import edit_of
from rescuebot.guard import service as decisions
from rescuebot.runbooks import standing as runbooks
from rescuebot.settings import GuardSettings

_SHORTEST_DIGEST = 8


class Obstacle(StrEnum):
    """What keeps a person from approving, beside their role."""

    ANSWERED = "answered"
    RAN_OUT = "ran_out"
    OWN_PROPOSAL = "own_proposal"
    OWN_EDIT = "own_edit"
    PREVIEW_OWED = "preview_owed"


@dataclass(frozen=True, slots=True)
class Objection:
    """The obstacle, in words, and what to do."""

    obstacle: Obstacle
    words: str
    remedy: str = ""


def ask(
    *,
    session: Session,
    execution: Execution,
    why: str,
    settings: GuardSettings,
    now: datetime,
    proposed_by: str | None = None,
) -> Approval:
    """Ask people whether an execution that is held for it may run."""
    approval = approvals.ask(
        session=session,
        execution_id=execution.id,
        event_id=execution.cloudwatch_event_id,
        pinned_sha256=execution.pinned_sha256,
        servers=[execution.server_id],
        why=why,
        proposed_by=proposed_by or _proposer(session, execution),
        expires_at=now + timedelta(minutes=settings.approval_minutes),
        now=now,
    )
    telling.tell(
        session=session, approval=approval, execution=execution, state="approval_asked", now=now
    )
    return approval


@repeat_on_contention
def approve(
    approval_id: int,
    *,
    actor: str,
    database: Database,
    settings: GuardSettings,
    digest: str | None = None,
    comment: str = "",
    now: clock.Clock = clock.now,
) -> int:
    """Allow exactly what the approval shows; returns the execution's id.

    `digest` is what the approver saw, whole or its first letters: if it has changed since, the
    answer is refused. Raises Conflict when somebody was first, it ran out, or the approver is who
    proposed it.
    """
    with database.transaction() as session:
        approval = approvals.get(session=session, approval_id=approval_id)
        check_answer(approval, digest, comment)
        found = objection(
            session=session, approval=approval, actor=actor, settings=settings, now=now()
        )
        if found is not None:
            raise Conflict(found.words, remedy=found.remedy)
        _answer(session, approval, ApprovalState.APPROVED, actor, comment, now())
        released = waiting.release(
            session=session,
            execution_id=approval.execution_id,
            was=waiting.FOR_APPROVAL,
            now=now(),
        )
        if not released:
            raise Conflict(f"Execution {approval.execution_id} waits for no approval any more.")
        _note(session, approval, "approved", actor, comment, now())
    return approval.execution_id


@repeat_on_contention
def reject(
    approval_id: int,
    *,
    actor: str,
    database: Database,
    digest: str | None = None,
    comment: str = "",
    now: clock.Clock = clock.now,
) -> int:
    """Forbid it: the execution is cancelled and its event ends as rejected."""
    with database.transaction() as session:
        approval = approvals.get(session=session, approval_id=approval_id)
        check_answer(approval, digest, comment)
        _answer(session, approval, ApprovalState.REJECTED, actor, comment, now())
        _acknowledge(session, approval.cloudwatch_event_id, actor, now())
        words = f"{actor} has rejected it" + (f": {comment}" if comment else ".")
        drafts.note_verdict(
            session=session,
            execution_id=approval.execution_id,
            verdict="disapproved",
            actor=actor,
            now=now(),
        )
        _cancel(session, approval, "disapproved", words, now())
        _note(session, approval, "rejected", actor, comment, now())
    return approval.execution_id


@repeat_on_contention
def cancel(
    execution_id: int, *, actor: str, database: Database, now: clock.Clock = clock.now
) -> None:
    """Take back what waits, whatever holds it; Conflict when it has been sent already."""
    with database.transaction() as session:
        execution = service.get(session=session, execution_id=execution_id)
        words = f"{actor} has cancelled it before it was sent."
        if not ending.cancelled(
            session=session, execution=execution, verdict="cancelled", words=words, now=now()
        ):
            raise Conflict(
                f"Execution {execution_id} waits no more: it is {execution.state}.",
                remedy="What is out ends by itself, at the latest at its limit.",
            )
        _withdraw(session, execution, now())
        _acknowledge(session, execution.cloudwatch_event_id, actor, now())
        audit.note(
            session=session,
            actor=actor,
            action="execution_cancelled",
            subject=f"execution {execution_id}",
            detail=f"{execution.solution_name} on {execution.server_id}",
            now=now(),
        )


def withdraw(
    *, session: Session, execution: Execution, verdict: str, words: str, now: datetime
) -> None:
    """Ask no more about an execution, and cancel it."""
    ending.cancelled(session=session, execution=execution, verdict=verdict, words=words, now=now)
    _withdraw(session, execution, now)


def end_recovered(*, session: Session, event_id: int, now: datetime) -> int:
    """The alarm went back to OK: what is still held for it is not needed; returns how many."""
    done = 0
    for execution in waiting.of_event(session=session, event_id=event_id):
        words = "The alarm returned to OK while this was held, so it is not run."
        done += ending.cancelled(
            session=session, execution=execution, verdict="recovered", words=words, now=now
        )
        _withdraw(session, execution, now)
    return done


@repeat_on_contention
def end_run_out(approval: Approval, *, database: Database, now: datetime) -> bool:
    """Nobody has answered, or used the answer, in time."""
    with database.transaction() as session:
        if not approvals.close(
            session=session, approval_id=approval.id, state=ApprovalState.EXPIRED
        ):
            return False
        given = approval.decided_by is not None
        words = (
            f"{approval.decided_by} approved it, but it could not start before that ran out."
            if given
            else f"Nobody has approved it by {clock.isoformat(approval.expires_at)}."
        )
        _cancel(session, approval, "expired", words, now)
        _tell_answer(session, approval, now)
    return True


def objection(
    *,
    session: Session,
    approval: Approval,
    actor: str,
    settings: GuardSettings,
    now: datetime,
) -> Objection | None:
    """Why this person may not approve it now, whatever their role; None if they may.

    Who has edited it stands in the text that would run, so no row can be taken away to hide it.
    """
    if approval.state is not ApprovalState.PENDING or approval.expires_at <= now:
        late = approvals.too_late(approval=approval, now=now)
        pending = approval.state is ApprovalState.PENDING
        return Objection(Obstacle.RAN_OUT if pending else Obstacle.ANSWERED, late.message)
    execution = service.get(session=session, execution_id=approval.execution_id)
    edit = edit_of(execution.pinned)
    if settings.four_eyes:
        remedy = "Let somebody else approve it; guard.four_eyes says whether that is needed."
        if _same_person(actor, approval.proposed_by):
            words = f"{actor} has proposed this and may not approve it."
            return Objection(Obstacle.OWN_PROPOSAL, words, remedy)
        if edit is not None and any(_same_person(actor, editor) for editor in edit.by):
            words = f"{actor} has edited this and may not approve it."
            return Objection(Obstacle.OWN_EDIT, words, remedy)
    untried = _untried(session, approval, edit is not None, now)
    if untried is not None:
        return Objection(
            Obstacle.PREVIEW_OWED,
            f"The minion has not told yet what the {untried} of approval {approval.id} would "
            "change.",
            "Wait for the preview, then approve; or reject it.",
        )
    return None


def row(approval: Approval) -> dict[str, Any]:
    """An approval as plain values, without its preview."""
    servers = json.loads(approval.servers)
    return {**plain.row(approval, without=("preview",)), "servers": servers}


def _untried(session: Session, approval: Approval, is_edited: bool, now: datetime) -> str | None:
    """What is not approved before the minion has tried it with test=True: the draft of a model.

    And the edited text of a person, unless the minion was asked often enough in vain.
    """
    if approval.previewed_at is not None:
        return None
    if drafts.of_execution(session=session, execution_id=approval.execution_id) is not None:
        return "draft"
    is_owed = is_edited and previews.may_still_come(approval=approval, now=now)
    return "edited text" if is_owed else None


def check_answer(approval: Approval, digest: str | None, comment: str) -> None:
    """Invalid, or Conflict when the digest is not the one of what waits now."""
    problems = []
    if len(comment) > 1000:
        problems.append(Problem("comment", "must be at most 1000 characters"))
    if digest is not None and len(digest) < _SHORTEST_DIGEST:
        words = f"must be at least {_SHORTEST_DIGEST} letters of the digest that you saw"
        problems.append(Problem("digest", words))
    if problems:
        raise Invalid(problems, what="The answer is not valid")
    if digest is not None and not approval.digest.startswith(digest.lower()):
        raise Conflict(
            f"Approval {approval.id} is not about what you saw: its digest is another.",
            remedy=f"salt-run rescue.approval {approval.id} shows what it is about now.",
        )


def _answer(
    session: Session,
    approval: Approval,
    state: ApprovalState,
    actor: str,
    comment: str,
    now: datetime,
) -> None:
    approvals.answer(
        session=session,
        approval_id=approval.id,
        state=state,
        digest=approval.digest,
        actor=actor,
        comment=comment,
        now=now,
    )


def _cancel(session: Session, approval: Approval, verdict: str, words: str, now: datetime) -> None:
    execution = service.get(session=session, execution_id=approval.execution_id)
    ending.cancelled(session=session, execution=execution, verdict=verdict, words=words, now=now)


def _withdraw(session: Session, execution: Execution, now: datetime) -> None:
    asked = approvals.of_executions(session=session, execution_ids=[execution.id])
    for approval in asked.values():
        if approvals.close(session=session, approval_id=approval.id, state=ApprovalState.WITHDRAWN):
            _tell_answer(session, approval, now)


def _tell_answer(session: Session, approval: Approval, now: datetime) -> None:
    execution = service.get(session=session, execution_id=approval.execution_id)
    telling.tell(
        session=session, approval=approval, execution=execution, state="approval_answered", now=now
    )


def _acknowledge(session: Session, event_id: int | None, actor: str, now: datetime) -> None:
    """Who decides about a run has seen what it is for."""
    if event_id is not None:
        changing.acknowledge(session=session, event_id=event_id, actor=actor, now=now)


def _note(
    session: Session, approval: Approval, what: str, actor: str, comment: str, now: datetime
) -> None:
    note(
        session=session,
        approval=approval,
        verdict=what,
        words=f"{actor} has {what} it (digest {approval.digest[:12]})",
        detail=f"digest {approval.digest}",
        actor=actor,
        comment=comment,
        now=now,
    )
    _tell_answer(session, approval, now)


def note(
    *,
    session: Session,
    approval: Approval,
    verdict: str,
    words: str,
    detail: str,
    actor: str,
    comment: str,
    now: datetime,
) -> None:
    """What a person did to it: for the reader of the event, and in the audit."""
    reason = f": {comment}" if comment else "."
    decisions.record(
        session=session,
        subject="approval",
        verdict=verdict,
        words=f"{words}{reason}",
        event_id=approval.cloudwatch_event_id,
        execution_id=approval.execution_id,
        now=now,
    )
    audit.note(
        session=session,
        actor=actor,
        action=f"approval_{verdict}",
        subject=f"approval {approval.id}",
        detail=f"execution {approval.execution_id}, {detail}{reason}",
        now=now,
    )


def _proposer(session: Session, execution: Execution) -> str:
    """Who wrote what would run, else who asked for it."""
    if execution.runbook_id is None:
        return execution.requested_by
    found = runbooks.standing(session=session, runbook_id=execution.runbook_id)
    return execution.requested_by if found is None else found.updated_by


def _same_person(one: str, other: str) -> bool:
    """``salt-run:kim``, ``kim`` and ``kim (import)`` are the same person by different doors."""
    return _person(one) == _person(other)


def _person(actor: str) -> str:
    return actor.partition(" (")[0].rpartition(":")[2].casefold()
