"""The list of runbooks that the model has drafted, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.advice.model import Draft, DraftState
from rescuebot.paging import Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which drafts are wanted."""

    state: tuple[DraftState, ...] = ()
    service_type: tuple[str, ...] = ()


LISTING = Listing(
    table=Draft,
    sorts={"id": Draft.id},
    filters={"state": Draft.state, "service_type": Draft.service_type},
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-id",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[Draft]:
    """A page of drafts, the latest first."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
