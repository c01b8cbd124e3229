"""Everything about one event in one answer, and counts over all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from rescuebot import clock, plain
from rescuebot.advice import service as advice
from rescuebot.advice.model import Advice
from rescuebot.approvals import service as approvals
from rescuebot.events import condition, dead_letters
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions import facts, waiting
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import fix_of
from rescuebot.executions.waiting import FOR_APPROVAL
from rescuebot.guard import halts
from rescuebot.guard import service as decisions
from rescuebot.notices import looking
from rescuebot.servers import service as servers
from rescuebot.settings import GuardSettings


def collected(*, session: Session, event_id: int) -> dict[str, Any]:
    """The rows that tell of an event: reports, decisions, advice, approvals, executions, logs."""
    runs = executions.list_(session=session, event_id=event_id, pinned=True)
    found = _around(session, event_id)
    return {**found, "executions": [_run(session, run) for run in runs]}


def of_event(*, session: Session, event_id: int) -> dict[str, Any]:
    """The event with its reports, decisions, advice, approvals, executions step by step."""
    found = _around(session, event_id)
    runs = executions.list_(session=session, event_id=event_id)
    return {
        "event": plain.row(found["event"], without=("raw",)),
        "occurrences": plain.rows(found["occurrences"]),
        "decisions": plain.rows(found["decisions"]),
        "approvals": plain.rows(found["approvals"], without=("preview",)),
        "advice": _told_advice(found["advice"]),
        "notices": [plain_notice(notice) for notice in found["notices"]],
        "executions": with_logs(session=session, runs=list(runs)),
    }


def _around(session: Session, event_id: int) -> dict[str, Any]:
    """All rows that tell of an event but those of what was run."""
    return {
        "event": events.get(session=session, event_id=event_id),
        "occurrences": events.occurrences(session=session, event_id=event_id),
        "decisions": decisions.list_for_event(session=session, event_id=event_id),
        "approvals": approvals.of_event(session=session, event_id=event_id),
        "advice": advice.of_event(session=session, event_id=event_id),
        "notices": looking.of_event(session=session, event_id=event_id),
    }


def plain_notice(notice: Mapping[str, Any]) -> dict[str, Any]:
    """A notice with its receipts as plain values."""
    told = {name: plain.value(value) for name, value in notice.items() if name != "receipts"}
    return {**told, "receipts": plain.rows(notice["receipts"])}


def server(*, session: Session, server_id: str, now: clock.Clock = clock.now) -> dict[str, Any]:
    """A server, its services, its last 24 hours by the hour, and what was run on it."""
    since = now() - timedelta(hours=24)
    return {
        "server": servers.get(session=session, server_id=server_id),
        "services": servers.services_of(session=session, server_id=server_id),
        "hours": condition.hours_of(session=session, server_id=server_id, since=since),
        "remedies": facts.remedies_on(session=session, server_id=server_id),
    }


def execution(*, session: Session, execution_id: int) -> dict[str, Any]:
    """One execution with what it was pinned to and the rows of its steps, without their output."""
    return _run(session, executions.get(session=session, execution_id=execution_id))


def _run(session: Session, run: Execution) -> dict[str, Any]:
    """Logs without their output: that is fetched by the piece."""
    return {
        **{name: getattr(run, name) for name in run.__mapper__.columns.keys() if name != "pinned"},
        "fix": fix_of(run.pinned),
        "logs": executions.logs(session=session, execution_ids=[run.id]),
    }


def _told_advice(found: Advice | None) -> dict[str, Any] | None:
    """What the model said about the event; what it was asked is in `rescue.advice show`."""
    return None if found is None else plain.row(found, without=("question", "live_hash"))


def of_execution(*, session: Session, execution_id: int) -> dict[str, Any]:
    """One execution step by step."""
    found = executions.get(session=session, execution_id=execution_id)
    return with_logs(session=session, runs=[found])[0]


def held(*, rows: Iterable[Execution]) -> list[dict[str, Any]]:
    """Executions that are held, as plain values; `again_at` is when a rule is asked again."""
    told = []
    for item in rows:
        row = plain.row(item, without=("pinned",))
        row["again_at"] = None if item.held_by == FOR_APPROVAL else row.pop("not_before")
        told.append(row)
    return told


def chronic(*, session: Session, settings: GuardSettings, limit: int) -> list[dict[str, Any]]:
    """Remedies that fix the same server again and again, the worst first."""
    since = clock.now() - timedelta(days=settings.chronic_days)
    found = facts.chronic(
        session=session, least=max(1, settings.chronic_fixes), since=since, limit=limit
    )
    return [
        {name: plain.value(value) for name, value in dataclasses.asdict(item).items()}
        for item in found
    ]


def with_logs(*, session: Session, runs: list[Execution]) -> list[dict[str, Any]]:
    """Executions as plain values, each with its log rows under ``logs``."""
    told = {run.id: {**plain.row(run, without=("pinned",)), "logs": []} for run in runs}
    logs = executions.logs(session=session, execution_ids=list(told), results=True)
    for log in logs:
        told[log.execution_id]["logs"].append(plain.row(log))
    return list(told.values())


def stats(*, session: Session) -> dict[str, Any]:
    """How many events there are by status, outcome and severity, and what is held or halted.

    Deleted events count for nothing; what was run for them counts, because it was run.
    """
    shown = CloudWatchEvent.deleted_at.is_(None)
    return {
        "events": _counts(session, CloudWatchEvent.status, shown),
        "outcomes": _counts(session, CloudWatchEvent.outcome, shown),
        "severities": _counts(session, CloudWatchEvent.severity, shown),
        "executions": _counts(session, Execution.state),
        "held": waiting.counts(session=session),
        "halted": [halt.target for halt in halts.list_(session=session)],
        "dead_letters": dead_letters.count(session=session),
    }


def _counts(session: Session, column: Any, *only: ColumnElement[bool]) -> dict[str, int]:
    query = select(column, func.count()).where(column.is_not(None), *only).group_by(column)
    return {str(plain.value(value)): count for value, count in session.execute(query)}
