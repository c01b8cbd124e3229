"""What can be done with messages that could not be understood: keep them, list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.events.model import DeadLetter


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A message and why it could not be understood."""

    message_id: str
    reason: str
    detail: str
    body: str


def bury(*, session: Session, letters: Sequence[Letter], now: datetime) -> None:
    """Keep the letters; one that is kept already (its message came again) is left as it is."""
    insert_missing(
        session,
        DeadLetter,
        [
            {
                "message_id": letter.message_id[:120],
                "reason": letter.reason[:50],
                "detail": letter.detail[:2000],
                "body": _storable(letter.body),
                "received_at": now,
            }
            for letter in letters
        ],
    )


def list_(*, session: Session, limit: int = 50) -> Sequence[DeadLetter]:
    """The latest letters, newest first."""
    query = select(DeadLetter).order_by(DeadLetter.id.desc()).limit(limit)
    return session.scalars(query).all()


def count(*, session: Session) -> int:
    """How many letters there are."""
    return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def _storable(body: str) -> str:
    """The body as a database can keep it: lone surrogates become question marks, visibly."""
    return body.encode("utf-8", errors="replace").decode("utf-8")
