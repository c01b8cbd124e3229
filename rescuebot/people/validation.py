"""What the fields of a person and the name of a key must be: all that is wrong at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rescuebot.errors import Invalid, Problem
from rescuebot.people.roles import PERSONS, Role

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
LOCALES = ("", "ko", "en", "ja")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
# OpenID Connect: at most 255 ASCII characters, case-sensitive.
_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
SLACK_ID = re.compile(r"^[UW][A-Z0-9]{5,19}$")
_LONGEST_KEY = timedelta(days=3650)

Check = Callable[[object], str | None]


def folded(username: object) -> str | None:
    """A username as it is kept, however it was typed; None when it can be nobody's."""
    if not isinstance(username, str) or not username.isascii():
        return None
    name = username.casefold()
    return name if NAME.fullmatch(name) else None


def is_email(value: object) -> bool:
    """Whether it looks like an address; only a letter sent to it could tell more."""
    return isinstance(value, str) and value.isprintable() and bool(_EMAIL.fullmatch(value))


def require(fields: Mapping[str, Any]) -> None:
    """Invalid unless each field is what it must be; it names all that are not."""
    wrong = {
        field: _CHECKS[field](value) if field in _CHECKS else "is not a field of a person"
        for field, value in fields.items()
    }
    problems = [Problem(field, words) for field, words in wrong.items() if words]
    if problems:
        raise Invalid(problems)


def require_key(*, name: object, role: object, expires_at: datetime | None, now: datetime) -> None:
    """The same for a key of a machine."""
    problems = []
    if words := _name(name):
        problems.append(Problem("name", words))
    if not isinstance(role, str) or role not in list(Role):
        problems.append(Problem("role", "must be one of " + ", ".join(Role)))
    if expires_at is not None and not now < expires_at <= now + _LONGEST_KEY:
        problems.append(Problem("expires_at", "must be a time within the next ten years"))
    if problems:
        raise Invalid(problems)


def _name(value: object) -> str | None:
    if isinstance(value, str) and NAME.fullmatch(value):
        return None
    return (
        "must be 1 to 50 lower-case letters, digits, dots, dashes or underscores "
        "and begin with a letter or digit"
    )


def _display_name(value: object) -> str | None:
    if isinstance(value, str) and len(value) <= 100 and value.isprintable():
        return None
    return "must be a text of at most 100 characters on one line"


def _email(value: object) -> str | None:
    if value == "" or is_email(value):
        return None
    return "must be an address such as kim@example.com, or empty"


def _role(value: object) -> str | None:
    fits = isinstance(value, str) and value in PERSONS
    return None if fits else "must be one of " + ", ".join(PERSONS)


def _locale(value: object) -> str | None:
    fits = isinstance(value, str) and value in LOCALES
    return None if fits else "must be one of ko, en, ja, or empty for that of the browser"


def _subject(value: object) -> str | None:
    fits = value is None or (isinstance(value, str) and _SUBJECT.fullmatch(value) is not None)
    return None if fits else "must be 1 to 255 visible ASCII characters"


def _slack_id(value: object) -> str | None:
    fits = value is None or (isinstance(value, str) and SLACK_ID.fullmatch(value) is not None)
    return None if fits else "must be a member id of Slack such as U024BE7LH, or null"


_CHECKS: dict[str, Check] = {
    "username": _name,
    "display_name": _display_name,
    "email": _email,
    "role": _role,
    "locale": _locale,
    "oidc_subject": _subject,
    "slack_id": _slack_id,
}
