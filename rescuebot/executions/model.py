"""Tables of what was run: one execution per run on one server, one log row per step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, LongText, UtcTimestamp, enum_column


class ExecutionState(StrEnum):
    """``held ⇄ planned → dispatched → running → success | failed | timeout | lost``.

    What is held or planned may be cancelled.
    """

    HELD = "held"
    PLANNED = "planned"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    LOST = "lost"
    CANCELLED = "cancelled"


# Nothing has been sent for these yet.
WAITING_STATES = (ExecutionState.HELD, ExecutionState.PLANNED)
# A job for these has been committed to, so a return may still come.
ACTIVE_STATES = (ExecutionState.DISPATCHED, ExecutionState.RUNNING)
ENDED_STATES = (
    ExecutionState.SUCCESS,
    ExecutionState.FAILED,
    ExecutionState.TIMEOUT,
    ExecutionState.LOST,
    ExecutionState.CANCELLED,
)


class Step(StrEnum):
    """The part of a run that a log row tells of."""

    CHECK = "check"
    FIX = "fix"
    VERIFY = "verify"


class LogStatus(StrEnum):
    """How a step ended. A check that finds the service down has `failed`."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Execution(Base):
    """One run on one server: what exactly, for which event, how far it came.

    `pinned` is the canonical JSON of all that the minion will do, fixed when the run was
    planned; the minion refuses anything whose SHA-256 is not `pinned_sha256`.
    """

    __tablename__ = "execution"
    __table_args__ = (
        Index("ix_execution_state", "state", "id"),
        Index("ix_execution_server_id", "server_id", "state"),
        Index("ix_execution_dispatch", "dispatch", "minion_id"),
        Index("ix_execution_jid", "jid"),
        Index("ix_execution_planned_at", "planned_at"),
        Index("ix_execution_state_planned", "state", "planned_at"),
        Index("ix_execution_server_planned", "server_id", "planned_at"),
        Index("ix_execution_service_planned", "service_type", "planned_at"),
        Index("ix_execution_runbook_planned", "runbook_id", "planned_at"),
        Index("ix_execution_requested_by", "requested_by", "planned_at"),
        # An execution is tried again by hand once; after that its successor is.
        Index("ix_execution_retry_of", "retry_of", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    cloudwatch_event_id: Mapped[int | None] = mapped_column(
        ForeignKey("cloudwatch_event.id"), index=True
    )
    runbook_id: Mapped[int | None] = mapped_column(ForeignKey("runbook_script.id"), index=True)
    command_id: Mapped[int | None] = mapped_column(ForeignKey("saltstack_command.id"), index=True)
    server_id: Mapped[str] = mapped_column(String(50))
    minion_id: Mapped[str] = mapped_column(String(255))
    service_type: Mapped[str] = mapped_column(String(50))
    solution_kind: Mapped[str] = mapped_column(String(10))
    solution_name: Mapped[str] = mapped_column(String(255))
    pinned: Mapped[str] = mapped_column(LongText)
    pinned_sha256: Mapped[str] = mapped_column(String(64))

    state: Mapped[ExecutionState] = mapped_column(enum_column(ExecutionState, "execution_state"))
    # Whether a person must have approved it before it is sent.
    approval_owed: Mapped[bool] = mapped_column(default=False)
    # Which rule of the guard holds it, and since when; empty unless it is held.
    held_by: Mapped[str | None] = mapped_column(String(30))
    held_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    retry_seconds: Mapped[int] = mapped_column(Integer, default=0)
    # How often it was put off because its minion was busy or away.
    waits: Mapped[int] = mapped_column(Integer, default=0)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # Shared by all executions of one published job; the minion's ledger is keyed by it.
    dispatch: Mapped[str | None] = mapped_column(String(32))
    jid: Mapped[str | None] = mapped_column(String(40))
    # The job before this one, when the minion was asked again for the same dispatch, and when.
    first_jid: Mapped[str | None] = mapped_column(String(40))
    asked_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # The master whose job cache holds the return.
    master: Mapped[str | None] = mapped_column(String(255))
    module_synced: Mapped[bool] = mapped_column(default=False)
    limit_seconds: Mapped[int] = mapped_column(Integer)
    verify_seconds: Mapped[int] = mapped_column(Integer)
    requested_by: Mapped[str] = mapped_column(String(100))
    # The execution that a person wanted tried again. No foreign key: the archive may have it.
    retry_of: Mapped[int | None] = mapped_column(Integer)

    planned_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    not_before: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    published_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    started_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    deadline_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    verdict: Mapped[str | None] = mapped_column(String(30))
    message: Mapped[str | None] = mapped_column(Text)
    # What its states came to; empty where none were run, or where nobody has told.
    states_succeeded: Mapped[int | None] = mapped_column(Integer)
    states_changed: Mapped[int | None] = mapped_column(Integer)
    states_failed: Mapped[int | None] = mapped_column(Integer)


class SaltStackEventLog(Base):
    """What one step of an execution did.

    `execution_result` holds at most 10 MB; longer output was cut with a marker that tells its
    size. `result_bytes` is how many it has as UTF-8, `took_ms` how long the step itself ran; both
    are empty in rows of before they were kept. `response_time` is in whole seconds: from the
    moment the event was recorded (or, for a run that a person asked for, planned) until the step
    ended.
    """

    __tablename__ = "saltstack_event_log"
    __table_args__ = (Index("ix_saltstack_event_log_executed_at", "executed_at", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    cloudwatch_event_id: Mapped[int | None] = mapped_column(
        ForeignKey("cloudwatch_event.id"), index=True
    )
    command_id: Mapped[int | None] = mapped_column(ForeignKey("saltstack_command.id"), index=True)
    execution_result: Mapped[str] = mapped_column(LongText, deferred=True)
    execution_status: Mapped[LogStatus] = mapped_column(enum_column(LogStatus, "log_status"))
    executed_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    response_time: Mapped[int] = mapped_column(Integer)

    execution_id: Mapped[int] = mapped_column(ForeignKey("execution.id"), index=True)
    minion_id: Mapped[str] = mapped_column(String(255))
    step: Mapped[Step] = mapped_column(enum_column(Step, "log_step"))
    retcode: Mapped[int | None] = mapped_column(Integer)
    result_bytes: Mapped[int | None] = mapped_column(Integer)
    took_ms: Mapped[int | None] = mapped_column(Integer)
    # Who has put it right last, when and why; what the minion told is kept in the original.
    corrected_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    corrected_by: Mapped[str | None] = mapped_column(String(100))
    correction: Mapped[str | None] = mapped_column(Text)


class SaltStackEventLogOriginal(Base):
    """What the minion told of a step, whole, from before a person first corrected its log row."""

    __tablename__ = "saltstack_event_log_original"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    log_id: Mapped[int] = mapped_column(ForeignKey("saltstack_event_log.id"), unique=True)
    execution_result: Mapped[str] = mapped_column(LongText, deferred=True)
    execution_status: Mapped[LogStatus] = mapped_column(enum_column(LogStatus, "original_status"))
    kept_at: Mapped[datetime] = mapped_column(UtcTimestamp)
