"""Maintenance windows: announced work, during which nothing is fixed."""

from __future__ import annotations

from typing import Any

from rescuebot import clock, halting
from rescuebot.guard import windows_search
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import guard as schemas

door = Door(
    "maintenance-windows",
    path="/maintenance-windows",
    words="Announced work, during which nothing is fixed.",
)


@door.operation("GET", "", allow=VIEWER, query=schemas.WindowQuery, returns=schemas.WindowPage)
def list_windows(query: dict[str, Any]) -> Any:
    """Windows, those that end last first."""
    return listing.page(windows_search, query)


@door.operation(
    "POST", "", allow=OPERATOR, body=schemas.WindowIn, returns=schemas.Window, status=201
)
def open_window(body: dict[str, Any]) -> Any:
    """Announce work on a target."""
    return halting.open_window(
        body["target"],
        starts_at=body["starts_at"] or clock.now(),
        ends_at=body["ends_at"],
        reason=body["reason"],
        actor=who.actor(),
        database=context.ledger(),
    )


@door.operation(
    "POST",
    "/<int(min=1, max=2147483647):window_id>/close",
    allow=OPERATOR,
    returns=schemas.Window,
    fails=(409,),
)
def close_window(window_id: int) -> Any:
    """End a window early; what it held is looked at again at once."""
    return halting.close_window(window_id, actor=who.actor(), database=context.ledger())
