"""Which runbook fits a message, and why: pure functions.

Order: priority, then specific before general (a longer pattern), then newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import re2

from rescuebot.runbooks.model import RunbookScript

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.case_sensitive = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The runbook that won, if any, and a sentence for people."""

    runbook: RunbookScript | None
    words: str


def choose(runbooks: Sequence[RunbookScript], *, service_type: str, message: str) -> Match:
    """The first of `runbooks` (all of one service) whose pattern is found in `message`."""
    ordered = sorted(runbooks, key=_rank)
    found = [runbook for runbook in ordered if matches(runbook.error_pattern, message)]
    if not found:
        return Match(runbook=None, words=_none(ordered, service_type))
    return Match(runbook=found[0], words=_won(found, service_type))


def matches(pattern: str, message: str) -> bool:
    """Whether the pattern is found; an empty one fits every message.

    RE2 takes time in proportion to the message whatever the pattern, so none can hang us.
    """
    if not pattern:
        return True
    try:
        return re2.search(pattern, message, _OPTIONS) is not None
    except re2.error:  # stored before it was checked; it fits nothing
        return False


def compiles(pattern: str) -> bool:
    """Whether RE2 accepts the pattern."""
    try:
        re2.compile(pattern, _OPTIONS)
    except re2.error:
        return False
    return True


def _rank(runbook: RunbookScript) -> tuple[int, int, int]:
    return (-runbook.priority, -len(runbook.error_pattern), -runbook.id)


def _won(found: Sequence[RunbookScript], service_type: str) -> str:
    winner, others = found[0], found[1:]
    pattern = winner.error_pattern
    why = f"its pattern {pattern!r} is found in the message" if pattern else "it has no pattern"
    words = (
        f"Runbook {winner.id} '{winner.title}' fits: it is for service {service_type}, {why}, "
        f"and its priority is {winner.priority}."
    )
    if others:
        names = ", ".join(f"{runbook.id} '{runbook.title}'" for runbook in others[:5])
        words += f" After it would come {names}."
    return words


def _none(looked_at: Sequence[RunbookScript], service_type: str) -> str:
    if not service_type:
        return "No rule of intake tells the service, so no runbook can be looked up."
    if not looked_at:
        return f"There is no enabled runbook for service {service_type}."
    near = ", ".join(f"{r.id} '{r.title}' ({r.error_pattern!r})" for r in looked_at[:5])
    return (
        f"None of the {len(looked_at)} runbooks for service {service_type} has a pattern that is "
        f"found in the message; looked at: {near}."
    )
