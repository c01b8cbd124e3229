"""Table of what commands and runbooks were before and after each change."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, LongText, UtcTimestamp, enum_column


class Kind(StrEnum):
    """Of what it is a version."""

    COMMAND = "command"
    RUNBOOK = "runbook"


class Change(StrEnum):
    """What made the version."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"


class Version(Base):
    """One state that a command or a runbook had: `content` is the JSON of all its own fields.

    Append-only. The row of version 1 is written with the thing itself, in its transaction.
    """

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("kind", "subject_id", "number", name="uq_version_kind"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    kind: Mapped[Kind] = mapped_column(enum_column(Kind, "version_kind"))
    subject_id: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    change: Mapped[Change] = mapped_column(enum_column(Change, "version_change"))
    content: Mapped[str] = mapped_column(LongText)
    changed_by: Mapped[str] = mapped_column(String(100))
    changed_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
