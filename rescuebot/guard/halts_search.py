"""The list of halts, by the page; by default of those that stand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from rescuebot.guard.model import Halt
from rescuebot.paging import Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which halts are wanted: those that `standing`, or all that there were."""

    standing: bool = True


LISTING = Listing(
    table=Halt,
    sorts={"id": Halt.id},
    sort="-id",
)


def _rest(wanted: Filter) -> list[ColumnElement[bool]]:
    return [Halt.live_target.is_not(None)] if wanted.standing else []


search = Search(listing=LISTING, rest=_rest)
