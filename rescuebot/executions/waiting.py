"""What can be done with executions that nothing has been sent for yet: hold, release, cancel.

Invariant: each change is one conditional UPDATE from a state in which nothing has been sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, aliased, defer, undefer

from rescuebot.executions.model import ACTIVE_STATES, WAITING_STATES, Execution, ExecutionState

# Held for a person; only an answer of a person moves it on.
FOR_APPROVAL = "approval"
_FOR_ROOM = "blast_radius"
_FOR_THE_SERVER = "one_at_a_time"


def candidates(
    *,
    session: Session,
    now: datetime,
    limit: int,
    minions: Collection[str],
    without_room: Collection[str] = (),
) -> Sequence[Execution]:
    """What may be asked about now, oldest first: planned, or held by a rule that may let go.

    Only of `minions`, which the asking master knows. What waits for room in one of the services
    `without_room`, or for a server that is still busy, is left out.
    """
    other = aliased(Execution)
    busy = (
        select(other.id)
        .where(other.server_id == Execution.server_id, other.state.in_(ACTIVE_STATES))
        .exists()
    )
    held_by = func.coalesce(Execution.held_by, "")
    held = (
        (Execution.state == ExecutionState.HELD)
        & (held_by != FOR_APPROVAL)
        & ~((held_by == _FOR_THE_SERVER) & busy)
    )
    if without_room:
        held &= ~((held_by == _FOR_ROOM) & Execution.service_type.in_(without_room))
    query = select(Execution).where(
        (Execution.state == ExecutionState.PLANNED) | held,
        Execution.not_before <= now,
        Execution.minion_id.in_(minions),
    )
    query = query.options(defer(Execution.pinned)).order_by(Execution.id)
    return session.scalars(query.limit(limit)).all()


def load_pinned(*, session: Session, executions: Collection[Execution]) -> None:
    """Read what is pinned of executions that were found without it."""
    if executions:
        ids = [execution.id for execution in executions]
        query = select(Execution).where(Execution.id.in_(ids)).options(undefer(Execution.pinned))
        session.scalars(query.execution_options(populate_existing=True)).all()


def hold(
    *, session: Session, execution: Execution, rule: str, again_at: datetime | None, now: datetime
) -> bool:
    """Let it wait by a rule of the guard; True when that rule did not hold it before."""
    is_new = execution.state is not ExecutionState.HELD or execution.held_by != rule
    if not is_new and again_at is None:
        return False
    held = session.execute(
        update(Execution)
        .where(Execution.id == execution.id, Execution.state.in_(WAITING_STATES))
        .values(
            state=ExecutionState.HELD,
            held_by=rule,
            held_at=case((Execution.held_by == rule, Execution.held_at), else_=now),
            not_before=execution.not_before if again_at is None else again_at,
        )
    )
    return is_new and bool(held.rowcount)  # type: ignore[attr-defined]


def release(*, session: Session, execution_id: int, was: str, now: datetime) -> bool:
    """Plan what a rule holds; False when it is not held by that rule any more."""
    released = session.execute(
        update(Execution)
        .where(
            Execution.id == execution_id,
            Execution.state == ExecutionState.HELD,
            Execution.held_by == was,
        )
        .values(state=ExecutionState.PLANNED, held_by=None, held_at=None, not_before=now)
    )
    return bool(released.rowcount)  # type: ignore[attr-defined]


def look_again(*, session: Session, rule: str, now: datetime) -> int:
    """Let the guard look at once at all that a rule holds, because its reason has changed."""
    moved = session.execute(
        update(Execution)
        .where(
            Execution.state == ExecutionState.HELD,
            Execution.held_by == rule,
            Execution.not_before > now,
        )
        .values(not_before=now)
    )
    return int(moved.rowcount)  # type: ignore[attr-defined]


def repin(*, session: Session, execution: Execution, text: str, sha256: str) -> bool:
    """Exchange what is pinned of an execution that still waits for its approval."""
    done = session.execute(
        update(Execution)
        .where(
            Execution.id == execution.id,
            Execution.state == ExecutionState.HELD,
            Execution.held_by == FOR_APPROVAL,
            Execution.pinned_sha256 == execution.pinned_sha256,
        )
        .values(pinned=text, pinned_sha256=sha256)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def edit(
    *, session: Session, execution: Execution, text: str, sha256: str, solution_name: str
) -> bool:
    """Exchange what is pinned for what a person wrote instead: a remedy of its own from now on.

    How it ends counts neither for nor against the runbook or command that it was made from.
    """
    done = session.execute(
        update(Execution)
        .where(
            Execution.id == execution.id,
            Execution.state == ExecutionState.HELD,
            Execution.held_by == FOR_APPROVAL,
            Execution.pinned_sha256 == execution.pinned_sha256,
        )
        .values(
            pinned=text,
            pinned_sha256=sha256,
            solution_name=solution_name[:255],
            runbook_id=None,
            command_id=None,
        )
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def counts(*, session: Session) -> dict[str, int]:
    """How many executions each rule holds."""
    query = (
        select(func.coalesce(Execution.held_by, ""), func.count())
        .where(Execution.state == ExecutionState.HELD)
        .group_by(Execution.held_by)
    )
    return {rule: count for rule, count in session.execute(query)}


def of_event(*, session: Session, event_id: int) -> Sequence[Execution]:
    """The executions of an event that are held, and for which nothing has been sent."""
    query = select(Execution).where(
        Execution.cloudwatch_event_id == event_id, Execution.state == ExecutionState.HELD
    )
    return session.scalars(query.options(defer(Execution.pinned))).all()


def held(*, session: Session, limit: int = 50) -> Sequence[Execution]:
    """What is held, oldest first."""
    query = select(Execution).where(Execution.state == ExecutionState.HELD)
    query = query.options(defer(Execution.pinned)).order_by(Execution.id)
    return session.scalars(query.limit(limit)).all()
