"""Passwords: what is refused, how they are hashed, how many at once; roles and who has them."""

from __future__ import annotations

import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescuebot.errors import Busy
from rescuebot.people import passwords, roles, validation
from rescuebot.people.roles import Machine, Person, Role

GOOD = "blau ist der Regen"
HASH = passwords.hash_of(GOOD)


@pytest.mark.parametrize(
    "password",
    [
        "elf letters",
        "x" * 257,
        "aaaaaaaaaaaaaaa",
        "Password12345",
        "kim.min-jun1",
        "KIM.min-jun",
        "kim.min-junkim.min-jun2026",
        "seoul \ud800 half a letter",
        "",
        None,
        123456789012,
        ["a"] * 12,
    ],
)
def test_a_poor_password_is_refused_with_a_reason(password: object) -> None:
    (problem,) = passwords.problems_of(password, username="kim.min-jun")
    assert problem.field == "password"
    assert problem.message.startswith("must ")


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "비밀번호는여기없습니다",
        "パスワードではありません。",
        "kim.min-jun likes the sea",
        "🐟" * 11 + "🐠",
    ],
)
def test_any_letters_make_a_password(password: str) -> None:
    text = password if len(password) >= 12 else password + "!"
    assert passwords.problems_of(text, username="kim.min-jun") == []


def test_the_problem_names_the_field_that_was_asked_for() -> None:
    (problem,) = passwords.problems_of("short", username="kim", field="new_password")
    assert problem.field == "new_password"


def test_a_hash_is_argon2id_and_knows_its_password() -> None:
    assert HASH.startswith("$argon2id$")
    assert passwords.verify(HASH, GOOD)
    for wrong in ("Blau ist der Regen", GOOD + " ", "", "x" * 100_000, "\ud800" * 12, None, 7):
        assert not passwords.verify(HASH, wrong)


def test_nobody_has_a_password_that_is_right() -> None:
    for guess in (GOOD, "", "x" * 300):
        assert not passwords.verify(None, guess)
        assert not passwords.verify("", guess)


def test_a_password_is_the_same_however_it_was_composed() -> None:
    typed = "한국어로 쓴 비밀번호 é"
    taken_apart = unicodedata.normalize("NFD", typed)
    assert taken_apart != typed
    assert passwords.same(typed, taken_apart)
    assert passwords.verify(passwords.hash_of(typed), taken_apart)
    longest = "한" * passwords.LONGEST
    assert passwords.problems_of(unicodedata.normalize("NFD", longest + "국"), username="k")
    assert not passwords.problems_of(unicodedata.normalize("NFD", longest[1:] + "국"), username="k")


@given(st.text(st.characters(exclude_categories=())))
def test_what_no_check_refuses_can_be_hashed(tail: str) -> None:
    password = f"seoul-{tail}"
    if not passwords.problems_of(password, username="kim"):
        text = unicodedata.normalize("NFKC", password)
        assert passwords.SHORTEST <= len(text) <= passwords.LONGEST
        assert text.encode("utf-8")


def test_an_older_hash_is_to_be_made_again() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(HASH)
    assert passwords.verify(weak, GOOD)


def test_two_hash_at_once_and_a_third_waits_or_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.05)
    begun, may_end = threading.Semaphore(0), threading.Event()

    class Slow:
        """A hasher that ends when it is told to."""

        def hash(self, password: str) -> str:
            begun.release()
            assert may_end.wait(10)
            return password

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(passwords.hash_of, GOOD) for _ in range(2)]
        assert begun.acquire(timeout=10) and begun.acquire(timeout=10)
        with pytest.raises(Busy) as told:
            passwords.hash_of(GOOD)
        may_end.set()
        assert [done.result() for done in running] == [GOOD, GOOD]
    assert (told.value.code, told.value.retry_after) == ("busy", 5)
    assert passwords.hash_of(GOOD) == GOOD, "the slots are free again"


def test_a_one_time_password_is_good_enough_and_never_the_same() -> None:
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    assert not any(passwords.problems_of(one, username="kim") for one in made)


def test_who_may_do_what_a_role_may() -> None:
    assert roles.at_least(Role.VIEWER) == {Role.VIEWER, Role.OPERATOR, Role.ADMIN}
    assert roles.at_least(Role.OPERATOR) == {Role.OPERATOR, Role.ADMIN}
    assert roles.at_least(Role.ADMIN) == {Role.ADMIN}
    assert roles.at_least(Role.INGEST) == {Role.INGEST}


def test_the_ledger_names_people_and_machines_by_their_door() -> None:
    kim = Person(user_id=1, username="kim", role=Role.ADMIN, epoch=1, must_change_password=False)
    assert kim.actor == "web:kim"
    assert Machine(key_id=1, name="event-router", role=Role.INGEST).actor == "key:event-router"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("kim", "kim"),
        ("Kim.Min-Jun_2", "kim.min-jun_2"),
        ("\u212aim", None),  # the Kelvin sign, which folds to k
        ("kim ", None),
        ("-kim", None),
        ("k" * 51, None),
        ("", None),
        ("kim\n", None),
        ("김", None),
        (7, None),
    ],
)
def test_a_username_is_the_same_in_any_case_and_otherwise_nobodys(
    typed: object, kept: str | None
) -> None:
    assert validation.folded(typed) == kept
