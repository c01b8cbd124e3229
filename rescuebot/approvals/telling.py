"""Notices of a question: it is asked, it looks another way, it is answered.

Invariant: the number of such a notice names the approval, so that it finds the question's message.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot.approvals.model import Approval
from rescuebot.events.reported import Severity
from rescuebot.executions.model import Execution
from rescuebot.notices import service as notices

# What may come more than once for one approval: how often it was edited stands behind its id.
_MANY = ("previewed", "amended")
_EDITS = 100


def tell(
    *,
    session: Session,
    approval: Approval,
    execution: Execution,
    state: str,
    now: datetime,
    edits: int = 0,
) -> None:
    """A notice in the thread of the event; a run that a person wanted has one of its own.

    `state` is one of ``notices.service.QUESTIONS``.
    """
    number = approval.id * _EDITS + edits if state in _MANY else approval.id
    if approval.cloudwatch_event_id is not None:
        notices.of_event(
            session=session,
            event_id=approval.cloudwatch_event_id,
            state=state,
            number=number,
            now=now,
        )
        return
    notices.put(
        session=session,
        thread_key=f"approval:{approval.id}",
        state=state,
        severity=Severity.WARNING,
        service_type=execution.service_type,
        number=number,
        now=now,
    )


def approval_of(*, state: str, number: int) -> int:
    """The id of the approval that a notice of this state and number is about."""
    return number // _EDITS if state in _MANY else number
