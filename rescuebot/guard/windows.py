"""What can be done with maintenance windows: open one, close it early, list them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.errors import Conflict, Invalid, NotFound, Problem
from rescuebot.guard import targets
from rescuebot.guard.model import MaintenanceWindow
from rescuebot.guard.rules import Window

_LONGEST = timedelta(days=30)


def open_(
    *,
    session: Session,
    target: object,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: str,
    now: datetime,
) -> MaintenanceWindow:
    """Announce a time of work on a target; Invalid names every bad field."""
    name = str(targets.parse(target))
    problems = _problems(starts_at, ends_at, reason, now)
    if problems:
        raise Invalid(problems, what="The maintenance window is not valid")
    window = MaintenanceWindow(
        target=name,
        reason=reason,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=actor[:100],
        created_at=now,
    )
    session.add(window)
    session.flush()
    return window


def close(*, session: Session, window_id: int, actor: str, now: datetime) -> MaintenanceWindow:
    """End a window early, or call off one that has not begun."""
    window = session.get(MaintenanceWindow, window_id)
    if window is None:
        raise NotFound(
            f"There is no maintenance window {window_id}.",
            remedy="salt-run rescue.windows lists them.",
        )
    done = session.execute(
        update(MaintenanceWindow)
        .where(
            MaintenanceWindow.id == window_id,
            MaintenanceWindow.closed_at.is_(None),
            MaintenanceWindow.ends_at > now,
        )
        .values(closed_by=actor[:100], closed_at=now)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Conflict(f"Maintenance window {window_id} is over already.")
    session.refresh(window)
    return window


def list_(*, session: Session, now: datetime, limit: int = 50) -> Sequence[MaintenanceWindow]:
    """Those that stand or are to come first, then those that are over, the latest first."""
    over = MaintenanceWindow.closed_at.is_not(None) | (MaintenanceWindow.ends_at <= now)
    query = select(MaintenanceWindow).order_by(over, MaintenanceWindow.starts_at.desc())
    return session.scalars(query.limit(limit)).all()


def standing(*, session: Session, now: datetime) -> tuple[Window, ...]:
    """Those that stand now, as the guard's rules take them."""
    query = select(MaintenanceWindow).where(
        MaintenanceWindow.starts_at <= now,
        MaintenanceWindow.ends_at > now,
        MaintenanceWindow.closed_at.is_(None),
    )
    return tuple(_window(row) for row in session.scalars(query.order_by(MaintenanceWindow.id)))


def history(*, session: Session) -> list[tuple[Window, datetime, datetime]]:
    """All windows there ever were, with when they began and really ended."""
    rows = session.scalars(select(MaintenanceWindow).order_by(MaintenanceWindow.id))
    return [(_window(row), row.starts_at, row.closed_at or row.ends_at) for row in rows]


def _window(row: MaintenanceWindow) -> Window:
    return Window(target=targets.parse(row.target), ends_at=row.ends_at, reason=row.reason)


def _problems(starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> list[Problem]:
    problems = []
    if ends_at <= starts_at:
        problems.append(Problem("ends_at", "must be after starts_at"))
    elif ends_at - starts_at > _LONGEST:
        problems.append(Problem("ends_at", "must be at most 30 days after starts_at"))
    if ends_at <= now:
        problems.append(Problem("ends_at", "must be in the future"))
    if not isinstance(reason, str) or not 1 <= len(reason.strip()) or len(reason) > 1000:
        problems.append(Problem("reason", "must be a text of 1 to 1000 characters"))
    return problems
