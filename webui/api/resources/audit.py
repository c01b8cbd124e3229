"""The audit: who did what by hand, and what was turned away."""

from __future__ import annotations

from typing import Any

from rescuebot.audit import search
from webui.api import listing
from webui.api.door import OPERATOR, Door
from webui.api.schemas import ledger as schemas

door = Door("audit", path="/audit", words="Who did what, and what was turned away.")


@door.operation("GET", "", allow=OPERATOR, query=schemas.AuditQuery, returns=schemas.AuditPage)
def list_audit(query: dict[str, Any]) -> Any:
    """Entries, the latest first."""
    return listing.page(search, query)
