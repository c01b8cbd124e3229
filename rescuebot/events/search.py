"""The list of events, by the page, at ten million rows.

Invariant: sorted by `event_time` alone, because only that is the second column of the index of
every filter; what is not served by an index is looked at row by row along the one that drives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlalchemy.orm import Session

from rescuebot import clock, paging
from rescuebot.clock import as_utc
from rescuebot.cursors import Total
from rescuebot.errors import Invalid, Problem
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.paging import Drive, Listing, Page, Way

# A text is looked for in so much, and in so much when nothing else is said.
TEXT_WITHIN = timedelta(days=31)
TEXT_BY_DEFAULT = timedelta(hours=24)
_OPEN = {EventStatus.NEW, EventStatus.PROCESSING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which events are wanted: of each tuple any, of all fields each. `until` is exclusive.

    `deleted` wants those that were taken back, and only those.
    """

    since: datetime | None = None
    until: datetime | None = None
    severity: tuple[Severity, ...] = ()
    status: tuple[EventStatus, ...] = ()
    outcome: tuple[Outcome, ...] = ()
    server_id: tuple[str, ...] = ()
    event_source: tuple[str, ...] = ()
    event_type: tuple[str, ...] = ()
    service_type: tuple[str, ...] = ()
    alarm_name: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    text: str | None = None
    deleted: bool = False


def _all_open(values: object) -> bool:
    return set(values) <= _OPEN  # type: ignore[call-overload, no-any-return]


LISTING = Listing(
    table=CloudWatchEvent,
    sorts={"event_time": CloudWatchEvent.event_time},
    sort="-event_time",
    span=CloudWatchEvent.event_time,
    filters={
        "ids": CloudWatchEvent.id,
        "server_id": CloudWatchEvent.server_id,
        "alarm_name": CloudWatchEvent.alarm_name,
        "service_type": CloudWatchEvent.service_type,
        "event_type": CloudWatchEvent.event_type,
        "event_source": CloudWatchEvent.event_source,
        "outcome": CloudWatchEvent.outcome,
        "severity": CloudWatchEvent.severity,
        "status": CloudWatchEvent.status,
    },
    drives=(
        Drive(name="ids", index="PRIMARY", few=True),
        Drive(name="server_id", index="ix_cloudwatch_event_server_id_time"),
        Drive(name="alarm_name", index="ix_cloudwatch_event_alarm_name"),
        # What is open is little, whatever the service.
        Drive(name="status", index="ix_cloudwatch_event_status_time", when=_all_open),
        Drive(name="service_type", index="ix_cloudwatch_event_service_type"),
        Drive(name="event_type", index="ix_cloudwatch_event_event_type"),
        Drive(name="event_source", index="ix_cloudwatch_event_event_source"),
        Drive(name="outcome", index="ix_cloudwatch_event_outcome"),
        Drive(name="severity", index="ix_cloudwatch_event_severity"),
        Drive(name="status", index="ix_cloudwatch_event_status_time"),
    ),
    index="ix_cloudwatch_event_event_time",
    hidden=(CloudWatchEvent.raw,),
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = LISTING.sort,
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    now: clock.Clock = clock.now,
) -> Page[CloudWatchEvent]:
    """A page of events; `sort` is ``-event_time`` (newest first) or ``event_time``."""
    way = _way(wanted, sort, now())
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter, now: clock.Clock = clock.now) -> Total:
    """How many such events there are, as far as that is counted."""
    return paging.count(session=session, way=_way(wanted, None, now()))


def _way(wanted: Filter, sort: str | None, now: datetime) -> Way[CloudWatchEvent]:
    deleted_at = CloudWatchEvent.deleted_at
    within = wanted if wanted.text is None else _within_a_window(wanted, now)
    rest = paging.contains("text", wanted.text, CloudWatchEvent.event_message)
    if not wanted.deleted:
        way = paging.way(LISTING, within, sort=sort, rest=[*rest, deleted_at.is_(None)])
        return replace(way, wanted=wanted)
    # Few are taken back, so they are sorted.
    listing = replace(LISTING, drives=(), index="ix_cloudwatch_event_deleted_at")
    way = paging.way(listing, within, sort=sort, rest=rest)
    return replace(way, wanted=wanted, branches=(and_(deleted_at.is_not(None), *way.branches),))


def _within_a_window(wanted: Filter, now: datetime) -> Filter:
    """No index finds a text, so how much is read for it is bounded by time."""
    paging.require_span(wanted.since, wanted.until)
    until = as_utc(wanted.until) if wanted.until else now
    since = as_utc(wanted.since) if wanted.since else until - TEXT_BY_DEFAULT
    if until - since > TEXT_WITHIN:
        message = f"is looked for in at most {TEXT_WITHIN.days} days; set `since` and `until`"
        raise Invalid([Problem("text", message)])
    return replace(wanted, since=since)
