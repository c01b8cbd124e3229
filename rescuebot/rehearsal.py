"""What would happen: one event's whole decision, or all of history under other runbooks.

Invariant: it is the real decision, made in a transaction that is always rolled back; so nothing is
executed, nothing stays, and it cannot differ from what is really done.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from rescuebot import clock, guarding, plain, remediation
from rescuebot.approvals import service as approvals
from rescuebot.database import Database
from rescuebot.errors import Invalid, Problem
from rescuebot.events import past
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent
from rescuebot.events.reported import ReportedEvent, Severity
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import fix_of
from rescuebot.guard import rules
from rescuebot.guard import service as decisions
from rescuebot.remediation import NamedState
from rescuebot.runbooks import index, patterns
from rescuebot.servers import service as servers
from rescuebot.servers.service import SERVICE
from rescuebot.settings import Settings

T = TypeVar("T")

_TYPE = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")
_LONGEST = 16_000


class _Undo(Exception):
    """Takes a transaction back after its work has been looked at."""


def match(*, session: Session, service_type: str, message: str) -> dict[str, Any]:
    """Which runbook fits a message, what else does, and what nearly does and why not."""
    found = index.current(session=session).look_up(service_type, message, explain=True)
    return found.plain()


def try_pattern(
    *, session: Session, service_type: str, error_pattern: str, limit: int
) -> dict[str, Any]:
    """In which of the latest messages of a service a pattern is found; Invalid for a bad one."""
    if refusal := patterns.problems_of(error_pattern):
        raise Invalid([Problem("error_pattern", refusal)])
    rows = [
        {
            "event_id": event.id,
            "event_time": event.event_time,
            "server_id": event.server_id,
            "event_message": event.event_message,
            "found": patterns.search(error_pattern, event.event_message),
        }
        for event in past.latest_of(session=session, service_type=service_type, limit=limit)
    ]
    return {"tried": len(rows), "found": sum(row["found"] for row in rows), "items": rows}


def undone(database: Database, work: Callable[[Session], T]) -> T:
    """What `work` returns in a transaction that is rolled back."""
    found: list[T] = []
    try:
        with database.transaction() as session:
            found.append(work(session))
            raise _Undo
    except _Undo:
        return found[0]


def simulate_event(
    event_id: int,
    *,
    state: NamedState,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """The whole decision on a stored event, as if it came in now. Nothing is executed."""

    def _work(session: Session) -> dict[str, Any]:
        event = events.get(session=session, event_id=event_id)
        return _simulated(session, event, state, settings, now)

    return undone(database, _work)


def simulate_report(
    report: ReportedEvent,
    *,
    state: NamedState,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """The whole decision on something that has not happened. Nothing is stored or executed."""

    def _work(session: Session) -> dict[str, Any]:
        recorded = events.record(
            session=session,
            report=report,
            dedup=timedelta(minutes=settings.intake.dedup_minutes),
            now=now(),
        )
        if recorded.kind is not events.Kind.NEW:
            words = f"It would be counted on event {recorded.event_id} ({recorded.kind})."
            return {"would": recorded.kind.value, "words": words, "decisions": []}
        event = events.get(session=session, event_id=recorded.event_id)
        return {**_simulated(session, event, state, settings, now), "event_id": None}

    return undone(database, _work)


def made_up(
    *,
    message: str,
    service_type: str,
    server_id: str,
    event_type: str,
    severity: Severity | None,
    now: clock.Clock = clock.now,
) -> ReportedEvent:
    """A report of something that has not happened, to simulate; Invalid names bad fields."""
    problems = [
        Problem(name, words)
        for name, value, shape, words in (
            ("service", service_type, SERVICE, "must be the name of a service, such as mysql"),
            ("event_type", event_type, _TYPE, "must be a type such as process_down"),
            ("server", server_id or "x", servers.SERVER_ID, "must be the id of a server"),
        )
        if not shape.fullmatch(value)
    ]
    if problems:
        raise Invalid(problems, what="This cannot be simulated")
    return ReportedEvent(
        message_id=f"simulated-{uuid.uuid4().hex}",
        event_source="simulated",
        event_type=event_type,
        severity=severity or Severity.CRITICAL,
        server_id=server_id,
        service_type=service_type,
        event_message=message[:_LONGEST],
        event_time=now(),
        recovery=False,
        alarm_name="simulated",
        children=(),
        notes=(),
        raw="{}",
    )


def _simulated(
    session: Session,
    event: CloudWatchEvent,
    state: NamedState,
    settings: Settings,
    now: clock.Clock,
) -> dict[str, Any]:
    told_before = {row.id for row in decisions.list_for_event(session=session, event_id=event.id)}
    runs_before = {run.id for run in executions.list_(session=session, event_id=event.id)}
    what = remediation.decide(session, event, state, settings, now())
    session.flush()
    told = decisions.list_for_event(session=session, event_id=event.id)
    runs = executions.list_(session=session, event_id=event.id)
    planned = [run for run in runs if run.id not in runs_before]
    verdict = _verdict(session, event, planned, settings, now) if planned else None
    new = [row for row in told if row.id not in told_before]
    return {
        "would": _in_a_word(what, verdict),
        "words": new[-1].words if verdict is None else verdict.words,
        "event_id": event.id,
        "match": match(
            session=session, service_type=event.service_type, message=event.event_message
        ),
        "decisions": plain.rows(new),
        "execution": _shown(planned[0]) if planned else None,
    }


def _verdict(
    session: Session,
    event: CloudWatchEvent,
    planned: Sequence[Execution],
    settings: Settings,
    now: clock.Clock,
) -> rules.Verdict:
    """What the guard would say if the tracker looked at it now."""
    execution = planned[0]
    asked = approvals.of_executions(session=session, execution_ids=[execution.id])
    request = guarding.request_of(
        execution, event_type=event.event_type, approval=asked.get(execution.id)
    )
    seen = guarding.snapshot(
        session=session, requests=[request], settings=settings.guard, now=now()
    )
    return rules.judge(request, seen, settings.guard)


def _shown(execution: Execution) -> Mapping[str, Any]:
    names = ("server_id", "minion_id", "solution_name", "attempts")
    return {
        **{name: getattr(execution, name) for name in names},
        "fix": fix_of(execution.pinned),
        "pinned_sha256": execution.pinned_sha256,
    }


def _in_a_word(what: str, verdict: rules.Verdict | None) -> str:
    if verdict is None:
        return what
    return "run" if verdict.rule is None else f"held: {verdict.rule}"
