"""One run after another for the same: the next attempt by itself, or once more by a person.

Invariant: what is run again is what was pinned for the run before, to the letter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.executions.waiting import FOR_APPROVAL

_COPIED = (
    "cloudwatch_event_id",
    "runbook_id",
    "command_id",
    "server_id",
    "service_type",
    "solution_kind",
    "solution_name",
    "pinned",
    "pinned_sha256",
    "retry_seconds",
    "limit_seconds",
    "verify_seconds",
)


def again(*, session: Session, execution: Execution, now: datetime) -> Execution:
    """Plan the next attempt of an execution that has ended: the same pinned work, later.

    The pause doubles with each attempt and is a little random, so that servers which failed
    together do not come back together.
    """
    pause = execution.retry_seconds * 2 ** (execution.attempt - 1) * random.uniform(0.8, 1.2)
    return _following(
        session,
        execution,
        minion_id=execution.minion_id,
        attempt=execution.attempt + 1,
        attempts=execution.attempts,
        requested_by=execution.requested_by,
        state=ExecutionState.PLANNED,
        planned_at=now,
        not_before=now + timedelta(seconds=pause),
    )


def once_more(
    *,
    session: Session,
    execution: Execution,
    minion_id: str,
    requested_by: str,
    approval_owed: bool,
    now: datetime,
) -> Execution:
    """Plan what has ended once more, because a person wants it: tried once, at once."""
    return _following(
        session,
        execution,
        minion_id=minion_id,
        attempt=1,
        attempts=1,
        requested_by=requested_by[:100],
        retry_of=execution.id,
        approval_owed=approval_owed,
        state=ExecutionState.HELD if approval_owed else ExecutionState.PLANNED,
        held_by=FOR_APPROVAL if approval_owed else None,
        held_at=now if approval_owed else None,
        planned_at=now,
        not_before=now,
    )


def earlier(*, session: Session, execution: Execution) -> Sequence[Execution]:
    """The attempts for the same event before this one."""
    query = select(Execution).where(
        Execution.cloudwatch_event_id == execution.cloudwatch_event_id,
        Execution.id < execution.id,
    )
    return session.scalars(query.options(defer(Execution.pinned))).all()


def successor(*, session: Session, execution: Execution) -> int | None:
    """The id of the last run that came after this one, for its event or by hand; or None."""
    after = Execution.retry_of == execution.id
    if execution.cloudwatch_event_id is not None:
        after = or_(after, Execution.cloudwatch_event_id == execution.cloudwatch_event_id)
    query = select(Execution.id).where(after, Execution.id > execution.id)
    return session.scalar(query.order_by(Execution.id.desc()).limit(1))


def _following(session: Session, execution: Execution, **values: Any) -> Execution:
    # The sweeps look at executions without what is pinned, and outside of this transaction.
    execution = session.get_one(Execution, execution.id, populate_existing=True)
    following = Execution(**{name: getattr(execution, name) for name in _COPIED}, **values)
    session.add(following)
    session.flush()
    return following
