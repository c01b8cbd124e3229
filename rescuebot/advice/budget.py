"""May the model be asked now? Pure functions over what was spent and how the last calls ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rescuebot.advice.service import Spent
from rescuebot.clock import isoformat
from rescuebot.settings import AdviceSettings

MICROS = 1_000_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one call ended."""

    ok: bool
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why the model is not asked, and until when that may last."""

    code: str
    words: str
    until: datetime


def refusal(
    *,
    hour: Spent,
    day: Spent,
    ends: Sequence[Ended],
    settings: AdviceSettings,
    now: datetime,
) -> Refusal | None:
    """The first reason against asking, or None. `ends` are the last calls, the latest first."""
    limits = (
        (hour.calls, settings.calls_per_hour, "calls within an hour", HOUR),
        (day.calls, settings.calls_per_day, "calls within 24 hours", DAY),
        (day.tokens, settings.tokens_per_day, "tokens within 24 hours", DAY),
    )
    for used, limit, what, span in limits:
        if used >= limit:
            return _over(f"{used} {what} (at most {limit})", now, span)
    dollars = day.cost_micros / MICROS
    if dollars >= settings.dollars_per_day:
        told = f"{dollars:.2f} US dollars within 24 hours (at most {settings.dollars_per_day:.2f})"
        return _over(told, now, DAY)
    return _broken(ends, settings, now)


def _over(told: str, now: datetime, span: timedelta) -> Refusal:
    # Part of what was spent falls out of the span long before its end.
    words = f"The model is not asked, because the budget is used up: {told}."
    return Refusal(code="budget", words=words, until=now + span / 12)


def _broken(ends: Sequence[Ended], settings: AdviceSettings, now: datetime) -> Refusal | None:
    failures = 0
    for end in ends:
        if end.ok:
            break
        failures += 1
    if failures < settings.breaker_failures:
        return None
    until = ends[0].at + timedelta(seconds=settings.breaker_seconds)
    if until <= now:
        return None
    words = (
        f"The model is not asked, because the last {failures} calls failed; it is tried again at "
        f"{isoformat(until)}."
    )
    return Refusal(code="breaker", words=words, until=until)
