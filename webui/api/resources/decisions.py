"""Decisions: what the guard and the matcher said, and why."""

from __future__ import annotations

from typing import Any

from rescuebot.guard import search
from webui.api import listing
from webui.api.door import VIEWER, Door
from webui.api.schemas import guard as schemas

door = Door("decisions", path="/decisions", words="What was decided, and why.")


@door.operation("GET", "", allow=VIEWER, query=schemas.DecisionQuery, returns=schemas.DecisionPage)
def list_decisions(query: dict[str, Any]) -> Any:
    """Decisions, the latest first."""
    return listing.page(search, query)
