"""Figures about executions: of what goes on now, and of a span of time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rescuebot.database import limited
from rescuebot.executions.model import ACTIVE_STATES, WAITING_STATES, Execution, ExecutionState
from rescuebot.paging import along


def open_now(*, session: Session) -> dict[ExecutionState, int]:
    """How many wait or are under way, by state."""
    query = select(Execution.state, func.count()).where(
        Execution.state.in_((*WAITING_STATES, *ACTIVE_STATES))
    )
    return dict(session.execute(limited(query.group_by(Execution.state))).all())


def by_state(*, session: Session, since: datetime) -> dict[ExecutionState, int]:
    """How many of those that were planned since then are in each state."""
    query = select(Execution.state, func.count()).where(
        Execution.state.in_(tuple(ExecutionState)), Execution.planned_at >= since
    )
    query = along(query, Execution, "ix_execution_state_planned")
    return dict(session.execute(limited(query.group_by(Execution.state))).all())
