"""Approvals: what waits for a person, shown whole, and the person's answer."""

from __future__ import annotations

from typing import Any

from rescuebot import amending, approving, inspecting
from rescuebot.amending import Wanted
from rescuebot.approvals import search
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import approvals as whole
from webui.api.schemas import guard as schemas
from webui.api.schemas.runbooks import Checked

door = Door("approvals", path="/approvals", words="What waits for a person's word.")

ONE = "/<int(min=1, max=2147483647):approval_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.ApprovalQuery, returns=schemas.ApprovalPage)
def list_approvals(query: dict[str, Any]) -> Any:
    """Approvals, the latest first; ``state=pending`` are those that wait."""
    return listing.page(search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=whole.ApprovalWhole)
def get_approval(approval_id: int) -> Any:
    """All that an approver should see: what would run, where, why, what it would change."""
    return _shown(approval_id)


@door.operation(
    "POST",
    ONE + "/approve",
    allow=OPERATOR,
    people_only=True,
    body=schemas.ApprovalAnswer,
    returns=whole.ApprovalWhole,
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
    returns=whole.ApprovalWhole,
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


@door.operation(
    "POST",
    ONE + "/amend",
    allow=OPERATOR,
    people_only=True,
    body=whole.AmendIn,
    returns=whole.ApprovalWhole,
    fails=(409,),
)
def amend(approval_id: int, body: dict[str, Any]) -> Any:
    """Let it be about another script, state data or arguments. For people.

    What was proposed is kept beside it, the minion is asked for a new preview, and the editor is
    one of those who propose it. The runbook stays as it is.
    """
    amending.amend(
        approval_id,
        wanted=_wanted(body),
        digest=body["digest"],
        actor=who.actor(),
        database=context.ledger(),
        comment=body["comment"],
    )
    return _shown(approval_id)


@door.operation(
    "POST",
    ONE + "/check",
    allow=OPERATOR,
    body=whole.WantedIn,
    returns=Checked,
    fails=(409,),
)
def check_amendment(approval_id: int, body: dict[str, Any]) -> Any:
    """What is wrong with a change, without making it; a script is read by its own interpreter."""
    problems = context.read(
        lambda session: amending.problems_of(
            session=session, approval_id=approval_id, wanted=_wanted(body)
        )
    )
    return {"ok": not problems, "problems": problems}


def _wanted(body: dict[str, Any]) -> Wanted:
    return Wanted(solution=body["solution"], arguments=body["arguments"])


def _shown(approval_id: int) -> Any:
    return context.read(
        lambda session: inspecting.seen(
            session=session,
            approval_id=approval_id,
            actor=who.actor(),
            settings=context.settings().guard,
        )
    )
