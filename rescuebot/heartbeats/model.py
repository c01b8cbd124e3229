"""Table of the engines that are alive: one row for each, beaten every few seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot.database import Base, UtcTimestamp


class EngineHeartbeat(Base):
    """One engine process. `owner` is ``<engine>@<host>:<pid>``, as `claimed_by` has it."""

    __tablename__ = "engine_heartbeat"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(100), unique=True)
    engine: Mapped[str] = mapped_column(String(50))
    master: Mapped[str] = mapped_column(String(255), default="")
    started_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    beaten_at: Mapped[datetime] = mapped_column(UtcTimestamp, index=True)
    state: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(255), default="")
    # About how many messages are in the queue, where the engine knows.
    queue_depth: Mapped[int | None] = mapped_column(Integer)
