"""Put rows back: with their ids, beside what is there, and never onto another row's place.

Invariant: what is there is not changed. An item one of whose ids belongs to another row by now is
left out whole; a row whose parent is missing is left out and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from rescuebot import tables
from rescuebot.archive.lines import Line
from rescuebot.archive.rows import KNOWN, ORDER, Item, Row
from rescuebot.database import Base, insert_missing

_AT_ONCE = 500
# Every report of every event has one, so it tells whether two rows are the same event.
_IDENTITY = {"cloudwatch_event": ("message_id",), "event_occurrence": ("message_id",)}
_MAPPED: dict[str, type[Base]] = {kind.__tablename__: kind for kind in tables.ALL}


@dataclass(kw_only=True, slots=True)
class Put:
    """What became of the rows of some items."""

    inserted: int = 0
    existing: int = 0
    # Rows whose parent is missing, by the table of the parent.
    orphans: Counter[str] = field(default_factory=Counter)
    # Items whose ids belong to other rows by now.
    taken: list[Item] = field(default_factory=list)


def put_back(*, session: Session, lines: Sequence[Line]) -> Put:
    """Insert the rows of whole items, parents first."""
    put = Put()
    there = {name: _there(session, name, lines) for name in ORDER}
    put.taken = sorted({_item(line) for line in lines if _differs(line, there[line.table])})
    out = set(put.taken)
    for name in ORDER:
        rows = [line.row for line in lines if line.table == name and _item(line) not in out]
        missing = [row for row in rows if row["id"] not in there[name]]
        put.existing += len(rows) - len(missing)
        _insert(session, KNOWN[name], missing, put)
    return put


def _insert(session: Session, table: Table, rows: list[Row], put: Put) -> None:
    fit = _with_parents(session, table, rows, put)
    # A file of an older revision has fewer columns; an insert of many has the same in each.
    for keys in {frozenset(row) for row in fit}:
        same = [row for row in fit if frozenset(row) == keys]
        insert_missing(session, _MAPPED[table.name], same)
    put.inserted += len(_ids_there(session, table, [row["id"] for row in fit]))


def _with_parents(session: Session, table: Table, rows: list[Row], put: Put) -> list[Row]:
    for key in table.foreign_keys:
        parent, name = key.column.table, key.parent.name
        wanted = {row[name] for row in rows if row.get(name) is not None}
        there = _ids_there(session, parent, sorted(wanted))
        lost = [row for row in rows if row.get(name) is not None and row[name] not in there]
        put.orphans[parent.name] += len(lost)
        rows = [row for row in rows if row not in lost] if lost else rows
    return rows


def _there(session: Session, name: str, lines: Sequence[Line]) -> dict[int, Row]:
    """What tells the rows apart that have these ids now."""
    table = KNOWN[name]
    columns = [table.c.id, *(table.c[key] for key in _identity(table))]
    found = {}
    for ids in _parts([line.row["id"] for line in lines if line.table == name]):
        for row in session.execute(select(*columns).where(table.c.id.in_(ids))):
            found[row.id] = dict(row._mapping)
    return found


def _differs(line: Line, there: dict[int, Row]) -> bool:
    row = there.get(line.row["id"])
    return row is not None and any(
        line.row.get(name) != row[name] for name in _identity(KNOWN[line.table])
    )


def _identity(table: Table) -> list[str]:
    """What no row changes in its life: its parents, and the id of its message."""
    fixed = {key.parent.name for key in table.foreign_keys if not key.parent.nullable}
    return sorted(fixed | set(_IDENTITY.get(table.name, ())))


def _ids_there(session: Session, table: Table, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in _parts(ids):
        found |= set(session.scalars(select(table.c.id).where(table.c.id.in_(some))))
    return found


def _item(line: Line) -> Item:
    return Item(line.kind, line.item_id)


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
