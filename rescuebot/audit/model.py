"""Table of who did what by hand, and of what tried to get in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp


class AuditEntry(Base):
    """One action of a person, or one attempt that was turned away.

    The same within a minute is counted in `times`, so that nobody can fill the table.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_actor", "actor", "noted_at"),
        Index("ix_audit_entry_action_noted", "action", "noted_at"),
        Index("ix_audit_entry_subject", "subject", "noted_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    actor: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(50), index=True)
    subject: Mapped[str] = mapped_column(String(255))
    detail: Mapped[str] = mapped_column(Text)
    times: Mapped[int] = mapped_column(Integer, default=1)
    noted_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now, index=True)
