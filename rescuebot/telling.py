"""What a notice tells: the facts of its thread as they are at this instant.

Invariant: it only reads; a notice whose subject was archived or forgotten meanwhile still gives
facts, with what the notice itself knows.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.approvals import service as approvals
from rescuebot.approvals import telling as questions
from rescuebot.approvals.model import Approval as ApprovalRow
from rescuebot.approvals.model import ApprovalState
from rescuebot.errors import NotFound
from rescuebot.events import gathered
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, LogStatus
from rescuebot.executions.pin import fix_of
from rescuebot.guard import halts
from rescuebot.guard import service as decisions
from rescuebot.notices import looking, storms, troubles
from rescuebot.notices import service as notices
from rescuebot.notices.facts import Approval, Digest, Facts, Halt, Line, StepDone, Storm
from rescuebot.notices.model import Notice
from rescuebot.servers import service as servers

DAY = timedelta(days=1)
QUIET, DAILY = "digest:quiet:", "digest:daily:"
# A level stands in the last figure of an escalation's number.
LEVELS = 10
_HELPED = {
    Outcome.FIXED: True,
    Outcome.CHANGED_NOT_FIXED: False,
    Outcome.TIMEOUT: False,
    Outcome.LOST: False,
}


def facts_of(*, session: Session, notice: Notice, url: str, now: datetime) -> Facts:
    """All that the notice's card may tell of; `url` is the console's address, or ""."""
    kind, _, key = notice.thread_key.partition(":")
    try:
        return _READERS[kind](session, notice, key, url.rstrip("/"), now)
    except (KeyError, NotFound):
        return Facts(kind="trouble", state=notice.state, severity=notice.severity.value)


def of_event(*, session: Session, event_id: int, url: str, now: datetime) -> Facts:
    """The facts of an event as it is now, for whoever asks; NotFound where there is none."""
    event = events.get(session=session, event_id=event_id)
    begun = "opened" if event.status is EventStatus.NEW else "running"
    state = notices.state_of(outcome=event.outcome) if event.outcome else begun
    asked = Notice(thread_key=notices.event_thread(event_id=event_id), state=state, number=0)
    return _event(session, asked, str(event_id), url.rstrip("/"), now)


def of_approval(*, session: Session, approval_id: int, url: str, now: datetime) -> Facts:
    """What is or was asked of people, for whoever asks; NotFound where nothing is."""
    row = approvals.get(session=session, approval_id=approval_id)
    state = "approval_asked" if row.state is ApprovalState.PENDING else "approval_answered"
    asked = Notice(state=state, number=approval_id, severity=Severity.WARNING)
    return _approval(session, asked, str(approval_id), url.rstrip("/"), now)


def _event(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    event = events.get(session=session, event_id=int(key))
    run = _latest(session, event.id)
    told = decisions.list_for_event(session=session, event_id=event.id)
    return Facts(
        kind="event",
        state=notice.state,
        severity=event.severity.value,
        event_id=event.id,
        service=event.service_type,
        server_id=event.server_id,
        minion_id=servers.minion_of(session=session, server_id=event.server_id) or "",
        what=event.alarm_name or event.event_type,
        message=event.event_message,
        event_time=event.event_time,
        received_at=event.received_at,
        resolved_at=event.resolved_at,
        status=event.status.value,
        outcome=event.outcome.value if event.outcome else None,
        remedy=run.solution_name if run else "",
        remedy_kind=run.solution_kind if run else "",
        steps=_steps(session, run) if run else (),
        helped=_HELPED.get(event.outcome) if event.outcome else None,
        seconds=((event.resolved_at or now) - event.received_at).total_seconds(),
        why=told[-1].words if told else "",
        occurrences=event.occurrences,
        acknowledged_by=event.acknowledged_by,
        level=notice.number % LEVELS if notice.state == "escalated" else 0,
        approval=_asked(session, notice),
        url=_page(url, f"/events/{event.id}"),
    )


def _latest(session: Session, event_id: int) -> Execution | None:
    runs = executions.list_(session=session, event_id=event_id, limit=500)
    return max(runs, key=lambda run: run.id, default=None)


def _steps(session: Session, run: Execution) -> tuple[StepDone, ...]:
    logs = executions.logs(session=session, execution_ids=[run.id])
    return tuple(
        StepDone(step=row.step.value, ok=row.execution_status is LogStatus.SUCCESS) for row in logs
    )


def _asked(session: Session, notice: Notice) -> Approval | None:
    """The question that the notice is about."""
    if notice.state not in notices.QUESTIONS:
        return None
    approval_id = questions.approval_of(state=notice.state, number=notice.number)
    return _approval_facts(session, approval_id)


def _approval_facts(session: Session, approval_id: int) -> Approval:
    row = approvals.get(session=session, approval_id=approval_id)
    run = executions.get(session=session, execution_id=row.execution_id)
    fix = fix_of(run.pinned) or {}
    return Approval(
        id=row.id,
        digest=row.digest,
        expires_at=row.expires_at,
        proposed_by=row.proposed_by,
        servers=tuple(json.loads(row.servers)),
        what=_would_run(fix),
        preview=_preview(row),
        state=row.state.value,
        decided_by=row.decided_by,
        comment=row.comment,
    )


def _would_run(fix: dict[str, Any]) -> str:
    """The solution, and beside it its arguments: both are what the digest stands for."""
    arguments = fix.get("arguments") or {}
    told = f"\n{json.dumps(arguments, ensure_ascii=False, sort_keys=True)}" if arguments else ""
    return f"{fix.get('solution', '')}{told}"


def _preview(row: ApprovalRow) -> str:
    """What the minion says that it would change, in a line."""
    if not row.preview:
        return ""
    told = json.loads(row.preview)
    counts = ", ".join(f"{name}: {count}" for name, count in sorted(told["changes"].items()))
    return " · ".join(filter(None, [told["verdict"], told["message"] or told["reason"], counts]))


def _approval(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    row = approvals.get(session=session, approval_id=int(key))
    run = executions.get(session=session, execution_id=row.execution_id)
    return Facts(
        kind="approval",
        state=notice.state,
        severity=notice.severity.value,
        service=run.service_type,
        server_id=run.server_id,
        minion_id=run.minion_id,
        remedy=run.solution_name,
        remedy_kind=run.solution_kind,
        why=row.why,
        approval=_approval_facts(session, row.id),
        url=_page(url, "/approvals"),
    )


def _storm(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    row = storms.get(session=session, storm_id=int(key))
    ids = storms.event_ids(session=session, storm=row)
    standing = gathered.of_ids(session=session, ids=ids)
    waiting = approvals.waiting(session=session, event_ids=ids)
    return Facts(
        kind="storm",
        state=notice.state,
        severity=notice.severity.value,
        service=row.service_type,
        storm=Storm(
            service=row.service_type,
            servers=standing.servers,
            count=standing.count,
            fixed=standing.fixed,
            failed=standing.failed,
            open=standing.open,
            since=row.since,
            until=row.ended_at,
            waiting=waiting,
        ),
        seconds=((row.ended_at or now) - row.since).total_seconds(),
        # What a person has to do comes before what there is to read.
        url=_page(url, "/approvals" if waiting else "/events"),
    )


def _halt(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    row = halts.get(session=session, halt_id=int(key))
    lifted = notice.state == "lifted"
    return Facts(
        kind="halt",
        state=notice.state,
        severity=notice.severity.value,
        halt=Halt(
            target=row.target,
            reason=row.reason,
            called_by=row.called_by,
            at=(row.lifted_at or row.called_at) if lifted else row.called_at,
            lifted_by=row.lifted_by,
        ),
        url=_page(url, "/halts"),
    )


def _digest(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    quiet = notice.thread_key.startswith(QUIET)
    if quiet:
        since, until = notice.created_at, min(now, notice.not_before)
        ids = looking.merged_events(session=session, notice_id=notice.id)
        standing = gathered.of_ids(session=session, ids=ids)
    else:
        since, until = notice.created_at - DAY, notice.created_at
        standing = gathered.in_span(session=session, since=since, until=until)
    return Facts(
        kind="digest",
        state=notice.state,
        severity=notice.severity.value,
        digest=Digest(
            since=since,
            until=until,
            count=standing.count,
            fixed=standing.fixed,
            failed=standing.failed,
            open=standing.open,
            lines=tuple(line_of(event) for event in standing.worst),
            quiet=quiet,
        ),
        url=_page(url, "/events"),
    )


def _trouble(session: Session, notice: Notice, key: str, url: str, now: datetime) -> Facts:
    return Facts(
        kind="trouble",
        state=notice.state,
        severity=notice.severity.value,
        trouble=troubles.of_thread(key),
        url=_page(url, "/notices"),
    )


def line_of(event: CloudWatchEvent) -> Line:
    """An event in a line of a list."""
    return Line(
        event_id=event.id,
        severity=event.severity.value,
        service=event.service_type,
        server_id=event.server_id,
        status=event.status.value,
        outcome=event.outcome.value if event.outcome else None,
        at=event.received_at,
    )


def _page(url: str, path: str) -> str:
    return f"{url}{path}" if url else ""


_READERS = {
    "event": _event,
    "approval": _approval,
    "storm": _storm,
    "halt": _halt,
    "digest": _digest,
    "trouble": _trouble,
}
