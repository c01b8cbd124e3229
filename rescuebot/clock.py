"""The one clock: every moment in Rescue Bot is an aware UTC datetime that came from here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST = timedelta(days=3650)

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


def duration(text: str) -> timedelta:
    """``90s``, ``15m``, ``2h``, ``30d``; ValueError for anything else, and beyond ten years."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise ValueError(text)
    found = int(number) * _UNITS[unit]
    if found > _LONGEST:
        raise ValueError(text)
    return found
