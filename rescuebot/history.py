"""Everything about one event in one answer, and counts over all of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rescuebot import plain
from rescuebot.events import dead_letters
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution
from rescuebot.guard import service as decisions


def of_event(*, session: Session, event_id: int) -> dict[str, Any]:
    """The event with its reports, decisions, and executions step by step."""
    event = events.get(session=session, event_id=event_id)
    runs = executions.list_(session=session, event_id=event_id)
    return {
        "event": plain.row(event, without=("raw",)),
        "occurrences": plain.rows(events.occurrences(session=session, event_id=event_id)),
        "decisions": plain.rows(decisions.list_for_event(session=session, event_id=event_id)),
        "executions": with_logs(session=session, runs=list(runs)),
    }


def with_logs(*, session: Session, runs: list[Execution]) -> list[dict[str, Any]]:
    """Executions as plain values, each with its log rows under ``logs``."""
    told = {run.id: {**plain.row(run, without=("pinned",)), "logs": []} for run in runs}
    logs = executions.logs(session=session, execution_ids=list(told), results=True)
    for log in logs:
        told[log.execution_id]["logs"].append(plain.row(log))
    return list(told.values())


def stats(*, session: Session) -> dict[str, Any]:
    """How many events there are by status, outcome and severity, and how fast rescues were."""
    return {
        "events": _counts(session, CloudWatchEvent.status),
        "outcomes": _counts(session, CloudWatchEvent.outcome),
        "severities": _counts(session, CloudWatchEvent.severity),
        "executions": _counts(session, Execution.state),
        "dead_letters": dead_letters.count(session=session),
    }


def _counts(session: Session, column: Any) -> dict[str, int]:
    query = select(column, func.count()).where(column.is_not(None)).group_by(column)
    return {str(plain.value(value)): count for value, count in session.execute(query)}
