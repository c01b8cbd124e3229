"""What can be done with messages that could not be understood: keep, list, give back, discard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from rescuebot.database import insert_missing
from rescuebot.errors import Conflict, NotFound
from rescuebot.events.model import DeadLetter, LetterState


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
    """The latest letters, newest first, without their bodies."""
    query = select(DeadLetter).options(defer(DeadLetter.body)).order_by(DeadLetter.id.desc())
    return session.scalars(query.limit(limit)).all()


def count(*, session: Session) -> int:
    """How many letters wait for somebody to look at them."""
    query = select(func.count()).where(DeadLetter.state == LetterState.KEPT)
    return session.scalar(query) or 0


def _storable(body: str) -> str:
    """The body as a database can keep it: lone surrogates become question marks, visibly."""
    return body.encode("utf-8", errors="replace").decode("utf-8")


def get(*, session: Session, letter_id: int) -> DeadLetter:
    """The letter, or NotFound."""
    letter = session.get(DeadLetter, letter_id)
    if letter is None:
        raise NotFound(
            f"There is no dead letter {letter_id}.",
            remedy="salt-run rescue.dead_letters lists them.",
        )
    return letter


def close(*, session: Session, letter_id: int, state: LetterState, now: datetime) -> None:
    """Bring a kept letter to its end; Conflict when somebody has done so before."""
    closed = session.execute(
        update(DeadLetter)
        .where(DeadLetter.id == letter_id, DeadLetter.state == LetterState.KEPT)
        .values(state=state, handled_at=now)
    )
    if not closed.rowcount:  # type: ignore[attr-defined]
        found = get(session=session, letter_id=letter_id)
        raise Conflict(f"Dead letter {letter_id} has been {found.state.value} already.")
