"""Which services each server has: asked of the minions, so that the guard knows its fleets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rescuebot import clock
from rescuebot.database import Database, repeat_on_contention
from rescuebot.dispatching import Fleet
from rescuebot.errors import FleetUnavailable
from rescuebot.logs import logger
from rescuebot.servers import service as servers
from rescuebot.tracking import Return

log = logger(__name__)

FUNCTION = "rescue.self_test"


def ask(*, fleet: Fleet, minions: Collection[str]) -> None:
    """Have minions tell their services, all in one job; what gets lost is asked again later."""
    if not minions:
        return
    try:
        fleet.publish(
            jid=fleet.mint_jid(), minions=sorted(minions), function=FUNCTION, arguments=["census"]
        )
    except FleetUnavailable as error:
        log.warning("services_not_asked", reason=error.message)


@repeat_on_contention
def record(given: Return, *, database: Database, now: clock.Clock = clock.now) -> bool:
    """Note what a minion says it serves; False when it says nothing that can be read."""
    names = _services(given.value)
    if names is None:
        return False
    with database.transaction() as session:
        return servers.take_census(
            session=session, minion_id=given.minion_id, services=names, now=now()
        )


def _services(value: Any) -> list[str] | None:
    names = value.get("services") if isinstance(value, dict) else None
    if not isinstance(names, list):
        return None
    return [name for name in names if isinstance(name, str)]
