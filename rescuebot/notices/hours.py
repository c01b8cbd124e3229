"""Wall clocks: when quiet hours end, when a day is summed up.

Invariant: hours are those on the wall of the zone, whatever summer time does to them; where the
wall shows a time twice the first is meant, and one that it leaves out is when it has jumped.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rescuebot.settings.notices import DigestSettings, QuietSettings

_DAY = timedelta(days=1)


def quiet_until(moment: datetime, quiet: QuietSettings | None) -> datetime | None:
    """When the quiet hours end that `moment` lies in; None when it lies in none."""
    if quiet is None:
        return None
    today = moment.astimezone(quiet.tz).date()
    over_midnight = quiet.to < quiet.since
    for day in (today - _DAY, today):
        begins = _at(day, quiet.since, quiet.tz)
        ends = _at(day + _DAY if over_midnight else day, quiet.to, quiet.tz)
        if begins <= moment < ends:
            return ends
    return None


def last_digest(moment: datetime, digest: DigestSettings) -> tuple[datetime, date]:
    """The latest time up to `moment` at which a day was to be summed up, and its date there."""
    day = moment.astimezone(digest.tz).date()
    at = _at(day, digest.at, digest.tz)
    if at > moment:
        day -= _DAY
        at = _at(day, digest.at, digest.tz)
    return at, day


def _at(day: date, wall: str, zone: ZoneInfo) -> datetime:
    """That instant in UTC: only there can moments be compared across a change of the clocks."""
    return datetime.combine(day, time.fromisoformat(wall), zone).astimezone(UTC)
