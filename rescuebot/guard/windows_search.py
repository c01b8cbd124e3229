"""The list of maintenance windows, by the page, those that end last first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.guard.model import MaintenanceWindow
from rescuebot.paging import Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which windows are wanted: all."""


LISTING = Listing(
    table=MaintenanceWindow,
    sorts={"ends_at": MaintenanceWindow.ends_at},
    index="ix_maintenance_window_ends_at",
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-ends_at",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[MaintenanceWindow]:
    """A page of windows."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
