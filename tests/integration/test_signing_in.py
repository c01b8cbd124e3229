"""Sign in, refresh, sign out: who is believed, what is counted, what ends a session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Literal

import argon2
import pytest
from sqlalchemy import func, select

from rescuebot import admitting, signing_in
from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.errors import Busy, Conflict, Invalid, Locked, RescueError, SessionOver, Unauthorized
from rescuebot.people import passwords, service, sessions
from rescuebot.people.model import RefreshToken, SignInAttempt, User
from rescuebot.people.roles import Person, Role
from rescuebot.people.sessions import NewToken
from rescuebot.settings import WebSettings
from tests.conftest import open_database
from tests.factories import NOW

PASSWORD = "blau ist der Regen"
OTHER = "gelb ist der Schnee"
SETTINGS = WebSettings(lockout_failures=3, lockout_seconds=60, session_hours=12)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashes with less work."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    passwords._nobodys.cache_clear()


class House:
    """A ledger in which kim may sign in, and a clock that is moved by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.at = NOW
        kim, _ = admitting.admit(
            "kim",
            role="operator",
            actor="tests",
            database=database,
            password=PASSWORD,
            now=self.now,
        )
        self.kim = kim.id

    def now(self) -> datetime:
        return self.at

    def later(self, **by: float) -> None:
        self.at += timedelta(**by)

    def sign_in(self, password: str = PASSWORD, username: Any = "kim", **given: Any) -> Person:
        given = {"database": self.database, "settings": SETTINGS, "now": self.now, **given}
        return signing_in.sign_in(username, password, **given)

    def begin(self) -> NewToken:
        """Sign in and begin a session."""
        return signing_in.begin_session(
            self.sign_in(), database=self.database, settings=SETTINGS, now=self.now
        )

    def rotate(self, token: NewToken | str, database: Database | None = None) -> NewToken:
        jti = token if isinstance(token, str) else token.jti
        person, new = signing_in.rotate(jti, database=database or self.database, now=self.now)
        assert person.user_id == self.kim
        return new

    def change(self, **given: Any) -> Person:
        given = {"old": PASSWORD, "new": OTHER, "settings": SETTINGS, "now": self.now, **given}
        return signing_in.change_password(self.kim, database=self.database, **given)

    def refused(self, password: str = "a wrong one here", **given: Any) -> RescueError:
        with pytest.raises(RescueError) as caught:
            self.sign_in(password, **given)
        return caught.value

    def audited(self) -> list[str]:
        """Oldest first."""
        with self.database.reading() as session:
            rows = audit.list_(session=session, limit=500)
        return [row.action for row in reversed(rows)]

    def failures(self) -> list[int]:
        with self.database.reading() as session:
            return list(session.scalars(select(SignInAttempt.failures)))

    def at_once(self, times: int, call: Callable[[Database], Any]) -> list[Any]:
        """What each of so many got, each with connections of its own and begun together."""
        gate = threading.Barrier(times)

        def one(_: int) -> Any:
            own = open_database(self.database.url.render_as_string(hide_password=False))
            try:
                gate.wait(10)
                return call(own)
            except RescueError as error:
                return error.code
            finally:
                own.dispose()

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_who_has_name_and_password_is_let_in(house: House) -> None:
    person = house.sign_in(username="KIM", origin="10.0.0.7\x1b[2J")
    assert (person.user_id, person.username, person.role) == (house.kim, "kim", Role.OPERATOR)
    assert (person.epoch, person.must_change_password) == (1, True)
    with house.database.reading() as session:
        assert service.get(session=session, which="kim").last_signed_in_at == NOW
        entry = audit.list_(session=session)[0]
    assert (entry.actor, entry.action) == ("web:kim", "signed_in")
    assert entry.detail == "from 10.0.0.7?[2J"


def test_all_that_is_wrong_is_told_in_the_same_words(house: House) -> None:
    admitting.admit("lee", role="admin", actor="t", database=house.database, password=PASSWORD)
    admitting.admit("out", role="viewer", actor="t", database=house.database, password=PASSWORD)
    admitting.alter("out", disabled=True, actor="t", database=house.database)
    provided(house, username="oidc")
    told = {
        (type(error), error.code, str(error))
        for error in (
            house.refused(),
            house.refused(PASSWORD.upper(), username="lee"),
            house.refused(PASSWORD, username="out"),
            house.refused(PASSWORD, username="oidc"),
            house.refused("", username="oidc"),
            house.refused(PASSWORD, username="nobody"),
            house.refused(PASSWORD, username=house.kim),
            house.refused(PASSWORD, username="\ud800"),
            house.refused("\ud800" * 12),
            house.refused("x" * 100_000, username="y" * 100_000),
        )
    }
    assert len(told) == 1
    ((kind, code, _),) = told
    assert (kind, code) == (Unauthorized, "bad_credentials")


@pytest.mark.parametrize("username", ["kim", "nobody"])
def test_a_wrong_password_costs_one_hash_whoever_has_the_name(
    house: House, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.refused(username="warm-up")
    judged = []

    class Counting(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            judged.append(password)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    house.refused(username=username)
    assert judged == ["a wrong one here"]


def test_what_somebody_typed_as_a_name_is_not_kept(house: House) -> None:
    house.refused(username="my secret pass phrase")
    with house.database.reading() as session:
        rows = [repr(vars(row)) for row in audit.list_(session=session)]
        rows += [repr(vars(row)) for row in session.scalars(select(SignInAttempt))]
    assert "an unknown user" in rows[0]
    assert not any("my secret" in row for row in rows)


@pytest.mark.parametrize("username", ["kim", "nobody"])
def test_too_many_wrong_ones_lock_a_name_longer_each_time(house: House, username: str) -> None:
    def locked_for() -> int:
        error = house.refused(username=username)
        assert isinstance(error, Locked) and error.code == "locked"
        return error.retry_after

    for _ in range(3):
        assert house.refused(username=username).code == "bad_credentials"
    for seconds in (60, 120, 240):
        assert locked_for() == seconds
        house.later(seconds=seconds - 1)
        assert locked_for() == 1
        house.later(seconds=1)
        assert house.refused(username=username).code == "bad_credentials"
    for _ in range(12):
        house.later(days=1)
        house.refused(username=username)
    assert locked_for() == 86_400, "it ends within a day"
    assert "locked" in house.audited()


def test_in_a_lock_the_right_password_is_not_told_from_a_wrong_one(house: House) -> None:
    for _ in range(3):
        house.refused()
    assert str(house.refused(PASSWORD)) == str(house.refused())
    assert house.failures() == [3], "what is not judged is not counted"
    house.later(seconds=60)
    house.sign_in()
    assert house.failures() == []
    assert house.audited()[-3:] == ["sign_in_refused", "locked", "signed_in"]


def test_a_right_password_ends_the_row_of_wrong_ones(house: House) -> None:
    for _ in range(3):
        house.refused()
        house.refused()
        house.sign_in()
    assert house.failures() == []


def test_an_admin_lifts_a_lock(house: House) -> None:
    for _ in range(3):
        house.refused()
    _, one_time = admitting.set_password("kim", actor="lee", database=house.database)
    assert house.sign_in(one_time).must_change_password
    for _ in range(3):
        house.refused(PASSWORD)
    admitting.alter("kim", disabled=False, actor="lee", database=house.database)
    house.sign_in(one_time)


@pytest.mark.parametrize("username", ["kim", "nobody"])
def test_wrong_guesses_at_once_are_all_counted(house: House, username: str) -> None:
    many = WebSettings(lockout_failures=100)
    told = house.at_once(
        12,
        lambda own: house.sign_in("a wrong one here", username, database=own, settings=many),
    )
    assert told == ["bad_credentials"] * 12
    assert house.failures() == [12]


def test_no_more_guesses_are_judged_than_the_lock_allows(house: House) -> None:
    told = house.at_once(10, lambda own: house.sign_in("a wrong one here", database=own))
    assert sorted(told) == ["bad_credentials"] * 3 + ["locked"] * 7
    assert house.failures() == [3]


def test_a_lock_that_falls_while_a_right_password_is_hashed_holds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    def meanwhile(password_hash: str | None, password: object) -> bool:
        monkeypatch.setattr(passwords, "verify", verify)
        for _ in range(3):
            house.refused()
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "verify", meanwhile)
    assert house.refused(PASSWORD).code == "locked"
    assert "signed_in" not in house.audited()


@pytest.mark.parametrize("what", ["password", "disabled"])
def test_what_changes_while_a_password_is_hashed_is_seen(
    house: House, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    def meanwhile(password_hash: str | None, password: object) -> bool:
        if what == "disabled":
            admitting.alter("kim", disabled=True, actor="t", database=house.database)
        else:
            admitting.set_password("kim", actor="t", database=house.database)
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "verify", meanwhile)
    assert house.refused(PASSWORD).code == "bad_credentials"


def test_when_too_many_hash_nothing_is_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    with passwords._slot():
        assert isinstance(house.refused(PASSWORD), Busy)
    house.sign_in()
    assert house.failures() == []


def test_an_older_hash_is_made_anew_at_the_sign_in(house: House) -> None:
    with house.database.reading() as session:
        old = service.credentials(session=session, which="kim")
    passwords._HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    assert house.sign_in().epoch == 1
    with house.database.reading() as session:
        new = service.credentials(session=session, which="kim")
    assert old and new and new.password_hash and new.password_hash != old.password_hash
    assert not passwords.needs_rehash(new.password_hash)
    house.sign_in()


# --- sessions -------------------------------------------------------------------------------


def test_a_session_goes_on_by_tokens_that_each_are_used_once(house: House) -> None:
    token = first = house.begin()
    for _ in range(5):
        house.later(minutes=10)
        token = house.rotate(token)
        assert (token.family, token.expires_at) == (first.family, NOW + timedelta(hours=12))
    house.at = first.expires_at
    over(house, token)
    with house.database.reading() as session:
        kept = session.scalars(select(RefreshToken.jti_hash)).all()
    assert len(set(kept)) == 6
    assert not set(kept) & {first.jti, token.jti}


def over(house: House, token: NewToken | str) -> None:
    with pytest.raises(SessionOver) as caught:
        house.rotate(token)
    assert caught.value.code == "session_over"


def test_a_token_used_again_later_ends_the_whole_session(house: House) -> None:
    stolen = house.begin()
    apart = house.begin()
    living = house.rotate(stolen)
    house.later(seconds=11)
    over(house, stolen)
    over(house, living)
    assert house.audited().count("refresh_token_reused") == 1
    house.rotate(apart)


def test_two_tabs_may_refresh_within_the_same_seconds(house: House) -> None:
    first = house.begin()
    one = house.rotate(first)
    house.later(seconds=10)
    other = house.rotate(first)
    assert one.jti != other.jti
    house.later(minutes=10)
    house.rotate(house.rotate(other))


def test_of_two_siblings_only_one_may_live_on(house: House) -> None:
    """A thief who refreshes within the same seconds is found out at the next refresh."""
    first = house.begin()
    owners, thiefs = house.rotate(first), house.rotate(first)
    house.later(minutes=10)
    owners = house.rotate(owners)
    house.later(minutes=1)
    over(house, thiefs)
    over(house, owners)
    assert "refresh_token_reused" in house.audited()


def test_many_refreshes_at_once_neither_fail_nor_end_the_session(house: House) -> None:
    first = house.begin()
    told = house.at_once(8, lambda own: house.rotate(first, own))
    assert len({token.jti for token in told}) == 8
    with house.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RefreshToken)) == 9
    house.later(minutes=10)
    house.rotate(told[3])


def test_an_unknown_token_is_over_and_ends_nothing(house: House) -> None:
    token = house.begin()
    for other in ("", "x", token.jti.swapcase(), "\ud800", "' OR 1=1 --"):
        over(house, other)
    house.rotate(token)


def test_signing_out_ends_this_session_only(house: House) -> None:
    token, apart = house.begin(), house.begin()
    later = house.rotate(token)
    for _ in range(2):
        signing_in.end_session(later.jti, database=house.database, now=house.now)
    signing_in.end_session("unknown", database=house.database, now=house.now)
    over(house, later)
    over(house, token)
    assert house.audited().count("signed_out") == 1
    assert "refresh_token_reused" not in house.audited(), "an old tab is not a thief"
    house.rotate(apart)


def test_a_session_that_is_ended_while_it_refreshes_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = house.begin()
    house.rotate(first)
    own = open_database(house.database.url.render_as_string(hide_password=False))
    ending = threading.Thread(
        target=signing_in.end_session, args=[first.jti], kwargs={"database": own, "now": house.now}
    )
    follow = sessions.follow

    def slowly(**given: Any) -> NewToken:
        ending.start()
        ending.join(0.5)
        assert ending.is_alive(), "it waits for the child that is about to be made"
        return follow(**given)

    monkeypatch.setattr(sessions, "follow", slowly)
    token = house.rotate(first)
    ending.join(10)
    own.dispose()
    over(house, token)


@pytest.mark.parametrize("how", ["everywhere", "disabled", "role", "password"])
def test_what_voids_a_person_voids_sessions_and_access_tokens(house: House, how: str) -> None:
    token, person = house.begin(), house.sign_in()
    by: dict[str, Any] = {"actor": "lee", "database": house.database, "now": house.now}
    if how == "everywhere":
        signing_in.end_all(house.kim, **by)
    elif how == "disabled":
        admitting.alter(house.kim, disabled=True, **by)
    elif how == "role":
        admitting.alter(house.kim, role="viewer", **by)
    else:
        admitting.set_password(house.kim, **by)
    over(house, token)
    assert signing_in.current(house.kim, person.epoch, database=house.database) is None
    if how in ("everywhere", "role"):
        house.rotate(house.begin())


def test_a_session_begun_by_who_has_been_voided_since_is_worth_nothing(house: House) -> None:
    person = house.sign_in()
    signing_in.end_all(house.kim, actor="lee", database=house.database)
    token = signing_in.begin_session(
        person, database=house.database, settings=SETTINGS, now=house.now
    )
    over(house, token)


def test_who_is_here_now_is_told_by_id_and_epoch(house: House) -> None:
    person = house.sign_in()
    assert signing_in.current(house.kim, 1, database=house.database) == person
    for user_id, epoch in ((house.kim, 0), (house.kim, 2), (house.kim + 1, 1), (2**70, 1)):
        assert signing_in.current(user_id, epoch, database=house.database) is None


# --- passwords ------------------------------------------------------------------------------


def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    here, elsewhere = house.begin(), house.begin()
    changed = house.change(jti=here.jti)
    assert (changed.epoch, changed.must_change_password) == (2, False)
    over(house, elsewhere)
    house.rotate(house.rotate(here))
    assert signing_in.current(house.kim, 1, database=house.database) is None
    house.refused(PASSWORD)
    assert house.sign_in(OTHER).epoch == 2
    assert "password_changed" in house.audited()


def test_the_token_of_another_person_keeps_no_session(house: House) -> None:
    token = house.begin()
    lee, _ = admitting.admit(
        "lee", role="viewer", actor="t", database=house.database, password=PASSWORD
    )
    signing_in.change_password(
        lee.id,
        old=PASSWORD,
        new=OTHER,
        jti=token.jti,
        database=house.database,
        settings=SETTINGS,
        now=house.now,
    )
    house.rotate(token)


@pytest.mark.parametrize("new", ["short", "kim", PASSWORD, "password1234", None])
def test_a_new_password_must_be_a_good_and_another_one(house: House, new: Any) -> None:
    with pytest.raises(Invalid) as caught:
        house.change(new=new)
    assert [problem.field for problem in caught.value.problems] == ["new_password"]
    house.sign_in()


def test_wrong_old_passwords_count_as_at_the_sign_in(house: House) -> None:
    for _ in range(2):
        with pytest.raises(Unauthorized):
            house.change(old="a wrong one here")
    house.refused()
    with pytest.raises(Locked):
        house.change()
    assert house.refused(PASSWORD).code == "locked"


def test_of_two_new_passwords_at_once_one_is_taken(house: House) -> None:
    told = house.at_once(
        2,
        lambda own: signing_in.change_password(
            house.kim, old=PASSWORD, new=OTHER, database=own, settings=SETTINGS, now=house.now
        ).epoch,
    )
    assert sorted(told, key=str) == [2, "bad_credentials"]


# --- identity provider ----------------------------------------------------------------------


def provided(house: House, **given: Any) -> Person:
    said = {
        "subject": "auth0|7",
        "username": "min",
        "email": "min@example.com",
        "display_name": "Min",
        "role": Role.VIEWER,
        "database": house.database,
        "now": house.now,
        **given,
    }
    return signing_in.from_identity_provider(**said)


def test_whom_the_provider_knows_is_made_once_and_found_again(house: House) -> None:
    first = provided(house)
    assert (first.username, first.role, first.must_change_password) == ("min", Role.VIEWER, False)
    assert provided(house, username="renamed") == first
    promoted = provided(house, role=Role.OPERATOR, display_name="Min\nLee", email="??")
    assert (promoted.role, promoted.epoch) == (Role.OPERATOR, 2)
    with house.database.reading() as session:
        row = service.get(session=session, which="min")
        assert (row.display_name, row.email) == ("Min?Lee", "")
        assert session.scalar(select(func.count()).select_from(User)) == 2


@pytest.mark.parametrize("subject", ["AUTH0|7", "auth0|77"])
def test_an_account_is_never_taken_over_by_its_name(house: House, subject: str) -> None:
    provided(house)
    for username in ("kim", "KIM", "min"):
        with pytest.raises(Conflict, match="is taken"):
            provided(house, subject=subject, username=username)
    other = provided(house, subject=subject, username="another")
    assert other.user_id != provided(house).user_id


def test_whom_an_admin_has_disabled_the_provider_cannot_let_in(house: House) -> None:
    person = provided(house)
    admitting.alter("min", disabled=True, actor="lee", database=house.database)
    with pytest.raises(Unauthorized):
        provided(house)
    with pytest.raises(Conflict, match="identity provider"):
        admitting.set_password(person.user_id, actor="lee", database=house.database)


@pytest.mark.parametrize("known", [False, True])
def test_the_same_person_may_come_by_the_provider_twice_at_once(house: House, known: bool) -> None:
    if known:
        provided(house)
    told = house.at_once(4, lambda own: provided(house, database=own, role=Role.ADMIN))
    assert len({person.user_id for person in told}) == 1
    assert {person.role for person in told} == {Role.ADMIN}


# --- the sweep ------------------------------------------------------------------------------


def test_what_is_over_for_long_is_forgotten_and_the_rest_stays(house: House) -> None:
    ended, expired = house.begin(), house.begin()
    house.rotate(expired)
    signing_in.end_session(ended.jti, database=house.database, now=house.now)
    house.refused(username="nobody")
    house.later(days=7, hours=12)
    living = house.begin()
    house.refused()

    def forgotten(**given: Any) -> int:
        return signing_in.forget_old(database=house.database, now=house.now, **given)

    assert forgotten() == 2, "the session that was ended, and the count of a week ago"
    house.later(seconds=1)
    living = house.rotate(living)
    assert forgotten(limit=1) == 1
    assert forgotten() == 1
    assert forgotten() == 0
    house.rotate(living)
    assert house.failures() == [1]
