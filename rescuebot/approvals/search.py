"""The list of approvals, by the page, without their previews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.paging import Drive, Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which approvals are wanted: any of the states, and the rest each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    state: tuple[ApprovalState, ...] = ()
    event_id: int | None = None


LISTING = Listing(
    table=Approval,
    sorts={"asked_at": Approval.asked_at},
    sort="-asked_at",
    span=Approval.asked_at,
    filters={"event_id": Approval.cloudwatch_event_id, "state": Approval.state},
    drives=(
        Drive(name="event_id", index="ix_approval_cloudwatch_event_id", few=True),
        Drive(name="state", index="ix_approval_state_asked"),
    ),
    index="ix_approval_asked_at",
    hidden=(Approval.preview,),
)


search = Search(listing=LISTING)
