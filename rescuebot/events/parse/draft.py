"""What a reader of one kind of message found, before the rules and the limits are applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rescuebot.errors import Unreadable
from rescuebot.events.parse.text import NAME_LENGTH, line
from rescuebot.events.reported import Severity
from rescuebot.events.rules import Facts


@dataclass(slots=True, kw_only=True)
class Draft:
    """`times` are the candidates for the time of the event, the best first, as they came.

    `type` and `severity` are set only where no rule may say otherwise.
    """

    facts: Facts
    message: str
    server: str = ""
    times: tuple[Any, ...] = ()
    type: str | None = None
    severity: Severity | None = None
    recovery: bool = False
    for_information: bool = False
    children: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def required(holder: dict[str, Any], key: str, *, path: str, limit: int = NAME_LENGTH) -> str:
    """The text at `key` as one line; Unreadable, naming `path`, where there is none."""
    found = line(holder.get(key), limit).strip()
    if not found:
        raise Unreadable("missing_field", f"The message has no text at '{path}'.")
    return found
