"""The rows of an item in all tables: read them, tell them apart, delete them.

Invariant: the same rows always give the same lines, so that a digest of the lines tells whether
any of them has changed. Long results are read a few megabytes at a time, when their line is due.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from rescuebot import tables
from rescuebot.archive.lines import Line, encoded
from rescuebot.archive.model import ItemKind

# Parents before children: rows are put back in this order and deleted in the reverse.
ORDER = (
    "cloudwatch_event",
    "execution",
    "advice",
    "event_occurrence",
    "saltstack_event_log",
    "saltstack_event_log_original",
    "decision",
    "approval",
    "approval_amendment",
    "consultation",
    "draft",
)
HEADS = {
    ItemKind.EVENT: "cloudwatch_event",
    ItemKind.EXECUTION: "execution",
    ItemKind.DECISION: "decision",
}
# A row belongs to the item of the row that this column of it names. A decision on an execution
# that also names an event belongs to the event.
_LINKS = (
    ("execution", "cloudwatch_event_id", "cloudwatch_event"),
    ("advice", "cloudwatch_event_id", "cloudwatch_event"),
    ("event_occurrence", "cloudwatch_event_id", "cloudwatch_event"),
    ("saltstack_event_log", "execution_id", "execution"),
    ("saltstack_event_log_original", "log_id", "saltstack_event_log"),
    ("decision", "cloudwatch_event_id", "cloudwatch_event"),
    ("decision", "execution_id", "execution"),
    ("approval", "execution_id", "execution"),
    ("approval_amendment", "approval_id", "approval"),
    ("consultation", "cloudwatch_event_id", "cloudwatch_event"),
    ("draft", "cloudwatch_event_id", "cloudwatch_event"),
)
# These may hold 10 MB each.
_LONG = {
    "saltstack_event_log": "execution_result",
    "saltstack_event_log_original": "execution_result",
}
_LENGTH = "_length"
_AT_ONCE = 500  # ids in one query
_BYTES_AT_ONCE = 8_000_000

Row = dict[str, Any]


KNOWN = {name: tables.metadata.tables[name] for name in ORDER}


class Item(NamedTuple):
    """What goes as one."""

    kind: ItemKind
    id: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some items, without their long results: item → table → rows by id."""

    of: dict[Item, dict[str, list[Row]]]


def table_of(which: ItemKind | str) -> Table:
    """The table of a name, or that of the head of an item."""
    return KNOWN[HEADS[which] if isinstance(which, ItemKind) else which]


def collect(*, session: Session, items: Sequence[Item], lock: bool = False) -> Rows:
    """All rows of these items. With `lock` nobody changes them until the transaction ends."""
    found: dict[Item, dict[str, list[Row]]] = {item: {} for item in items}
    owners: dict[str, dict[int, Item]] = {name: {} for name in ORDER}

    def take(name: str, column: str, above: dict[int, Item]) -> None:
        for row in _read(session, name, column, sorted(above), lock):
            item = above[row[column]]
            owners[name][row["id"]] = item
            found[item].setdefault(name, []).append(row)

    for name in ORDER:
        heads = {item.id: item for item in items if HEADS[item.kind] == name}
        take(name, "id", heads)
        for child, column, parent in _LINKS:
            if child == name:
                take(name, column, owners[parent])
    for by_table in found.values():
        for rows in by_table.values():
            rows.sort(key=lambda row: int(row["id"]))
    return Rows(found)


def lines(*, session: Session, rows: Rows) -> Iterator[tuple[Item, Iterator[bytes]]]:
    """For each item its lines, as they stand in a file. Take them in order, each at once."""
    every = (
        Line(kind=item.kind, item_id=item.id, table=name, row=row)
        for item, by_table in rows.of.items()
        for name in ORDER
        for row in by_table.get(name, ())
    )
    whole = _with_results(session, every, rows)
    for item, some in groupby(whole, key=lambda line: Item(line.kind, line.item_id)):
        yield item, (encoded(line) for line in some)


def digests(*, session: Session, rows: Rows) -> dict[Item, str]:
    """The SHA-256 over the lines of each item that has any."""
    told = {}
    for item, some in lines(session=session, rows=rows):
        digest = hashlib.sha256()
        for line in some:
            digest.update(line)
        told[item] = digest.hexdigest()
    return told


def remove(*, session: Session, rows: Rows, items: Iterable[Item]) -> int:
    """Delete all rows of these items; returns how many."""
    chosen = [rows.of[item] for item in items]
    removed = 0
    for name in reversed(ORDER):
        ids = [row["id"] for by_table in chosen for row in by_table.get(name, ())]
        for some in _parts(sorted(ids)):
            session.execute(delete(table_of(name)).where(table_of(name).c.id.in_(some)))
        removed += len(ids)
    return removed


def _read(
    session: Session, name: str, column: str, keys: Sequence[int], lock: bool
) -> Iterator[Row]:
    table = table_of(name)
    long = _LONG.get(name)
    wanted: list[Any] = [part for part in table.columns if part.name != long]
    if long:
        wanted.append(func.length(table.c[long]).label(_LENGTH))
    for some in _parts(keys):
        query = select(*wanted).where(table.c[column].in_(some))
        if (name, column) == ("decision", "execution_id"):
            query = query.where(table.c.cloudwatch_event_id.is_(None))
        if lock:
            query = query.with_for_update()
        for row in session.execute(query):
            yield dict(row._mapping)


def _with_results(session: Session, every: Iterable[Line], rows: Rows) -> Iterator[Line]:
    """The same lines with their long results, of which few are held at a time."""
    waiting = {name: _lengths(rows, name) for name in _LONG}
    held: dict[str, dict[int, str]] = {name: {} for name in _LONG}
    for line in every:
        long = _LONG.get(line.table)
        if long is None:
            yield line
            continue
        row_id = line.row["id"]
        if row_id not in held[line.table]:
            held[line.table] = _results(session, line.table, waiting[line.table])
        row = {name: value for name, value in line.row.items() if name != _LENGTH}
        row[long] = held[line.table].pop(row_id, None)
        yield line._replace(row=row)


def _lengths(rows: Rows, name: str) -> list[tuple[int, int]]:
    """Ids and lengths in the order of the lines, the first at the end."""
    found = [
        (row["id"], row[_LENGTH] or 0)
        for by_table in rows.of.values()
        for row in by_table.get(name, ())
    ]
    return found[::-1]


def _results(session: Session, name: str, waiting: list[tuple[int, int]]) -> dict[int, str]:
    """The next results, as many as fit into a few megabytes; at least one."""
    ids: list[int] = []
    total = 0
    while waiting and (not ids or total + waiting[-1][1] <= _BYTES_AT_ONCE):
        row_id, length = waiting.pop()
        ids.append(row_id)
        total += length
    table = table_of(name)
    found: dict[int, str] = {}
    for some in _parts(ids):
        query = select(table.c.id, table.c[_LONG[name]]).where(table.c.id.in_(some))
        found.update({row[0]: row[1] for row in session.execute(query)})
    return found


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
