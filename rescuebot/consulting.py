"""No runbook fits: let the event wait for the model, and gather what the model should know.

Invariant: what leaves the house goes through `redact` in one place here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.advice import drafts, states
from rescuebot.advice import service as advice
from rescuebot.advice.model import Advice
from rescuebot.advice.question import (
    CommandOnOffer,
    EventFacts,
    Evidence,
    EvidenceKind,
    Question,
    Rejected,
    RunbookOnOffer,
    without_secrets,
)
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions import facts
from rescuebot.executions import service as executions
from rescuebot.executions.model import ENDED_STATES, Execution, Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.guard import service as decisions
from rescuebot.logs import logger
from rescuebot.notices import service as notices
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

log = logger(__name__)

# What the validator holds a draft to; said beforehand, it saves answers that would be refused.
_NOTES = (
    "A draft touches only units, processes, containers and files of the event's own service; its "
    "unit is $RESCUE_UNIT in a script.",
    "Settings are changed one at a time, by name, to a number within sane bounds; no switches.",
    "Nothing is fetched, sent, installed for good, run in the background, or taken from evidence.",
)

_RECENT = 10
_REMEMBERED = timedelta(days=90)


def consult(
    *,
    session: Session,
    event: CloudWatchEvent,
    minion_id: str | None,
    settings: Settings,
    now: datetime,
) -> bool:
    """Let an event wait for advice; False when nobody is to be asked about it."""
    if settings.advice.function is None or not event.service_type or minion_id is None:
        return False
    bare = question_of(session=session, event=event, evidence=(), settings=settings)
    asked, is_first = advice.consult(
        session=session,
        event_id=event.id,
        question_hash=bare.hash,
        service_type=event.service_type,
        now=now,
    )
    if is_first:
        _gather(session, event, asked, minion_id, settings, now)
    events.hold(session=session, event_id=event.id)
    words = (
        f"No runbook fits, so the model is asked (advice {asked.id})."
        if is_first
        else f"No runbook fits; the same is asked or was answered already: advice {asked.id}."
    )
    note(session=session, event_id=event.id, verdict="consulted", words=words, now=now)
    return True


def end_recovered(*, session: Session, event_id: int, now: datetime) -> bool:
    """The alarm went back to OK while advice was waited for: nothing is needed any more."""
    waiting = advice.consultation_of(session=session, event_id=event_id)
    if waiting is None or not advice.finish(session=session, consultation_id=waiting.id, now=now):
        return False
    words = "The alarm returned to OK while advice was waited for."
    end_event(
        session=session,
        event_id=event_id,
        status=EventStatus.RESOLVED,
        outcome=Outcome.RECOVERED,
        words=words,
        now=now,
    )
    return True


def is_gathered(*, session: Session, asked: Advice, settings: Settings, now: datetime) -> bool:
    """Whether the evidence is there, or has been waited for long enough."""
    if asked.evidence_execution_id is None:
        return True
    if now - asked.begun_at >= timedelta(seconds=settings.advice.evidence_seconds):
        return True
    run = executions.get(session=session, execution_id=asked.evidence_execution_id)
    return run.state in ENDED_STATES


def whole_question(*, session: Session, asked: Advice, settings: Settings) -> Question:
    """The question with all the evidence that there is by now."""
    event = events.get(session=session, event_id=asked.cloudwatch_event_id)
    found = [*_logs(session, asked), *_past(session, event, asked)]
    return question_of(session=session, event=event, evidence=found, settings=settings)


def question_of(
    *,
    session: Session,
    event: CloudWatchEvent,
    evidence: Iterable[Evidence],
    settings: Settings,
) -> Question:
    """A question out of an event and evidence, without what must not leave the house."""
    service = event.service_type
    question = Question(
        event=EventFacts(
            source=event.event_source,
            type=event.event_type,
            severity=event.severity.value,
            service=service,
            server=event.server_id,
            message=event.event_message,
            time=clock.isoformat(event.event_time),
        ),
        evidence=tuple(evidence),
        runbooks=tuple(
            RunbookOnOffer(
                id=row.id,
                version=row.version,
                title=row.title,
                description=row.description,
                solution_kind=row.solution_kind.value,
                mode=row.mode.value,
            )
            for row in usable_runbooks(session=session, service_type=service)
        ),
        commands=tuple(
            CommandOnOffer(
                id=row.id, version=row.version, name=row.command_name, kind=row.command_type.value
            )
            for row in _actions(session, service)
        ),
        state_functions=tuple(sorted(states.FUNCTIONS)),
        notes=_NOTES,
        rejected=tuple(
            Rejected(title=draft.title, why=f"it was {draft.state.value} before")
            for draft in drafts.rejected(session=session, service_type=service, limit=10)
        ),
    )
    clean, found = without_secrets(question, also=settings.advice.also_redact)
    if found:
        log.info("question_redacted", event_id=event.id, **found)
    return clean


def usable_runbooks(*, session: Session, service_type: str) -> list[RunbookScript]:
    """What the model may choose from: one in mode shadow never acts, whoever proposes it."""
    found = runbooks.for_service(session=session, service_type=service_type)
    return [row for row in found if row.mode is not RunbookMode.SHADOW]


def note(*, session: Session, event_id: int, verdict: str, words: str, now: datetime) -> None:
    """A decision row of the advice on an event."""
    decisions.record(
        session=session,
        subject="advice",
        verdict=verdict,
        words=words,
        event_id=event_id,
        now=now,
    )


def end_event(
    *,
    session: Session,
    event_id: int,
    words: str,
    now: datetime,
    status: EventStatus = EventStatus.FAILED,
    outcome: Outcome = Outcome.NO_RUNBOOK,
) -> None:
    """End an event that waited for advice, and say why."""
    if events.end(session=session, event_id=event_id, status=status, outcome=outcome, now=now):
        note(session=session, event_id=event_id, verdict=outcome.value, words=words, now=now)
        notices.end_of_event(session=session, event_id=event_id, outcome=outcome, now=now)


def _gather(
    session: Session,
    event: CloudWatchEvent,
    asked: Advice,
    minion_id: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Run the service's log_check on the server; it is a reading that nobody has to approve."""
    command = commands.for_service(
        session=session, service_type=event.service_type, command_type=CommandType.LOG_CHECK
    )
    if command is None:
        return
    fix = Fix(
        kind=SolutionKind.SHELL,
        solution=command.command_script,
        name=f"log_check command {command.command_name}",
        command_id=command.id,
    )
    run = executions.plan(
        session=session,
        pinned=pin(service=event.service_type, steps=(Step.FIX,), check=None, fix=fix),
        fix=fix,
        name=f"{fix.name}, evidence for advice {asked.id}",
        service_type=event.service_type,
        server_id=event.server_id,
        minion_id=minion_id,
        requested_by="rescuebot",
        settings=settings.execution,
        now=now,
    )
    advice.gather(session=session, advice=asked, execution_id=run.id)


def _logs(session: Session, asked: Advice) -> list[Evidence]:
    if asked.evidence_execution_id is None:
        return []
    rows = executions.logs(
        session=session, execution_ids=[asked.evidence_execution_id], results=True
    )
    title = "What the service's log_check says"
    return [
        Evidence(kind=EvidenceKind.LOG_CHECK, title=title, text=row.execution_result)
        for row in rows
    ]


def _past(session: Session, event: CloudWatchEvent, asked: Advice) -> list[Evidence]:
    """What the ledger knows of the server, its siblings, and the like in the past."""
    recent = events.list_(session=session, server_id=event.server_id, limit=_RECENT)
    lines = [
        f"{clock.isoformat(row.event_time)} {row.event_type} of {row.service_type or 'unknown'}, "
        f"{row.severity}: {row.outcome or row.status}"
        for row in recent
        if row.id != event.id
    ]
    runs = executions.recent_on(session=session, server_id=event.server_id, limit=_RECENT)
    changes = [
        _told(run)
        for run in runs
        if run.solution_kind != "check" and run.id != asked.evidence_execution_id
    ]
    fleet = servers.fleets(session=session, services=[event.service_type])
    names = fleet.get(event.service_type, frozenset()) | {event.server_id}
    unwell = events.servers_with_open(session=session, service_type=event.service_type)
    siblings = (
        f"{len(names)} servers run {event.service_type}; {len(names & unwell)} of them have an "
        "open event just now, this one included."
    )
    helped = facts.helped_lately(
        session=session,
        service_type=event.service_type,
        since=event.received_at - _REMEMBERED,
        limit=_RECENT,
    )
    similar = [f"{name} has fixed it {count} times" for name, count in helped]
    return [
        Evidence(kind=kind, title=title, text="\n".join(text))
        for kind, title, text in (
            (EvidenceKind.RECENT_EVENTS, "Recent events of this server", lines),
            (EvidenceKind.CHANGES, "What was run on this server lately", changes),
            (EvidenceKind.SIBLINGS, "Other servers of the service", [siblings]),
            (EvidenceKind.SIMILAR, "What has helped this service within 90 days", similar),
        )
        if text
    ]


def _told(run: Execution) -> str:
    at = run.finished_at or run.planned_at
    return f"{clock.isoformat(at)} {run.solution_name}: {run.verdict or run.state}"


def _actions(session: Session, service: str) -> Iterable[SaltStackCommand]:
    """Commands that the model may choose: what restarts, not what only looks."""
    rows = commands.list_(session=session, service=service, limit=100)
    return [row for row in rows if row.command_type is CommandType.RESTART]
