"""The list of what the steps of executions did, by the page, without their output."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.executions.model import LogStatus, SaltStackEventLog
from rescuebot.paging import Drive, Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which log rows are wanted; `since` and `until` (exclusive) are about when a step ran."""

    since: datetime | None = None
    until: datetime | None = None
    event_id: int | None = None
    command_id: int | None = None
    execution_id: int | None = None
    execution_status: tuple[LogStatus, ...] = ()


LISTING = Listing(
    table=SaltStackEventLog,
    sorts={"executed_at": SaltStackEventLog.executed_at},
    sort="-executed_at",
    span=SaltStackEventLog.executed_at,
    filters={
        "event_id": SaltStackEventLog.cloudwatch_event_id,
        "command_id": SaltStackEventLog.command_id,
        "execution_id": SaltStackEventLog.execution_id,
        "execution_status": SaltStackEventLog.execution_status,
    },
    drives=(
        Drive(name="execution_id", index="ix_saltstack_event_log_execution_id", few=True),
        Drive(name="event_id", index="ix_saltstack_event_log_cloudwatch_event_id", few=True),
    ),
    index="ix_saltstack_event_log_executed_at",
    hidden=(SaltStackEventLog.execution_result,),
)


search = Search(listing=LISTING)
