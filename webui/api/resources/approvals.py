"""Approvals: what waits for a person, shown whole, and the person's answer."""

from __future__ import annotations

from typing import Any

from rescuebot import approving
from rescuebot.approvals import search
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import guard as schemas

door = Door("approvals", path="/approvals", words="What waits for a person's word.")

ONE = "/<int(min=1, max=2147483647):approval_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.ApprovalQuery, returns=schemas.ApprovalPage)
def list_approvals(query: dict[str, Any]) -> Any:
    """Approvals, the latest first; ``state=pending`` are those that wait."""
    return listing.page(search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.ApprovalWhole)
def get_approval(approval_id: int) -> Any:
    """All that an approver should see: what would run, where, why, what it would change."""
    return _shown(approval_id)


@door.operation(
    "POST",
    ONE + "/approve",
    allow=OPERATOR,
    people_only=True,
    body=schemas.ApprovalAnswer,
    returns=schemas.ApprovalWhole,
    fails=(409,),
)
def approve(approval_id: int, body: dict[str, str]) -> Any:
    """Allow exactly what has this digest, once. For people, but not for whoever proposed it."""
    approving.approve(
        approval_id,
        actor=who.actor(),
        database=context.ledger(),
        settings=context.settings().guard,
        digest=body["digest"],
        comment=body["comment"],
    )
    return _shown(approval_id)


@door.operation(
    "POST",
    ONE + "/reject",
    allow=OPERATOR,
    people_only=True,
    body=schemas.ApprovalAnswer,
    returns=schemas.ApprovalWhole,
    fails=(409,),
)
def reject(approval_id: int, body: dict[str, str]) -> Any:
    """Forbid it: it is not run, and its event ends as rejected. For people."""
    approving.reject(
        approval_id,
        actor=who.actor(),
        database=context.ledger(),
        digest=body["digest"],
        comment=body["comment"],
    )
    return _shown(approval_id)


def _shown(approval_id: int) -> Any:
    return context.read(lambda session: approving.seen(session=session, approval_id=approval_id))
