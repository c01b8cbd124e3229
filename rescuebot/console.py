"""What all ``salt-run rescue.*`` functions share: refusals as answers, tables, who is asking.

Invariant: whatever a person types, the answer is a value that can be shown; never a stack trace.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from rescuebot import clock, database, logs, plain, settings
from rescuebot.database import Base, Database
from rescuebot.errors import Invalid, Problem, RescueError
from rescuebot.settings import Settings

MOST_ROWS = 1000
_MOST_BYTES = 4_000_000

P = ParamSpec("P")
E = TypeVar("E", bound=StrEnum)


def told(function: Callable[P, Any]) -> Callable[P, Any]:
    """Turn a refusal into an answer; Salt would print the stack of any exception."""

    @functools.wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> Any:
        logs.configure()
        try:
            return function(*args, **kwargs)
        except RescueError as error:
            # salt-run takes its exit code from here.
            refusal: dict[str, Any] = {
                "error": error.code,
                "message": error.message,
                "remedy": error.remedy,
            }
            if isinstance(error, Invalid):
                refusal["what"] = error.what
                refusal["problems"] = [dataclasses.asdict(one) for one in error.problems]
            return shown({**refusal, "retcode": 1})

    return told


def load(opts: Mapping[str, Any]) -> Settings:
    """The settings of the master that the command line belongs to."""
    return settings.load(block=opts.get("rescue"), environ=os.environ)


def ledger(opts: Mapping[str, Any]) -> tuple[Settings, Database]:
    """The settings and the ledger, which the library keeps: Salt re-executes runner files."""
    config = load(opts)
    return config, database.shared(config.database)


def table(opts: Mapping[str, Any], read: Callable[[Session], Any]) -> dict[str, Any]:
    """What `read` finds in the ledger, for the outputter."""
    _, found = ledger(opts)
    with found.reading() as session:
        return shown(read(session))


def changed(opts: Mapping[str, Any], change: Callable[[Session], Base]) -> dict[str, Any]:
    """Do something in a transaction and show the row that came of it."""
    _, found = ledger(opts)

    @database.repeat_on_contention
    def _done() -> dict[str, Any]:
        with found.transaction() as session:
            row = change(session)
            session.flush()
            return shown({"item": item(row)})

    return _done()


def item(row: Base) -> dict[str, Any]:
    """One command or runbook, whole, without what only the database needs."""
    return plain.row(row, without=("live_title",))


def listed(opts: Mapping[str, Any], noun: Any, *, limit: object, **wanted: Any) -> dict[str, Any]:
    """The rows that a noun's ``list_`` gives."""
    most = min(number("limit", limit), MOST_ROWS)
    return table(
        opts, lambda session: plain.rows(noun.list_(session=session, limit=most, **wanted))
    )


def shown(value: Any) -> dict[str, Any]:
    """Let the outputter of Rescue Bot draw it, unless ``--out`` says otherwise."""
    return {"outputter": "rescue", "data": value}


def actor() -> str:
    """The person at the command line, as far as the machine knows."""
    return f"salt-run:{os.environ.get('SUDO_USER') or os.environ.get('USER', 'root')}"


def number(name: str, value: object) -> int:
    """A whole number, or Invalid."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Invalid([Problem(name, "must be a whole number, 0 or more")])


def member(kind: type[E], name: str, value: object) -> E | None:
    """One of a closed list of words or nothing, or Invalid."""
    if value is None:
        return None
    if isinstance(value, str) and value in list(kind):
        return kind(value)
    raise Invalid([Problem(name, "must be one of " + ", ".join(kind))])


def text(name: str, value: object) -> str:
    """What was typed, as text: Salt reads ``7`` and ``true`` as YAML."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Invalid([Problem(name, "must be a text")])


def switch(name: str, value: object) -> bool:
    """Yes or no, or Invalid."""
    if isinstance(value, bool):
        return value
    raise Invalid([Problem(name, "must be true or false")])


def moment(name: str, value: object) -> datetime:
    """A time: ISO 8601 with its zone (without one it is UTC), or ``+2h`` from now; or Invalid."""
    words = str(value).strip()
    try:
        if words.startswith("+"):
            return clock.now() + clock.duration(words[1:])
        if words == "now":
            return clock.now()
        found = value if isinstance(value, datetime) else datetime.fromisoformat(words)
    except ValueError:
        shapes = "2026-11-22T10:00+09:00, now, or +2h"
        raise Invalid([Problem(name, f"must be a time such as {shapes}")]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def period(name: str, value: object) -> timedelta:
    """A stretch of time such as ``30d``, or Invalid."""
    try:
        return clock.duration(str(value).strip())
    except ValueError:
        words = "must be a number of s, m, h or d, such as 30d or 12h"
        raise Invalid([Problem(name, words)]) from None


def file_text(name: str, path: object) -> str:
    """The text of a file on the master, or Invalid."""
    try:
        data = Path(str(path)).read_bytes()
        if len(data) > _MOST_BYTES:
            raise Invalid([Problem(name, f"must be a file of at most {_MOST_BYTES} bytes")])
        return data.decode("utf-8")
    except OSError as error:
        raise Invalid([Problem(name, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise Invalid([Problem(name, "must be UTF-8")]) from None
