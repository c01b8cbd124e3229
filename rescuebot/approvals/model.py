"""Tables of what people were asked to allow: one approval for one execution, used at most once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot import clock
from rescuebot.database import Base, LongText, UtcTimestamp, enum_column


class ApprovalState(StrEnum):
    """``pending → approved → spent``; or it ends before: rejected, expired, withdrawn, refused.

    `withdrawn` says that it is needed no more (the alarm recovered), `refused` that what was
    approved is not what would have run.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    SPENT = "spent"


class Approval(Base):
    """A question to people: may exactly this run on exactly these servers?

    `digest` is the SHA-256 over what is pinned and the servers; see `rescuebot.approvals.digest`.
    `preview` is the JSON that the minion returned for ``test=True``.
    """

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_state", "state", "id"),
        Index("ix_approval_asked_at", "asked_at"),
        Index("ix_approval_state_asked", "state", "asked_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    execution_id: Mapped[int] = mapped_column(ForeignKey("execution.id"), unique=True)
    cloudwatch_event_id: Mapped[int | None] = mapped_column(
        ForeignKey("cloudwatch_event.id"), index=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    # The ids of the servers, as a JSON list.
    servers: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(100))
    state: Mapped[ApprovalState] = mapped_column(
        enum_column(ApprovalState, "approval_state"), default=ApprovalState.PENDING
    )
    asked_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    comment: Mapped[str] = mapped_column(Text, default="")
    spent_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)

    # The preview: what the fix would change, as the minion says.
    preview_dispatch: Mapped[str | None] = mapped_column(String(32), index=True)
    preview_jid: Mapped[str | None] = mapped_column(String(40), index=True)
    preview_tries: Mapped[int] = mapped_column(Integer, default=0)
    preview_asked_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    previewed_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    preview: Mapped[str | None] = mapped_column(LongText, deferred=True)


class Amendment(Base):
    """One change that a person made to what waits for approval, and what it was before.

    Rows are only added. `old_pinned` of the first is what was proposed at first; the text that is
    pinned now names its SHA-256, so that another in its place is noticed.
    """

    __tablename__ = "approval_amendment"
    __table_args__ = (UniqueConstraint("approval_id", "number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"))
    number: Mapped[int] = mapped_column(Integer)
    amended_by: Mapped[str] = mapped_column(String(100))
    amended_at: Mapped[datetime] = mapped_column(UtcTimestamp, default=clock.now)
    comment: Mapped[str] = mapped_column(Text, default="")
    old_digest: Mapped[str] = mapped_column(String(64))
    new_digest: Mapped[str] = mapped_column(String(64))
    old_name: Mapped[str] = mapped_column(String(255))
    old_pinned: Mapped[str] = mapped_column(LongText, deferred=True)
