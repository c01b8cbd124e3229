"""The list of halts, by the page; by default of those that stand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.guard.model import Halt
from rescuebot.paging import Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which halts are wanted: those that `standing`, or all that there were."""

    standing: bool = True


LISTING = Listing(
    table=Halt,
    sorts={"id": Halt.id},
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-id",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[Halt]:
    """A page of halts, the latest first."""
    rest = [Halt.live_target.is_not(None)] if wanted.standing else []
    way = paging.way(LISTING, wanted, sort=sort, rest=rest)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
