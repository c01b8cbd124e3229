"""What can be done with people: create, find, change, disable, enable, give a password.

Invariant: there is always an enabled admin once there was one, and every change is one UPDATE that
names the version it was made for, together with its audit entry. No hash leaves this module but to
be compared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, insert, select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rescuebot.audit import service as audit
from rescuebot.clock import isoformat
from rescuebot.errors import Conflict, Invalid, NotFound, Outdated, Problem
from rescuebot.people import attempts, validation
from rescuebot.people.changing import changed
from rescuebot.people.model import User
from rescuebot.people.roles import Person, Role

_ACTOR = 100
_PERSON = (User.id, User.username, User.role, User.epoch, User.must_change_password)
_LIST = "salt-run rescue.users lists them."


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a password is compared with. `password_hash` is None where none would be right."""

    user_id: int
    username: str
    password_hash: str | None = dataclasses.field(repr=False)


def create(
    *,
    session: Session,
    username: str,
    role: Role | str,
    actor: str,
    now: datetime,
    display_name: str = "",
    email: str = "",
    locale: str = "",
    password_hash: str | None = None,
    oidc_subject: str | None = None,
    must_change_password: bool = True,
) -> User:
    """Let somebody in from now on; Conflict when the name is taken."""
    name = validation.folded(username) or username
    fields = {
        "username": name,
        "display_name": display_name or username,
        "email": email,
        "role": role,
        "locale": locale,
        "oidc_subject": oidc_subject,
    }
    _require_actor(actor)
    validation.require(fields)
    if _by_name(session, name) is not None:
        raise _taken(name)
    return _inserted(
        session,
        {**fields, "password_hash": password_hash, "must_change_password": must_change_password},
        actor,
        now,
    )


def get(*, session: Session, which: int | str) -> User:
    """The person of that id, or of that username in any case, or NotFound."""
    if isinstance(which, str):
        name = validation.folded(which)
        user = None if name is None else _by_name(session, name)
    else:
        user = session.get(User, which) if _may_be_id(which) else None
    if user is None:
        raise NotFound("There is no such user.", remedy=_LIST)
    return user


def list_(*, session: Session, limit: int = 50) -> Sequence[User]:
    """All people by name, also those who are disabled."""
    return session.scalars(select(User).order_by(User.username).limit(limit)).all()


def update(
    *,
    session: Session,
    which: int | str,
    expected_version: int,
    actor: str,
    now: datetime,
    **fields: Any,
) -> User:
    """Change fields; another role voids what was signed before. Conflict for a taken slack_id."""
    user = get(session=session, which=which)
    _require_changeable(fields)
    wanted = {field: value for field, value in fields.items() if getattr(user, field) != value}
    if wanted.get("slack_id") is not None:
        _require_free_slack_id(session, wanted["slack_id"])
    if "role" in wanted:
        if user.role == Role.ADMIN:
            _require_another_admin(session, user)
        wanted["epoch"] = User.epoch + 1
    _change(session, user, wanted, expected_version, "user_updated", actor, now)
    return user


def disable(
    *, session: Session, which: int | str, expected_version: int, actor: str, now: datetime
) -> User:
    """Let them in no more, at once; what they did stays theirs."""
    user = get(session=session, which=which)
    if user.disabled_at is None:
        if user.role == Role.ADMIN:
            _require_another_admin(session, user)
        values = {"disabled_at": now, "epoch": User.epoch + 1}
        _change(session, user, values, expected_version, "user_disabled", actor, now)
    return user


def enable(
    *, session: Session, which: int | str, expected_version: int, actor: str, now: datetime
) -> User:
    """Let them in again, also when wrong passwords have locked their name."""
    user = get(session=session, which=which)
    attempts.lift(session=session, username=user.username)
    if user.disabled_at is not None:
        values = {"disabled_at": None}
        _change(session, user, values, expected_version, "user_enabled", actor, now)
    return user


def set_password(
    *,
    session: Session,
    which: int | str,
    password_hash: str,
    must_change_password: bool,
    expected_version: int,
    actor: str,
    now: datetime,
) -> User:
    """Another password: all that was signed before is void, and a lock is lifted."""
    user = get(session=session, which=which)
    if user.oidc_subject is not None:
        raise Conflict(
            f"{user.username} signs in by the identity provider and has no password here.",
            remedy="Change it at the provider.",
        )
    values = {
        "password_hash": password_hash,
        "must_change_password": must_change_password,
        "epoch": User.epoch + 1,
    }
    attempts.lift(session=session, username=user.username)
    _change(session, user, values, expected_version, "password_set", actor, now)
    return user


def person(*, session: Session, user_id: int, epoch: int | None = None) -> Person | None:
    """Who that is now, unless disabled, or of another epoch than they claim."""
    if not _may_be_id(user_id):
        return None
    query = select(*_PERSON).where(User.id == user_id, User.disabled_at.is_(None))
    row = session.execute(query).one_or_none()
    if row is None or (epoch is not None and row.epoch != epoch):
        return None
    return Person(
        user_id=row.id,
        username=row.username,
        role=Role(row.role),
        epoch=row.epoch,
        must_change_password=row.must_change_password,
    )


def credentials(*, session: Session, which: int | str) -> Credentials | None:
    """What the password of an id or a username is compared with; None for nobody's."""
    name = validation.folded(which) if isinstance(which, str) else None
    if isinstance(which, str) and name is None:
        return None
    query = select(User.id, User.username, User.password_hash, User.disabled_at)
    wanted = User.id == which if isinstance(which, int) else User.username == name
    row = session.execute(query.where(wanted)).one_or_none()
    if row is None:
        return None
    usable = row.password_hash if row.disabled_at is None else None
    return Credentials(user_id=row.id, username=row.username, password_hash=usable)


def note_signed_in(
    *, session: Session, known: Credentials, better_hash: str | None, now: datetime
) -> bool:
    """Remember the sign-in; False when the password or the person has changed since the look."""
    values: dict[str, Any] = {"last_signed_in_at": now}
    if better_hash is not None:
        values["password_hash"] = better_hash
    return bool(
        changed(
            session,
            sql_update(User)
            .where(
                User.id == known.user_id,
                User.password_hash == known.password_hash,
                User.disabled_at.is_(None),
            )
            .values(values),
        )
    )


def replace_password(
    *, session: Session, known: Credentials, password_hash: str, now: datetime
) -> bool:
    """Put one's own new password in the place of the one that was proved; False as above."""
    return bool(
        changed(
            session,
            sql_update(User)
            .where(
                User.id == known.user_id,
                User.password_hash == known.password_hash,
                User.disabled_at.is_(None),
            )
            .values(
                password_hash=password_hash,
                must_change_password=False,
                epoch=User.epoch + 1,
                version=User.version + 1,
                updated_at=now,
                updated_by=f"web:{known.username}",
            ),
        )
    )


def next_epoch(*, session: Session, user_id: int) -> bool:
    """Void all that was signed before; False when there is nobody of this id."""
    return bool(
        changed(session, sql_update(User).where(User.id == user_id).values(epoch=User.epoch + 1))
    )


def by_subject(*, session: Session, subject: str) -> User | None:
    """The person whom the identity provider knows by this subject."""
    return session.scalars(select(User).where(User.oidc_subject == subject)).one_or_none()


def by_slack_id(*, session: Session, slack_id: str) -> User | None:
    """The person who may sign in and whom Slack knows by this id."""
    query = select(User).where(User.slack_id == slack_id, User.disabled_at.is_(None))
    return session.scalars(query).one_or_none()


def words(*, user_id: int, username: str) -> str:
    """How the audit calls a person: ``user 3 'kim'``."""
    return f"user {user_id} {username!r}"


def _may_be_id(user_id: int) -> bool:
    """Beyond that a database need not understand the question."""
    return 0 < user_id < 2**31


def _by_name(session: Session, username: str) -> User | None:
    return session.scalars(select(User).where(User.username == username)).one_or_none()


def _inserted(session: Session, fields: Mapping[str, Any], actor: str, now: datetime) -> User:
    stamps = {
        "epoch": 1,
        "version": 1,
        "created_by": actor[:_ACTOR],
        "created_at": now,
        "updated_by": actor[:_ACTOR],
        "updated_at": now,
    }
    try:
        done = session.execute(insert(User).values(**fields, **stamps))
    except IntegrityError:
        if _by_name(session, fields["username"]) is None:
            raise
        raise _taken(fields["username"]) from None
    assert isinstance(done, CursorResult) and done.inserted_primary_key
    user = session.get_one(User, done.inserted_primary_key[0])
    told = {field: fields[field] for field in ("role", "display_name", "email", "locale")}
    _note(session, user, "user_created", _told({}, told), actor, now)
    return user


def _require_actor(actor: str) -> None:
    if not isinstance(actor, str) or not actor.strip():
        raise Invalid([Problem("actor", "must say who makes the change")])


def _require_changeable(fields: Mapping[str, Any]) -> None:
    known = ("display_name", "email", "role", "locale", "slack_id")
    unknown = [Problem(field, "cannot be changed here") for field in fields if field not in known]
    if unknown:
        raise Invalid(unknown)
    validation.require(fields)


def _require_free_slack_id(session: Session, slack_id: str) -> None:
    holder = session.scalars(select(User.username).where(User.slack_id == slack_id)).one_or_none()
    if holder is not None:
        raise Conflict(
            f"{slack_id} is {holder} in Slack already.",
            remedy="Take it from them first, with slack_id null.",
        )


def _require_another_admin(session: Session, user: User) -> None:
    """Hold all enabled admins, so that of two who end each other's role the second finds out."""
    admins = select(User.id).where(User.role == Role.ADMIN, User.disabled_at.is_(None))
    held = session.scalars(admins.order_by(User.id).with_for_update()).all()
    if not set(held) - {user.id}:
        raise Conflict(
            f"{user.username} is the last admin who may sign in.",
            remedy="Make somebody else an admin first.",
        )


def _change(
    session: Session,
    user: User,
    values: Mapping[str, Any],
    expected_version: int,
    action: str,
    actor: str,
    now: datetime,
) -> None:
    """One guarded UPDATE and its audit entry; without any value to change nothing happens."""
    _require_actor(actor)
    if not values and user.version == expected_version:
        return
    before = {field: getattr(user, field) for field in values if field != "password_hash"}
    stamps = {"version": expected_version + 1, "updated_at": now, "updated_by": actor[:_ACTOR]}
    done = changed(
        session,
        sql_update(User)
        .where(User.id == user.id, User.version == expected_version)
        .values(**values, **stamps),
    )
    session.refresh(user)
    if not done:
        raise _lost(user, expected_version)
    after = {field: getattr(user, field) for field in before if field != "epoch"}
    _note(session, user, action, _told(before, after), actor, now)


def _told(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The changed fields for the audit, old -> new; what is secret never comes here."""
    return "; ".join(
        f"{field} " + " -> ".join(_plain(side[field]) for side in (before, after) if field in side)
        for field in after
    )


def _plain(value: Any) -> str:
    return isoformat(value) if isinstance(value, datetime) else repr(value and str(value))


def _note(
    session: Session, user: User, action: str, detail: str, actor: str, now: datetime
) -> None:
    audit.note(
        session=session,
        actor=actor,
        action=action,
        subject=words(user_id=user.id, username=user.username),
        detail=f"version {user.version}: {detail}".rstrip(": "),
        now=now,
    )


def _taken(username: str) -> Conflict:
    return Conflict(
        f"The username {username!r} is taken, perhaps by somebody who is disabled.",
        remedy="Choose another one, or enable them again.",
    )


def _lost(user: User, expected: int) -> Outdated:
    return Outdated(
        f"The user {user.username!r} has version {user.version} now: {user.updated_by} changed it "
        f"at {isoformat(user.updated_at)}; this change was made for version {expected}.",
        remedy=f"Look at what has changed, then try again with version {user.version}.",
    )
