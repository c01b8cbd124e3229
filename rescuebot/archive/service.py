"""What can be done with the rows of the archive: plan a file, note how far it is, find it.

Invariant: `state` only goes forward, one conditional UPDATE each, except back to planned from
written, of which nothing has been deleted.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from rescuebot.advice.model import Advice
from rescuebot.archive.choosing import Old
from rescuebot.archive.content import Filled
from rescuebot.archive.model import Archive, ArchivedItem, ArchiveState, ItemKind
from rescuebot.archive.rows import Item
from rescuebot.errors import Conflict, NotFound

_OPEN = (ArchiveState.PLANNED, ArchiveState.WRITTEN, ArchiveState.VERIFIED)


def plan(
    *, session: Session, olds: Sequence[Old], place: str, actor: str, now: datetime
) -> Archive:
    """Note which items the next file is to hold."""
    archive = Archive(
        place=place,
        begun_by=actor[:255],
        begun_at=now,
        first_at=min(old.at for old in olds),
        last_at=max(old.at for old in olds),
    )
    session.add(archive)
    session.flush()
    # The chance in the name keeps two ledgers that share a place from one another's files.
    archive.name = f"{archive.first_at:%Y/%m}/{archive.id}-{secrets.token_hex(4)}"
    session.add_all(
        ArchivedItem(archive_id=archive.id, kind=old.item.kind, item_id=old.item.id) for old in olds
    )
    session.flush()
    return archive


def note_written(
    *, session: Session, archive: Archive, filled: Filled, revision: str, now: datetime
) -> None:
    """Note what the file holds; items that did not fit into it are for the next one."""
    planned = items(session=session, archive=archive)
    _drop(session, archive.id, [item for item in planned if item not in filled.digests])
    owners = _owners(session, set(filled.advice.values()))
    session.execute(
        update(ArchivedItem),
        [
            {
                "archive_id": archive.id,
                "kind": item.kind,
                "item_id": item.id,
                "size": size,
                "sha256": digest,
                "needs_event_id": _needed(item, owners.get(filled.advice.get(item, 0))),
            }
            for item, (size, digest) in filled.digests.items()
        ],
    )
    _move(
        session,
        archive,
        ArchiveState.PLANNED,
        state=ArchiveState.WRITTEN,
        written_at=now,
        revision=revision,
        counts=json.dumps(filled.counts),
        row_count=sum(filled.counts.values()),
        events=len(filled.event_ids),
        first_event_id=min(filled.event_ids, default=None),
        last_event_id=max(filled.event_ids, default=None),
        first_at=filled.first_at,
        last_at=filled.last_at,
        size=filled.content.size,
        sha256=filled.content.sha256,
        plain_size=filled.content.plain_size,
        plain_sha256=filled.content.plain_sha256,
    )


def give_up(*, session: Session, archive: Archive) -> None:
    """Nothing of what was planned is there any more, so there is no file."""
    _drop(session, archive.id, items(session=session, archive=archive))
    session.execute(
        delete(Archive).where(Archive.id == archive.id, Archive.state == ArchiveState.PLANNED)
    )


def note_unreadable(*, session: Session, archive: Archive) -> None:
    """What was read back is not what was written: it is to be written anew."""
    _move(session, archive, ArchiveState.WRITTEN, state=ArchiveState.PLANNED, written_at=None)


def note_verified(*, session: Session, archive: Archive, now: datetime) -> None:
    """The file was read back whole: from now on its rows may be deleted."""
    _move(session, archive, ArchiveState.WRITTEN, state=ArchiveState.VERIFIED, verified_at=now)


def note_removed(
    *,
    session: Session,
    archive: Archive,
    removed: Sequence[Item],
    left: Sequence[Item],
    now: datetime,
) -> None:
    """The rows of some items are deleted; others had changed and are no part of this file."""
    for kind in ItemKind:
        ids = [item.id for item in removed if item.kind is kind]
        session.execute(
            _of(archive.id, kind, ids, update(ArchivedItem)).values(removed_at=now, sha256=None)
        )
    _drop(session, archive.id, left)
    _move(
        session,
        archive,
        ArchiveState.VERIFIED,
        items_left=Archive.items_left + len(left),
    )


def finish(*, session: Session, archive: Archive, now: datetime) -> None:
    """Nothing is left to delete."""
    _move(session, archive, ArchiveState.VERIFIED, state=ArchiveState.DONE, done_at=now)


def note_restored(
    *, session: Session, archive: Archive, restored: Sequence[Item], now: datetime
) -> None:
    """The rows of some items are back, and stay for as long as if they were of today."""
    for kind in ItemKind:
        ids = [item.id for item in restored if item.kind is kind]
        session.execute(_of(archive.id, kind, ids, update(ArchivedItem)).values(restored_at=now))


def note_all_restored(*, session: Session, archive: Archive, now: datetime) -> None:
    """All that is in the file is back."""
    session.execute(update(Archive).where(Archive.id == archive.id).values(restored_at=now))


def items(*, session: Session, archive: Archive) -> list[Item]:
    """All items of a file, events first."""
    return _items(session, ArchivedItem.archive_id == archive.id)


def digests(*, session: Session, archive: Archive) -> dict[Item, str]:
    """The digest of each item's lines, of a file from which nothing was deleted yet."""
    query = select(ArchivedItem.kind, ArchivedItem.item_id, ArchivedItem.sha256)
    found = session.execute(query.where(ArchivedItem.archive_id == archive.id))
    return {Item(kind, item_id): digest or "" for kind, item_id, digest in found}


def to_remove(*, session: Session, archive: Archive, limit: int) -> list[tuple[Item, int, str]]:
    """The next items whose rows are to be deleted, with size and digest of their lines."""
    query = (
        select(ArchivedItem)
        .where(ArchivedItem.archive_id == archive.id, ArchivedItem.removed_at.is_(None))
        .order_by(ArchivedItem.kind, ArchivedItem.item_id)
        .limit(limit)
    )
    return [
        (Item(row.kind, row.item_id), row.size, row.sha256 or "") for row in session.scalars(query)
    ]


def to_restore(*, session: Session, archive: Archive) -> list[Item]:
    """The items whose rows were deleted and that have gone to no later file since."""
    later = aliased(ArchivedItem)
    return _items(
        session,
        ArchivedItem.archive_id == archive.id,
        ArchivedItem.removed_at.is_not(None),
        ~exists().where(
            later.kind == ArchivedItem.kind,
            later.item_id == ArchivedItem.item_id,
            later.archive_id > ArchivedItem.archive_id,
            later.removed_at.is_not(None),
        ),
    )


def needed(
    *, session: Session, archive: Archive, event_ids: Collection[int] | None
) -> dict[int, set[int]]:
    """The events that must be back before those of a file (or only these), by the file of each."""
    query = select(ArchivedItem.needs_event_id).where(
        ArchivedItem.archive_id == archive.id, ArchivedItem.needs_event_id.is_not(None)
    )
    if event_ids is not None:
        query = query.where(ArchivedItem.item_id.in_(event_ids))
    by_file: dict[int, set[int]] = {}
    for event_id in set(session.scalars(query.distinct())):
        found = of_event(session=session, event_id=event_id or 0)
        if found is not None:
            by_file.setdefault(found.id, set()).add(event_id or 0)
    return by_file


def open_(*, session: Session) -> Sequence[Archive]:
    """The files that were begun and are not done, the oldest first."""
    return session.scalars(
        select(Archive).where(Archive.state.in_(_OPEN)).order_by(Archive.id)
    ).all()


def get(*, session: Session, archive_id: int) -> Archive:
    """The file, or NotFound."""
    archive = session.get(Archive, archive_id, populate_existing=True)
    if archive is None:
        raise NotFound(
            f"There is no archive {archive_id}.", remedy="salt-run rescue.archives lists them."
        )
    return archive


def of_event(*, session: Session, event_id: int) -> Archive | None:
    """The file that an event went to last, or None."""
    query = (
        select(Archive)
        .join(ArchivedItem, ArchivedItem.archive_id == Archive.id)
        .where(
            ArchivedItem.kind == ItemKind.EVENT,
            ArchivedItem.item_id == event_id,
            ArchivedItem.removed_at.is_not(None),
        )
    )
    return session.scalars(query.order_by(Archive.id.desc()).limit(1)).one_or_none()


def between(
    *, session: Session, since: datetime | None, until: datetime | None
) -> Sequence[Archive]:
    """The files that hold something of this time and of which rows were deleted."""
    query = select(Archive).where(Archive.state.in_((ArchiveState.VERIFIED, ArchiveState.DONE)))
    if since is not None:
        query = query.where(Archive.last_at >= since)
    if until is not None:
        query = query.where(Archive.first_at < until)
    return session.scalars(query.order_by(Archive.id)).all()


def list_(*, session: Session, limit: int = 50) -> Sequence[Archive]:
    """The latest files, newest first."""
    return session.scalars(select(Archive).order_by(Archive.id.desc()).limit(limit)).all()


def _owners(session: Session, advice_ids: Collection[int]) -> dict[int, int]:
    """The event that asked first, for each advice: it has the advice's row with it."""
    query = select(Advice.id, Advice.cloudwatch_event_id).where(Advice.id.in_(advice_ids))
    return {advice_id: event_id for advice_id, event_id in session.execute(query)}


def _needed(item: Item, owner: int | None) -> int | None:
    return None if owner == item.id else owner


def _items(session: Session, *conditions: Any) -> list[Item]:
    query = (
        select(ArchivedItem.kind, ArchivedItem.item_id)
        .where(*conditions)
        .order_by(ArchivedItem.kind, ArchivedItem.item_id)
    )
    return [Item(kind, item_id) for kind, item_id in session.execute(query)]


def _of(archive_id: int, kind: ItemKind, ids: Sequence[int], statement: Any) -> Any:
    return statement.where(
        ArchivedItem.archive_id == archive_id,
        ArchivedItem.kind == kind,
        ArchivedItem.item_id.in_(ids),
    )


def _drop(session: Session, archive_id: int, dropped: Sequence[Item]) -> None:
    for kind in ItemKind:
        ids = [item.id for item in dropped if item.kind is kind]
        session.execute(_of(archive_id, kind, ids, delete(ArchivedItem)))


def _move(session: Session, archive: Archive, was: ArchiveState, **values: Any) -> None:
    moved = session.execute(
        update(Archive).where(Archive.id == archive.id, Archive.state == was).values(**values)
    )
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Conflict(f"Archive {archive.id} is no longer {was}.")
