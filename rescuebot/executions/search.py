"""The list of executions, by the page, without what they are pinned to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.executions.model import ENDED_STATES, Execution, ExecutionState
from rescuebot.paging import Drive, Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which executions are wanted: of each tuple any, of all fields each.

    `since` and `until` (exclusive) are about when they were planned.
    """

    since: datetime | None = None
    until: datetime | None = None
    state: tuple[ExecutionState, ...] = ()
    server_id: tuple[str, ...] = ()
    service_type: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    requested_by: tuple[str, ...] = ()
    event_id: int | None = None
    runbook_id: int | None = None
    command_id: int | None = None


LISTING = Listing(
    table=Execution,
    sorts={"planned_at": Execution.planned_at},
    sort="-planned_at",
    span=Execution.planned_at,
    filters={
        "event_id": Execution.cloudwatch_event_id,
        "command_id": Execution.command_id,
        "server_id": Execution.server_id,
        "runbook_id": Execution.runbook_id,
        "service_type": Execution.service_type,
        "requested_by": Execution.requested_by,
        "state": Execution.state,
        "verdict": Execution.verdict,
    },
    drives=(
        Drive(name="event_id", index="ix_execution_cloudwatch_event_id", few=True),
        # Only people run commands.
        Drive(name="command_id", index="ix_execution_command_id", few=True),
        Drive(name="server_id", index="ix_execution_server_planned"),
        # What has not ended is little, whatever the service.
        Drive(
            name="state",
            index="ix_execution_state_planned",
            when=lambda states: not set(states) & set(ENDED_STATES),
        ),
        Drive(name="runbook_id", index="ix_execution_runbook_planned"),
        Drive(name="service_type", index="ix_execution_service_planned"),
        Drive(name="requested_by", index="ix_execution_requested_by"),
        Drive(name="state", index="ix_execution_state_planned"),
    ),
    index="ix_execution_planned_at",
    hidden=(Execution.pinned,),
)


search = Search(listing=LISTING)
