"""The list of questions to the model and its answers, by the page, without what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.advice.model import Advice, AdviceState
from rescuebot.paging import Listing, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which advice is wanted: of each tuple any, of all fields each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    state: tuple[AdviceState, ...] = ()
    service_type: tuple[str, ...] = ()


# The budget keeps them few: no filter needs an index of its own.
LISTING = Listing(
    table=Advice,
    sorts={"begun_at": Advice.begun_at},
    sort="-begun_at",
    span=Advice.begun_at,
    filters={"state": Advice.state, "service_type": Advice.service_type},
    index="ix_advice_begun_at",
    hidden=(Advice.question,),
)


search = Search(listing=LISTING)
