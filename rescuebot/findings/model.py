"""Tables of what the doctor has found: the latest look of each master, and who asked for another.

Invariant: the findings of a master are those of its latest look, all of it: they are replaced in
one transaction with the row that says when it was.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot.database import Base, UtcTimestamp


class DoctorLook(Base):
    """The latest look of one master. After `due_at` and a while, what it found is old."""

    __tablename__ = "doctor_look"

    master: Mapped[str] = mapped_column(String(255), primary_key=True)
    looked_by: Mapped[str] = mapped_column(String(100))
    looked_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    due_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    # The last request for a look that it answers.
    request_id: Mapped[int] = mapped_column(Integer, default=0)


class Finding(Base):
    """What one check of a master's latest look has found; `remedy` is empty when all is well."""

    __tablename__ = "finding"

    master: Mapped[str] = mapped_column(
        String(255), ForeignKey("doctor_look.master"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    # The order in which the causes should be mended.
    place: Mapped[int] = mapped_column(Integer)
    ok: Mapped[bool] = mapped_column(Boolean)
    detail: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    # Since which look it has been so, well or not.
    since: Mapped[datetime] = mapped_column(UtcTimestamp)


class DoctorRequest(Base):
    """Somebody wants to know how it is now: each master looks at it anew."""

    __tablename__ = "doctor_request"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    asked_by: Mapped[str] = mapped_column(String(255))
    asked_at: Mapped[datetime] = mapped_column(UtcTimestamp, index=True)
