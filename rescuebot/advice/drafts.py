"""What can be done with drafted runbooks: propose, note what became of them, promote.

Invariant: each change of `state` is one conditional UPDATE here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.advice.model import Draft, DraftState
from rescuebot.errors import Conflict, NotFound

_BY_VERDICT = {
    "fixed": DraftState.VERIFIED,
    "disapproved": DraftState.REJECTED,
    "changed_not_fixed": DraftState.FAILED,
    "failed": DraftState.FAILED,
    "timeout": DraftState.FAILED,
    "failed_preview": DraftState.FAILED,
}


def propose(
    *,
    session: Session,
    advice_id: int,
    event_id: int,
    execution_id: int,
    service_type: str,
    title: str,
    solution_hash: str,
    content: str,
    risk: str,
    now: datetime,
) -> Draft:
    """Keep a draft that passed the validator and waits for a person."""
    draft = Draft(
        advice_id=advice_id,
        cloudwatch_event_id=event_id,
        execution_id=execution_id,
        service_type=service_type,
        title=title[:200],
        solution_hash=solution_hash,
        content=content,
        risk=risk,
        state=DraftState.PROPOSED,
        made_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def note_verdict(
    *, session: Session, execution_id: int, verdict: str, actor: str, now: datetime
) -> bool:
    """Note what a person or a server said of the draft that an execution runs, if it runs one."""
    state = _BY_VERDICT.get(verdict, DraftState.UNUSED)
    noted = session.execute(
        update(Draft)
        .where(Draft.execution_id == execution_id, Draft.state == DraftState.PROPOSED)
        .values(state=state, changed_by=actor[:100], changed_at=now)
    )
    return bool(noted.rowcount)  # type: ignore[attr-defined]


def promote(*, session: Session, draft: Draft, runbook_id: int, actor: str, now: datetime) -> None:
    """Note that a verified draft is a runbook now; Conflict when it is not, or already."""
    done = session.execute(
        update(Draft)
        .where(Draft.id == draft.id, Draft.state == DraftState.VERIFIED)
        .values(
            state=DraftState.PROMOTED,
            runbook_id=runbook_id,
            changed_by=actor[:100],
            changed_at=now,
        )
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Conflict(
            f"Draft {draft.id} is {draft.state}; only a verified one becomes a runbook.",
            remedy="salt-run rescue.drafts lists them.",
        )


def get(*, session: Session, draft_id: int) -> Draft:
    """The draft, or NotFound."""
    draft = session.get(Draft, draft_id, populate_existing=True)
    if draft is None:
        raise NotFound(
            f"There is no draft {draft_id}.", remedy="salt-run rescue.drafts lists them."
        )
    return draft


def of_execution(*, session: Session, execution_id: int) -> Draft | None:
    """The draft that an execution runs, or None."""
    return session.scalars(select(Draft).where(Draft.execution_id == execution_id)).one_or_none()


def rejected(*, session: Session, service_type: str, limit: int = 100) -> Sequence[Draft]:
    """The drafts for a service that people rejected or that did not help, the latest first."""
    bad = (DraftState.REJECTED, DraftState.FAILED)
    query = select(Draft).where(Draft.service_type == service_type, Draft.state.in_(bad))
    return session.scalars(query.order_by(Draft.id.desc()).limit(limit)).all()


def promoted(*, session: Session) -> Sequence[Draft]:
    """The drafts that have become runbooks; the event of each is its regression case."""
    query = select(Draft).where(Draft.state == DraftState.PROMOTED, Draft.runbook_id.is_not(None))
    return session.scalars(query.order_by(Draft.id)).all()


def list_(*, session: Session, limit: int = 50) -> Sequence[Draft]:
    """The latest drafts, newest first."""
    return session.scalars(select(Draft).order_by(Draft.id.desc()).limit(limit)).all()
