"""The list of people, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.paging import Listing, Page
from rescuebot.people.model import User


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which people are wanted; `disabled` None means whether or not."""

    role: tuple[str, ...] = ()
    disabled: bool | None = None


LISTING = Listing(
    table=User,
    sorts={"username": User.username},
    filters={"role": User.role},
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "username",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[User]:
    """A page of people by name."""
    rest: list[ColumnElement[bool]] = []
    if wanted.disabled is not None:
        is_disabled = User.disabled_at.is_not(None)
        rest.append(is_disabled if wanted.disabled else ~is_disabled)
    way = paging.way(LISTING, wanted, sort=sort, rest=rest)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)
