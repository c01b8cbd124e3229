"""The list of dead letters, by the page, without their bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.events.model import DeadLetter, LetterState
from rescuebot.paging import Drive, Listing, Search


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
    sort="-received_at",
    span=DeadLetter.received_at,
    filters={"state": DeadLetter.state, "reason": DeadLetter.reason},
    drives=(Drive(name="state", index="ix_dead_letter_state"),),
    index="ix_dead_letter_received_at",
    hidden=(DeadLetter.body,),
)


search = Search(listing=LISTING)
