"""The list of notices, by the page: who was told of what, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rescuebot.notices.model import Notice, NoticeStatus
from rescuebot.paging import Drive, Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which notices are wanted: of each tuple any, of all fields each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    status: tuple[NoticeStatus, ...] = ()
    channel: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    event_id: int | None = None


LISTING = Listing(
    table=Notice,
    sorts={"created_at": Notice.created_at},
    sort="-created_at",
    span=Notice.created_at,
    filters={
        "event_id": Notice.event_id,
        "status": Notice.status,
        # There are few of each and each is frequent, so that none needs an index.
        "channel": Notice.channel,
        "state": Notice.state,
    },
    drives=(
        Drive(name="event_id", index="ix_notice_event_id", few=True),
        Drive(name="status", index="ix_notice_status"),
    ),
    index="ix_notice_created_at",
)


search = Search(listing=LISTING)
