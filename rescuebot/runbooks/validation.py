"""What the fields of a runbook must be: pure functions that tell all that is wrong at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from rescuebot import scripts
from rescuebot.commands.validation import (
    Check,
    checked,
    choice_problems,
    field_problems,
    line_problems,
    service_problems,
    unprintable,
)
from rescuebot.errors import Problem
from rescuebot.runbooks import patterns, state_data
from rescuebot.runbooks.model import RunbookMode, SolutionKind

STATE_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
# What a runbook is when nothing else is said; the rest must be given.
DEFAULTS: Mapping[str, Any] = {
    "description": "",
    "priority": 0,
    "mode": RunbookMode.ASK.value,
    "enabled": True,
    "attempts": None,
    "retry_seconds": None,
}
# In the order in which people read them.
FIELDS = (
    "title",
    "service_type",
    "description",
    "error_pattern",
    "priority",
    "mode",
    "enabled",
    "attempts",
    "retry_seconds",
    "solution_kind",
    "solution_script",
)


def completed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the defaults of those that are not given."""
    return {**DEFAULTS, **fields}


def problems_of(fields: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with these fields of a runbook."""
    owed = [name for name in FIELDS if name not in DEFAULTS]
    problems = field_problems(fields, known=FIELDS, owed=owed) + checked(fields, _CHECKS)
    if "solution_kind" in fields and "solution_script" in fields:
        problems += solution_problems(
            kind=fields["solution_kind"], script=fields["solution_script"]
        )
    return problems


def solution_problems(*, kind: object, script: object) -> list[Problem]:
    """What is wrong with a solution, and with its kind."""
    field = "solution_script"
    problems = choice_problems("solution_kind", kind, SolutionKind)
    problems += scripts.text_problems(field=field, text=script)
    if problems or not isinstance(script, str):
        return problems
    if kind == SolutionKind.SHELL:
        return scripts.problems_of(field=field, script=script)
    if kind == SolutionKind.SLS:
        return state_data.problems_of(field=field, text=script)
    if STATE_NAME.fullmatch(script.strip()):
        return []
    return [Problem(field, "must be the name of a state, such as rescue.mysql")]


def title_key(title: str) -> str:
    """What is the same for two titles that count as one, whatever their case and accents.

    The databases of MySQL compare so; this is for where Python has to.
    """
    parts = unicodedata.normalize("NFKD", title.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).rstrip()


def _title_problems(field: str, title: object) -> list[Problem]:
    return line_problems(field, title, 200)


def _pattern_problems(field: str, pattern: object) -> list[Problem]:
    if not isinstance(pattern, str):
        kind = type(pattern).__name__
        return [Problem(field, f"must be text, not {kind}; put it in quotes")]
    if any(unprintable(letter) for letter in pattern):
        return [Problem(field, r"must not hold control characters; write \t or \n for them")]
    refusal = patterns.problems_of(pattern)
    return [Problem(field, refusal)] if refusal else []


def _description_problems(field: str, text: object) -> list[Problem]:
    if not isinstance(text, str):
        kind = type(text).__name__
        return [Problem(field, f"must be text, not {kind}; put it in quotes")]
    if any(unprintable(letter) for letter in text if letter not in "\n\t"):
        words = "must hold no control characters but line feeds and tabs; leave them out"
        return [Problem(field, words)]
    return scripts.long_text_problems(field=field, text=text)


def _number(least: int, most: int, *, empty: bool = False) -> Check:
    def _check(field: str, value: object) -> list[Problem]:
        if value is None and empty:
            return []
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return []
        also = "; leave it empty to let the settings decide" if empty else ""
        return [Problem(field, f"must be a whole number from {least} to {most}{also}")]

    return _check


def _enabled_problems(field: str, value: object) -> list[Problem]:
    return [] if isinstance(value, bool) else [Problem(field, "must be true or false")]


_CHECKS: dict[str, Check] = {
    "title": _title_problems,
    "service_type": service_problems,
    "description": _description_problems,
    "error_pattern": _pattern_problems,
    "priority": _number(-1000, 1000),
    "mode": lambda field, value: choice_problems(field, value, RunbookMode),
    "enabled": _enabled_problems,
    # As the settings bound them.
    "attempts": _number(1, 20, empty=True),
    "retry_seconds": _number(0, 3600, empty=True),
}
