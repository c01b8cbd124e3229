"""Tables that tie a server, as AWS names it, to the minion and the services that run on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp


class Server(Base):
    """One server. `minion_id` is empty while events name it but no minion has claimed it.

    Grains are the minion's own words, so a second minion that claims a taken server does not
    get it: it is noted in `contested_by` for a person to settle.
    """

    __tablename__ = "server"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    server_id: Mapped[str] = mapped_column(String(50), unique=True)
    minion_id: Mapped[str | None] = mapped_column(String(255), index=True)
    contested_by: Mapped[str | None] = mapped_column(String(255))
    os: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTimestamp, index=True)


class ServerService(Base):
    """A service that a server runs, as its minion's pillar or an event of it says."""

    __tablename__ = "server_service"
    __table_args__ = (Index("ix_server_service_service_type", "service_type"),)

    server_id: Mapped[str] = mapped_column(String(50), primary_key=True)
    service_type: Mapped[str] = mapped_column(String(50), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
