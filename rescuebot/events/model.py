"""Tables of what was reported: events, each report of them, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, LongText, UtcTimestamp, enum_column
from rescuebot.events.reported import Severity

# What follows a filter in its index: `id` before `deleted_at`, so that it is in the list's order;
# and `severity`, which is asked for beside most of them.
_LISTED = ("event_time", "id", "deleted_at", "severity")


class EventStatus(StrEnum):
    """``new → processing → resolved | failed``; each step is one guarded UPDATE."""

    NEW = "new"
    PROCESSING = "processing"
    RESOLVED = "resolved"
    FAILED = "failed"


class Outcome(StrEnum):
    """Why an event ended as it did, or what it waits for."""

    FIXED = "fixed"
    NOTHING_TO_FIX = "nothing_to_fix"
    CHANGED_NOT_FIXED = "changed_not_fixed"
    NO_RUNBOOK = "no_runbook"
    HELD = "held"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    NO_MINION = "no_minion"
    TIMEOUT = "timeout"
    LOST = "lost"
    # The alarm went back to OK before anything was run, or the row is itself such a report.
    RECOVERED = "recovered"
    # A person has closed it.
    BY_HAND = "by_hand"


class CloudWatchEvent(Base):
    """One incident on one server. Repeats within the dedup window are counted on the first row.

    `event_time` is the sender's clock, `received_at` and all the rest ours. `server_id` is empty
    when the message names no server, `service_type` when no rule tells the service.
    """

    __tablename__ = "cloudwatch_event"
    __table_args__ = (
        Index("ix_cloudwatch_event_server_id_type_time", "server_id", "event_type", "event_time"),
        # All that the dashboard counts of a day, so that it reads no rows.
        Index(
            "ix_cloudwatch_event_event_time",
            *("event_time", "id", "deleted_at", "severity", "service_type", "server_id"),
        ),
        Index("ix_cloudwatch_event_status", "status", "id"),
        Index("ix_cloudwatch_event_alarm_name", "alarm_name", "event_time"),
        # One for each filter of the list.
        Index("ix_cloudwatch_event_severity", "severity", *_LISTED[:3]),
        Index("ix_cloudwatch_event_server_id_time", "server_id", *_LISTED),
        Index("ix_cloudwatch_event_service_type", "service_type", *_LISTED),
        Index("ix_cloudwatch_event_event_type", "event_type", *_LISTED),
        Index("ix_cloudwatch_event_event_source", "event_source", *_LISTED),
        # Times to rescue come from here.
        Index("ix_cloudwatch_event_outcome", "outcome", *_LISTED[:3], "received_at", "resolved_at"),
        Index("ix_cloudwatch_event_status_time", "status", *_LISTED),
        Index("ix_cloudwatch_event_deleted_at", "deleted_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    event_source: Mapped[str] = mapped_column(String(100))
    event_type: Mapped[str] = mapped_column(String(50))
    severity: Mapped[Severity] = mapped_column(enum_column(Severity, "event_severity"))
    server_id: Mapped[str] = mapped_column(String(50))
    event_message: Mapped[str] = mapped_column(Text)
    event_time: Mapped[datetime] = mapped_column(UtcTimestamp)
    status: Mapped[EventStatus] = mapped_column(
        enum_column(EventStatus, "event_status"), default=EventStatus.NEW
    )

    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    alarm_name: Mapped[str] = mapped_column(String(255), default="")
    service_type: Mapped[str] = mapped_column(String(50), default="")
    occurrences: Mapped[int] = mapped_column(Integer, default=1)
    last_seen_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    received_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # How often, and when last, the sweep has hinted at it again.
    hints: Mapped[int] = mapped_column(Integer, default=0)
    hinted_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    outcome: Mapped[Outcome | None] = mapped_column(enum_column(Outcome, "event_outcome"))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # When the alarm itself went back to OK, as told by the sender.
    recovered_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # A person has said that they see to it, or has done something about it.
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    acknowledged_by: Mapped[str | None] = mapped_column(String(100))
    # A person has taken it back: nobody is shown it any more, but repeats still find it.
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    deleted_by: Mapped[str | None] = mapped_column(String(100))
    raw: Mapped[str] = mapped_column(LongText)


class EventOccurrence(Base):
    """One report that was taken in: the first of an event, a repeat, or its recovery.

    Its unique `message_id` is what makes a redelivered message count for nothing.
    """

    __tablename__ = "event_occurrence"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    cloudwatch_event_id: Mapped[int] = mapped_column(ForeignKey("cloudwatch_event.id"), index=True)
    event_time: Mapped[datetime] = mapped_column(UtcTimestamp)
    received_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    recovery: Mapped[bool] = mapped_column(default=False)


class LetterState(StrEnum):
    """Kept until a person gives it back to intake or throws it away."""

    KEPT = "kept"
    REQUEUED = "requeued"
    DISCARDED = "discarded"


class DeadLetter(Base):
    """A message that could not be understood, with the reason; it has left the queue."""

    __tablename__ = "dead_letter"
    __table_args__ = (Index("ix_dead_letter_state", "state", "received_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    reason: Mapped[str] = mapped_column(String(50))
    detail: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(LongText)
    received_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now, index=True)
    state: Mapped[LetterState] = mapped_column(
        enum_column(LetterState, "letter_state"), default=LetterState.KEPT
    )
    handled_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
