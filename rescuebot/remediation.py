"""From recorded events to planned executions.

Invariant: claim, decision and plan are one transaction; a crash leaves an event untouched or
planned, never in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import approving, clock, consulting, faults, guarding
from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType
from rescuebot.database import Database, repeat_on_contention
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.guard import rules
from rescuebot.guard import service as decisions
from rescuebot.notices import service as notices
from rescuebot.runbooks import index, standing
from rescuebot.runbooks.match import Candidate, Explanation
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.runbooks.validation import STATE_NAME
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
        what = decide(session, event, state, settings, now())
        faults.point("handle.planned")
    faults.point("handle.committed")
    return what


def decide(
    session: Session, event: CloudWatchEvent, state: NamedState, settings: Settings, now: datetime
) -> str:
    """What is to be done about a claimed event, or why nothing is; written in this transaction."""
    match = index.current(session=session).look_up(event.service_type, event.event_message)
    minion_id = servers.minion_of(session=session, server_id=event.server_id)
    _note_shadows(session, event, match, minion_id, settings, now)
    choice = _choose(session, event, match, state, now)
    if choice is None and _is_advised(session, event, minion_id, settings, now):
        return "consulted"
    if choice is None and match.shadows:
        return _end_in_shadow(session, event, now)
    if choice is None:
        return _end_without_runbook(session, event, now)
    if minion_id is None:
        return _end_without_minion(session, event, now)
    return _plan(session, event, choice, minion_id, settings, now)


def _is_advised(
    session: Session,
    event: CloudWatchEvent,
    minion_id: str | None,
    settings: Settings,
    now: datetime,
) -> bool:
    """Whether the model is asked. What is for information only is not worth its price."""
    return event.severity is not Severity.INFO and consulting.consult(
        session=session, event=event, minion_id=minion_id, settings=settings, now=now
    )


def _choose(
    session: Session,
    event: CloudWatchEvent,
    match: Explanation,
    state: NamedState,
    now: datetime,
) -> Choice | None:
    """A runbook of the database, else the state that the reactor named, else nothing."""
    choice = (
        _from_reactor(event, state, match.words)
        if match.winner_id is None
        else _from_runbook(
            standing.chosen(session=session, runbook_id=match.winner_id), match.words
        )
    )
    decisions.record(
        session=session,
        subject="match",
        verdict="no_runbook" if choice is None else "matched",
        words=match.words if choice is None else choice.words,
        event_id=event.id,
        runbook_id=match.winner_id,
        now=now,
    )
    return choice


def _note_shadows(
    session: Session,
    event: CloudWatchEvent,
    match: Explanation,
    minion_id: str | None,
    settings: Settings,
    now: datetime,
) -> None:
    """What the runbooks in mode shadow would have done, had they been trusted."""
    for shadow in match.shadows:
        decisions.record(
            session=session,
            subject="shadow",
            verdict="recorded",
            words=_would_have(session, event, shadow, minion_id, settings, now),
            event_id=event.id,
            runbook_id=shadow.id,
            now=now,
        )


def _would_have(
    session: Session,
    event: CloudWatchEvent,
    shadow: Candidate,
    minion_id: str | None,
    settings: Settings,
    now: datetime,
) -> str:
    name = f"Runbook {shadow.name}"
    if minion_id is None:
        return f"{name} is in mode shadow: it fits, but the server has no minion."
    request = guarding.request_for(event, shadow, minion_id)
    seen = guarding.snapshot(session=session, requests=[request], settings=settings.guard, now=now)
    verdict = rules.judge(request, seen, settings.guard)
    would = "run" if verdict.rule is None else f"been held by {verdict.rule}"
    return (
        f"{name} is in mode shadow: it would have {would}, nothing was done by it. {verdict.words}"
    )


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
    if isinstance(state, str) and STATE_NAME.fullmatch(state):
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
    check = commands.for_service(
        session=session, service_type=event.service_type, command_type=CommandType.STATUS
    )
    why = _why_ask(event, choice, settings)
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
        approval_owed=why is not None,
        attempts=choice.attempts or settings.execution.attempts,
        retry_seconds=(
            settings.execution.retry_seconds
            if choice.retry_seconds is None
            else choice.retry_seconds
        ),
        now=now,
    )
    servers.note_services(
        session=session, server_id=event.server_id, services=[event.service_type], now=now
    )
    if why is not None:
        _hold_for_approval(session, execution, why, settings, now)
    return "planned" if why is None else "held"


def _why_ask(event: CloudWatchEvent, choice: Choice, settings: Settings) -> str | None:
    """Why a person has to approve it; None when nobody has to."""
    if choice.mode is RunbookMode.ASK:
        return f"{choice.fix.name} is in mode ask: it waits until a person approves it."
    worst = settings.guard.shell_asks_from
    if choice.fix.kind is not SolutionKind.SHELL or worst is None:
        return None
    order = list(Severity)
    if order.index(event.severity) < order.index(Severity(worst)):
        return None
    return (
        f"{choice.fix.name} is a shell script and the event is {event.severity}: from {worst} on "
        "that waits until a person approves it."
    )


def _hold_for_approval(
    session: Session, execution: Execution, why: str, settings: Settings, now: datetime
) -> None:
    approving.ask(session=session, execution=execution, why=why, settings=settings.guard, now=now)
    if execution.cloudwatch_event_id is not None:
        events.hold(session=session, event_id=execution.cloudwatch_event_id)
    decisions.record(
        session=session,
        subject="guard",
        verdict="approval",
        words=f"{why} See: salt-run rescue.approvals",
        event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        runbook_id=execution.runbook_id,
        now=now,
    )


def _end_in_shadow(session: Session, event: CloudWatchEvent, now: datetime) -> str:
    words = "Only runbooks in mode shadow fit, so nothing was done: a person must look."
    _end(session, event, Outcome.SUPPRESSED, "outcome", words, now)
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
    notices.end_of_event(session=session, event_id=event.id, outcome=outcome, now=now)
    decisions.record(
        session=session,
        subject=subject,
        verdict=outcome.value,
        words=words,
        event_id=event.id,
        now=now,
    )


def _ids(hinted: Iterable[object]) -> list[int]:
    """The ids among what was hinted at, each once, as many as a hint of ours could hold."""
    return list(dict.fromkeys(i for i in hinted if isinstance(i, int) and _is_id(i)))[:_MOST_IDS]


def _is_id(item: object) -> bool:
    """Booleans and texts are no ids."""
    return isinstance(item, int) and not isinstance(item, bool) and 0 < item < 2**31
