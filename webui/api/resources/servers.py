"""Servers: which there are, how each has fared, what helped there."""

from __future__ import annotations

from typing import Any

from rescuebot import history
from rescuebot.servers import search
from webui.api import context, listing
from webui.api.door import VIEWER, Door
from webui.api.schemas import ledger as schemas

door = Door("servers", path="/servers", words="Servers, their minions and services.")


@door.operation("GET", "", allow=VIEWER, query=schemas.ServerQuery, returns=schemas.ServerPage)
def list_servers(query: dict[str, Any]) -> Any:
    """Servers by name."""
    return listing.page(search, query)


@door.operation(
    "GET", "/<string(maxlength=50):server_id>", allow=VIEWER, returns=schemas.ServerWhole
)
def get_server(server_id: str) -> Any:
    """A server, its services, its last 24 hours, and what was run there with what success."""
    return context.read(lambda session: history.server(session=session, server_id=server_id))
