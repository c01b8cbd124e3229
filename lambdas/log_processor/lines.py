"""What a log line says, as far as its shape is known: ours, a Salt master's, MySQL's, or JSON.

Invariant: whatever the line, there is a Parsed; searching it takes time in proportion to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LEVELS = {
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "NOTE": "INFO",
    "SYSTEM": "INFO",
    "WARNING": "WARNING",
    "WARN": "WARNING",
    "ERROR": "ERROR",
    "CRITICAL": "CRITICAL",
}
_MOST_FIELDS = 40
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}[,.][0-9]{3,6}Z?"
_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        # gunicorn, as webui/api/gunicorn.py has it: time LEVEL logger message
        rf"{_TIME} (?P<level>[A-Z]{{4,8}}) (?P<logger>[A-Za-z0-9_.]{{1,100}}) ",
        # A Salt master: time [logger:line][LEVEL][process] message
        rf"{_TIME} \[(?P<logger>[^\]\[:]{{1,100}}):[0-9]+ *\]"
        r"\[(?P<level>[A-Z]{4,8}) *\](?:\[[0-9]+\])? ",
        # MySQL 8's error log: time thread [Level] [code] [part] message
        rf"{_TIME} [0-9]+ \[(?P<level>[A-Za-z]{{4,8}})\] (?:\[(?P<logger>MY-[0-9]+)\] )?",
    )
)
# As structlog renders them: name=repr(value).
_FIELD = re.compile(
    r"""(?P<name>[a-z_][a-z0-9_]{0,63})=(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"]+)"""
)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_WORDS = {"True": True, "False": False, "None": None}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The level in capitals, the logger, the name of the log event and its fields; or "" and {}."""

    level: str = ""
    logger: str = ""
    event: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str) -> Parsed:
    """Read a line."""
    if text.startswith("{"):
        return _of_json(text)
    for head in _HEADS:
        if match := head.match(text):
            found = match.groupdict()
            fields = _fields(text, match.end())
            event = fields.pop("event", "")
            level = _LEVELS.get((found["level"] or "").upper(), "")
            logger = (found["logger"] or "").strip()
            return Parsed(level, logger, event if isinstance(event, str) else "", fields)
    return Parsed()


def _of_json(text: str) -> Parsed:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return Parsed()
    if not isinstance(told, dict):
        return Parsed()
    level, logger, event = (
        _word(told, *names)
        for names in (("level", "log_level"), ("logger", "name"), ("event", "message", "msg"))
    )
    known = {"level", "log_level", "logger", "name", "event", "timestamp", "time"}
    plain = {
        name: value
        for name, value in told.items()
        if name not in known and isinstance(value, str | int | float | bool | None)
    }
    fields = dict(list(plain.items())[:_MOST_FIELDS])
    return Parsed(_LEVELS.get(level.upper(), ""), logger[:100], event[:200], fields)


def _word(told: Mapping[str, Any], *names: str) -> str:
    return next((told[name] for name in names if isinstance(told.get(name), str)), "")


def _fields(text: str, start: int) -> dict[str, Any]:
    """The fields of an event of structlog; none where the message is anything else."""
    if not text.startswith("event=", start):
        return {}
    found: dict[str, Any] = {}
    for match in _FIELD.finditer(text, start):
        if len(found) == _MOST_FIELDS:
            break
        found.setdefault(match["name"], _value(match["value"]))
    return found


def _value(text: str) -> Any:
    """What repr() has made this text of, where it is plain; else the text."""
    if text[0] in "'\"":
        return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1])
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return _WORDS.get(text, text)
