"""The list of servers, by the page. They are thousands, so what is looked for needs no index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists

from rescuebot import paging
from rescuebot.paging import Listing, Search
from rescuebot.servers.model import Server, ServerService


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which servers are wanted.

    `text` is part of the id of the server or of its minion, or of its system; `service` is run
    by it; `has_minion` says whether a minion is known for it.
    """

    text: str | None = None
    service: str | None = None
    has_minion: bool | None = None


LISTING = Listing(
    table=Server,
    sorts={
        "server_id": Server.server_id,
        "minion_id": Server.minion_id,
        "seen_at": Server.seen_at,
    },
    sort="server_id",
)


def _rest(wanted: Filter) -> list[ColumnElement[bool]]:
    # The row of the empty name is the lock of events that name no server.
    rest: list[ColumnElement[bool]] = [Server.server_id != ""]
    rest += paging.contains("text", wanted.text, Server.server_id, Server.minion_id, Server.os)
    if wanted.service is not None:
        runs = exists().where(
            ServerService.server_id == Server.server_id,
            ServerService.service_type == paging.storable("service", wanted.service),
        )
        rest.append(runs)
    if wanted.has_minion is not None:
        known = Server.minion_id.is_not(None)
        rest.append(known if wanted.has_minion else ~known)
    return rest


search = Search(listing=LISTING, rest=_rest)
