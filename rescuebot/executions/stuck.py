"""Executions that wait for something that may never come; the sweeps look here. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from rescuebot.executions.model import (
    ACTIVE_STATES,
    WAITING_STATES,
    Execution,
    ExecutionState,
)
from rescuebot.executions.waiting import FOR_APPROVAL


def unpublished(
    *, session: Session, master: str, before: datetime, limit: int
) -> Sequence[Execution]:
    """Those of one master whose job was committed but may never have gone out."""
    query = select(Execution).where(
        Execution.state.in_(ACTIVE_STATES),
        Execution.published_at.is_(None),
        Execution.master == master,
        func.coalesce(Execution.asked_at, Execution.dispatched_at) < before,
    )
    return session.scalars(query.order_by(Execution.id).limit(limit)).all()


def out_since(
    *, session: Session, master: str, before: datetime, limit: int
) -> Sequence[Execution]:
    """Those of one master that are out since `before`, the oldest first."""
    query = _active().where(Execution.master == master, Execution.dispatched_at < before)
    return session.scalars(query.order_by(Execution.id).limit(limit)).all()


def unfetched(
    *, session: Session, minions: Collection[str], before: datetime, limit: int
) -> Sequence[Execution]:
    """Those whose job went out before `before` and whose minion has never fetched its work."""
    query = _active().where(
        Execution.state == ExecutionState.DISPATCHED,
        Execution.published_at < before,
        Execution.minion_id.in_(minions),
    )
    return session.scalars(query.order_by(Execution.id).limit(limit)).all()


def overdue(
    *, session: Session, minions: Collection[str], now: datetime, limit: int
) -> Sequence[Execution]:
    """Those whose deadline has passed, of minions that the asking master knows."""
    query = _active().where(Execution.deadline_at < now, Execution.minion_id.in_(minions))
    return session.scalars(query.order_by(Execution.id).limit(limit)).all()


def out_by_minion(*, session: Session) -> Sequence[Execution]:
    """All that is out, for whoever wants to tell their minions something."""
    return session.scalars(_active()).all()


def unclaimable(
    *, session: Session, minions: Collection[str], before: datetime, limit: int
) -> Sequence[Execution]:
    """Those that only their time or the guard holds, or that are out past their deadline, of
    minions that are not of `minions`.
    """
    for_a_person = func.coalesce(Execution.held_by, "") == FOR_APPROVAL
    waiting = Execution.state.in_(WAITING_STATES) & ~for_a_person & (Execution.not_before < before)
    out = Execution.state.in_(ACTIVE_STATES) & (Execution.deadline_at < before)
    query = (
        select(Execution)
        .options(defer(Execution.pinned))
        .where(waiting | out, Execution.minion_id.not_in(minions))
    )
    return session.scalars(query.order_by(Execution.id).limit(limit)).all()


def _active() -> Select[Execution]:
    return (
        select(Execution).options(defer(Execution.pinned)).where(Execution.state.in_(ACTIVE_STATES))
    )
