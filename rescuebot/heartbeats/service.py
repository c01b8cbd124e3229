"""What can be done with heartbeats: beat, stop, and tell who is alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from rescuebot.heartbeats.model import EngineHeartbeat

_KEPT = timedelta(days=1)


def owner_name(engine: str) -> str:
    """Who we are in rows that have one owner: ``rescue_sqs@host:4711``."""
    return f"{engine}@{socket.gethostname()}:{os.getpid()}"[:100]


def beat(
    *,
    session: Session,
    owner: str,
    engine: str,
    now: datetime,
    state: str,
    detail: str = "",
    master: str = "",
    queue_depth: int | None = None,
) -> None:
    """Say that the engine `owner` lives; clears rows that have been silent for a day."""
    beaten = session.execute(
        update(EngineHeartbeat)
        .where(EngineHeartbeat.owner == owner)
        .values(beaten_at=now, state=state, detail=detail[:255], queue_depth=queue_depth)
    )
    if beaten.rowcount:  # type: ignore[attr-defined]
        return
    session.execute(delete(EngineHeartbeat).where(EngineHeartbeat.beaten_at < now - _KEPT))
    session.add(
        EngineHeartbeat(
            owner=owner,
            engine=engine,
            master=master[:255],
            started_at=now,
            beaten_at=now,
            state=state,
            detail=detail[:255],
            queue_depth=queue_depth,
        )
    )


def alive(*, session: Session, since: datetime) -> Sequence[EngineHeartbeat]:
    """The engines that have beaten at or after `since`, the newest beat first."""
    query = select(EngineHeartbeat).where(EngineHeartbeat.beaten_at >= since)
    return session.scalars(query.order_by(EngineHeartbeat.beaten_at.desc())).all()


def masters_alive(*, session: Session, engine: str, since: datetime) -> set[str]:
    """The masters on which an engine of this name has beaten at or after `since`."""
    query = select(EngineHeartbeat.master).where(
        EngineHeartbeat.engine == engine,
        EngineHeartbeat.state == "running",
        EngineHeartbeat.beaten_at >= since,
    )
    return set(session.scalars(query))


def queue_depth(*, session: Session, since: datetime) -> int | None:
    """About how many messages are in the queue, as an engine said last at or after `since`."""
    query = select(EngineHeartbeat.queue_depth).where(
        EngineHeartbeat.beaten_at >= since, EngineHeartbeat.queue_depth.is_not(None)
    )
    return session.scalar(query.order_by(EngineHeartbeat.beaten_at.desc()).limit(1))
