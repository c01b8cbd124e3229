"""Rows that only their time keeps: what is over for long is forgotten, some at a time."""

from __future__ import annotations

from rescuebot import clock, signing_in
from rescuebot.database import Database, repeat_on_contention
from rescuebot.requests import service as requests


def tidy(*, database: Database, now: clock.Clock = clock.now) -> int:
    """Forget old sessions, counts of wrong passwords, keys and answered requests; how many went."""
    return signing_in.forget_old(database=database, now=now) + _requests(database, now)


@repeat_on_contention
def _requests(database: Database, now: clock.Clock) -> int:
    with database.transaction() as session:
        return requests.forget_old(session=session, before=now() - requests.KEPT_FOR)
