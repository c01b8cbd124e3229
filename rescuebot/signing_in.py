"""Who comes in: sign in, refresh, sign out, change a password; by a provider or with a key.

Invariant: no transaction is open while a password is hashed; what was true before the hash is
asked again by the UPDATE after it. All that is wrong with a sign-in is told in one sentence, after
the same time and with the same count, whether anybody has that name or not.

The lock is one of the name, so nobody guesses more by coming from many addresses. It keeps its
owner out as well, but not for ever and not altogether: sessions that stand and sign-ins by a
provider or with a key go on, it ends by itself within a day, and a new password that an admin or
the master's command line sets lifts it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.audit import service as audit
from rescuebot.database import Contention, Database, repeat_on_contention
from rescuebot.errors import (
    Conflict,
    Invalid,
    Outdated,
    Problem,
    SessionOver,
    Unauthorized,
)
from rescuebot.people import attempts, keys, passwords, service, sessions, validation
from rescuebot.people.model import User
from rescuebot.people.roles import Machine, Person, Role
from rescuebot.people.service import Credentials
from rescuebot.people.sessions import NewToken, Use
from rescuebot.scripts import shown
from rescuebot.settings import WebSettings

_DOOR = "web"
_PROVIDER = "identity-provider"
_TOKENS_KEPT = timedelta(days=7)
_KEYS_KEPT = timedelta(days=90)


def sign_in(
    username: str,
    password: str,
    *,
    database: Database,
    settings: WebSettings,
    origin: str = "",
    now: clock.Clock = clock.now,
) -> Person:
    """Who has this name and password. Unauthorized, Locked, or Busy when too many are hashed.

    `origin` is where they came from, for the audit.
    """
    # A number would be taken for an id.
    name = username if isinstance(username, str) else ""
    known = _judged(name, password, database=database, settings=settings, origin=origin, now=now)
    better = None
    if known.password_hash is not None and passwords.needs_rehash(known.password_hash):
        better = passwords.hash_of(password)
    return _let_in(known, better, database=database, origin=origin, now=now)


def _judged(
    username: int | str,
    password: str,
    *,
    database: Database,
    settings: WebSettings,
    origin: str,
    now: clock.Clock,
) -> Credentials:
    """The person whose password this is; else it is counted and Unauthorized."""
    with database.reading() as session:
        known = service.credentials(session=session, which=username)
        name = known.username if known else username
        attempts.require_open(session=session, username=name, now=now())
    if passwords.verify(known.password_hash if known else None, password):
        assert known is not None  # nobody's is never right
        return known
    _count(name, known, database=database, settings=settings, origin=origin, now=now)
    raise _refused()


@repeat_on_contention
def _let_in(
    known: Credentials,
    better_hash: str | None,
    *,
    database: Database,
    origin: str,
    now: clock.Clock,
) -> Person:
    with database.transaction() as session:
        attempts.forget(session=session, username=known.username, now=now())
        if not service.note_signed_in(
            session=session, known=known, better_hash=better_hash, now=now()
        ):
            raise _refused()
        person = service.person(session=session, user_id=known.user_id)
        assert person is not None
        _note(session, "signed_in", person, _from(origin), now())
    return person


@repeat_on_contention
def _count(
    name: object,
    known: Credentials | None,
    *,
    database: Database,
    settings: WebSettings,
    origin: str,
    now: clock.Clock,
) -> None:
    """Count a wrong password. The audit does not quote a name that nobody has: it may be one."""
    subject = "an unknown user"
    if known is not None:
        subject = service.words(user_id=known.user_id, username=known.username)
    with database.transaction() as session:
        attempts.make_room(session=session, username=name, now=now())
    with database.transaction() as session:
        counted = attempts.count(session=session, username=name, settings=settings, now=now())
        _note_attempt(session, "sign_in_refused", subject, _from(origin), now())
        if counted.locked_until is not None:
            until = clock.isoformat(counted.locked_until)
            words = f"{counted.failures} wrong passwords in a row; until {until}"
            _note_attempt(session, "locked", subject, words, now())


def change_password(
    user_id: int,
    *,
    old: str,
    new: str,
    database: Database,
    settings: WebSettings,
    jti: str = "",
    origin: str = "",
    now: clock.Clock = clock.now,
) -> Person:
    """Another password by whoever knows the old one; wrong ones count as at the sign-in.

    All sessions end but that of the refresh token `jti`; what was signed before is void, so the
    caller gives out a new access token for the Person returned.
    """
    known = _judged(user_id, old, database=database, settings=settings, origin=origin, now=now)
    problems = passwords.problems_of(new, username=known.username, field="new_password")
    if not problems and passwords.same(old, new):
        problems = [Problem("new_password", "must be another one than before")]
    if problems:
        raise Invalid(problems)
    new_hash = passwords.hash_of(new)
    return _replaced(known, new_hash, jti, database=database, now=now)


@repeat_on_contention
def _replaced(
    known: Credentials, new_hash: str, jti: str, *, database: Database, now: clock.Clock
) -> Person:
    with database.transaction() as session:
        attempts.forget(session=session, username=known.username, now=now())
        done = service.replace_password(
            session=session, known=known, password_hash=new_hash, now=now()
        )
        if not done:
            raise _refused()
        person = service.person(session=session, user_id=known.user_id)
        assert person is not None
        token = sessions.found(session=session, jti=jti) if jti else None
        if token is not None and token.user_id == person.user_id:
            sessions.carry_over(session=session, family=token.family, epoch=person.epoch)
        _note(session, "password_changed", person, "", now(), actor=person.actor)
    return person


def from_identity_provider(
    *,
    subject: str,
    username: str,
    email: str,
    display_name: str,
    role: Role,
    database: Database,
    origin: str = "",
    now: clock.Clock = clock.now,
) -> Person:
    """Who the identity provider says has come: found by `subject`, or new.

    What the provider says of them is taken over. Conflict when the name is somebody else's here:
    an account is never taken over by its name.
    """
    said = {
        # An odd name or address at the provider keeps nobody out.
        "display_name": shown(display_name, 99),
        "email": email if validation.is_email(email) else "",
        "role": Role(role),
    }
    return _provided(subject, username, said, database=database, origin=origin, now=now)


@repeat_on_contention
def _provided(
    subject: str,
    username: str,
    said: dict[str, Any],
    *,
    database: Database,
    origin: str,
    now: clock.Clock,
) -> Person:
    with database.transaction() as session:
        user = _introduced(session, subject, username, said, now())
        known = Credentials(user_id=user.id, username=user.username, password_hash=None)
        if not service.note_signed_in(session=session, known=known, better_hash=None, now=now()):
            raise _refused()
        person = service.person(session=session, user_id=user.id)
        assert person is not None
        _note(
            session, "signed_in", person, f"by the identity provider {_from(origin)}".strip(), now()
        )
    return person


def _introduced(
    session: Session, subject: str, username: str, said: dict[str, Any], now: datetime
) -> User:
    """Their row, as the provider says. What another sign-in changed meanwhile is looked at anew."""
    about: dict[str, Any] = {"session": session, "actor": _PROVIDER, "now": now, **said}
    user = service.by_subject(session=session, subject=subject)
    try:
        if user is not None:
            return service.update(which=user.id, expected_version=user.version, **about)
        return service.create(
            username=username, oidc_subject=subject, must_change_password=False, **about
        )
    except Outdated:
        raise Contention("The same person signs in twice at this instant.") from None
    except Conflict:
        if user is None and service.by_subject(session=session, subject=subject) is not None:
            raise Contention("The same new person signs in twice at this instant.") from None
        raise


@repeat_on_contention
def begin_session(
    person: Person,
    *,
    database: Database,
    settings: WebSettings,
    now: clock.Clock = clock.now,
) -> NewToken:
    """What the first refresh token of a session has to say. It is worth what the person was."""
    with database.transaction() as session:
        return sessions.begin(
            session=session,
            user_id=person.user_id,
            epoch=person.epoch,
            now=now(),
            lifetime=timedelta(hours=settings.session_hours),
        )


def rotate(
    jti: str, *, database: Database, now: clock.Clock = clock.now
) -> tuple[Person, NewToken]:
    """Exchange a refresh token for the next one. SessionOver when it gives nothing any more."""
    exchanged = _rotated(jti, database=database, now=now)
    if exchanged is None:
        raise SessionOver("The session is over.", remedy="Sign in again.")
    return exchanged


@repeat_on_contention
def _rotated(jti: str, *, database: Database, now: clock.Clock) -> tuple[Person, NewToken] | None:
    """None where it is over: what is written then has to stay."""
    with database.transaction() as session:
        token = sessions.found(session=session, jti=jti)
        if token is None:
            return None
        person = service.person(session=session, user_id=token.user_id, epoch=token.epoch)
        use = sessions.take(session=session, token=token, now=now())
        if use is Use.REUSED:
            user = service.get(session=session, which=token.user_id)
            words = f"session {token.family[:8]} is ended: a token was used again"
            _note(session, "refresh_token_reused", user, words, now())
        if use is not Use.TAKEN or person is None:
            return None
        return person, sessions.follow(session=session, token=token, now=now())


@repeat_on_contention
def end_session(jti: str, *, database: Database, now: clock.Clock = clock.now) -> None:
    """Sign out: the session of this refresh token is over. Twice does no harm."""
    with database.transaction() as session:
        token = sessions.found(session=session, jti=jti)
        if token is None or not sessions.end(session=session, family=token.family, now=now()):
            return
        user = service.get(session=session, which=token.user_id)
        _note(session, "signed_out", user, f"session {token.family[:8]}", now())


@repeat_on_contention
def end_all(user_id: int, *, actor: str, database: Database, now: clock.Clock = clock.now) -> None:
    """Sign somebody out everywhere: all their tokens are void at once."""
    with database.transaction() as session:
        user = service.get(session=session, which=user_id)
        service.next_epoch(session=session, user_id=user_id)
        _note(session, "signed_out_everywhere", user, "", now(), actor=actor)


def current(user_id: int, epoch: int, *, database: Database) -> Person | None:
    """Who holds an access token of that epoch now; None when it is void."""
    with database.reading() as session:
        return service.person(session=session, user_id=user_id, epoch=epoch)


def holder(key: str, *, database: Database, now: clock.Clock = clock.now) -> Machine | None:
    """What machine holds this key; None when it opens nothing."""
    at = now()
    with database.reading() as session:
        found = keys.holder(session=session, key=key, now=at)
    if found is None:
        return None
    machine, worth_noting = found
    if worth_noting:
        _note_used(machine, database=database, at=at)
    return machine


@repeat_on_contention
def _note_used(machine: Machine, *, database: Database, at: datetime) -> None:
    with database.transaction() as session:
        keys.note_used(session=session, key_id=machine.key_id, now=at)


@repeat_on_contention
def forget_old(*, database: Database, limit: int = 1000, now: clock.Clock = clock.now) -> int:
    """Remove what is over for long: tokens, counts of wrong passwords, keys. How many rows went."""
    at = now()
    with database.transaction() as session:
        tokens = sessions.forget_old(session=session, before=at - _TOKENS_KEPT, limit=limit)
        counts = attempts.forget_old(session=session, now=at, limit=limit)
        old_keys = keys.forget_old(session=session, before=at - _KEYS_KEPT, limit=limit)
    return tokens + counts + old_keys


def _refused() -> Unauthorized:
    return Unauthorized(
        "Nobody has this username with this password.",
        remedy="Look at both again, or ask an admin for a new password.",
    )


def _from(origin: str) -> str:
    return f"from {shown(origin, 100)}" if origin else ""


def _note(
    session: Session,
    action: str,
    who: Person | User,
    detail: str,
    now: datetime,
    *,
    actor: str = "",
) -> None:
    user_id = who.user_id if isinstance(who, Person) else who.id
    audit.note(
        session=session,
        actor=actor or f"{_DOOR}:{who.username}",
        action=action,
        subject=service.words(user_id=user_id, username=who.username),
        detail=detail,
        now=now,
    )


def _note_attempt(session: Session, action: str, subject: str, detail: str, now: datetime) -> None:
    audit.note_attempt(
        session=session, actor=_DOOR, action=action, subject=subject, detail=detail, now=now
    )
