"""The list of archives, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from rescuebot.archive.model import Archive, ArchiveState
from rescuebot.paging import Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which archives are wanted."""

    state: tuple[ArchiveState, ...] = ()


LISTING = Listing(
    table=Archive,
    sorts={"id": Archive.id},
    sort="-id",
    filters={"state": Archive.state},
)


search = Search(listing=LISTING)
