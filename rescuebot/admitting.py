"""Let people and machines in: an account, a first password, another one, a role, a key.

Invariant: a password that is made here is returned once and must be changed at the first sign-in;
it is hashed before the transaction begins.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rescuebot import clock
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Invalid
from rescuebot.people import keys, passwords, service
from rescuebot.people.model import ApiKey, User
from rescuebot.people.roles import Role


def admit(
    username: str,
    *,
    role: Role | str,
    actor: str,
    database: Database,
    display_name: str = "",
    email: str = "",
    locale: str = "",
    password: str | None = None,
    now: clock.Clock = clock.now,
) -> tuple[User, str]:
    """A new person with a one-time password, made unless given; the row and that password."""
    password, password_hash = _first_password(username, password)

    @repeat_on_contention
    def _admitted() -> User:
        with database.transaction() as session:
            return service.create(
                session=session,
                username=username,
                role=role,
                display_name=display_name,
                email=email,
                locale=locale,
                password_hash=password_hash,
                actor=actor,
                now=now(),
            )

    return _admitted(), password


def set_password(
    which: int | str,
    *,
    actor: str,
    database: Database,
    now: clock.Clock = clock.now,
) -> tuple[User, str]:
    """Another one-time password for somebody who lost theirs; lifts a lock, ends all sessions."""
    with database.reading() as session:
        user = service.get(session=session, which=which)
    password, password_hash = _first_password(user.username, None)

    @repeat_on_contention
    def _set() -> User:
        with database.transaction() as session:
            return service.set_password(
                session=session,
                which=user.id,
                password_hash=password_hash,
                must_change_password=True,
                expected_version=user.version,
                actor=actor,
                now=now(),
            )

    return _set(), password


@repeat_on_contention
def alter(
    which: int | str,
    *,
    actor: str,
    database: Database,
    disabled: bool | None = None,
    expected_version: int | None = None,
    now: clock.Clock = clock.now,
    **fields: Any,
) -> User:
    """Change role, display_name, email, locale or slack_id; keep them out or let them in again.

    The last also lifts the lock of wrong passwords. Without a version it is for that of now.
    """
    with database.transaction() as session:
        user = service.get(session=session, which=which)
        version = user.version if expected_version is None else expected_version
        about: dict[str, Any] = {"session": session, "which": user.id, "actor": actor, "now": now()}
        if fields:
            version = service.update(**about, expected_version=version, **fields).version
        if disabled is not None:
            change = service.disable if disabled else service.enable
            user = change(**about, expected_version=version)
        return user


@repeat_on_contention
def new_key(
    name: str,
    *,
    role: Role | str,
    days: int,
    actor: str,
    database: Database,
    now: clock.Clock = clock.now,
) -> tuple[ApiKey, str]:
    """A key for a machine, for so many days or, with 0, without an end; the row and its text."""
    at = now()
    with database.transaction() as session:
        return keys.create(
            session=session,
            name=name,
            role=role,
            # A date ends before an int does; the noun refuses far shorter ones.
            expires_at=at + timedelta(days=min(days, 100_000)) if days else None,
            actor=actor,
            now=at,
        )


def _first_password(username: str, password: str | None) -> tuple[str, str]:
    if password is None:
        password = passwords.one_time()
    elif problems := passwords.problems_of(password, username=str(username)):
        raise Invalid(problems)
    return password, passwords.hash_of(password)
