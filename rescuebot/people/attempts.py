"""Wrong passwords in a row: counted by name, and a lock that doubles.

Invariant: a name that nobody has behaves as one that somebody has, and while a lock stands no
password is judged, so that neither the count nor the answer tells anything more.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from rescuebot.database import Contention, insert_missing
from rescuebot.errors import Locked
from rescuebot.people import validation
from rescuebot.people.changing import changed
from rescuebot.people.model import SignInAttempt
from rescuebot.settings import WebSettings

_LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Count:
    """How many wrong ones there were in a row, and until when it is locked for that."""

    failures: int
    locked_until: datetime | None


def locked_until(*, session: Session, username: object, now: datetime) -> datetime | None:
    """Until when a name is locked; None when it is not."""
    query = select(SignInAttempt.locked_until).where(
        SignInAttempt.name_hash == _key(username), SignInAttempt.locked_until > now
    )
    return session.scalar(query)


def require_open(*, session: Session, username: object, now: datetime) -> None:
    """Locked when the name is, known or not."""
    until = locked_until(session=session, username=username, now=now)
    if until is not None:
        seconds = max(1, math.ceil((until - now).total_seconds()))
        raise Locked(
            f"Too many wrong passwords for this name; it is locked for {seconds} seconds.",
            retry_after=seconds,
            remedy="Wait, or let an admin set a new password.",
        )


def make_room(*, session: Session, username: object, now: datetime) -> None:
    """The row to count in. In a transaction of its own: two that insert and then lock it in one
    would block each other."""
    row = {"name_hash": _key(username), "failures": 0, "failed_at": now}
    insert_missing(session, SignInAttempt, [row])


def count(*, session: Session, username: object, settings: WebSettings, now: datetime) -> Count:
    """One more wrong password; Locked when others have brought the lock about meanwhile."""
    key = _key(username)
    values = {"failures": SignInAttempt.failures + 1, "failed_at": now}
    if not changed(session, update(SignInAttempt).where(*_open(key, now)).values(values)):
        require_open(session=session, username=username, now=now)
        raise Contention("The count of wrong passwords has just been forgotten.")
    failures = session.scalars(
        select(SignInAttempt.failures).where(SignInAttempt.name_hash == key)
    ).one()
    until = _lock(failures, settings, now)
    if until is not None:
        which = update(SignInAttempt).where(SignInAttempt.name_hash == key)
        changed(session, which.values(locked_until=until))
    return Count(failures, until)


def forget(*, session: Session, username: object, now: datetime) -> None:
    """A right password ends the row of wrong ones; Locked when the lock fell meanwhile."""
    if not changed(session, delete(SignInAttempt).where(*_open(_key(username), now))):
        require_open(session=session, username=username, now=now)


def lift(*, session: Session, username: str) -> None:
    """End the row of wrong ones and its lock, because an admin says so."""
    changed(session, delete(SignInAttempt).where(SignInAttempt.name_hash == _key(username)))


def forget_old(*, session: Session, now: datetime, limit: int) -> int:
    """Remove counts in which nothing happened for a day after their lock; how many went."""
    before = now - _LONGEST
    old = (
        select(SignInAttempt.name_hash)
        .where(
            SignInAttempt.failed_at < before,
            or_(SignInAttempt.locked_until.is_(None), SignInAttempt.locked_until < before),
        )
        .limit(limit)
    )
    found = session.scalars(old).all()
    gone = delete(SignInAttempt).where(
        SignInAttempt.name_hash.in_(found), SignInAttempt.failed_at < before
    )
    return changed(session, gone) if found else 0


def _key(username: object) -> str:
    """The name as a hash: what is typed there may be of any length, or a password."""
    name = validation.folded(username) or str(username)
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _open(key: str, now: datetime) -> tuple[Any, ...]:
    until = SignInAttempt.locked_until
    return SignInAttempt.name_hash == key, or_(until.is_(None), until <= now)


def _lock(failures: int, settings: WebSettings, now: datetime) -> datetime | None:
    """The first lock with the last failure that is borne; each one after it is twice as long."""
    beyond = failures - settings.lockout_failures
    if beyond < 0:
        return None
    seconds = settings.lockout_seconds * 2 ** min(beyond, 20)
    return now + min(timedelta(seconds=seconds), _LONGEST)
