"""The list of what the steps of executions did, by the page, without their output."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.executions.model import LogStatus, SaltStackEventLog
from rescuebot.paging import Drive, Listing, Page


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


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-executed_at",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[SaltStackEventLog]:
    """A page of log rows; `sort` is ``-executed_at`` (newest first) or ``executed_at``."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
