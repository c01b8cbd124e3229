"""Keys of machines: make one, list them, tell who holds one, take it back.

Invariant: a key is told once, when it is made; the ledger has its SHA-256, which is enough for 256
random bits, and finding a row by it takes no time that a guesser could learn from.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rescuebot.audit import service as audit
from rescuebot.errors import Conflict, NotFound
from rescuebot.people import validation
from rescuebot.people.changing import changed
from rescuebot.people.model import ApiKey
from rescuebot.people.roles import Machine, Role

_ACTOR = 100
_SHAPE = re.compile(r"rbk_[A-Za-z0-9_-]{43}")
_PREFIX = 8
_NOTED_EVERY = timedelta(minutes=1)


def create(
    *,
    session: Session,
    name: str,
    role: Role | str,
    actor: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can be told again; Conflict when the name is in use."""
    validation.require_key(name=name, role=role, expires_at=expires_at, now=now)
    if _live(session, name) is not None:
        raise _taken(name)
    key = f"rbk_{secrets.token_urlsafe(32)}"
    values = {
        "name": name,
        "live_name": name,
        "prefix": key[:_PREFIX],
        "key_hash": _hash(key),
        "role": Role(role),
        "created_by": actor[:_ACTOR],
        "created_at": now,
        "expires_at": expires_at,
    }
    try:
        done = session.execute(insert(ApiKey).values(**values))
    except IntegrityError:
        raise _taken(name) from None
    assert isinstance(done, CursorResult) and done.inserted_primary_key
    row = session.get_one(ApiKey, done.inserted_primary_key[0])
    until = "without an end" if expires_at is None else f"until {expires_at:%Y-%m-%d}"
    _note(session, row, "api_key_created", f"role {row.role.value!r}, {until}", actor, now)
    return row, key


def get(*, session: Session, which: int | str) -> ApiKey:
    """The key of that id, or the live one of that name, or NotFound."""
    if isinstance(which, str):
        row = _live(session, which)
    else:
        row = session.get(ApiKey, which) if 0 < which < 2**31 else None
    if row is None:
        raise NotFound("There is no such key.", remedy="salt-run rescue.api_keys lists them.")
    return row


def list_(*, session: Session, limit: int = 50) -> Sequence[ApiKey]:
    """All keys, newest first, also those that were taken back."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id.desc()).limit(limit)).all()


def revoke(*, session: Session, which: int | str, actor: str, now: datetime) -> ApiKey:
    """Take a key back: from now on it opens nothing, and its name is free. Twice does no harm."""
    row = get(session=session, which=which)
    live = update(ApiKey).where(ApiKey.id == row.id, ApiKey.revoked_at.is_(None))
    values = {"revoked_at": now, "revoked_by": actor[:_ACTOR], "live_name": None}
    if changed(session, live.values(values)):
        _note(session, row, "api_key_revoked", f"begins with {row.prefix}", actor, now)
    session.refresh(row)
    return row


def holder(*, session: Session, key: object, now: datetime) -> tuple[Machine, bool] | None:
    """Who holds this key, and whether that is worth noting; None for a key that opens nothing."""
    if not isinstance(key, str) or _SHAPE.fullmatch(key) is None:
        return None
    query = select(ApiKey.id, ApiKey.name, ApiKey.role, ApiKey.last_used_at).where(
        ApiKey.key_hash == _hash(key),
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    stale = row.last_used_at is None or row.last_used_at <= now - _NOTED_EVERY
    return Machine(key_id=row.id, name=row.name, role=row.role), stale


def note_used(*, session: Session, key_id: int, now: datetime) -> None:
    """Remember that a key is in use; of many at once one writes."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _NOTED_EVERY)
    which = update(ApiKey).where(ApiKey.id == key_id, stale)
    changed(session, which.values(last_used_at=now))


def forget_old(*, session: Session, before: datetime, limit: int) -> int:
    """Remove keys that ended before then; how many went. The audit remembers them."""
    ended = or_(ApiKey.revoked_at < before, ApiKey.expires_at < before)
    old = session.scalars(select(ApiKey.id).where(ended).limit(limit)).all()
    if not old:
        return 0
    return changed(session, delete(ApiKey).where(ApiKey.id.in_(old)))


def _live(session: Session, name: str) -> ApiKey | None:
    return session.scalars(select(ApiKey).where(ApiKey.live_name == name)).one_or_none()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("ascii")).hexdigest()


def _taken(name: str) -> Conflict:
    return Conflict(
        f"A key named {name!r} is in use already.",
        remedy="Revoke it first, or choose another name.",
    )


def _note(
    session: Session, row: ApiKey, action: str, detail: str, actor: str, now: datetime
) -> None:
    subject = f"key {row.id} {row.name!r}"
    audit.note(session=session, actor=actor, action=action, subject=subject, detail=detail, now=now)
