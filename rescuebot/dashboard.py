"""The dashboard: what is going on, in one dict of plain values; and the figures for Prometheus.

Invariant: it only reads, and no more than what is open, what came within 24 hours (7 days for the
rescue rate, from an index alone) and the latest 10,000 rescues; so it does not slow down as the
ledger grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.advice import service as advice
from rescuebot.advice.budget import MICROS
from rescuebot.approvals import search as approvals
from rescuebot.approvals.model import ApprovalState
from rescuebot.clock import isoformat
from rescuebot.doctor import BEATS_MISSED
from rescuebot.events import dead_letters
from rescuebot.events import figures as events
from rescuebot.events.model import EventStatus
from rescuebot.events.reported import Severity
from rescuebot.executions import figures as executions
from rescuebot.executions import waiting
from rescuebot.executions.model import ENDED_STATES, ExecutionState
from rescuebot.guard import halts, windows
from rescuebot.heartbeats import service as heartbeats
from rescuebot.notices import looking
from rescuebot.settings import AdviceSettings, Settings

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_TOP = 10
# A notice that is due for so long should have been told.
_LATE = timedelta(minutes=5)
# How long the length of the queue is believed.
_DEPTH_HOLDS = timedelta(minutes=2)
# Upper ends of the classes of the time to rescue, in seconds.
_CLASSES = (5, 10, 30, 60, 120, 300, 600, 1800, 3600)


def overview(*, session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """What a person wants to see first. Times are ISO texts, durations seconds.

    The rescue rate is fixed / (fixed + failed) of what came in the span; times to rescue are
    those of the latest 10,000 rescues in it.
    """
    return {
        "as_of": isoformat(now),
        "events": _events(session, now),
        "rescues": {"24h": _rescues(session, now - DAY), "7d": _rescues(session, now - WEEK)},
        "top": {
            "servers": _top(events.top_servers(session=session, since=now - DAY, limit=_TOP)),
            "services": _top(events.top_services(session=session, since=now - DAY, limit=_TOP)),
        },
        "approvals": _approvals(session),
        "held": waiting.counts(session=session),
        "halts": halted(session=session),
        "windows": [
            {"target": str(item.target), "reason": item.reason, "ends_at": isoformat(item.ends_at)}
            for item in windows.standing(session=session, now=now)
        ],
        "dead_letters": dead_letters.count(session=session),
        "executions": {
            "open": _all(ExecutionState, executions.open_now(session=session), but=ENDED_STATES),
            "24h": _all(ExecutionState, executions.by_state(session=session, since=now - DAY)),
        },
        "advice": _advice(session, settings.advice, now),
        "engines": _engines(session, settings, now),
        "notices": _notices(session, now),
    }


def halted(*, session: Session) -> list[dict[str, Any]]:
    """The halts that stand, oldest first."""
    return [
        {
            "id": halt.id,
            "target": halt.target,
            "reason": halt.reason,
            "called_by": halt.called_by,
            "called_at": isoformat(halt.called_at),
        }
        for halt in halts.list_(session=session)
    ]


def figures(*, session: Session, now: datetime) -> dict[str, Any]:
    """The numbers for Prometheus; keys of one series are joined in a tuple.

    Nothing is counted over all events: `open` is what is open now, `new` what came in the last
    minute, `executions` and `rescue_seconds` are of the last 24 hours (at most the latest 10,000
    rescues), and advice, which the budget keeps few, is of the calendar month.
    """
    spent = advice.spent_since(session=session, since=_month(now))
    took = events.rescue_times(session=session, since=now - DAY)
    found = events.open_now(session=session)
    states = executions.by_state(session=session, since=now - DAY)
    return {
        "open": {
            (status.value, severity.value): found.get((status, severity), 0)
            for status in (EventStatus.NEW, EventStatus.PROCESSING)
            for severity in Severity
        },
        "new": events.came(session=session, since=now - timedelta(minutes=1)),
        "oldest_unclaimed_seconds": _oldest(session, now) or 0.0,
        "rescue_seconds": {
            "classes": {limit: took.within(limit) for limit in _CLASSES},
            "sum": took.seconds,
            "count": took.number,
        },
        "executions": _all(ExecutionState, states),
        "executions_open": _all(
            ExecutionState, executions.open_now(session=session), but=ENDED_STATES
        ),
        "advice": {
            "calls": spent.calls,
            "tokens": spent.tokens,
            "dollars": spent.cost_micros / MICROS,
        },
        "dead_letters": dead_letters.count(session=session),
        "held": waiting.counts(session=session),
        "queue_depth": heartbeats.queue_depth(session=session, since=now - _DEPTH_HOLDS),
    }


def _events(session: Session, now: datetime) -> dict[str, Any]:
    open_ = events.open_now(session=session)
    # Whole hours, the running one last; the first begins less than 24 hours ago.
    first = now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
    hours = events.by_hour(session=session, since=first)
    by_status = events.by_status(session=session, since=now - DAY)
    return {
        "open": {
            severity.value: sum(n for (_, of), n in open_.items() if of == severity)
            for severity in Severity
        },
        "new": sum(n for (status, _), n in open_.items() if status == EventStatus.NEW),
        "oldest_unclaimed_seconds": _oldest(session, now),
        "by_hour": [
            {
                "from": isoformat(first + number * HOUR),
                **{kind.value: hours.get((first + number * HOUR, kind), 0) for kind in Severity},
            }
            for number in range(24)
        ],
        "by_severity": {
            severity.value: sum(n for (_, of), n in hours.items() if of == severity)
            for severity in Severity
        },
        "by_status": _all(EventStatus, by_status),
    }


def _rescues(session: Session, since: datetime) -> dict[str, Any]:
    fixed = events.fixed(session=session, since=since)
    failed = events.failed(session=session, since=since)
    took = events.rescue_times(session=session, since=since)
    return {
        "fixed": fixed,
        "failed": failed,
        "rate": fixed / (fixed + failed) if fixed + failed else None,
        "seconds_p50": took.percentile(50),
        "seconds_p95": took.percentile(95),
        "of": took.number,
    }


def _approvals(session: Session) -> dict[str, Any]:
    wanted = approvals.Filter(state=(ApprovalState.PENDING,))
    page = approvals.search(session=session, wanted=wanted, sort="asked_at", limit=1)
    return {
        "waiting": page.total,
        "waiting_is_bounded": page.total_is_bounded,
        "oldest_asked_at": isoformat(page.rows[0].asked_at) if page.rows else None,
    }


def _advice(session: Session, settings: AdviceSettings, now: datetime) -> dict[str, Any]:
    """What was spent in the span that the budget is for, and in the calendar month."""
    spans = {"24h": now - DAY, "month": _month(now)}
    told: dict[str, Any] = {}
    for name, since in spans.items():
        spent = advice.spent_since(session=session, since=since)
        dollars = spent.cost_micros / MICROS
        told[name] = {"calls": spent.calls, "tokens": spent.tokens, "dollars": dollars}
    told["budget_24h"] = {
        "calls": settings.calls_per_day,
        "tokens": settings.tokens_per_day,
        "dollars": settings.dollars_per_day,
    }
    return told


def _engines(session: Session, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """All that have beaten within a day; one that missed some beats is alive no more."""
    patience = timedelta(seconds=settings.tracker.heartbeat_seconds * BEATS_MISSED)
    return [
        {
            "owner": beat.owner,
            "engine": beat.engine,
            "state": beat.state,
            "beat_seconds_ago": max(0.0, (now - beat.beaten_at).total_seconds()),
            "alive": beat.state == "running" and now - beat.beaten_at <= patience,
        }
        for beat in heartbeats.alive(session=session, since=now - DAY)
    ]


def _notices(session: Session, now: datetime) -> dict[str, Any]:
    """Whether people are told: what reached nobody is shown to whoever looks here."""
    found = looking.standing(session=session, late_before=now - _LATE, since=now - DAY)
    trouble = found.last_trouble
    return {
        "pending": found.pending,
        "late": found.late,
        "given_up": found.given_up,
        "last_trouble": trouble
        and {"way": trouble.way, "code": trouble.code, "at": isoformat(trouble.tried_at)},
    }


def _oldest(session: Session, now: datetime) -> float | None:
    received_at = events.oldest_unclaimed(session=session)
    return None if received_at is None else max(0.0, (now - received_at).total_seconds())


def _all(
    of: type[StrEnum], found: Mapping[Any, int], but: tuple[StrEnum, ...] = ()
) -> dict[str, int]:
    """A number for each member, also where nothing was found."""
    return {member.value: found.get(member, 0) for member in of if member not in but}


def _top(found: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"name": name, "events": number} for name, number in found]


def _month(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
