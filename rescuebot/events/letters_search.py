"""The list of dead letters, by the page, without their bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.cursors import Total
from rescuebot.events.model import DeadLetter, LetterState
from rescuebot.paging import Drive, Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which letters are wanted: of each tuple any, of all fields each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    state: tuple[LetterState, ...] = ()
    reason: tuple[str, ...] = ()


LISTING = Listing(
    table=DeadLetter,
    sorts={"received_at": DeadLetter.received_at},
    span=DeadLetter.received_at,
    filters={"state": DeadLetter.state, "reason": DeadLetter.reason},
    drives=(Drive(name="state", index="ix_dead_letter_state"),),
    index="ix_dead_letter_received_at",
    hidden=(DeadLetter.body,),
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-received_at",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[DeadLetter]:
    """A page of letters; `sort` is ``-received_at`` (newest first) or ``received_at``."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such letters there are, as far as that is counted."""
    return paging.count(session=session, way=paging.way(LISTING, wanted))
