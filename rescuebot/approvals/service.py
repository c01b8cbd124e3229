"""What can be done with approvals: ask, answer, spend, let run out, list.

Invariant: each change of `state` is one conditional UPDATE here, so of two people who answer at
once one is heard, and an approval is spent at most once, for exactly what it was given for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, undefer

from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.errors import Conflict, NotFound

OPEN = (ApprovalState.PENDING, ApprovalState.APPROVED)
_CHUNK = 500


def digest(*, pinned_sha256: str, servers: Sequence[str]) -> str:
    """The SHA-256 that an approval is bound to: what would run, and on which servers."""
    content = {"pinned_sha256": pinned_sha256, "servers": sorted(servers)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def ask(
    *,
    session: Session,
    execution_id: int,
    event_id: int | None,
    pinned_sha256: str,
    servers: Sequence[str],
    why: str,
    proposed_by: str,
    expires_at: datetime,
    now: datetime,
) -> Approval:
    """Ask people whether an execution may run."""
    approval = Approval(
        execution_id=execution_id,
        cloudwatch_event_id=event_id,
        digest=digest(pinned_sha256=pinned_sha256, servers=servers),
        servers=json.dumps(sorted(servers)),
        why=why,
        proposed_by=proposed_by[:100],
        state=ApprovalState.PENDING,
        asked_at=now,
        expires_at=expires_at,
    )
    session.add(approval)
    session.flush()
    return approval


def answer(
    *,
    session: Session,
    approval_id: int,
    state: ApprovalState,
    digest: str,
    actor: str,
    comment: str,
    now: datetime,
) -> None:
    """Approve or reject what has the digest; Conflict when it is no longer open to that."""
    changed = _move(
        session,
        approval_id,
        (ApprovalState.PENDING,),
        Approval.digest == digest,
        Approval.expires_at > now,
        state=state,
        decided_by=actor[:100],
        decided_at=now,
        comment=comment,
    )
    if not changed:
        raise too_late(approval=get(session=session, approval_id=approval_id), now=now)


def spend(*, session: Session, approval_id: int, digest: str, now: datetime) -> bool:
    """Use an approval up for what has this digest; False when it does not hold for that."""
    return _move(
        session,
        approval_id,
        (ApprovalState.APPROVED,),
        Approval.digest == digest,
        Approval.expires_at > now,
        state=ApprovalState.SPENT,
        spent_at=now,
    )


def close(*, session: Session, approval_id: int, state: ApprovalState) -> bool:
    """End an open approval without a person: expired, withdrawn or refused."""
    return _move(session, approval_id, OPEN, state=state)


def rebind(*, session: Session, approval: Approval, pinned_sha256: str) -> bool:
    """Bind a question that nobody has answered yet to what is pinned now."""
    new = digest(pinned_sha256=pinned_sha256, servers=json.loads(approval.servers))
    return _move(
        session,
        approval.id,
        (ApprovalState.PENDING,),
        Approval.digest == approval.digest,
        digest=new,
    )


def amend(*, session: Session, approval: Approval, pinned_sha256: str, now: datetime) -> str:
    """Ask about what is pinned now instead, and for its preview; returns the new digest.

    Conflict when it is open no more, or no longer about what `approval` says.
    """
    new = digest(pinned_sha256=pinned_sha256, servers=json.loads(approval.servers))
    changed = _move(
        session,
        approval.id,
        (ApprovalState.PENDING,),
        Approval.digest == approval.digest,
        Approval.expires_at > now,
        digest=new,
        preview=None,
        previewed_at=None,
        preview_dispatch=None,
        preview_jid=None,
        preview_tries=0,
        preview_asked_at=None,
    )
    if not changed:
        raise too_late(approval=get(session=session, approval_id=approval.id), now=now)
    return new


def get(*, session: Session, approval_id: int) -> Approval:
    """The approval with its preview, or NotFound."""
    query = select(Approval).where(Approval.id == approval_id).options(undefer(Approval.preview))
    approval = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if approval is None:
        raise NotFound(
            f"There is no approval {approval_id}.",
            remedy="salt-run rescue.approvals lists those that wait.",
        )
    return approval


def of_executions(*, session: Session, execution_ids: Collection[int]) -> dict[int, Approval]:
    """The approvals of executions, by the executions' ids."""
    query = select(Approval).where(Approval.execution_id.in_(execution_ids))
    query = query.execution_options(populate_existing=True)
    return {row.execution_id: row for row in session.scalars(query)}


def of_event(*, session: Session, event_id: int) -> Sequence[Approval]:
    """The approvals that were asked for because of an event, oldest first."""
    query = select(Approval).where(Approval.cloudwatch_event_id == event_id)
    return session.scalars(query.order_by(Approval.id)).all()


def waiting(*, session: Session, event_ids: Sequence[int]) -> int:
    """How many questions of these events nobody has answered yet."""
    query = select(func.count(Approval.id)).where(Approval.state == ApprovalState.PENDING)
    chunks = (event_ids[at : at + _CHUNK] for at in range(0, len(event_ids), _CHUNK))
    return sum(
        session.scalar(query.where(Approval.cloudwatch_event_id.in_(chunk))) or 0
        for chunk in chunks
    )


def run_out(*, session: Session, now: datetime, limit: int) -> Sequence[Approval]:
    """Open approvals whose time is over."""
    query = select(Approval).where(Approval.state.in_(OPEN), Approval.expires_at <= now)
    return session.scalars(query.order_by(Approval.id).limit(limit)).all()


def list_(
    *, session: Session, state: ApprovalState | None = ApprovalState.PENDING, limit: int = 50
) -> Sequence[Approval]:
    """Approvals in one state, by default those that wait, oldest first; None gives the latest."""
    query = select(Approval).order_by(Approval.id.desc())
    if state is not None:
        query = select(Approval).where(Approval.state == state).order_by(Approval.id)
    return session.scalars(query.limit(limit)).all()


def too_late(*, approval: Approval, now: datetime) -> Conflict:
    """Why an answer to this is not heard any more."""
    name = f"Approval {approval.id}"
    look = f"salt-run rescue.approval {approval.id} shows it."
    if approval.decided_by is not None and approval.state is not ApprovalState.PENDING:
        told = f"{name} has been answered by {approval.decided_by} already ({approval.state})."
        return Conflict(told, remedy=look)
    if approval.state is ApprovalState.PENDING and approval.expires_at > now:
        told = f"What {name.lower()} is about has changed since you looked at it."
        return Conflict(told, remedy=look)
    return Conflict(f"{name} is open no more ({approval.state}, expired or not needed).")


def _move(
    session: Session,
    approval_id: int,
    was: Sequence[ApprovalState],
    *also: ColumnElement[bool],
    **values: object,
) -> bool:
    moved = session.execute(
        update(Approval)
        .where(Approval.id == approval_id, Approval.state.in_(was), *also)
        .values(**values)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
