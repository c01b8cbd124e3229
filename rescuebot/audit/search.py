"""The audit by the page: who did what, to what, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


from rescuebot.audit.model import AuditEntry
from rescuebot.paging import Drive, Listing, Search


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
    sort="-noted_at",
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


search = Search(listing=LISTING)
