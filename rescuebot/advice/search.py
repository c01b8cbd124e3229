"""The list of questions to the model and its answers, by the page, without what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.advice.model import Advice, AdviceState
from rescuebot.cursors import Total
from rescuebot.paging import Listing, Page


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
    span=Advice.begun_at,
    filters={"state": Advice.state, "service_type": Advice.service_type},
    index="ix_advice_begun_at",
    hidden=(Advice.question,),
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-begun_at",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[Advice]:
    """A page of advice; `sort` is ``-begun_at`` (newest first) or ``begun_at``."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such questions there are, as far as that is counted."""
    return paging.count(session=session, way=paging.way(LISTING, wanted))
