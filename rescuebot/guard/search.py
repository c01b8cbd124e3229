"""The list of decisions, by the page: why something ran or did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.guard.model import Decision
from rescuebot.paging import Drive, Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which decisions are wanted: of each tuple any, of all fields each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    subject: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    event_id: int | None = None
    execution_id: int | None = None
    runbook_id: int | None = None


LISTING = Listing(
    table=Decision,
    sorts={"decided_at": Decision.decided_at},
    sort="-decided_at",
    span=Decision.decided_at,
    filters={
        "event_id": Decision.cloudwatch_event_id,
        "execution_id": Decision.execution_id,
        "runbook_id": Decision.runbook_id,
        "verdict": Decision.verdict,
        # There are few subjects and each is frequent, so that none needs an index.
        "subject": Decision.subject,
    },
    drives=(
        Drive(name="event_id", index="ix_decision_cloudwatch_event_id", few=True),
        Drive(name="execution_id", index="ix_decision_execution_id", few=True),
        Drive(name="runbook_id", index="ix_decision_runbook_id"),
        Drive(name="verdict", index="ix_decision_verdict"),
    ),
    index="ix_decision_decided_at",
)


search = Search(listing=LISTING)
