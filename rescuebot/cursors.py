"""Cursors: opaque text that marks a place in one list, for one sort and one set of filters.

Invariant: `read` gives a mark or raises Invalid, whatever the text is; and a cursor holds nothing
but a place that its reader has been shown.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rescuebot.clock import as_utc
from rescuebot.errors import Invalid, Problem

_VERSION = 1
_LONGEST = 2_000
_LARGEST = 2**63 - 1
# What a TIMESTAMP of MySQL holds, without its first and last year.
YEARS = range(1971, 2038)


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """How many rows there are; `is_bounded` says that counting stopped there."""

    number: int
    is_bounded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A place in a list: the sort value and the id of the row before it."""

    value: datetime | str | int | None
    id: int
    total: Total


def write(mark: Mark, *, bound_to: tuple[str, str, Any]) -> str:
    """The cursor of a place in the list, sort and Filter that it is bound to."""
    value = mark.value.isoformat() if isinstance(mark.value, datetime) else mark.value
    total = mark.total
    parts = [_VERSION, _hash(bound_to), value, mark.id, total.number, total.is_bounded]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, *, kind: type, bound_to: tuple[str, str, Any]) -> Mark:
    """The place that a cursor marks; `kind` is what the sort column holds."""
    parts = _parts(cursor)
    if parts is None:
        raise _refused("must be the `next` of a page, unchanged")
    if parts[1] != _hash(bound_to):
        raise _refused(
            "belongs to another list; with other filters or another sort begin without a cursor"
        )
    _, _, value, identity, number, is_bounded = parts
    fits = _is_number(identity) and _is_number(number) and isinstance(is_bounded, bool)
    try:
        mark = _value(value, kind)
    except ValueError:
        fits = False
    if not fits:
        raise _refused("must be the `next` of a page, unchanged")
    return Mark(value=mark, id=identity, total=Total(number=number, is_bounded=is_bounded))


def _parts(cursor: str) -> list[Any] | None:
    if len(cursor) > _LONGEST or not cursor.isascii():
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    fits = isinstance(parts, list) and len(parts) == 6 and parts[0] == _VERSION
    return parts if fits else None


def _value(value: Any, kind: type) -> datetime | str | int | None:
    """The sort value; ValueError when it is none of this kind that a row can hold."""
    if value is None:
        return None
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.year not in YEARS:
            raise ValueError(value)
        return as_utc(moment)
    if kind is int and _is_number(abs(value) if isinstance(value, int) else value):
        return int(value)
    if kind is str and isinstance(value, str) and value == value.encode(errors="replace").decode():
        return value
    raise ValueError(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _hash(bound_to: tuple[str, str, Any]) -> str:
    listed, sort, wanted = bound_to
    filters = {name: _plain(value) for name, value in dataclasses.asdict(wanted).items()}
    text = json.dumps([listed, sort, filters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return sorted({str(item) for item in value})
    return as_utc(value).isoformat() if isinstance(value, datetime) else value


def _refused(message: str) -> Invalid:
    return Invalid([Problem("cursor", message)])
