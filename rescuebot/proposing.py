"""From an answer to a question for people: validated, pinned, held until somebody approves it.

Invariant: an answer that the validator refuses leads to no execution at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import approving, consulting
from rescuebot.advice import drafts
from rescuebot.advice import service as advice
from rescuebot.advice.model import Advice, AdviceState
from rescuebot.advice.question import (
    CommandOnOffer,
    EventFacts,
    Evidence,
    EvidenceKind,
    Question,
    RunbookOnOffer,
)
from rescuebot.advice.validate import Validated, solution_hash, validate
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.model import SolutionKind
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

_STEPS = (Step.CHECK, Step.FIX, Step.VERIFY)


def propose(
    *,
    session: Session,
    event_id: int,
    answered: Advice,
    settings: Settings,
    now: datetime,
) -> None:
    """Ask people about what the model proposes for an event, or end the event and say why."""
    event = events.get(session=session, event_id=event_id)
    if event.status is not EventStatus.PROCESSING:
        return
    if answered.state is not AdviceState.ANSWERED:
        words = f"No advice: {answered.error or answered.error_code} A person must look."
        consulting.end_event(session=session, event_id=event_id, words=words, now=now)
        return
    checked = _checked(session, event, answered)
    minion_id = servers.minion_of(session=session, server_id=event.server_id)
    action = checked.action or {}
    if not checked.accepted or action.get("kind") == "no_safe_action" or minion_id is None:
        words = _why_not(checked, action, minion_id)
        consulting.end_event(session=session, event_id=event_id, words=words, now=now)
        return
    _put(session, event, answered, checked, minion_id, settings, now)


def _checked(session: Session, event: CloudWatchEvent, answered: Advice) -> Validated:
    service = event.service_type
    bad = drafts.rejected(session=session, service_type=service)
    return validate(
        json.loads(answered.answer or "{}"),
        question=_as_asked(session, answered),
        runbooks={
            row.id: row.service_type
            for row in consulting.usable_runbooks(session=session, service_type=service)
        },
        commands={
            row.id: row.target_service
            for row in commands.list_(session=session, service=service, limit=100)
        },
        rejected={draft.solution_hash for draft in bad},
    )


def _as_asked(session: Session, answered: Advice) -> Question:
    """The question as it left the house: an answer can only cite what its model has seen."""
    asked = json.loads(advice.get(session=session, advice_id=answered.id).question or "{}")
    return Question(
        event=EventFacts(**asked["event"]),
        evidence=tuple(
            Evidence(kind=EvidenceKind(item["kind"]), title=item["title"], text=item["text"])
            for item in asked["evidence"]
        ),
        runbooks=tuple(RunbookOnOffer(**item, version=0) for item in asked["runbooks"]),
        commands=tuple(CommandOnOffer(**item, version=0) for item in asked["commands"]),
    )


def _why_not(checked: Validated, action: Mapping[str, Any], minion_id: str | None) -> str:
    if not checked.accepted:
        told = "; ".join(str(problem) for problem in checked.problems[:5])
        return f"The model's answer was refused ({told}). A person must look."
    if minion_id is None:
        return "The server has no minion any more."
    look_at = "; ".join(action["look_at"][:10])
    return f"The model knows no safe action. {checked.diagnosis} Look at: {look_at}"[:4000]


def _put(
    session: Session,
    event: CloudWatchEvent,
    answered: Advice,
    checked: Validated,
    minion_id: str,
    settings: Settings,
    now: datetime,
) -> None:
    action = checked.action or {}
    fix = _fix_of(session, action, answered)
    check = commands.for_service(
        session=session, service_type=event.service_type, command_type=CommandType.STATUS
    )
    execution = executions.plan(
        session=session,
        pinned=pin(service=event.service_type, steps=_STEPS, check=check, fix=fix),
        fix=fix,
        name=fix.name,
        service_type=event.service_type,
        server_id=event.server_id,
        minion_id=minion_id,
        requested_by=_model(answered),
        settings=settings.execution,
        event_id=event.id,
        approval_owed=True,
        now=now,
    )
    why = f"{checked.diagnosis} {checked.words}"[:4000]
    approving.ask(
        session=session,
        execution=execution,
        why=why,
        settings=settings.guard,
        # Who wrote a runbook has written what would run, also when it was the model that chose it.
        proposed_by=None if action["kind"] == "existing_runbook" else _model(answered),
        now=now,
    )
    if action["kind"] == "draft_runbook":
        _keep_draft(session, event, answered, checked, execution, now)
    events.hold(session=session, event_id=event.id)
    consulting.note(session=session, event_id=event.id, verdict="proposed", words=why, now=now)


def _fix_of(session: Session, action: Mapping[str, Any], answered: Advice) -> Fix:
    """What would run. Arguments travel beside the script, never inside of it."""
    if action["kind"] == "existing_runbook":
        runbook = runbooks.get(session=session, which=action["runbook_id"])
        return Fix(
            kind=runbook.solution_kind,
            solution=runbook.solution_script,
            name=f"Runbook {runbook.id} '{runbook.title}', advised by {_model(answered)}",
            arguments=_arguments(action),
            runbook_id=runbook.id,
        )
    if action["kind"] == "existing_command":
        command = commands.get(session=session, which=action["command_id"])
        return Fix(
            kind=SolutionKind.SHELL,
            solution=command.command_script,
            name=f"Command {command.command_name}, advised by {_model(answered)}",
            arguments=_arguments(action),
            command_id=command.id,
        )
    return Fix(
        kind=SolutionKind(action["solution_kind"]),
        solution=action["solution"],
        name=f"Draft '{action['title']}' by {_model(answered)}",
    )


def _arguments(action: Mapping[str, Any]) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in action["arguments"]}


def _keep_draft(
    session: Session,
    event: CloudWatchEvent,
    answered: Advice,
    checked: Validated,
    execution: Execution,
    now: datetime,
) -> None:
    action = checked.action or {}
    drafts.propose(
        session=session,
        advice_id=answered.id,
        event_id=event.id,
        execution_id=execution.id,
        service_type=event.service_type,
        title=action["title"],
        solution_hash=solution_hash(action["solution_kind"], action["solution"]),
        content=json.dumps(action, ensure_ascii=False),
        risk=checked.risk.value,
        now=now,
    )


def _model(answered: Advice) -> str:
    return f"model {answered.model_id}"[:100]
