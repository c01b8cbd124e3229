"""Commands and runbooks as files that live in git: written, read, compared, taken over."""

from __future__ import annotations

from rescuebot.as_code.planning import Outcome, Plan, Planned, apply, plan, take_over
from rescuebot.as_code.reading import Document, Documents, Item, items_of, read
from rescuebot.as_code.writing import export, of_runbook, write

__all__ = [
    "Document",
    "Documents",
    "Item",
    "Outcome",
    "Plan",
    "Planned",
    "apply",
    "export",
    "items_of",
    "of_runbook",
    "plan",
    "read",
    "take_over",
    "write",
]
