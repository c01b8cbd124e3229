"""The story of the archive: old events with all that hangs on them go to files, then are deleted.

Invariant: rows are deleted only when their file was read back whole from its place, and only those
that are still, row by row, what stands in it. Each step is committed before the next; a kill
anywhere leaves a file that the next run finishes before it begins another.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rescuebot import clock, migrations
from rescuebot.adapters import places
from rescuebot.adapters.places import Place
from rescuebot.archive import choosing, files, rows, service
from rescuebot.archive.desk import Desk, at
from rescuebot.archive.content import Filled
from rescuebot.archive.filling import Filling
from rescuebot.archive.lines import decoded
from rescuebot.archive.model import Archive, ArchiveState, ItemKind
from rescuebot.archive.rows import Item
from rescuebot.database import Database, Unstorable, repeat_on_contention
from rescuebot.errors import ArchiveRefused, ArchiveUnavailable, Invalid, Problem, RescueError
from rescuebot.settings import Settings

MOST_FILES = 1_000
# The instants of a run at which the tests end it.
POINTS = (
    "archive.planned",
    "archive.filled",
    "archive.stored",
    "archive.described",
    "archive.written",
    "archive.read_back",
    "archive.verified",
    "archive.removing",
    "archive.removed",
    "archive.done",
)

_READ_AT_ONCE = 100  # items
_REMOVED_AT_ONCE = 200  # items in one transaction
_BYTES_REMOVED_AT_ONCE = 16_000_000  # of their lines


@dataclass(kw_only=True, slots=True)
class Summary:
    """What a run has done: the files it finished, and what they hold."""

    before: datetime
    archives: list[int] = field(default_factory=list)
    events: int = 0
    rows: int = 0
    items_left: int = 0


def archive(
    *,
    settings: Settings,
    database: Database,
    actor: str,
    now: clock.Clock = clock.now,
    most_files: int = MOST_FILES,
) -> Summary:
    """Finish what is open, then archive what is old; Conflict when somebody else is at it."""
    place = settings.archive.place
    if place is None:
        raise Invalid([Problem("rescue.archive.place", "must name a bucket or a folder")])
    desk = Desk(settings=settings, database=database, actor=actor, now=now)
    with desk.opened():
        return _Run(desk, place).go(most_files)


def archive_if_due(
    *,
    settings: Settings,
    database: Database,
    actor: str,
    now: clock.Clock = clock.now,
    rest: Callable[[], object],
) -> Summary | None:
    """The same for a schedule: of many who ask, one does it; None when it is not due.

    `rest` is called between two pieces of work: the process has more urgent things to do.
    """
    place = settings.archive.place
    if place is None or not settings.archive.every_hours:
        return None
    desk = Desk(settings=settings, database=database, actor=actor, now=now, rest=rest)
    with desk.opened(only_if_due=True) as is_mine:
        return _Run(desk, place).go(MOST_FILES) if is_mine else None


def preview(
    *, settings: Settings, database: Database, now: clock.Clock = clock.now
) -> dict[str, Any]:
    """What a run would begin with now: how many items of each kind, and how old they must be."""
    before = choosing.cutoff(settings=settings, now=now())
    with database.reading() as session:
        counts = choosing.count(session=session, before=before)
        open_ = [archive.id for archive in service.open_(session=session)]
    return {
        "place": settings.archive.place,
        "before": clock.isoformat(before),
        "events": counts[ItemKind.EVENT],
        "executions_by_hand": counts[ItemKind.EXECUTION],
        "decisions_without_event": counts[ItemKind.DECISION],
        "to_finish": open_,
    }


def lost(*, settings: Settings, database: Database, limit: int) -> list[Archive]:
    """Of the latest files those that are no longer at their place, or of another size."""
    with database.reading() as session:
        stored = service.list_(session=session, limit=limit)
    return [
        archive
        for archive in stored
        if archive.state is not ArchiveState.PLANNED and _size(archive, settings) != archive.size
    ]


class _Run:
    """One run, from file to file."""

    def __init__(self, desk: Desk, place: str) -> None:
        self._desk = desk
        self._place = place
        self._settings = desk.settings.archive
        self._before = choosing.cutoff(settings=desk.settings, now=desk.now())
        self._summary = Summary(before=self._before)

    def go(self, most_files: int) -> Summary:
        """Finish what is open, then begin new files while there is something old."""
        try:
            with self._desk.database.reading() as session:
                waiting = [archive.id for archive in service.open_(session=session)]
            while len(self._summary.archives) < most_files:
                archive_id = waiting.pop(0) if waiting else self._plan()
                if archive_id is None:
                    break
                self._finish(archive_id)
        except RescueError as error:
            self._note_run(f"stopped by {error.code}")
            raise
        self._note_run("done")
        self._desk.done()
        return self._summary

    def _finish(self, archive_id: int) -> None:
        """Take a file from where it is to its end."""
        archive = self._get(archive_id)
        place = places.opened(archive.place, aws=self._desk.settings.aws)
        if archive.state is ArchiveState.PLANNED:
            if not self._write(archive, place):
                return
            archive = self._get(archive_id)
        if archive.state is ArchiveState.WRITTEN:
            self._verify(archive, place)
        self._remove(archive)
        self._note_done(archive_id)

    def _get(self, archive_id: int) -> Archive:
        with self._desk.database.reading() as session:
            return service.get(session=session, archive_id=archive_id)

    def _plan(self) -> int | None:
        """Note what the next file is to hold; None when nothing is old."""
        # Chosen outside of the transaction, which would keep others from writing to SQLite; what
        # changes from now on is seen when it is to be deleted.
        with self._desk.database.reading() as session:
            olds = choosing.choose(
                session=session, before=self._before, limit=self._settings.events_per_file
            )
        if not olds:
            return None
        planned = self._desk.do(
            lambda session: service.plan(
                session=session,
                olds=olds,
                place=self._place,
                actor=self._desk.actor,
                now=self._desk.now(),
            )
        )
        at("archive.planned")
        return planned.id

    def _write(self, archive: Archive, place: Place) -> bool:
        """Fill the file, store it, note it; False when nothing of it is there any more."""
        with tempfile.TemporaryDirectory(prefix="rescue-archive-") as folder:
            lines, described = Path(folder, "lines"), Path(folder, "manifest")
            filled = self._fill(archive, lines)
            at("archive.filled")
            if filled is None:
                self._desk.do(lambda session: service.give_up(session=session, archive=archive))
                return False
            revision = migrations.head()
            place.put(archive.name + files.LINES, lines)
            at("archive.stored")
            described.write_bytes(files.manifest(archive=archive, filled=filled, revision=revision))
            place.put(archive.name + files.MANIFEST, described)
            at("archive.described")
        self._desk.do(
            lambda session: service.note_written(
                session=session,
                archive=archive,
                filled=filled,
                revision=revision,
                now=self._desk.now(),
            )
        )
        at("archive.written")
        return True

    def _fill(self, archive: Archive, path: Path) -> Filled | None:
        with self._desk.database.reading() as session:
            items = service.items(session=session, archive=archive)
        with files.Writer(path) as writer:
            filling = Filling(writer, most_bytes=self._settings.bytes_per_file)
            for start in range(0, len(items), _READ_AT_ONCE):
                some = items[start : start + _READ_AT_ONCE]
                with self._desk.database.reading() as session:
                    found = rows.collect(session=session, items=some)
                    filling.add(session=session, rows=found)
                self._desk.breathe()
                if filling.is_full:
                    break
        return filling.filled()

    def _verify(self, archive: Archive, place: Place) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="rescue-archive-") as folder:
                self._read_back(archive, place, Path(folder))
        except ArchiveRefused as error:
            self._desk.do(lambda session: service.note_unreadable(session=session, archive=archive))
            raise ArchiveUnavailable(
                f"What the place gives back as archive {archive.id} is not what was stored there. "
                "Nothing was deleted, and the next run writes it anew.",
                remedy="If it happens again, look into the place.",
            ) from error
        at("archive.read_back")
        self._desk.do(
            lambda session: service.note_verified(
                session=session, archive=archive, now=self._desk.now()
            )
        )
        at("archive.verified")

    def _read_back(self, archive: Archive, place: Place, folder: Path) -> None:
        """Fetch what lies at the place, and refuse what could not be restored from it."""
        path, described = folder / "lines", folder / "manifest"
        place.get(archive.name + files.LINES, path, most_bytes=archive.size)
        place.get(archive.name + files.MANIFEST, described, most_bytes=files.MANIFEST_BYTES)
        files.check(path, expected=files.content_of(archive))
        files.check_manifest(described.read_bytes(), archive=archive)
        with self._desk.database.reading() as session:
            expected = service.digests(session=session, archive=archive)
        counts: Counter[str] = Counter()
        found = dict(_digests(path, archive, counts))
        if found != expected or counts != Counter(json.loads(archive.counts)):
            raise ArchiveRefused("The file holds other rows than those that were stored.")

    def _remove(self, archive: Archive) -> None:
        """Delete what is in the verified file, a little at a time."""
        while batch := self._next_batch(archive):
            self._remove_batch(archive, batch)
            at("archive.removed")
            self._desk.breathe()

    def _next_batch(self, archive: Archive) -> dict[Item, str]:
        with self._desk.database.reading() as session:
            waiting = service.to_remove(session=session, archive=archive, limit=_REMOVED_AT_ONCE)
        batch: dict[Item, str] = {}
        total = 0
        for item, size, digest in waiting:
            total += size
            if batch and total > _BYTES_REMOVED_AT_ONCE:
                break
            batch[item] = digest
        return batch

    def _remove_batch(self, archive: Archive, batch: dict[Item, str]) -> None:
        try:
            self._remove_or_leave(archive, batch, leave_all=False)
        except Unstorable:
            # Something that came since then refers to one of them: find out which, and leave it.
            for item, digest in batch.items():
                alone = {item: digest}
                try:
                    self._remove_or_leave(archive, alone, leave_all=False)
                except Unstorable:
                    self._remove_or_leave(archive, alone, leave_all=True)

    @repeat_on_contention
    def _remove_or_leave(
        self, archive: Archive, batch: dict[Item, str], *, leave_all: bool
    ) -> None:
        """Delete in one transaction what is still as the file has it; the rest is left."""
        with self._desk.step() as session:
            found = rows.collect(session=session, items=list(batch), lock=True)
            now_ = {} if leave_all else rows.digests(session=session, rows=found)
            same = [item for item, digest in batch.items() if now_.get(item) == digest]
            left = [item for item in batch if item not in set(same)]
            removed = rows.remove(session=session, rows=found, items=same)
            service.note_removed(
                session=session, archive=archive, removed=same, left=left, now=self._desk.now()
            )
            at("archive.removing")
        self._summary.events += sum(item.kind is ItemKind.EVENT for item in same)
        self._summary.rows += removed
        self._summary.items_left += len(left)

    @repeat_on_contention
    def _note_done(self, archive_id: int) -> None:
        with self._desk.step() as session:
            archive = service.get(session=session, archive_id=archive_id)
            service.finish(session=session, archive=archive, now=self._desk.now())
            self._desk.note_in(
                session,
                action="archived",
                subject=f"archive {archive.id}",
                detail=f"{archive.events} events, {archive.row_count} rows, "
                f"{archive.items_left} items left because they had changed: {archive.name}",
            )
        self._summary.archives.append(archive_id)
        at("archive.done")

    def _note_run(self, end: str) -> None:
        told = self._summary
        self._desk.note(
            action="archive_run",
            subject="archive",
            detail=f"{end}: {len(told.archives)} files, {told.events} events, {told.rows} rows of "
            f"before {clock.isoformat(told.before)}",
        )


def _digests(path: Path, archive: Archive, counts: Counter[str]) -> Iterator[tuple[Item, str]]:
    """The digest of each item's lines in a file, all of which could be restored."""

    def lines() -> Iterator[tuple[Item, bytes]]:
        for text in files.read(path, most_bytes=archive.plain_size):
            line = decoded(text, known=rows.KNOWN)
            counts[line.table] += 1
            yield Item(line.kind, line.item_id), text

    for item, some in groupby(lines(), key=lambda pair: pair[0]):
        digest = hashlib.sha256()
        for _, text in some:
            digest.update(text)
        yield item, digest.hexdigest()


def _size(archive: Archive, settings: Settings) -> int | None:
    return places.opened(archive.place, aws=settings.aws).size(archive.name + files.LINES)
