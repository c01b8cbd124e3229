"""Table of requests that were answered, so that the same one asked again is not done twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot.database import Base, UtcTimestamp


class RequestKey(Base):
    """One request by the key its sender gave it, and what it was answered.

    `key_hash` is of the actor and the key, so nobody meets another's; `fingerprint` is of what
    was asked, so a key is not used for a second thing. The key itself is not kept.
    """

    __tablename__ = "request_key"
    __table_args__ = (Index("ix_request_key_noted_at", "noted_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    actor: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(UtcTimestamp)
