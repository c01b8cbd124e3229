"""The story of the way back: events of the archive come back with their ids and all they had.

Invariant: nothing is inserted from a file that is not, whole, the one that was verified; and what
is there already is not changed. A kill anywhere leaves some items back and the rest to be repeated.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rescuebot import clock
from rescuebot.adapters import places
from rescuebot.archive import files, rows, service
from rescuebot.archive.desk import Desk, at
from rescuebot.archive.filling import AT
from rescuebot.archive.lines import Line, decoded
from rescuebot.archive.model import Archive, ItemKind
from rescuebot.archive.putting_back import put_back
from rescuebot.archive.rows import HEADS, Item
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Invalid, NotFound, Problem
from rescuebot.settings import Settings

# The instants of a restoration at which the tests end it.
POINTS = ("restore.fetched", "restore.inserting", "restore.inserted")

_ITEMS_AT_ONCE = 200
_BYTES_AT_ONCE = 16_000_000


@dataclass(kw_only=True, slots=True)
class Restored:
    """What came back. `existing` rows were there already; the others could not come."""

    archives: list[int] = field(default_factory=list)
    events: int = 0
    rows: int = 0
    existing: int = 0
    # Rows whose parent is missing, by the parent's table; restore what holds the parent first.
    orphans: Counter[str] = field(default_factory=Counter)
    # Items whose ids belong to other rows by now.
    taken: list[Item] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """The same as plain values, for people and for JSON."""
        return {
            "archives": [str(number) for number in self.archives],
            "events": self.events,
            "rows": self.rows,
            "there_already": self.existing,
            "left_out_for_want_of": dict(+self.orphans),
            "left_out_because_the_id_is_taken": [f"{kind} {key}" for kind, key in self.taken],
        }


def restore(
    *,
    settings: Settings,
    database: Database,
    actor: str,
    archive_id: int | None = None,
    event_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: clock.Clock = clock.now,
) -> Restored:
    """Put back a whole file, one event, or what is of a time; give one of the three."""
    if sum((archive_id is not None, event_id is not None, bool(since or until))) != 1:
        words = "must be given, or event, or since and until; one of the three"
        raise Invalid([Problem("archive", words)])
    event_ids = None if event_id is None else frozenset({event_id})
    wanted = _Wanted(event_ids=event_ids, since=since, until=until)
    desk = Desk(settings=settings, database=database, actor=actor, now=now)
    with desk.opened():
        restoration = _Restoration(desk)
        for archive in _archives(database, archive_id, event_id, wanted):
            restoration.restore(archive, wanted)
        return restoration.told


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """Which items of a file are to come back; all of them when nothing is given."""

    event_ids: frozenset[int] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether a file is wanted whole."""
        return self == _Wanted()

    def wants(self, head: Line) -> bool:
        """Whether the item of this row, which is its first, is wanted."""
        if self.event_ids is not None:
            return head.kind is ItemKind.EVENT and head.item_id in self.event_ids
        moment: datetime = head.row[AT[head.kind]]
        too_old = self.since is not None and moment < self.since
        return not too_old and (self.until is None or moment < self.until)


class _Restoration:
    """One run, from file to file."""

    def __init__(self, desk: Desk) -> None:
        self.told = Restored()
        self._desk = desk
        self._asked: set[int] = set()

    def restore(self, archive: Archive, wanted: _Wanted) -> None:
        """Put back what is wanted of a file, and before it what that hangs on."""
        self._restore_needed(archive, wanted)
        with self._desk.database.reading() as session:
            away = set(service.to_restore(session=session, archive=archive))
        before = self.told.events, self.told.rows
        if away:
            self._restore(archive, away, wanted)
        if archive.id not in self.told.archives:
            self.told.archives.append(archive.id)
        events, rows = self.told.events - before[0], self.told.rows - before[1]
        self._note(archive, f"{events} events, {rows} rows", is_all=wanted.is_all)

    def _restore_needed(self, archive: Archive, wanted: _Wanted) -> None:
        """An advice went with the event that asked first, which may be in a later file."""
        with self._desk.database.reading() as session:
            needed = service.needed(session=session, archive=archive, event_ids=wanted.event_ids)
            later = {key: service.get(session=session, archive_id=key) for key in needed}
        for key, event_ids in sorted(needed.items()):
            new = event_ids - self._asked
            self._asked |= new
            if new:
                self.restore(later[key], _Wanted(event_ids=frozenset(new)))

    def _restore(self, archive: Archive, away: set[Item], wanted: _Wanted) -> None:
        place = places.opened(archive.place, aws=self._desk.settings.aws)
        with tempfile.TemporaryDirectory(prefix="rescue-archive-") as folder:
            path = Path(folder, "lines")
            place.get(archive.name + files.LINES, path, most_bytes=archive.size)
            files.check(path, expected=files.content_of(archive))
            # All of it is read once before anything of it is inserted.
            for _ in _lines(path, archive):
                continue
            at("restore.fetched")
            for batch in _batches(path, archive, away, wanted):
                self._put_back(archive, batch)
                at("restore.inserted")
                self._desk.breathe()

    @repeat_on_contention
    def _put_back(self, archive: Archive, batch: Sequence[Line]) -> None:
        with self._desk.step() as session:
            put = put_back(session=session, lines=batch)
            items = {Item(line.kind, line.item_id) for line in batch} - set(put.taken)
            service.note_restored(
                session=session, archive=archive, restored=sorted(items), now=self._desk.now()
            )
            at("restore.inserting")
        self.told.events += sum(item.kind is ItemKind.EVENT for item in items)
        self.told.rows += put.inserted
        self.told.existing += put.existing
        self.told.orphans.update(put.orphans)
        self.told.taken += put.taken

    @repeat_on_contention
    def _note(self, archive: Archive, detail: str, *, is_all: bool) -> None:
        with self._desk.step() as session:
            if is_all and not self.told.taken:
                service.note_all_restored(session=session, archive=archive, now=self._desk.now())
            self._desk.note_in(
                session,
                action="archive_restored",
                subject=f"archive {archive.id}",
                detail=detail,
            )


def _archives(
    database: Database, archive_id: int | None, event_id: int | None, wanted: _Wanted
) -> Sequence[Archive]:
    with database.reading() as session:
        if archive_id is not None:
            return [service.get(session=session, archive_id=archive_id)]
        if event_id is None:
            return service.between(session=session, since=wanted.since, until=wanted.until)
        found = service.of_event(session=session, event_id=event_id)
    if found is None:
        raise NotFound(
            f"No archive has event {event_id}.", remedy="salt-run rescue.archives lists them."
        )
    return [found]


def _batches(
    path: Path, archive: Archive, away: set[Item], wanted: _Wanted
) -> Iterator[list[Line]]:
    """The lines of whole items that are wanted, as many as one transaction takes."""
    batch: list[Line] = []
    items = total = 0
    for item, some in groupby(_lines(path, archive), key=lambda pair: _item(pair[0])):
        first, size = next(some)
        if item not in away or not _is_head(first) or not wanted.wants(first):
            continue
        batch.append(first)
        for line, more in some:
            batch.append(line)
            size += more
        items += 1
        total += size
        if items >= _ITEMS_AT_ONCE or total >= _BYTES_AT_ONCE:
            yield batch
            batch, items, total = [], 0, 0
    if batch:
        yield batch


def _lines(path: Path, archive: Archive) -> Iterator[tuple[Line, int]]:
    """Each line with its size, its values as the database wants them."""
    for text in files.read(path, most_bytes=archive.plain_size):
        yield decoded(text, known=rows.KNOWN), len(text)


def _item(line: Line) -> Item:
    return Item(line.kind, line.item_id)


def _is_head(line: Line) -> bool:
    return line.table == HEADS[line.kind] and line.row["id"] == line.item_id
