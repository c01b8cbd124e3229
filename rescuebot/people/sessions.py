"""Sessions: what one sign-in gives, exchanged token by token.

Invariant: a token is exchanged once, by one guarded UPDATE. Two tabs that exchange the same one
within seconds each get a child of it. Of such siblings only one may live on: browsers keep the last
cookie they were given, so when a second one is used later, one of both was stolen.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from rescuebot.people.changing import changed
from rescuebot.people.model import RefreshToken

GRACE = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewToken:
    """What the next refresh token has to say; its `jti` is told once and not kept."""

    family: str
    jti: str
    expires_at: datetime


class Use(Enum):
    """What became of a token that somebody brought."""

    TAKEN = auto()
    OVER = auto()
    REUSED = auto()


def begin(
    *, session: Session, user_id: int, epoch: int, now: datetime, lifetime: timedelta
) -> NewToken:
    """The first token of a new session, whose end is fixed from now on."""
    family = secrets.token_hex(16)
    return _issue(session, family, None, user_id, epoch, now, now + lifetime)


def found(*, session: Session, jti: str) -> RefreshToken | None:
    """The token of this jti, held: what ends its session waits until its child is there to end."""
    query = select(RefreshToken).where(RefreshToken.jti_hash == _hash(jti)).with_for_update()
    return session.scalars(query).one_or_none()


def take(*, session: Session, token: RefreshToken, now: datetime) -> Use:
    """Exchange a token, once; if it was stolen the whole session ends here."""
    taken = update(RefreshToken).where(
        RefreshToken.id == token.id,
        RefreshToken.used_at.is_(None),
        RefreshToken.revoked_at.is_(None),
        RefreshToken.expires_at > now,
    )
    first = changed(session, taken.values(used_at=now))
    session.refresh(token)
    if token.revoked_at is not None or token.expires_at <= now:
        return Use.OVER
    assert token.used_at is not None
    late = not first and token.used_at < now - GRACE
    if late or _sibling_lives(session, token, now):
        end(session=session, family=token.family, now=now)
        return Use.REUSED
    return Use.TAKEN


def follow(*, session: Session, token: RefreshToken, now: datetime) -> NewToken:
    """The token that comes after one that was taken; the session's end stays where it is."""
    return _issue(
        session, token.family, token.id, token.user_id, token.epoch, now, token.expires_at
    )


def end(*, session: Session, family: str, now: datetime) -> bool:
    """End a session; False when it was over already."""
    live = update(RefreshToken).where(
        RefreshToken.family == family, RefreshToken.revoked_at.is_(None)
    )
    return bool(changed(session, live.values(revoked_at=now)))


def carry_over(*, session: Session, family: str, epoch: int) -> None:
    """Let this one session of a person live on in another epoch."""
    kept = update(RefreshToken).where(RefreshToken.family == family)
    changed(session, kept.values(epoch=epoch))


def forget_old(*, session: Session, before: datetime, limit: int) -> int:
    """Remove tokens of sessions that ended before then; how many went."""
    ended = or_(RefreshToken.expires_at < before, RefreshToken.revoked_at < before)
    old = session.scalars(select(RefreshToken.id).where(ended).limit(limit)).all()
    if not old:
        return 0
    return changed(session, delete(RefreshToken).where(RefreshToken.id.in_(old)))


def _sibling_lives(session: Session, token: RefreshToken, now: datetime) -> bool:
    """Whether another child of the same parent went its own way before this one did."""
    if token.parent_id is None:
        return False
    query = select(RefreshToken.id).where(
        RefreshToken.family == token.family,
        RefreshToken.parent_id == token.parent_id,
        RefreshToken.id != token.id,
        RefreshToken.used_at < now - GRACE,
    )
    return session.scalar(query.limit(1)) is not None


def _issue(
    session: Session,
    family: str,
    parent_id: int | None,
    user_id: int,
    epoch: int,
    now: datetime,
    expires_at: datetime,
) -> NewToken:
    jti = secrets.token_urlsafe(32)
    session.add(
        RefreshToken(
            user_id=user_id,
            family=family,
            parent_id=parent_id,
            jti_hash=_hash(jti),
            epoch=epoch,
            issued_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return NewToken(family=family, jti=jti, expires_at=expires_at)


def _hash(jti: str) -> str:
    return hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()
