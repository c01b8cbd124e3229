"""Tables of notices: the outbox, what each hop answered, threads, storms, who is told at all."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp, enum_column
from rescuebot.events.reported import Severity


class NoticeStatus(StrEnum):
    """``pending → sent | given_up | merged``; each step is one guarded UPDATE.

    `merged` says that another notice tells it too; `given_up` that it reached nobody but the log.
    """

    PENDING = "pending"
    SENT = "sent"
    GIVEN_UP = "given_up"
    MERGED = "merged"


class NoticeChannel(Base):
    """Who is told of what, as the trackers' settings say; so every door can write to the outbox."""

    __tablename__ = "notice_channel"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    # JSON lists; no service at all means every one.
    severities: Mapped[str] = mapped_column(Text)
    services: Mapped[str] = mapped_column(Text)


class Notice(Base):
    """One thing that one channel is to be told, once. It holds no words: facts are read at sending.

    `number` counts what a thread may see more than once, such as attempts. No foreign keys: what
    it tells of may go to the archive before it is forgotten.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint(
            "channel", "thread_key", "state", "number", name="uq_notice_channel_thread_state"
        ),
        Index("ix_notice_due", "channel", "status", "thread_key", "id"),
        Index("ix_notice_status", "status", "created_at", "id"),
        Index("ix_notice_event_id", "event_id", "id"),
        Index("ix_notice_merged_into", "merged_into"),
        Index("ix_notice_created_at", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    channel: Mapped[str] = mapped_column(String(50))
    thread_key: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(30))
    number: Mapped[int] = mapped_column(BigInteger, default=0)
    severity: Mapped[Severity] = mapped_column(enum_column(Severity, "notice_severity"))
    service_type: Mapped[str] = mapped_column(String(50), default="")
    event_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    not_before: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    status: Mapped[NoticeStatus] = mapped_column(
        enum_column(NoticeStatus, "notice_status"), default=NoticeStatus.PENDING
    )
    merged_into: Mapped[int | None] = mapped_column(Integer)
    # Which of the channel's ways is next, how often that was tried, how often any was.
    hop: Mapped[int] = mapped_column(Integer, default=0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class NoticeReceipt(Base):
    """What one hop answered. `place` and `reference` are the way's own names for the message."""

    __tablename__ = "notice_receipt"
    __table_args__ = (Index("ix_notice_receipt_tried_at", "tried_at", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    way: Mapped[str] = mapped_column(String(10))
    ok: Mapped[bool] = mapped_column()
    code: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(120), default="")
    reference: Mapped[str] = mapped_column(String(120), default="")
    milliseconds: Mapped[int] = mapped_column(Integer, default=0)
    tried_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)


class NoticeThread(Base):
    """The first message of a thread, where it was posted: later ones are replies to it."""

    __tablename__ = "notice_thread"
    __table_args__ = (
        UniqueConstraint("channel", "thread_key", name="uq_notice_thread_channel_key"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(50))
    thread_key: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(120))
    reference: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)


class NoticeStorm(Base):
    """Events of one service that one channel is told of as one.

    `live_key` names channel, service and state while it goes on and is empty afterwards, so that
    there is one at a time.
    """

    __tablename__ = "notice_storm"
    __table_args__ = (Index("ix_notice_storm_channel", "channel", "ended_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(50))
    service_type: Mapped[str] = mapped_column(String(50))
    # What there is much of: opened, or escalated.
    state: Mapped[str] = mapped_column(String(30))
    live_key: Mapped[str | None] = mapped_column(String(140), unique=True)
    since: Mapped[datetime] = mapped_column(UtcTimestamp)
    last_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    # What the last message of it said, and when that was asked for.
    told: Mapped[str] = mapped_column(String(100), default="")
    told_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    updates: Mapped[int] = mapped_column(Integer, default=0)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
