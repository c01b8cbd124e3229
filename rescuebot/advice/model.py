"""Tables of the advice: what was asked of the model, what it said, what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, LongText, UtcTimestamp, enum_column


class AdviceState(StrEnum):
    """``gathering → asking → answered | failed``; what failed is asked again by a row of its own.

    `unasked` is a question that the budget or the breaker did not let through.
    """

    GATHERING = "gathering"
    ASKING = "asking"
    ANSWERED = "answered"
    FAILED = "failed"
    UNASKED = "unasked"


class ConsultationState(StrEnum):
    """``waiting → done``."""

    WAITING = "waiting"
    DONE = "done"


class DraftState(StrEnum):
    """What people and servers said of a drafted runbook."""

    PROPOSED = "proposed"
    REJECTED = "rejected"
    FAILED = "failed"
    VERIFIED = "verified"
    PROMOTED = "promoted"
    # It ended without anybody having seen whether it helps.
    UNUSED = "unused"


class Advice(Base):
    """One question to the model and its answer, shared by all events that ask the same.

    `live_hash` is the question's hash while the row may be used, else empty: so a question is
    asked once at a time. `question` is the JSON of what left the house, redacted; `answer` the
    JSON that came back. Costs are in millionths of a US dollar.
    """

    __tablename__ = "advice"
    __table_args__ = (
        Index("ix_advice_asked_at", "asked_at"),
        Index("ix_advice_begun_at", "begun_at"),
        Index("ix_advice_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    question_hash: Mapped[str] = mapped_column(String(64), index=True)
    live_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    service_type: Mapped[str] = mapped_column(String(50))
    # The first event that asked, whose server the evidence is of, and the run that gathers it.
    cloudwatch_event_id: Mapped[int] = mapped_column(ForeignKey("cloudwatch_event.id"))
    evidence_execution_id: Mapped[int | None] = mapped_column(ForeignKey("execution.id"))
    question: Mapped[str | None] = mapped_column(LongText, deferred=True)
    state: Mapped[AdviceState] = mapped_column(enum_column(AdviceState, "advice_state"))
    begun_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    asked_by: Mapped[str | None] = mapped_column(String(100))
    asked_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    not_before: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    calls: Mapped[int] = mapped_column(Integer, default=0)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    answer: Mapped[str | None] = mapped_column(LongText)
    error_code: Mapped[str | None] = mapped_column(String(30))
    error: Mapped[str | None] = mapped_column(Text)
    model_id: Mapped[str] = mapped_column(String(200), default="")
    input_tokens: Mapped[int] = mapped_column(Integer, default=0)
    output_tokens: Mapped[int] = mapped_column(Integer, default=0)
    cache_read_tokens: Mapped[int] = mapped_column(Integer, default=0)
    cache_write_tokens: Mapped[int] = mapped_column(Integer, default=0)
    cost_micros: Mapped[int] = mapped_column(Integer, default=0)
    latency_ms: Mapped[int] = mapped_column(Integer, default=0)


class Consultation(Base):
    """One event that no runbook fitted, waiting for the answer to its question."""

    __tablename__ = "consultation"
    __table_args__ = (Index("ix_consultation_advice_id", "advice_id", "state"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    cloudwatch_event_id: Mapped[int] = mapped_column(ForeignKey("cloudwatch_event.id"), unique=True)
    advice_id: Mapped[int] = mapped_column(ForeignKey("advice.id"))
    state: Mapped[ConsultationState] = mapped_column(
        enum_column(ConsultationState, "consultation_state")
    )
    begun_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class Draft(Base):
    """A runbook that the model has drafted for an event, and what people and servers made of it."""

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    advice_id: Mapped[int] = mapped_column(ForeignKey("advice.id"), index=True)
    cloudwatch_event_id: Mapped[int] = mapped_column(ForeignKey("cloudwatch_event.id"), index=True)
    execution_id: Mapped[int | None] = mapped_column(ForeignKey("execution.id"), unique=True)
    runbook_id: Mapped[int | None] = mapped_column(ForeignKey("runbook_script.id"))
    service_type: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(String(200))
    solution_hash: Mapped[str] = mapped_column(String(64), index=True)
    # The JSON of the answer's action.
    content: Mapped[str] = mapped_column(LongText)
    risk: Mapped[str] = mapped_column(String(10))
    state: Mapped[DraftState] = mapped_column(enum_column(DraftState, "draft_state"))
    made_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    changed_by: Mapped[str | None] = mapped_column(String(100))
    changed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
