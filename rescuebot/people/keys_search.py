"""The list of the keys of machines, by the page."""

from __future__ import annotations

from dataclasses import dataclass

from rescuebot.paging import Listing, Search
from rescuebot.people.model import ApiKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which keys are wanted: all."""


LISTING = Listing(
    table=ApiKey,
    sorts={"id": ApiKey.id},
    sort="-id",
)


search = Search(listing=LISTING)
