"""The list of the keys of machines, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.paging import Listing, Page
from rescuebot.people.model import ApiKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which keys are wanted: all."""


LISTING = Listing(
    table=ApiKey,
    sorts={"id": ApiKey.id},
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-id",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[ApiKey]:
    """A page of keys, the latest first."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
