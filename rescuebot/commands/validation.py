"""What the fields of a command must be: pure functions that tell all that is wrong at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from rescuebot import scripts
from rescuebot.commands.model import CommandType
from rescuebot.errors import Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
# In the order in which people read them.
FIELDS = ("command_name", "target_service", "command_type", "command_script")
# These turn text around on a screen, so that it reads as what it is not.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = ("Cc", "Cs", "Zl", "Zp")

Check = Callable[[str, object], list[Problem]]


def problems_of(fields: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with these fields of a command."""
    problems = field_problems(fields, known=FIELDS, owed=FIELDS)
    return problems + checked(fields, _CHECKS)


def checked(fields: Mapping[str, Any], checks: Mapping[str, Check]) -> list[Problem]:
    """What the check of each field that is given tells."""
    found = (check(name, fields[name]) for name, check in checks.items() if name in fields)
    return [problem for problems in found for problem in problems]


def field_problems(
    fields: Mapping[str, Any], *, known: Collection[str], owed: Collection[str]
) -> list[Problem]:
    """Fields that there are not, and those that are missing."""
    names = ", ".join(known)
    unknown = [name for name in fields if name not in known]
    return [
        *(Problem(scripts.shown(str(name), 60), f"is not one of {names}") for name in unknown),
        *(Problem(name, "must be given") for name in owed if name not in fields),
    ]


def service_problems(field: str, service: object) -> list[Problem]:
    """What is wrong with the name of a service."""
    if isinstance(service, str) and SERVICE.fullmatch(service):
        return []
    return [
        Problem(
            field,
            "must be 1 to 50 lower-case letters, digits, dots, dashes or underscores "
            "and begin with a letter or digit",
        )
    ]


def choice_problems(field: str, value: object, kinds: type[StrEnum]) -> list[Problem]:
    """What is wrong with one of a few words."""
    if isinstance(value, str) and value in list(kinds):
        return []
    *first, last = kinds
    return [Problem(field, f"must be {', '.join(first)} or {last}")]


def line_problems(field: str, text: object, most: int) -> list[Problem]:
    """What is wrong with a text of one line, such as a title."""
    if not isinstance(text, str):
        kind = type(text).__name__
        return [Problem(field, f"must be text, not {kind}; put it in quotes")]
    problems = []
    if not 1 <= len(text.strip()) or len(text) > most:
        problems.append(Problem(field, f"must be 1 to {most} characters; it has {len(text)}"))
    if text != text.strip():
        problems.append(Problem(field, "must not begin or end with a space"))
    if any(unprintable(letter) for letter in text):
        problems.append(
            Problem(field, "must be one line without control characters; leave them out")
        )
    return problems


def unprintable(letter: str) -> bool:
    """Whether a character moves the cursor, ends the line, turns the text or is none at all."""
    return unicodedata.category(letter) in _INVISIBLE or letter in _TURNING


def _name_problems(field: str, name: object) -> list[Problem]:
    if isinstance(name, str) and NAME.fullmatch(name):
        return []
    return [
        Problem(
            field,
            "must be 1 to 100 letters, digits, dots, dashes or underscores "
            "and begin with a letter or digit",
        )
    ]


_CHECKS: dict[str, Check] = {
    "command_name": _name_problems,
    "target_service": service_problems,
    "command_type": lambda field, value: choice_problems(field, value, CommandType),
    "command_script": lambda field, value: scripts.problems_of(field=field, script=value),
}
