"""Table of the commands that a service has: how to look at it, restart it, read its logs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp, enum_column


class CommandType(StrEnum):
    """What a command is for: to act, to tell whether the service is up, to gather evidence."""

    RESTART = "restart"
    STATUS = "status"
    LOG_CHECK = "log_check"


class SaltStackCommand(Base):
    """A named shell script for one service. A `status` script exits 0 when the service is up."""

    __tablename__ = "saltstack_command"
    __table_args__ = (Index("ix_saltstack_command_target", "target_service", "command_type"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    command_name: Mapped[str] = mapped_column(String(100), unique=True)
    command_script: Mapped[str] = mapped_column(Text)
    target_service: Mapped[str] = mapped_column(String(50))
    command_type: Mapped[CommandType] = mapped_column(enum_column(CommandType, "command_type"))
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(
        UtcTimestamp, default=clock.now, onupdate=clock.now
    )

    version: Mapped[int] = mapped_column(Integer, default=1)
    updated_by: Mapped[str] = mapped_column(String(100), default="")
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
