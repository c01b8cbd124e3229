"""Passwords: what one must be, and their hashes by argon2id.

Invariant: at most two hashes run at once in a process (64 MiB and 150 ms each), and telling a wrong
password takes as long where there is none to compare with.
"""

from __future__ import annotations

import functools
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import argon2

from rescuebot.errors import Busy, Problem

SHORTEST, LONGEST = 12, 256
# A keyboard may send a letter in up to four parts, as some do with Hangul and accents.
_LONGEST_TYPED = 4 * LONGEST

_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 5.0
_HASHER = argon2.PasswordHasher()
# Those of the lists of leaked passwords that are long enough, and those that one would try here.
_COMMON = frozenset("""
    000000000000 012345678901 0123456789012 111111111111 111111222222 121212121212 123123123123
    123321123321 1234567890123 12345678901234 123456789012 1234567891011 123456789123 123456789abc
    123456abcdef 123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv
    987654321098 abc123abc123 abcd12345678 abcdefghijkl abcdefghijklm adminadmin12 adminadminadmin
    administrator administrator1 asdfasdfasdf asdfghjkl123 bismillah123 changemechangeme
    changemenow1 changemenow! changethispassword christopher1 computer1234 correcthorsebatterystaple
    defaultpassword dragon123456 football1234 goodpassword helloworld123 iloveyou1234 iloveyou12345
    iloveyouforever letmein12345 letmein123456 letmeinplease liverpool123 manchester123
    mypassword12 mypassword123 p@ssw0rd1234 p@ssword1234 passw0rd1234 passw0rd12345 password0123
    password1234 password12345 password123456 password1234567 password12345678 password123!
    password1234! passwordpassword princess1234 q1w2e3r4t5y6 q1w2e3r4t5y6u7 qazwsxedcrfv
    qwe123qwe123 qweasdzxc123 qwerasdfzxcv qwerty123456 qwerty1234567 qwertyqwerty qwertyuiop12
    qwertyuiop123 qwertyuiopas qwertyuiopasdf rescuebot123 rescuebot1234 rescuebotrescuebot
    saltstack123 saltstack1234 sunshine1234 supersecret1 superman1234 thisismypassword
    trustno1trustno1 unbelievable unknownuser1 welcome12345 welcome123456 whateverwhatever
    yourpassword zaq12wsxcde3 zxcvbnm12345
    """.split())


def problems_of(password: object, *, username: str, field: str = "password") -> list[Problem]:
    """What keeps it from being a password of that person; empty when nothing does."""
    if not isinstance(password, str):
        return [Problem(field, "must be a text")]
    text = _normal(password)
    if text is None or not SHORTEST <= len(text) <= LONGEST:
        return [Problem(field, f"must have {SHORTEST} to {LONGEST} characters")]
    folded = text.casefold()
    if len(set(folded)) == 1:
        return [Problem(field, "must not be one character again and again")]
    name = username.casefold()
    if name in folded and not folded.replace(name, "").strip("0123456789"):
        return [Problem(field, "must be more than the username and a number")]
    if folded in _COMMON:
        return [Problem(field, "must not be one of those that are tried first")]
    return []


def same(one: str, other: str) -> bool:
    """Whether two texts are the same password."""
    return _normal(one) == _normal(other)


def hash_of(password: str) -> str:
    """The argon2id hash to keep. Busy when too many wait for one already."""
    text = _normal(password)
    assert text is not None, "problems_of has refused it"
    with _slot():
        return _HASHER.hash(text)


def verify(password_hash: str | None, password: object) -> bool:
    """Whether it is the password; without a hash no, after as long a time."""
    text = _normal(password) if isinstance(password, str) else None
    with _slot():
        against = password_hash if password_hash and text is not None else _nobodys()
        try:
            _HASHER.verify(against, text or "")
        except argon2.exceptions.VerifyMismatchError:
            return False
    return against is password_hash


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than those of today."""
    return _HASHER.check_needs_rehash(password_hash)


def one_time() -> str:
    """A password for the first sign-in, to be read out or copied: 120 random bits."""
    return secrets.token_urlsafe(15)


def _normal(password: str) -> str | None:
    """The same text however a keyboard composes it; None when it can be nobody's."""
    if len(password) > _LONGEST_TYPED:
        return None
    text = unicodedata.normalize("NFKC", password)
    # Half of a surrogate pair, which JSON can carry and UTF-8 cannot.
    return None if any(unicodedata.category(letter) == "Cs" for letter in text) else text


@contextmanager
def _slot() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_WAIT_SECONDS):
        raise Busy(
            "Too many sign-ins wait already.", retry_after=5, remedy="Try again in a few seconds."
        )
    try:
        yield
    finally:
        _AT_ONCE.release()


@functools.cache
def _nobodys() -> str:
    """The hash of a password that nobody has; made with the parameters of today."""
    return _HASHER.hash(secrets.token_urlsafe(32))
