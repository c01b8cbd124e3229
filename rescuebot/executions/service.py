"""What can be done with executions: plan, dispatch, start, end, list.

Invariant: each change of `state` is one conditional UPDATE here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, defer, undefer

from rescuebot.errors import NotFound
from rescuebot.executions.model import (
    ACTIVE_STATES,
    WAITING_STATES,
    Execution,
    ExecutionState,
    SaltStackEventLog,
)
from rescuebot.executions.pin import Fix, Pinned
from rescuebot.executions.summary import Summary
from rescuebot.executions.waiting import FOR_APPROVAL
from rescuebot.settings import ExecutionSettings


def plan(
    *,
    session: Session,
    pinned: Pinned,
    fix: Fix | None,
    name: str,
    service_type: str,
    server_id: str,
    minion_id: str,
    requested_by: str,
    settings: ExecutionSettings,
    now: datetime,
    event_id: int | None = None,
    approval_owed: bool = False,
    attempts: int = 1,
    retry_seconds: int = 0,
) -> Execution:
    """Write down a run that the tracker will send out, after a person approved it if that is owed.

    An approval is used once, so what owes one is tried once.
    """
    execution = Execution(
        cloudwatch_event_id=event_id,
        runbook_id=None if fix is None else fix.runbook_id,
        command_id=None if fix is None else fix.command_id,
        server_id=server_id,
        minion_id=minion_id,
        service_type=service_type,
        solution_kind="check" if fix is None else fix.kind.value,
        solution_name=name[:255],
        pinned=pinned.text,
        pinned_sha256=pinned.sha256,
        state=ExecutionState.HELD if approval_owed else ExecutionState.PLANNED,
        approval_owed=approval_owed,
        held_by=FOR_APPROVAL if approval_owed else None,
        held_at=now if approval_owed else None,
        attempts=1 if approval_owed else attempts,
        retry_seconds=retry_seconds,
        limit_seconds=settings.limit_seconds,
        verify_seconds=settings.verify_seconds,
        requested_by=requested_by[:100],
        planned_at=now,
        not_before=now,
    )
    session.add(execution)
    session.flush()
    return execution


def dispatch(
    *,
    session: Session,
    execution: Execution,
    dispatch_id: str,
    jid: str,
    master: str,
    grace: timedelta,
    now: datetime,
) -> bool:
    """Commit a waiting execution to a job before the job exists; False if it waits no more.

    Guarded by what was pinned when the guard looked at it.
    """
    deadline = now + timedelta(seconds=execution.limit_seconds) + grace
    return _move(
        session,
        execution.id,
        WAITING_STATES,
        Execution.pinned_sha256 == execution.pinned_sha256,
        state=ExecutionState.DISPATCHED,
        held_by=None,
        held_at=None,
        dispatch=dispatch_id,
        jid=jid,
        first_jid=None,
        asked_at=None,
        master=master,
        dispatched_at=now,
        published_at=None,
        started_at=None,
        deadline_at=deadline,
    )


def ask_again(
    *,
    session: Session,
    execution: Execution,
    jid: str,
    master: str,
    deadline_at: datetime,
    now: datetime,
) -> bool:
    """Commit to asking the minion once more for the same dispatch, under another job.

    Its ledger answers: with the stored result, by running what it never began, or that it broke
    off. Guarded by the job that we know of, so two trackers do not both ask.
    """
    asked = session.execute(
        update(Execution)
        .where(
            Execution.id == execution.id,
            Execution.state.in_(ACTIVE_STATES),
            Execution.jid == execution.jid,
        )
        .values(
            jid=jid,
            first_jid=execution.first_jid or execution.jid,
            master=master,
            asked_at=now,
            published_at=None,
            deadline_at=deadline_at,
        )
    )
    return bool(asked.rowcount)  # type: ignore[attr-defined]


def published(*, session: Session, jid: str, now: datetime) -> None:
    """Note that the job went out, so that it need not be published again."""
    session.execute(
        update(Execution)
        .where(Execution.jid == jid, Execution.published_at.is_(None))
        .values(published_at=now)
    )


def start(*, session: Session, execution: Execution, now: datetime) -> bool:
    """The minion fetches its work, for the first time or again; False when it is its no more.

    The UPDATE decides: a sweep may have planned the execution again since it was read.
    """
    moved = session.execute(
        update(Execution)
        .where(
            Execution.id == execution.id,
            Execution.dispatch == execution.dispatch,
            Execution.state.in_(ACTIVE_STATES),
        )
        .values(state=ExecutionState.RUNNING, started_at=func.coalesce(Execution.started_at, now))
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def end(
    *,
    session: Session,
    execution: Execution,
    state: ExecutionState,
    verdict: str,
    message: str,
    now: datetime,
    was: Sequence[ExecutionState] = (*WAITING_STATES, *ACTIVE_STATES),
    summary: Summary | None = None,
) -> bool:
    """Bring an active or waiting execution to its end; False when it is in no state of `was`.

    `summary` is what its states came to, if it ran any.
    """
    return _move(
        session,
        execution.id,
        was,
        state=state,
        verdict=verdict[:30],
        message=message[:4000],
        finished_at=now,
        states_succeeded=None if summary is None else summary.succeeded,
        states_changed=None if summary is None else summary.changed,
        states_failed=None if summary is None else summary.failed,
    )


def plan_again(
    *,
    session: Session,
    execution: Execution,
    not_before: datetime,
    now: datetime,
    module_synced: bool | None = None,
    was: Sequence[ExecutionState] = ACTIVE_STATES,
) -> bool:
    """Take an execution that provably did nothing back to `planned`, for a later job.

    Should its minion hear of the old job later, the master has no work for it any more.
    """
    values: dict[str, object] = {
        "state": ExecutionState.PLANNED,
        "not_before": not_before,
        "waits": Execution.waits + 1,
        "waiting_since": func.coalesce(Execution.waiting_since, now),
    }
    if module_synced is not None:
        values["module_synced"] = module_synced
    return _move(session, execution.id, was, dispatch=None, jid=None, **values)


def work_of(*, session: Session, dispatch_id: str, minion_id: str) -> Execution | None:
    """The active execution of a job on a minion, or None: a minion gets its own work only."""
    query = select(Execution).where(
        Execution.dispatch == dispatch_id,
        Execution.minion_id == minion_id,
        Execution.state.in_(ACTIVE_STATES),
    )
    return session.scalars(query).one_or_none()


def is_of_another(*, session: Session, dispatch_id: str, minion_id: str) -> bool:
    """Whether the dispatch went to other minions only."""
    owners = set(
        session.scalars(select(Execution.minion_id).where(Execution.dispatch == dispatch_id))
    )
    return minion_id not in owners


def of_return(*, session: Session, jid: str, minion_id: str) -> Execution | None:
    """The active execution that a job's return from a minion belongs to, or None."""
    query = select(Execution).where(
        Execution.jid == jid,
        Execution.minion_id == minion_id,
        Execution.state.in_(ACTIVE_STATES),
    )
    return session.scalars(query).one_or_none()


def hurry(*, session: Session, minion_id: str, now: datetime) -> int:
    """The minion is back: what waited for it may start now. Pauses between attempts stay."""
    moved = session.execute(
        update(Execution)
        .where(
            Execution.minion_id == minion_id,
            Execution.state == ExecutionState.PLANNED,
            Execution.waits > 0,
            Execution.not_before > now,
        )
        .values(not_before=now)
    )
    return int(moved.rowcount)  # type: ignore[attr-defined]


def under_way(
    *,
    session: Session,
    event_id: int,
    states: Sequence[ExecutionState] = (*WAITING_STATES, *ACTIVE_STATES),
) -> Sequence[Execution]:
    """What is held, planned or out for an event, oldest first; or only what is in `states`."""
    query = select(Execution).where(
        Execution.cloudwatch_event_id == event_id, Execution.state.in_(states)
    )
    return session.scalars(query.options(defer(Execution.pinned)).order_by(Execution.id)).all()


def is_under_way(*, session: Session, event_id: int) -> bool:
    """Whether anything for the event is held, planned or out."""
    return bool(under_way(session=session, event_id=event_id))


def get(*, session: Session, execution_id: int) -> Execution:
    """The execution, or NotFound."""
    execution = session.get(Execution, execution_id)
    if execution is None:
        raise NotFound(
            f"There is no execution {execution_id}.",
            remedy="salt-run rescue.executions lists the latest.",
        )
    return execution


def list_(
    *, session: Session, event_id: int | None = None, limit: int = 50, pinned: bool = False
) -> Sequence[Execution]:
    """The latest executions, newest first; those of one event, oldest first.

    What they are `pinned` to, which may be long, is read only where it is asked for.
    """
    query = select(Execution)
    query = query if pinned else query.options(defer(Execution.pinned))
    if event_id is not None:
        query = query.where(Execution.cloudwatch_event_id == event_id).order_by(Execution.id)
    else:
        query = query.order_by(Execution.id.desc())
    return session.scalars(query.limit(limit)).all()


def last_on(*, session: Session, execution: Execution, limit: int = 3) -> Sequence[Execution]:
    """How the same service was dealt with on the same server before, the latest first."""
    query = select(Execution).where(
        Execution.server_id == execution.server_id,
        Execution.service_type == execution.service_type,
        Execution.id < execution.id,
        Execution.finished_at.is_not(None),
    )
    query = query.options(defer(Execution.pinned)).order_by(Execution.id.desc())
    return session.scalars(query.limit(limit)).all()


def recent_on(*, session: Session, server_id: str, limit: int) -> Sequence[Execution]:
    """The latest executions on a server, newest first."""
    query = select(Execution).where(Execution.server_id == server_id)
    query = query.options(defer(Execution.pinned)).order_by(Execution.id.desc())
    return session.scalars(query.limit(limit)).all()


def logs(
    *, session: Session, execution_ids: Sequence[int], results: bool = False
) -> Sequence[SaltStackEventLog]:
    """The log rows of executions in the order of their steps, with their output if asked for."""
    query = select(SaltStackEventLog).where(SaltStackEventLog.execution_id.in_(execution_ids))
    if results:
        query = query.options(undefer(SaltStackEventLog.execution_result))
    return session.scalars(query.order_by(SaltStackEventLog.id)).all()


def _move(
    session: Session,
    execution_id: int,
    was: Sequence[ExecutionState],
    *also: ColumnElement[bool],
    **values: object,
) -> bool:
    moved = session.execute(
        update(Execution)
        .where(Execution.id == execution_id, Execution.state.in_(was), *also)
        .values(**values)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
