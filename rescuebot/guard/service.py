"""What can be done with decisions: write one, read those of an event. Never change one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.guard.model import Decision

_CHUNK = 500


def record(
    *,
    session: Session,
    subject: str,
    verdict: str,
    words: str,
    now: datetime,
    event_id: int | None = None,
    execution_id: int | None = None,
    runbook_id: int | None = None,
) -> Decision:
    """Write down what was decided, in words for people."""
    decision = Decision(
        cloudwatch_event_id=event_id,
        execution_id=execution_id,
        runbook_id=runbook_id,
        subject=subject,
        verdict=verdict,
        words=words,
        decided_at=now,
    )
    session.add(decision)
    return decision


def runbooks_of_events(*, session: Session, event_ids: Sequence[int]) -> dict[int, int]:
    """Which runbook was chosen for each of the events, for those for which one was."""
    found: dict[int, int] = {}
    for start in range(0, len(event_ids), _CHUNK):
        query = (
            select(Decision.cloudwatch_event_id, Decision.runbook_id)
            .where(
                Decision.cloudwatch_event_id.in_(event_ids[start : start + _CHUNK]),
                Decision.subject == "match",
                Decision.runbook_id.is_not(None),
            )
            .order_by(Decision.id)
        )
        for event_id, runbook_id in session.execute(query):
            found[event_id or 0] = runbook_id or 0
    return found


def list_for_event(*, session: Session, event_id: int) -> Sequence[Decision]:
    """The decisions on one event, oldest first."""
    query = select(Decision).where(Decision.cloudwatch_event_id == event_id).order_by(Decision.id)
    return session.scalars(query).all()
