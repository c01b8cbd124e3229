"""From recorded events to planned executions.

Invariant: claim, decision and plan are one transaction; a crash leaves an event untouched or
planned, never in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import clock, faults
from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Invalid, Problem
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, ExecutionState, Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.guard import service as decisions
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.match import choose
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

# What a reactor SLS may name: one state, or a state for each service ("*" for all others).
NamedState = str | Mapping[str, str] | None

RESCUE_STEPS = (Step.CHECK, Step.FIX, Step.VERIFY)
_MOST_IDS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What is to be run for an event, how far it is trusted, and why it was chosen."""

    fix: Fix
    mode: RunbookMode
    words: str
    attempts: int | None = None
    retry_seconds: int | None = None


def handle(
    event_ids: object,
    *,
    state: NamedState,
    owner: str,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> dict[str, int]:
    """Claim each event and decide what to do about it; returns how many went which way.

    `event_ids` is a hint from an open bus: ids that are taken are passed over, and what names no
    event of ours is noted in the audit.
    """
    told: dict[str, int] = {}
    hinted = event_ids if isinstance(event_ids, list | tuple) else [event_ids]
    for event_id in _ids(hinted):
        what = _handle_one(
            event_id, state=state, owner=owner, database=database, settings=settings, now=now
        )
        told[what] = told.get(what, 0) + 1
    if told.get("unknown") or not all(_is_id(item) for item in hinted):
        _note_forged(hinted, owner=owner, database=database, now=now())
    return told


@repeat_on_contention
def _note_forged(
    hinted: Sequence[object], *, owner: str, database: Database, now: datetime
) -> None:
    """A hint that intake did not give: nothing is done about it but to write it down."""
    some = ", ".join(repr(item)[:40] for item in hinted[:5])
    with database.transaction() as session:
        audit.note_attempt(
            session=session,
            actor=owner,
            action="forged_hint",
            subject="event bus",
            detail=f"A hint named ids that are no events: {some} ({len(hinted)} in all).",
            now=now,
        )


@repeat_on_contention
def _handle_one(
    event_id: int,
    *,
    state: NamedState,
    owner: str,
    database: Database,
    settings: Settings,
    now: clock.Clock,
) -> str:
    with database.transaction() as session:
        event = events.claim(session=session, event_id=event_id, owner=owner, now=now())
        if event is None:
            known = events.exists(session=session, event_id=event_id)
            return "passed_over" if known else "unknown"
        faults.point("handle.claimed")
        what = _decide(session, event, state, settings, now())
        faults.point("handle.planned")
    faults.point("handle.committed")
    return what


def _decide(
    session: Session, event: CloudWatchEvent, state: NamedState, settings: Settings, now: datetime
) -> str:
    """What is to be done about a claimed event, or why nothing is."""
    choice = _choose(session, event, state, now)
    if choice is None:
        return _end_without_runbook(session, event, now)
    minion_id = servers.minion_of(session=session, server_id=event.server_id)
    if minion_id is None:
        return _end_without_minion(session, event, now)
    return _plan(session, event, choice, minion_id, settings, now)


def run_command(
    *,
    command_name: str,
    server_id: str,
    requested_by: str,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> int:
    """Plan a command that a person asked for on one server; returns the execution's id.

    A restart is verified by the service's status command where it has one.
    """
    with database.transaction() as session:
        command = commands.require(session=session, command_name=command_name)
        minion_id = servers.minion_of(session=session, server_id=server_id)
        if minion_id is None:
            words = "is not the id of a server with a minion; salt-run rescue.servers lists them"
            raise Invalid([Problem("server", words)])
        steps, check, fix = _steps_of(session, command)
        return executions.plan(
            session=session,
            pinned=pin(service=command.target_service, steps=steps, check=check, fix=fix),
            fix=fix,
            name=f"{command.command_type} command {command.command_name}",
            service_type=command.target_service,
            server_id=server_id,
            minion_id=minion_id,
            requested_by=requested_by,
            settings=settings.execution,
            now=now(),
        ).id


def _choose(
    session: Session, event: CloudWatchEvent, state: NamedState, now: datetime
) -> Choice | None:
    """A runbook of the database, else the state that the reactor named, else nothing."""
    match = choose(
        runbooks.for_service(session=session, service_type=event.service_type),
        service_type=event.service_type,
        message=event.event_message,
    )
    choice = (
        _from_runbook(match.runbook, match.words)
        if match.runbook is not None
        else _from_reactor(event, state, match.words)
    )
    decisions.record(
        session=session,
        subject="match",
        verdict="no_runbook" if choice is None else "matched",
        words=match.words if choice is None else choice.words,
        event_id=event.id,
        runbook_id=None if match.runbook is None else match.runbook.id,
        now=now,
    )
    return choice


def _from_runbook(runbook: RunbookScript, words: str) -> Choice:
    fix = Fix(
        kind=runbook.solution_kind,
        solution=runbook.solution_script,
        name=f"Runbook {runbook.id} '{runbook.title}'",
        runbook_id=runbook.id,
    )
    return Choice(
        fix=fix,
        mode=runbook.mode,
        words=words,
        attempts=runbook.attempts,
        retry_seconds=runbook.retry_seconds,
    )


def _from_reactor(event: CloudWatchEvent, state: NamedState, words: str) -> Choice | None:
    name = named_state(state, event.service_type)
    if name is None:
        return None
    fix = Fix(kind=SolutionKind.STATE, solution=name, name=f"State {name}")
    words = f"{words} The reactor names state {name} for this service, so that is used."
    return Choice(fix=fix, mode=RunbookMode.AUTO, words=words)


def named_state(state: NamedState, service_type: str) -> str | None:
    """The state that a reactor SLS names for a service; None when it names none or nonsense.

    An event whose service is unknown gets none: what would be checked before and after?
    """
    if not service_type:
        return None
    if isinstance(state, Mapping):
        state = state.get(service_type, state.get("*"))
    if isinstance(state, str) and runbooks.STATE_NAME.fullmatch(state):
        return state
    return None


def _plan(
    session: Session,
    event: CloudWatchEvent,
    choice: Choice,
    minion_id: str,
    settings: Settings,
    now: datetime,
) -> str:
    if choice.mode is RunbookMode.SHADOW:
        return _end_in_shadow(session, event, choice, now)
    check = commands.for_service(
        session=session, service_type=event.service_type, command_type=CommandType.STATUS
    )
    held = choice.mode is RunbookMode.ASK
    execution = executions.plan(
        session=session,
        pinned=pin(service=event.service_type, steps=RESCUE_STEPS, check=check, fix=choice.fix),
        fix=choice.fix,
        name=choice.fix.name,
        service_type=event.service_type,
        server_id=event.server_id,
        minion_id=minion_id,
        requested_by="rescuebot",
        settings=settings.execution,
        event_id=event.id,
        state=ExecutionState.HELD if held else ExecutionState.PLANNED,
        attempts=choice.attempts or settings.execution.attempts,
        retry_seconds=(
            settings.execution.retry_seconds
            if choice.retry_seconds is None
            else choice.retry_seconds
        ),
        now=now,
    )
    if held:
        events.hold(session=session, event_id=event.id)
    _decide_plan(session, event, execution, choice, now)
    return "held" if held else "planned"


def _decide_plan(
    session: Session, event: CloudWatchEvent, execution: Execution, choice: Choice, now: datetime
) -> None:
    held = execution.state is ExecutionState.HELD
    words = (
        f"{choice.fix.name} is in mode ask: it waits until a person approves it."
        if held
        else f"{choice.fix.name} runs on {execution.minion_id}: check, fix, verify."
    )
    decisions.record(
        session=session,
        subject="guard",
        verdict="held" if held else "allowed",
        words=words,
        event_id=event.id,
        execution_id=execution.id,
        runbook_id=choice.fix.runbook_id,
        now=now,
    )


def _end_in_shadow(session: Session, event: CloudWatchEvent, choice: Choice, now: datetime) -> str:
    words = f"{choice.fix.name} is in mode shadow: it would have run, nothing was done."
    _end(session, event, Outcome.SUPPRESSED, "guard", words, now, EventStatus.RESOLVED)
    return "suppressed"


def _end_without_runbook(session: Session, event: CloudWatchEvent, now: datetime) -> str:
    if event.severity is Severity.INFO:
        words = "The event is for information only and no runbook wants it."
        _end(session, event, Outcome.SUPPRESSED, "outcome", words, now, EventStatus.RESOLVED)
        return "suppressed"
    words = "No runbook fits and the reactor names no state for this service: a person must look."
    _end(session, event, Outcome.NO_RUNBOOK, "outcome", words, now)
    return "no_runbook"


def _end_without_minion(session: Session, event: CloudWatchEvent, now: datetime) -> str:
    server = event.server_id or "(none named)"
    words = (
        f"Server {server} has no minion: none of the accepted minions says that it runs there. "
        "salt-run rescue.servers lists those that do."
    )
    _end(session, event, Outcome.NO_MINION, "server", words, now)
    return "no_minion"


def _end(
    session: Session,
    event: CloudWatchEvent,
    outcome: Outcome,
    subject: str,
    words: str,
    now: datetime,
    status: EventStatus = EventStatus.FAILED,
) -> None:
    events.end(session=session, event_id=event.id, status=status, outcome=outcome, now=now)
    decisions.record(
        session=session,
        subject=subject,
        verdict=outcome.value,
        words=words,
        event_id=event.id,
        now=now,
    )


def _steps_of(
    session: Session, command: SaltStackCommand
) -> tuple[tuple[Step, ...], SaltStackCommand | None, Fix | None]:
    if command.command_type is CommandType.STATUS:
        return (Step.CHECK,), command, None
    fix = Fix(
        kind=SolutionKind.SHELL,
        solution=command.command_script,
        name=command.command_name,
        command_id=command.id,
    )
    check = commands.for_service(
        session=session, service_type=command.target_service, command_type=CommandType.STATUS
    )
    if command.command_type is CommandType.LOG_CHECK or check is None:
        return (Step.FIX,), None, fix
    return (Step.FIX, Step.VERIFY), check, fix


def _ids(hinted: Iterable[object]) -> list[int]:
    """The ids among what was hinted at, each once, as many as a hint of ours could hold."""
    return list(dict.fromkeys(i for i in hinted if isinstance(i, int) and _is_id(i)))[:_MOST_IDS]


def _is_id(item: object) -> bool:
    """Booleans and texts are no ids."""
    return isinstance(item, int) and not isinstance(item, bool) and 0 < item < 2**31
