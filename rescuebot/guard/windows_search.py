"""The list of maintenance windows, by the page, those that end last first."""

from __future__ import annotations

from dataclasses import dataclass

from rescuebot.guard.model import MaintenanceWindow
from rescuebot.paging import Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which windows are wanted: all."""


LISTING = Listing(
    table=MaintenanceWindow,
    sorts={"ends_at": MaintenanceWindow.ends_at},
    sort="-ends_at",
    index="ix_maintenance_window_ends_at",
)


search = Search(listing=LISTING)
