"""The one clock: every moment in Rescue Bot is an aware UTC datetime that came from here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """`moment` in UTC; a naive one is taken to be UTC already, as the database returns it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def isoformat(moment: datetime) -> str:
    """`moment` for people and for JSON, to the millisecond: ``2026-11-22T01:04:40.989Z``."""
    return as_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
