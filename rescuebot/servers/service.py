"""What can be done with servers: tie them to minions, find them, and lock them in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.errors import NotFound
from rescuebot.servers.model import Server, ServerService

SERVER_ID = re.compile(r"[A-Za-z0-9._:-]{1,50}")
SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
# What one minion says is not trusted to fill the table.
_MOST_SERVICES = 100
_FORGOTTEN_AFTER = timedelta(days=30)


def list_(*, session: Session, limit: int = 50) -> Sequence[Server]:
    """All servers, the latest seen first."""
    query = select(Server).where(Server.server_id != "").order_by(Server.seen_at.desc(), Server.id)
    return session.scalars(query.limit(limit)).all()


def get(*, session: Session, server_id: str) -> Server:
    """The server, or NotFound."""
    query = select(Server).where(Server.server_id == server_id, Server.server_id != "")
    server = session.scalars(query).one_or_none()
    if server is None:
        raise NotFound("There is no such server.", remedy="salt-run rescue.servers lists them.")
    return server


def services_of(*, session: Session, server_id: str) -> list[str]:
    """What the server runs, as far as it is known."""
    query = select(ServerService.service_type).where(ServerService.server_id == server_id)
    return list(session.scalars(query.order_by(ServerService.service_type)))


def minion_of(*, session: Session, server_id: str) -> str | None:
    """The minion that runs on the server, or None."""
    return session.scalar(select(Server.minion_id).where(Server.server_id == server_id))


def minions_of(*, session: Session, server_ids: Iterable[str]) -> dict[str, str]:
    """The minions of those servers that have one."""
    names = sorted(set(server_ids))
    found: dict[str, str] = {}
    for start in range(0, len(names), 500):
        query = select(Server.server_id, Server.minion_id).where(
            Server.server_id.in_(names[start : start + 500]), Server.minion_id.is_not(None)
        )
        found |= {server: minion for server, minion in session.execute(query) if minion}
    return found


def lock(*, session: Session, server_ids: Iterable[str], now: datetime) -> None:
    """Hold the rows of these servers until the transaction ends; make those that are missing.

    Always in the order of their names, so that two transactions cannot wait for each other.
    Events that name no server share the row of the empty name.
    """
    wanted = sorted(set(server_ids))
    if not wanted:
        return
    # Looked at first, because an INSERT IGNORE of a row that exists takes a lock out of order.
    found = set(session.scalars(select(Server.server_id).where(Server.server_id.in_(wanted))))
    insert_missing(
        session,
        Server,
        [{"server_id": name, "created_at": now} for name in wanted if name not in found],
    )
    query = select(Server.id).where(Server.server_id.in_(wanted)).order_by(Server.server_id)
    session.execute(query.with_for_update())


def register(*, session: Session, minion_id: str, server_id: str, os: str, now: datetime) -> Server:
    """Note that the minion says it runs on the server; the first that says so keeps it."""
    lock(session=session, server_ids=[server_id], now=now)
    server = session.scalars(select(Server).where(Server.server_id == server_id)).one()
    if server.minion_id not in (None, minion_id):
        server.contested_by = minion_id
        return server
    server.minion_id = minion_id
    server.os = os[:100]
    server.seen_at = now
    return server


def release(*, session: Session, minion_id: str) -> int:
    """Forget a minion whose key was removed, so that its successor may take the server."""
    freed = session.execute(
        update(Server).where(Server.minion_id == minion_id).values(minion_id=None)
    )
    return int(freed.rowcount)  # type: ignore[attr-defined]


def server_id_of(*, minion_id: str, grains: Mapping[str, Any], names: Sequence[str]) -> str:
    """Which server a minion runs on by its grains (``a:b`` looks into blocks), else its own id.

    Grains are foreign text: a value that cannot be a server id is passed over.
    """
    for name in names:
        value: Any = grains
        for part in name.split(":"):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and SERVER_ID.fullmatch(value):
            return value
    return minion_id[:50]


def note_services(
    *, session: Session, server_id: str, services: Iterable[str], now: datetime
) -> None:
    """Note that a server runs these services; names that are none are passed over."""
    wanted = sorted({name for name in services if SERVICE.fullmatch(name)})[:_MOST_SERVICES]
    rows = [{"server_id": server_id, "service_type": name, "seen_at": now} for name in wanted]
    insert_missing(session, ServerService, rows)
    session.execute(
        update(ServerService)
        .where(
            ServerService.server_id == server_id,
            ServerService.service_type.in_(wanted),
            ServerService.seen_at < now,
        )
        .values(seen_at=now)
    )


def take_census(
    *, session: Session, minion_id: str, services: Iterable[str], now: datetime
) -> bool:
    """Note what a minion says it serves, and forget what nobody has named for a month.

    False when it runs on no server that we know.
    """
    server_id = session.scalar(select(Server.server_id).where(Server.minion_id == minion_id))
    if server_id is None:
        return False
    note_services(session=session, server_id=server_id, services=services, now=now)
    session.execute(
        delete(ServerService).where(
            ServerService.server_id == server_id, ServerService.seen_at < now - _FORGOTTEN_AFTER
        )
    )
    return True


def fleets(*, session: Session, services: Iterable[str]) -> dict[str, frozenset[str]]:
    """The servers of each of the services, as far as they are known."""
    query = select(ServerService.service_type, ServerService.server_id).where(
        ServerService.service_type.in_(set(services))
    )
    found: dict[str, set[str]] = {}
    for service, server in session.execute(query):
        found.setdefault(service, set()).add(server)
    return {service: frozenset(names) for service, names in found.items()}
