"""The list of runbooks that the model has drafted, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from rescuebot.advice.model import Draft, DraftState
from rescuebot.paging import Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which drafts are wanted."""

    state: tuple[DraftState, ...] = ()
    service_type: tuple[str, ...] = ()


LISTING = Listing(
    table=Draft,
    sorts={"id": Draft.id},
    sort="-id",
    filters={"state": Draft.state, "service_type": Draft.service_type},
)


search = Search(listing=LISTING)
