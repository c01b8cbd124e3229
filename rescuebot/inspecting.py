"""What a person sees before they answer: what would run, where, why, how things stand there now.

Invariant: only reads; what may be done with it is decided where it is done, by the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import approving, clock, plain
from rescuebot.advice import service as advice
from rescuebot.approvals import amendments
from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType
from rescuebot.database import Base
from rescuebot.errors import NotFound
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions import service
from rescuebot.executions.model import Execution, LogStatus, SaltStackEventLog, Step
from rescuebot.executions.pin import edit_of, fix_of, is_whole
from rescuebot.servers import service as servers
from rescuebot.settings import GuardSettings

_LOOKED_BACK = 20
_MOST = 10


def seen(
    *,
    session: Session,
    approval_id: int,
    actor: str,
    settings: GuardSettings,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """All that an approver should see, and whether `actor` may approve it."""
    approval = approvals.get(session=session, approval_id=approval_id)
    execution = service.get(session=session, execution_id=approval.execution_id)
    runs = service.recent_on(session=session, server_id=execution.server_id, limit=_LOOKED_BACK)
    return {
        "approval": approval,
        "execution": execution,
        "fix": fix_of(execution.pinned),
        "preview": approval.preview,
        "last_here": service.last_on(session=session, execution=execution),
        "event": _event(session, approval),
        "may_approve": _may_approve(session, approval, actor, settings, now()),
        "server": _server(session, execution, runs),
        "amended": _amended(session, approval, execution),
        "evidence": _evidence(session, approval, execution, runs),
    }


def shown(
    *,
    session: Session,
    approval_id: int,
    actor: str,
    settings: GuardSettings,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """The same as plain values."""
    found = seen(session=session, approval_id=approval_id, actor=actor, settings=settings, now=now)
    told: dict[str, Any] = _plain({**found, "approval": approving.row(found["approval"])})
    return told


def _plain(value: Any) -> Any:
    """Rows without what is long, and what holds them, as values that JSON knows."""
    if isinstance(value, Base):
        return plain.row(value, without=("pinned", "raw"))
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return plain.value(value)


def _event(session: Session, approval: Approval) -> CloudWatchEvent | None:
    event_id = approval.cloudwatch_event_id
    return None if event_id is None else events.get(session=session, event_id=event_id)


def _may_approve(
    session: Session, approval: Approval, actor: str, settings: GuardSettings, now: datetime
) -> dict[str, Any]:
    found = approving.objection(
        session=session, approval=approval, actor=actor, settings=settings, now=now
    )
    return {
        "allowed": found is None,
        "reason": None if found is None else found.obstacle,
        "words": "" if found is None else found.words,
        "remedy": "" if found is None else found.remedy,
    }


def _amended(session: Session, approval: Approval, execution: Execution) -> dict[str, Any] | None:
    """What was proposed first and who changed it since; None if nobody has.

    The proposal is shown only if it is the one that the pinned text names.
    """
    edit = edit_of(execution.pinned)
    if edit is None:
        return None
    first = amendments.first(session=session, approval_id=approval.id)
    known = first is not None and is_whole(text=first.old_pinned, sha256=edit.of)
    return {
        "original": fix_of(first.old_pinned) if first is not None and known else None,
        "runbook_id": edit.runbook_id,
        "changes": [
            {
                "number": row.number,
                "amended_by": row.amended_by,
                "amended_at": row.amended_at,
                "comment": row.comment,
                "old_digest": row.old_digest,
                "new_digest": row.new_digest,
            }
            for row in amendments.of_approval(session=session, approval_id=approval.id)
        ],
    }


def _server(session: Session, execution: Execution, runs: Sequence[Execution]) -> dict[str, Any]:
    """What is known of the server by now, without asking it."""
    server_id = execution.server_id
    try:
        known = servers.get(session=session, server_id=server_id)
    except NotFound:
        known = None
    open_events = [
        event
        for status in (EventStatus.NEW, EventStatus.PROCESSING)
        for event in events.list_(session=session, status=status, server_id=server_id, limit=_MOST)
    ]
    return {
        "server_id": server_id,
        "minion_id": None if known is None else known.minion_id,
        "seen_at": None if known is None else known.seen_at,
        "contested_by": None if known is None else known.contested_by,
        "services": servers.services_of(session=session, server_id=server_id),
        "last_check": _last_check(session, execution, runs),
        "open_events": open_events,
    }


def _last_check(
    session: Session, execution: Execution, runs: Sequence[Execution]
) -> dict[str, Any] | None:
    """When the service was looked at last on this server, before or after a fix, and how it was."""
    ids = [run.id for run in runs if run.service_type == execution.service_type]
    logs = service.logs(session=session, execution_ids=ids) if ids else []
    looks = [log for log in logs if log.step in (Step.CHECK, Step.VERIFY)]
    if not looks:
        return None
    last = max(looks, key=lambda log: (log.executed_at, log.id))
    return {
        "execution_id": last.execution_id,
        "log_id": last.id,
        "step": last.step,
        "executed_at": last.executed_at,
        "up": last.execution_status is LogStatus.SUCCESS,
    }


def _evidence(
    session: Session, approval: Approval, execution: Execution, runs: Sequence[Execution]
) -> list[dict[str, Any]]:
    """What the logs of the service said: what was gathered for advice, and what people looked at
    on this server; the latest first, without their output, which may be long.
    """
    ids = {run.id for run in runs if _is_log_check(session, run, execution.service_type)}
    if approval.cloudwatch_event_id is not None:
        asked = advice.of_event(session=session, event_id=approval.cloudwatch_event_id)
        if asked is not None and asked.evidence_execution_id is not None:
            ids.add(asked.evidence_execution_id)
    logs = service.logs(session=session, execution_ids=sorted(ids)) if ids else []
    latest = sorted(logs, key=lambda log: (log.executed_at, log.id), reverse=True)
    return [_told(session, log) for log in latest if log.step is Step.FIX][:3]


def _is_log_check(session: Session, run: Execution, service_type: str) -> bool:
    if run.command_id is None or run.service_type != service_type:
        return False
    command = commands.get(session=session, which=run.command_id)
    return command.command_type is CommandType.LOG_CHECK


def _told(session: Session, log: SaltStackEventLog) -> dict[str, Any]:
    run = service.get(session=session, execution_id=log.execution_id)
    return {
        "log_id": log.id,
        "execution_id": run.id,
        "server_id": run.server_id,
        "name": run.solution_name,
        "executed_at": log.executed_at,
        "status": log.execution_status,
    }
