"""The list of archives, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.archive.model import Archive, ArchiveState
from rescuebot.paging import Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which archives are wanted."""

    state: tuple[ArchiveState, ...] = ()


LISTING = Listing(
    table=Archive,
    sorts={"id": Archive.id},
    filters={"state": Archive.state},
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-id",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[Archive]:
    """A page of archives, the latest first."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
