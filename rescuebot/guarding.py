"""The guard at work: a snapshot of the fleet, the rules asked, the verdicts written down.

Invariant: whoever lets runs through holds the latch, so no two trackers fill the same room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.events import condition
from rescuebot.events import service as events
from rescuebot.executions import facts, waiting
from rescuebot.executions.model import Execution
from rescuebot.guard import halts, latch, rules, windows
from rescuebot.guard import service as decisions
from rescuebot.guard.rules import Flapping, Record, Request, Rule, Snapshot, Verdict
from rescuebot.notices import service as notices
from rescuebot.runbooks import standing as runbooks
from rescuebot.runbooks.match import Candidate
from rescuebot.servers import service as servers
from rescuebot.settings import GuardSettings

_LATCH = "dispatch"
# How long a failed event without a recovery counts against its server.
_SUFFERS_FOR = timedelta(hours=1)
_RECORD_OF = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared:
    """An execution that may start, the approval that it will spend, and why it may."""

    execution: Execution
    approval: Approval | None
    words: str


def let_through(
    *,
    session: Session,
    minions: Collection[str],
    settings: GuardSettings,
    limit: int,
    now: datetime,
) -> list[Cleared]:
    """Ask the rules about all that waits, oldest first; hold what they object to.

    Returns what may start. The latch is held until the transaction ends.
    """
    latch.hold(session=session, name=_LATCH)
    full = _services_without_room(session, settings, now)
    found = waiting.candidates(
        session=session, now=now, limit=limit, minions=minions, without_room=full
    )
    asked = _approvals_of(session, found)
    requests = _requests(session, found, asked)
    seen = snapshot(session=session, requests=requests, settings=settings, now=now)
    for service in full:
        seen = seen.closing(service)
    return _judge_all(session, found, requests, asked, seen, settings)


def _approvals_of(session: Session, found: Iterable[Execution]) -> dict[int, Approval]:
    """The approvals of those executions that owe one."""
    owing = [execution.id for execution in found if execution.approval_owed]
    return approvals.of_executions(session=session, execution_ids=owing) if owing else {}


def _judge_all(
    session: Session,
    found: Sequence[Execution],
    requests: Sequence[Request],
    asked: dict[int, Approval],
    seen: Snapshot,
    settings: GuardSettings,
) -> list[Cleared]:
    cleared = []
    for execution, request in zip(found, requests, strict=True):
        verdict = rules.judge(request, seen, settings)
        if verdict.allowed:
            seen = seen.with_(request)
            approval = asked.get(execution.id)
            cleared.append(Cleared(execution=execution, approval=approval, words=verdict.words))
            continue
        hold(session=session, execution=execution, verdict=verdict, now=seen.now)
        if verdict.rule is Rule.BLAST_RADIUS:
            seen = seen.closing(request.service_type)
    return cleared


def hold(*, session: Session, execution: Execution, verdict: Verdict, now: datetime) -> None:
    """Let an execution wait by the rule that objects; a decision row says why, once."""
    assert verdict.rule is not None, "only an objection holds"
    is_new = waiting.hold(
        session=session,
        execution=execution,
        rule=verdict.rule.value,
        again_at=verdict.again_at,
        now=now,
    )
    if is_new:
        if execution.cloudwatch_event_id is not None:
            events.hold(session=session, event_id=execution.cloudwatch_event_id)
        note(session=session, execution=execution, verdict=verdict, now=now)
        notices.of_event(
            session=session, event_id=execution.cloudwatch_event_id, state="held", now=now
        )


def note(*, session: Session, execution: Execution, verdict: Verdict, now: datetime) -> None:
    """A decision row of the guard on an execution."""
    decisions.record(
        session=session,
        subject="guard",
        verdict="allowed" if verdict.rule is None else verdict.rule.value,
        words=verdict.words,
        event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        runbook_id=execution.runbook_id,
        now=now,
    )


def note_chronic(
    *, session: Session, execution: Execution, settings: GuardSettings, now: datetime
) -> bool:
    """Flag a remedy that has fixed the same server so often that it hides a fault."""
    if not settings.chronic_fixes:
        return False
    since = now - timedelta(days=settings.chronic_days)
    fixes = facts.fixes_of(session=session, execution=execution, since=since)
    if fixes < settings.chronic_fixes:
        return False
    decisions.record(
        session=session,
        subject="chronic",
        verdict="flagged",
        words=(
            f"{execution.solution_name} has fixed {execution.server_id} {fixes} times within "
            f"{settings.chronic_days} days: it hides a fault that a person should look for."
        ),
        event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        runbook_id=execution.runbook_id,
        now=now,
    )
    return True


def snapshot(
    *, session: Session, requests: Sequence[Request], settings: GuardSettings, now: datetime
) -> Snapshot:
    """What the rules need to know of the fleet to judge these requests."""
    services = {request.service_type for request in requests}
    event_ids = [request.event_id for request in requests if request.event_id is not None]
    out = facts.out_now(session=session)
    down = condition.with_open_events(
        session=session, services=services, types=rules.DOWN, since=now - _SUFFERS_FOR
    )
    return Snapshot(
        now=now,
        stops=halts.stops(session=session),
        windows=windows.standing(session=session, now=now),
        busy={item.server_id: item.execution_id for item in out},
        servers=servers.fleets(session=session, services=services),
        repairing=_repairing(session, services, out, settings, now),
        down={name: frozenset(found) for name, found in down.items()},
        last_fix=_last_fixes(session, requests, settings, now),
        records={
            remedy: _record(session, remedy, out, now)
            for remedy in {request.remedy for request in requests}
        },
        flapping=_flapping(session, event_ids, settings, now),
    )


def request_of(
    execution: Execution, *, event_type: str = "", approval: Approval | None = None
) -> Request:
    """An execution that wants to start, as the rules take it."""
    return Request(
        server_id=execution.server_id,
        minion_id=execution.minion_id,
        service_type=execution.service_type,
        remedy=facts.remedy_of(execution),
        remedy_name=execution.solution_name,
        event_type=event_type,
        event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        attempt=execution.attempt,
        by_hand=execution.cloudwatch_event_id is None,
        approval_owed=execution.approval_owed,
        # One that was spent for this execution holds on: the minion came back having done nothing.
        approved=approval is not None
        and approval.state in (ApprovalState.APPROVED, ApprovalState.SPENT),
    )


class Occurrence(Protocol):
    """An event of now or of the past, as far as the guard asks about it."""

    @property
    def id(self) -> int:
        """The event's id."""

    @property
    def event_type(self) -> str:
        """Its type."""

    @property
    def service_type(self) -> str:
        """Its service."""

    @property
    def server_id(self) -> str:
        """Its server."""


def request_for(event: Occurrence, runbook: Candidate, minion_id: str) -> Request:
    """A runbook that has not been planned for an event, as the rules take it."""
    name = f"Runbook {runbook.name}"
    return Request(
        server_id=event.server_id,
        minion_id=minion_id,
        service_type=event.service_type,
        remedy=facts.remedy(runbook_id=runbook.id, name=name),
        remedy_name=name,
        event_type=event.event_type,
        event_id=event.id,
    )


def _requests(
    session: Session, found: Sequence[Execution], asked: dict[int, Approval]
) -> list[Request]:
    ids = [item.cloudwatch_event_id for item in found if item.cloudwatch_event_id is not None]
    types = condition.types_of(session=session, event_ids=ids) if ids else {}
    return [
        request_of(
            execution,
            event_type=types.get(execution.cloudwatch_event_id or 0, ""),
            approval=asked.get(execution.id),
        )
        for execution in found
    ]


def _services_without_room(
    session: Session, settings: GuardSettings, now: datetime
) -> frozenset[str]:
    """Services whose queue has to wait on, until half of the room is free for its next wave."""
    first = facts.waiting_for_room(session=session, rule=Rule.BLAST_RADIUS.value)
    if not first:
        return frozenset()
    requests = [request_of(execution) for execution in first]
    services = {request.service_type for request in requests}
    out = facts.out_now(session=session)
    seen = Snapshot(
        now=now,
        servers=servers.fleets(session=session, services=services),
        repairing=_repairing(session, services, out, settings, now),
    )
    return frozenset(
        request.service_type
        for request in requests
        if not rules.wave_is_due(request, seen, settings)
    )


def _repairing(
    session: Session,
    services: Collection[str],
    out: Sequence[facts.Out],
    settings: GuardSettings,
    now: datetime,
) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for service in services:
        names = {item.server_id for item in out if item.changes and item.service_type == service}
        seconds = rules.limit_of(settings, service, "blast_seconds")
        if seconds:
            since = now - timedelta(seconds=seconds)
            names |= facts.repaired_since(session=session, service_type=service, since=since)
        found[service] = frozenset(names)
    return found


def _last_fixes(
    session: Session, requests: Sequence[Request], settings: GuardSettings, now: datetime
) -> dict[tuple[str, str], datetime]:
    longest = max(
        settings.cooldown_seconds,
        *(own.cooldown_seconds or 0 for own in settings.services.values()),
        0,
    )
    names = {request.server_id for request in requests}
    if not longest or not names:
        return {}
    since = now - timedelta(seconds=longest)
    return facts.last_changes(session=session, server_ids=names, since=since)


def _record(session: Session, remedy: str, out: Sequence[facts.Out], now: datetime) -> Record:
    """How a remedy did lately. A runbook that has been edited since begins afresh."""
    since = now - _RECORD_OF
    kind, _, number = remedy.partition(":")
    edited_at = (
        runbooks.edited_at(session=session, runbook_id=int(number)) if kind == "runbook" else None
    )
    ended = facts.latest_of(session=session, remedy=remedy, since=max(since, edited_at or since))
    return record_of(ended, frozenset(item.server_id for item in out if item.remedy == remedy))


def record_of(ended: Sequence[facts.Done], runs_on: frozenset[str]) -> Record:
    """The record out of how runs ended, the latest first. An event counts by its last run."""
    failed: dict[int, datetime] = {}
    seen: set[int] = set()
    for done in ended:
        if done.of in seen:
            continue
        seen.add(done.of)
        if done.verdict in facts.HELPING:
            break
        failed[done.of] = done.finished_at
    return Record(
        failures=len(failed),
        last_failed_at=max(failed.values(), default=None),
        runs_on=runs_on,
    )


def _flapping(
    session: Session, event_ids: Sequence[int], settings: GuardSettings, now: datetime
) -> dict[int, Flapping]:
    if not settings.flapping_changes or not event_ids:
        return {}
    since = now - timedelta(minutes=settings.flapping_minutes)
    found = condition.changes_of(session=session, event_ids=event_ids, since=since)
    return {
        event_id: Flapping(changes=item.count, last_at=item.last_at)
        for event_id, item in found.items()
    }
