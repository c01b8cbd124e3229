"""Table of the runbooks: which fix belongs to which message of which service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp, enum_column


class SolutionKind(StrEnum):
    """How a solution is written: name of a state, state data in YAML, or a shell script."""

    STATE = "state"
    SLS = "sls"
    SHELL = "shell"


class RunbookMode(StrEnum):
    """How far a runbook is trusted: only record, ask a person, or act."""

    SHADOW = "shadow"
    ASK = "ask"
    AUTO = "auto"


class RunbookScript(Base):
    """A fix for a service, chosen when `error_pattern` (RE2) is found in the event's message."""

    __tablename__ = "runbook_script"
    __table_args__ = (Index("ix_runbook_script_service_type", "service_type", "enabled"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(200))
    service_type: Mapped[str] = mapped_column(String(50))
    error_pattern: Mapped[str] = mapped_column(String(500))
    solution_script: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)

    solution_kind: Mapped[SolutionKind] = mapped_column(enum_column(SolutionKind, "solution_kind"))
    priority: Mapped[int] = mapped_column(Integer, default=0)
    mode: Mapped[RunbookMode] = mapped_column(
        enum_column(RunbookMode, "runbook_mode"), default=RunbookMode.ASK
    )
    enabled: Mapped[bool] = mapped_column(default=True)
    # How often it is tried and how long is waited between; empty means as the settings say.
    attempts: Mapped[int | None] = mapped_column(Integer)
    retry_seconds: Mapped[int | None] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, default=1)
    updated_at: Mapped[datetime] = mapped_column(
        UtcTimestamp, default=clock.now, onupdate=clock.now
    )
    updated_by: Mapped[str] = mapped_column(String(100), default="")
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    # The title while it is not deleted, else empty: so a title is used once at a time.
    live_title: Mapped[str | None] = mapped_column(String(200), unique=True)
