"""One line of an archive file: one row of one table, and which item it belongs to.

``{"of": ["event", 17], "table": "decision", "row": {"id": 3, …}}``. Times are ISO 8601 in UTC to
the microsecond. Invariant: a line that is read may be inserted; all else is refused.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Enum, Integer, String, Table
from sqlalchemy.types import TypeEngine

from rescuebot.archive.model import ItemKind
from rescuebot.clock import as_utc
from rescuebot.database import UtcTimestamp
from rescuebot.errors import ArchiveRefused

# What MySQL's types hold: MEDIUMTEXT, INT, TIMESTAMP.
_TEXT_BYTES = 16_777_215
_INTEGERS = range(-(2**31), 2**31)
_TIMES = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2038, 1, 19, tzinfo=UTC))
_KEYS = {"of", "table", "row"}


class Line(NamedTuple):
    """A row as the database has it, and where it belongs."""

    kind: ItemKind
    item_id: int
    table: str
    row: dict[str, Any]


def encoded(line: Line) -> bytes:
    """The line as it stands in a file, with its end."""
    row = {name: _plain(value) for name, value in line.row.items()}
    told = {"of": [line.kind.value, line.item_id], "table": line.table, "row": row}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"


def decoded(text: bytes, *, known: dict[str, Table]) -> Line:
    """The line with its values as the database wants them; ArchiveRefused when it is no such."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ArchiveRefused("A line of the file is no JSON.") from None
    if not isinstance(told, dict) or set(told) != _KEYS or not isinstance(told["row"], dict):
        raise ArchiveRefused("A line of the file is no row.")
    kind, item_id = _owner(told["of"])
    if not isinstance(told["table"], str) or told["table"] not in known:
        raise ArchiveRefused("A line of the file is for a table that is not archived.")
    table = known[told["table"]]
    return Line(kind=kind, item_id=item_id, table=table.name, row=_row(told["row"], table))


def _owner(of: Any) -> tuple[ItemKind, int]:
    if (
        isinstance(of, list)
        and len(of) == 2
        and of[0] in list(ItemKind)
        and type(of[1]) is int
        and of[1] in _INTEGERS
    ):
        return ItemKind(of[0]), of[1]
    raise ArchiveRefused("A line of the file does not say what it belongs to.")


def _row(told: dict[str, Any], table: Table) -> dict[str, Any]:
    unknown = sorted(set(told) - set(table.columns.keys()))
    if unknown:
        raise ArchiveRefused(
            f"The file has a column {table.name}.{unknown[0][:60]!r}, unknown to this version.",
            remedy="Restore it with the version of Rescue Bot that wrote it; its manifest tells "
            "the revision of the tables.",
        )
    missing = [name for name, column in table.columns.items() if name not in told and _owed(column)]
    if missing:
        raise ArchiveRefused(f"The file has a row without {table.name}.{missing[0]}.")
    return {name: _value(value, table.columns[name]) for name, value in told.items()}


def _owed(column: Column[Any]) -> bool:
    """Whether nothing can stand in for a value that the file does not have."""
    return not column.nullable and column.default is None


def _value(value: Any, column: Column[Any]) -> Any:
    if value is None:
        if column.nullable:
            return None
        raise _wrong(column)
    for kind, read in _READERS:
        if isinstance(column.type, kind):
            return read(value, column)
    raise TypeError(f"the archive cannot read {column.table.name}.{column.name}")


def _time(value: Any, column: Column[Any]) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not _TIMES[0] <= found <= _TIMES[1]:
        raise _wrong(column)
    return as_utc(found)


def _member(value: Any, column: Column[Any]) -> Any:
    kind: Any = column.type.enum_class  # type: ignore[attr-defined]
    if isinstance(value, str) and value in list(kind):
        return kind(value)
    raise _wrong(column)


def _switch(value: Any, column: Column[Any]) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong(column)


def _integer(value: Any, column: Column[Any]) -> int:
    if type(value) is int and value in _INTEGERS:
        return value
    raise _wrong(column)


def _text(value: Any, column: Column[Any]) -> str:
    # A value that is too long would be cut without a word by INSERT IGNORE.
    if not isinstance(value, str) or not _fits(value, column.type):
        raise _wrong(column)
    return value


def _fits(value: str, of: TypeEngine[Any]) -> bool:
    length: int | None = of.length  # type: ignore[attr-defined]
    if length is not None:
        return len(value) <= length
    try:
        return len(value.encode("utf-8")) <= _TEXT_BYTES
    except UnicodeEncodeError:
        return False


# Enum is a String, and Boolean no Integer, to SQLAlchemy: the narrower comes first.
_READERS: tuple[tuple[type[Any], Callable[[Any, Column[Any]], Any]], ...] = (
    (UtcTimestamp, _time),
    (Enum, _member),
    (Boolean, _switch),
    (Integer, _integer),
    (String, _text),
)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return as_utc(value).isoformat(timespec="microseconds")
    if isinstance(value, enum.Enum):
        return value.value
    return value


def _wrong(column: Column[Any]) -> ArchiveRefused:
    return ArchiveRefused(
        f"The file has a value that {column.table.name}.{column.name} cannot hold."
    )
