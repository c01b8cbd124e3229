"""The list of servers, by the page. They are thousands, so what is looked for needs no index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.cursors import Total
from rescuebot.paging import Listing, Page, Way
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
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "server_id",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[Server]:
    """A page of servers, sorted by ``server_id``, ``minion_id`` or ``seen_at``, either way."""
    way = _way(wanted, sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such servers there are, as far as that is counted."""
    return paging.count(session=session, way=_way(wanted, None))


def _way(wanted: Filter, sort: str | None) -> Way[Server]:
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
    return paging.way(LISTING, wanted, sort=sort, rest=rest)
