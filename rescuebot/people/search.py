"""The list of people, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from rescuebot.paging import Listing, Search
from rescuebot.people.model import User


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which people are wanted; `disabled` None means whether or not."""

    role: tuple[str, ...] = ()
    disabled: bool | None = None


LISTING = Listing(
    table=User,
    sorts={"username": User.username},
    sort="username",
    filters={"role": User.role},
)


def _rest(wanted: Filter) -> list[ColumnElement[bool]]:
    rest: list[ColumnElement[bool]] = []
    if wanted.disabled is not None:
        is_disabled = User.disabled_at.is_not(None)
        rest.append(is_disabled if wanted.disabled else ~is_disabled)
    return rest


search = Search(listing=LISTING, rest=_rest)
