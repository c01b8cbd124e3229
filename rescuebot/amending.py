"""A person changes what waits for approval: judged like a runbook, pinned anew, asked about anew.

Invariant: what is pinned, what the approval is bound to, what was before and who changed it are one
transaction, which happens only while nobody has answered what the editor saw; so an answer is
always for one text, and that text names everybody who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import approving, clock, scripts
from rescuebot.advice import drafts
from rescuebot.advice.validate import assess
from rescuebot.approvals import amendments
from rescuebot.approvals import service as approvals
from rescuebot.approvals import telling
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.commands.validation import unprintable
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict, Invalid, Problem
from rescuebot.executions import service, waiting
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import edit_of, edited, fix_of
from rescuebot.runbooks import validation
from rescuebot.runbooks.model import SolutionKind

MOST_EDITS = 20
_MOST_ARGUMENTS = 10
_LONGEST_VALUE = 1000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a person wants to run instead; arguments that are not given stay as they are."""

    solution: str
    arguments: Mapping[str, Any] | None = None


@repeat_on_contention
def amend(
    approval_id: int,
    *,
    wanted: Wanted,
    digest: str | None,
    actor: str,
    database: Database,
    comment: str = "",
    now: clock.Clock = clock.now,
) -> int:
    """Let the approval be about what the person wants; returns the execution's id.

    `digest` is what the editor saw, whole or its first letters. Raises Invalid for what could not
    be run, Conflict when it waits no more or is about something else by now. From then on the
    editor is one of those who propose it, the minion is asked for a preview, and a draft of the
    model that it was counts as unused.
    """
    with database.reading() as session:
        problems = problems_of(session=session, approval_id=approval_id, wanted=wanted)
    with database.transaction() as session:
        approval = approvals.get(session=session, approval_id=approval_id)
        approving.check_answer(approval, digest, comment)
        execution = _require_waiting(session, approval, now())
        if problems:
            raise Invalid(problems, what="The change is not valid")
        _exchange(session, approval, execution, wanted, actor, comment, now())
    return approval.execution_id


def problems_of(*, session: Session, approval_id: int, wanted: Wanted) -> list[Problem]:
    """Everything that keeps this from being run in place of what waits.

    What a model drafted stays under the rules for drafts, whoever has changed a word of it.
    """
    approval = approvals.get(session=session, approval_id=approval_id)
    execution = service.get(session=session, execution_id=approval.execution_id)
    fix = _fix(execution)
    arguments = _arguments(fix) if wanted.arguments is None else dict(wanted.arguments)
    found = _solution_problems(fix, wanted.solution)
    if wanted.arguments is not None:
        found += _argument_problems(fix["kind"], arguments)
    if found:
        return found
    if (wanted.solution, arguments) == (fix["solution"], _arguments(fix)):
        return [Problem("solution", "is what waits already; change something")]
    if drafts.of_execution(session=session, execution_id=execution.id) is not None:
        return _draft_problems(fix["kind"], wanted.solution, arguments, execution.service_type)
    return []


def solution_of(*, session: Session, approval_id: int) -> str:
    """The solution that waits now."""
    approval = approvals.get(session=session, approval_id=approval_id)
    execution = service.get(session=session, execution_id=approval.execution_id)
    return str(_fix(execution)["solution"])


def _require_waiting(session: Session, approval: Approval, now: datetime) -> Execution:
    if approval.state is not ApprovalState.PENDING or approval.expires_at <= now:
        raise approvals.too_late(approval=approval, now=now)
    execution = service.get(session=session, execution_id=approval.execution_id)
    edit = edit_of(execution.pinned)
    if edit is not None and len(edit.by) >= MOST_EDITS:
        raise Conflict(
            f"Approval {approval.id} has been edited {MOST_EDITS} times.",
            remedy="Reject it, and write a runbook for what is wanted.",
        )
    return execution


def _exchange(
    session: Session,
    approval: Approval,
    execution: Execution,
    wanted: Wanted,
    actor: str,
    comment: str,
    now: datetime,
) -> None:
    """Each of the two UPDATEs is guarded by what was read; if one fails, nothing has happened."""
    before = amendments.first(session=session, approval_id=approval.id)
    name = execution.solution_name if before is None else before.old_name
    old_digest, old_name, old_pinned = approval.digest, execution.solution_name, execution.pinned
    fix = _fix(execution)
    pinned = edited(
        execution.pinned,
        solution=wanted.solution,
        arguments=_arguments(fix) if wanted.arguments is None else dict(wanted.arguments),
        by=actor[:100],
        runbook_id=execution.runbook_id,
    )
    new_digest = approvals.amend(
        session=session, approval=approval, pinned_sha256=pinned.sha256, now=now
    )
    if not waiting.edit(
        session=session,
        execution=execution,
        text=pinned.text,
        sha256=pinned.sha256,
        # The name is shown to the model as well, so it names no person.
        solution_name=f"{name[:200]}, edited by hand",
    ):
        raise Conflict(f"Execution {execution.id} waits for no approval any more.")
    edit = edit_of(pinned.text)
    assert edit is not None, "it was just edited"
    amendments.keep(
        session=session,
        approval_id=approval.id,
        number=len(edit.by),
        amended_by=actor,
        comment=comment,
        old_digest=old_digest,
        new_digest=new_digest,
        old_name=old_name,
        old_pinned=old_pinned,
        now=now,
    )
    drafts.note_verdict(
        session=session, execution_id=execution.id, verdict="edited", actor=actor, now=now
    )
    telling.tell(
        session=session,
        approval=approval,
        execution=execution,
        state="amended",
        edits=len(edit.by),
        now=now,
    )
    approving.note(
        session=session,
        approval=approval,
        verdict="amended",
        words=f"{actor} has edited it (digest {old_digest[:12]} is now {new_digest[:12]})",
        detail=f"digest {old_digest} is now {new_digest}",
        actor=actor,
        comment=comment,
        now=now,
    )


def _fix(execution: Execution) -> dict[str, Any]:
    fix = fix_of(execution.pinned)
    if fix is None:
        raise Conflict(f"Execution {execution.id} only checks: there is nothing to edit.")
    return fix


def _arguments(fix: Mapping[str, Any]) -> dict[str, Any]:
    return dict(fix.get("arguments") or {})


def _solution_problems(fix: Mapping[str, Any], solution: str) -> list[Problem]:
    """What a runbook of that kind has to pass, too."""
    kind = fix["kind"]
    if kind == SolutionKind.STATE and solution != fix["solution"]:
        words = "must stay the state that was proposed; its arguments can be changed"
        return [Problem("solution", words)]
    found = validation.solution_problems(kind=kind, script=solution)
    return [Problem("solution", problem.message) for problem in found]


def _argument_problems(kind: str, arguments: Mapping[str, Any]) -> list[Problem]:
    if kind == SolutionKind.SLS:
        words = "must be empty: state data takes none, write the values into it"
        return [Problem("arguments", words)] if arguments else []
    problems = []
    if len(arguments) > _MOST_ARGUMENTS:
        problems.append(Problem("arguments", f"must be at most {_MOST_ARGUMENTS}"))
    for name, value in arguments.items():
        if not _NAME.fullmatch(name):
            words = f"{scripts.shown(name, 40)!r} must be small letters, digits and underscores"
            problems.append(Problem("arguments", f"{words}, at most 40"))
        elif not _is_plain(value):
            words = f"must be a number, true, false or one line of at most {_LONGEST_VALUE}"
            problems.append(Problem("arguments", f"{name} {words}"))
    return problems


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_VALUE and not any(unprintable(letter) for letter in value)
    return isinstance(value, bool | int | float) and value == value and abs(value) < 1e15


def _draft_problems(
    kind: str, solution: str, arguments: Mapping[str, Any], service_type: str
) -> list[Problem]:
    if arguments:
        return [Problem("arguments", "must be empty: a draft of the model takes none")]
    refusals = assess(kind=kind, text=solution, service=service_type).refusals
    words = "a model drafted this, so what may not be drafted may not be added"
    return [
        Problem("solution", f"{scripts.shown(str(refusal), 300)}; {words}")
        for refusal in refusals[:MOST_EDITS]
    ]
