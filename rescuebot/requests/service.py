"""Requests that carry a key: the same one asked again is answered again, and not done again.

Invariant: the key is taken in the transaction that does the work, so either both are there or
neither; a unique key lets the second of two concurrent ones wait, fail and find the first's answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from rescuebot.errors import KeyReused
from rescuebot.requests.model import RequestKey

# A sender that has heard nothing for so long asks a person, and not the same again.
KEPT_FOR = timedelta(hours=24)
_UNANSWERED = ""
_MOST_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """Who asks, the key that they gave the request, and the `fingerprint` of what it asks for."""

    actor: str
    key: str
    fingerprint: str

    @property
    def key_hash(self) -> str:
        """What the request is kept by: nobody can meet the key of somebody else."""
        return _sha256([self.actor, self.key])


def fingerprint(*, method: str, path: str, body: Any) -> str:
    """The SHA-256 of what a request asks for, the same however its JSON was written."""
    return _sha256([method, path, body])


def answer_of(*, session: Session, once: Once | None) -> dict[str, Any] | None:
    """What the request was answered before, None when it is new; KeyReused when it was another."""
    if once is None:
        return None
    query = select(RequestKey).where(RequestKey.key_hash == once.key_hash)
    found = session.scalars(query).one_or_none()
    if found is None:
        return None
    if found.fingerprint != once.fingerprint:
        raise KeyReused(
            "This key was used for another request before.",
            remedy="Take a new key for each request; the same only to ask the same again.",
        )
    answer: dict[str, Any] = json.loads(found.answer)
    return answer


def begin(*, session: Session, once: Once | None, now: datetime) -> dict[str, Any] | None:
    """The answer given before, or None, and then the key is taken: do the work and `note` it.

    Taken first, so that a second one waits here, and is not refused by what the first has done.
    """
    before = answer_of(session=session, once=once)
    if once is not None and before is None:
        session.add(
            RequestKey(
                actor=once.actor[:100],
                key_hash=once.key_hash,
                fingerprint=once.fingerprint,
                answer=_UNANSWERED,
                noted_at=now,
            )
        )
        session.flush()
    return before


def note(*, session: Session, once: Once | None, answer: Mapping[str, Any], now: datetime) -> None:
    """Keep what the request is answered: plain values, in the transaction that `begin` opened."""
    if once is None:
        return
    text = json.dumps(answer, ensure_ascii=False)
    kept = session.execute(
        update(RequestKey)
        .where(RequestKey.key_hash == once.key_hash, RequestKey.answer == _UNANSWERED)
        .values(answer=text, noted_at=now)
    )
    assert kept.rowcount, "the key was taken in this transaction"  # type: ignore[attr-defined]


def forget_old(*, session: Session, before: datetime) -> int:
    """Forget keys that were noted before `before`, some at a time; returns how many."""
    query = select(RequestKey.id).where(RequestKey.noted_at < before).order_by(RequestKey.noted_at)
    ids = session.scalars(query.limit(_MOST_AT_ONCE)).all()
    if ids:
        session.execute(delete(RequestKey).where(RequestKey.id.in_(ids)))
    return len(ids)


def _sha256(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
