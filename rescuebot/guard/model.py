"""Table of decisions: append-only, one row for each thing that was decided and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp


class Decision(Base):
    """One verdict on one event or execution, in words that a person understands.

    `subject` says what decided (intake, match, server, guard, outcome …), `verdict` is a
    stable word, `words` the sentence.
    """

    __tablename__ = "decision"

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
