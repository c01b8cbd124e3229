"""Tables of the guard: what was decided and why, what is halted, when work is being done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp


class Decision(Base):
    """One verdict on one event or execution, in words that a person understands.

    Append-only. `subject` says what decided (intake, match, server, guard, outcome …), `verdict`
    is a stable word, `words` the sentence.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_runbook_id", "runbook_id", "decided_at"),
        Index("ix_decision_verdict", "verdict", "decided_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    cloudwatch_event_id: Mapped[int | None] = mapped_column(
        ForeignKey("cloudwatch_event.id"), index=True
    )
    execution_id: Mapped[int | None] = mapped_column(ForeignKey("execution.id"), index=True)
    runbook_id: Mapped[int | None] = mapped_column(ForeignKey("runbook_script.id"))
    subject: Mapped[str] = mapped_column(String(30))
    verdict: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now, index=True)


class Halt(Base):
    """A stop that a person called: nothing new starts on its target until it is lifted.

    `live_target` is the target while it stands and empty afterwards, so that a target is halted
    once. See `rescuebot.guard.targets` for what a target may be.
    """

    __tablename__ = "halt"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    target: Mapped[str] = mapped_column(String(300))
    live_target: Mapped[str | None] = mapped_column(String(300), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    called_by: Mapped[str] = mapped_column(String(100))
    called_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    lifted_by: Mapped[str | None] = mapped_column(String(100))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class MaintenanceWindow(Base):
    """A time in which people work on a target: its alarms are expected and nothing is fixed."""

    __tablename__ = "maintenance_window"
    __table_args__ = (Index("ix_maintenance_window_ends_at", "ends_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    target: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    ends_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    # When a person ended it early; `ends_at` stays what was planned.
    closed_by: Mapped[str | None] = mapped_column(String(100))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class Latch(Base):
    """A row to hold, so that two trackers do not judge the same fleet at the same instant."""

    __tablename__ = "latch"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
