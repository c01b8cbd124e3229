"""What filters can offer: the values that are there now, at most 200 of a kind.

Invariant: nothing is scanned. Where a column has no table of its own, each value is one step along
an index to the next that is greater; so it costs what there are values, however many rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from rescuebot.events.model import CloudWatchEvent
from rescuebot.runbooks.model import RunbookScript
from rescuebot.servers.model import Server, ServerService

MOST = 200


def offered(*, session: Session) -> dict[str, Any]:
    """The values of each kind in their order; servers with their minions, runbooks with their ids.

    An event that was taken back still counts, until the archive has it.
    """
    return {
        "services": _services(session),
        "servers": _servers(session),
        "event_types": _values(session, CloudWatchEvent.event_type),
        "event_sources": _values(session, CloudWatchEvent.event_source),
        "alarm_names": _values(session, CloudWatchEvent.alarm_name),
        "runbooks": _runbooks(session),
    }


def _services(session: Session) -> list[str]:
    """Those that run somewhere, and those that events were about."""
    run = _values(session, ServerService.service_type)
    return sorted({*run, *_values(session, CloudWatchEvent.service_type)})[:MOST]


def _servers(session: Session) -> list[dict[str, Any]]:
    # The row of the empty name is the lock of events that name no server.
    query = select(Server.server_id, Server.minion_id).where(Server.server_id > "")
    found = session.execute(query.order_by(Server.server_id).limit(MOST))
    return [{"server_id": server, "minion_id": minion} for server, minion in found]


def _runbooks(session: Session) -> list[dict[str, Any]]:
    title = RunbookScript.live_title
    query = select(RunbookScript.id, title).where(title.is_not(None)).order_by(title)
    return [{"id": number, "title": name} for number, name in session.execute(query.limit(MOST))]


def _values(session: Session, column: InstrumentedAttribute[str]) -> list[str]:
    return list(islice(_each(session, column), MOST))


def _each(session: Session, column: InstrumentedAttribute[str]) -> Iterator[str]:
    """The values of a column that is the first of an index, each by one look into it."""
    last = ""
    while last := session.scalar(select(func.min(column)).where(column > last)) or "":
        yield last
