"""Figures about events, at ten million of them.

Invariant: no figure looks at more than what is open or what came within its `since`; of a day only
indexes are read. Events that were taken back do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Float, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from rescuebot.database import limited
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.paging import Column, Query, along

# Times to rescue are taken from so many of the latest rescues.
MOST_RESCUES = 10_000
_OPEN = (EventStatus.NEW, EventStatus.PROCESSING)
_HOUR = timedelta(hours=1)
_BY_TIME = "ix_cloudwatch_event_event_time"
_BY_STATUS = "ix_cloudwatch_event_status_time"
_BY_OUTCOME = "ix_cloudwatch_event_outcome"


class _Epoch(FunctionElement[float]):
    """Seconds since 1970 of a column, which every database tells in its own way."""

    type = Float()
    inherit_cache = True


@compiles(_Epoch, "sqlite")
def _of_sqlite(element: _Epoch, compiler: Any, **more: Any) -> str:
    return f"((julianday({compiler.process(element.clauses, **more)}) - 2440587.5) * 86400.0)"


@compiles(_Epoch, "mysql")
@compiles(_Epoch, "mariadb")
def _of_mysql(element: _Epoch, compiler: Any, **more: Any) -> str:
    return f"UNIX_TIMESTAMP({compiler.process(element.clauses, **more)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class RescueTimes:
    """How long the latest rescues took, from receipt to resolution, in tenths of a second."""

    # How many took how many tenths, the shortest first.
    tenths: Sequence[tuple[int, int]]

    @property
    def number(self) -> int:
        """How many rescues these are."""
        return sum(many for _, many in self.tenths)

    @property
    def seconds(self) -> float:
        """How long they took together."""
        return sum(tenth * many for tenth, many in self.tenths) / 10

    def percentile(self, percent: int) -> float | None:
        """So many percent took this many seconds or less; None without rescues."""
        left = self.number * percent / 100
        for tenth, many in self.tenths:
            left -= many
            if left <= 0:
                return tenth / 10
        return None

    def within(self, seconds: float) -> int:
        """How many took no longer than this."""
        return sum(many for tenth, many in self.tenths if tenth <= seconds * 10)


def open_now(*, session: Session) -> dict[tuple[EventStatus, Severity], int]:
    """How many are new and in process, by severity."""
    table = CloudWatchEvent
    query = select(table.status, table.severity, func.count()).where(
        table.status.in_(_OPEN), table.deleted_at.is_(None)
    )
    query = along(query, table, _BY_STATUS).group_by(table.status, table.severity)
    rows = session.execute(limited(query))
    return {(status, severity): many for status, severity, many in rows}


def by_hour(*, session: Session, since: datetime) -> dict[tuple[datetime, Severity], int]:
    """How many came since then in each hour, by severity; hours without any are left out."""
    hour = func.floor(_Epoch(CloudWatchEvent.event_time) / 3600).label("hour")
    query = _since(select(hour, CloudWatchEvent.severity, func.count()), since, _BY_TIME)
    rows = session.execute(limited(query.group_by(hour, CloudWatchEvent.severity)))
    return {(_moment(number), severity): many for number, severity, many in rows}


def by_status(*, session: Session, since: datetime) -> dict[EventStatus, int]:
    """How many came since then, by what has become of them."""
    table = CloudWatchEvent
    query = along(select(table.status, func.count()), table, _BY_STATUS).where(
        table.status.in_(tuple(EventStatus)), table.event_time >= since, table.deleted_at.is_(None)
    )
    rows = session.execute(limited(query.group_by(table.status)))
    return dict(rows.all())


def top_servers(*, session: Session, since: datetime, limit: int) -> list[tuple[str, int]]:
    """The servers with the most events since then."""
    return _top(session, CloudWatchEvent.server_id, since, limit)


def top_services(*, session: Session, since: datetime, limit: int) -> list[tuple[str, int]]:
    """The services with the most events since then."""
    return _top(session, CloudWatchEvent.service_type, since, limit)


def fixed(*, session: Session, since: datetime) -> int:
    """How many of those that came since then were fixed."""
    return _number(session, CloudWatchEvent.outcome == Outcome.FIXED, since, _BY_OUTCOME)


def failed(*, session: Session, since: datetime) -> int:
    """How many of those that came since then were not."""
    return _number(session, CloudWatchEvent.status == EventStatus.FAILED, since, _BY_STATUS)


def came(*, session: Session, since: datetime) -> int:
    """How many came since then."""
    return _number(session, CloudWatchEvent.event_time >= since, since, _BY_TIME)


def rescue_times(*, session: Session, since: datetime) -> RescueTimes:
    """How long the latest 10,000 rescues of what came since then took."""
    table = CloudWatchEvent
    took = _Epoch(table.resolved_at) - _Epoch(table.received_at)
    latest = _since(select(func.round(took * 10).label("tenths")), since, _BY_OUTCOME)
    latest = latest.where(table.outcome == Outcome.FIXED, table.resolved_at.is_not(None))
    latest = latest.order_by(table.event_time.desc(), table.id.desc()).limit(MOST_RESCUES)
    drawn = latest.subquery()
    query = select(drawn.c.tenths, func.count()).group_by(drawn.c.tenths)
    rows = session.execute(limited(query.order_by(drawn.c.tenths)))
    return RescueTimes(tenths=[(int(tenths), many) for tenths, many in rows])


def oldest_unclaimed(*, session: Session) -> datetime | None:
    """When the event was received that nobody has taken for the longest time."""
    table = CloudWatchEvent
    query = select(table.received_at).where(
        table.status == EventStatus.NEW, table.deleted_at.is_(None)
    )
    return session.scalar(limited(query.order_by(table.id).limit(1)))


def _top(session: Session, column: Column, since: datetime, limit: int) -> list[tuple[str, int]]:
    many = func.count().label("many")
    query = _since(select(column, many), since, _BY_TIME).where(column != "").group_by(column)
    rows = session.execute(limited(query.order_by(many.desc(), column).limit(limit)))
    return [(name, number) for name, number in rows]


def _number(session: Session, clause: ColumnElement[bool], since: datetime, index: str) -> int:
    query = _since(select(func.count()).select_from(CloudWatchEvent), since, index).where(clause)
    return session.scalar(limited(query)) or 0


def _since(query: Query, since: datetime, index: str) -> Query:
    table = CloudWatchEvent
    return along(query, table, index).where(table.event_time >= since, table.deleted_at.is_(None))


def _moment(hour: Any) -> datetime:
    return datetime.fromtimestamp(int(hour) * _HOUR.total_seconds(), UTC)
