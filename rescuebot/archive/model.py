"""Tables of the archive: one row for each file, what is in it, and who is at work on it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp, enum_column


class ArchiveState(StrEnum):
    """``planned → written → verified → done``; back to planned when it cannot be read back.

    Only of a verified file rows are deleted; done when none is left to delete.
    """

    PLANNED = "planned"
    WRITTEN = "written"
    VERIFIED = "verified"
    DONE = "done"


class ItemKind(StrEnum):
    """What goes as one: an event, or what hangs on no event, with all that hangs on it."""

    EVENT = "event"
    EXECUTION = "execution"
    DECISION = "decision"


class Archive(Base):
    """One file. It lies at `place` as ``<name>.jsonl.gz``, beside it ``<name>.manifest.json``.

    `counts` is the JSON of how many rows of each table it holds, `revision` the one that the
    tables had when it was written. `first_at` and `last_at` are the times of the oldest and the
    newest item.
    """

    __tablename__ = "archive"
    __table_args__ = (Index("ix_archive_state", "state", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    state: Mapped[ArchiveState] = mapped_column(
        enum_column(ArchiveState, "archive_state"), default=ArchiveState.PLANNED
    )
    place: Mapped[str] = mapped_column(String(1000))
    name: Mapped[str] = mapped_column(String(100), default="")
    begun_by: Mapped[str] = mapped_column(String(255))
    begun_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    first_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    last_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    first_event_id: Mapped[int | None] = mapped_column(Integer)
    last_event_id: Mapped[int | None] = mapped_column(Integer)

    events: Mapped[int] = mapped_column(Integer, default=0)
    row_count: Mapped[int] = mapped_column(Integer, default=0)
    counts: Mapped[str] = mapped_column(Text, default="{}")
    revision: Mapped[str] = mapped_column(String(32), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    plain_size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    plain_sha256: Mapped[str] = mapped_column(String(64), default="")

    written_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    verified_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    done_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # Items that changed before their rows could be deleted; they were left where they are.
    items_left: Mapped[int] = mapped_column(Integer, default=0)
    # When all that is in it was last put back.
    restored_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class ArchivedItem(Base):
    """One item of a file: so it is known which file has an event, and what is still to delete.

    `sha256` is over the item's lines in the file, until its rows are deleted.
    """

    __tablename__ = "archived_item"
    __table_args__ = (Index("ix_archived_item_kind", "kind", "item_id"),)

    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"), primary_key=True)
    kind: Mapped[ItemKind] = mapped_column(enum_column(ItemKind, "item_kind"), primary_key=True)
    item_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The event that has the advice which this one consulted; it went later, and comes back first.
    needs_event_id: Mapped[int | None] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    restored_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class ArchiveLease(Base):
    """Who moves rows just now, until when without a sign of life, and when the next run is due."""

    __tablename__ = "archive_lease"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    token: Mapped[str | None] = mapped_column(String(32))
    held_by: Mapped[str] = mapped_column(String(255), default="")
    held_until: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    due_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
