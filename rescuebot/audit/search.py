"""The audit by the page: who did what, to what, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.audit.model import AuditEntry
from rescuebot.cursors import Total
from rescuebot.paging import Drive, Listing, Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which entries are wanted: of each tuple any, of all fields each. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    actor: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()


LISTING = Listing(
    table=AuditEntry,
    sorts={"noted_at": AuditEntry.noted_at},
    span=AuditEntry.noted_at,
    filters={
        "subject": AuditEntry.subject,
        "actor": AuditEntry.actor,
        "action": AuditEntry.action,
    },
    drives=(
        Drive(name="subject", index="ix_audit_entry_subject"),
        Drive(name="actor", index="ix_audit_entry_actor"),
        Drive(name="action", index="ix_audit_entry_action_noted"),
    ),
    index="ix_audit_entry_noted_at",
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "-noted_at",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[AuditEntry]:
    """A page of the audit; `sort` is ``-noted_at`` (newest first) or ``noted_at``."""
    way = paging.way(LISTING, wanted, sort=sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such entries there are, as far as that is counted."""
    return paging.count(session=session, way=paging.way(LISTING, wanted))
