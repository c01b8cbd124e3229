"""Keeps two trackers from judging the same fleet at the same instant."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.guard.model import Latch


def hold(*, session: Session, name: str) -> None:
    """Hold the latch of this name until the transaction ends; others wait here."""
    held = select(Latch.name).where(Latch.name == name).with_for_update()
    if session.scalar(held) is None:
        insert_missing(session, Latch, [{"name": name}])
        session.scalar(held)
