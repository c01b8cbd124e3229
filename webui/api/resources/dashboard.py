"""The dashboard: what is going on, in one answer."""

from __future__ import annotations

from typing import Any

from rescuebot import clock, dashboard
from webui.api import context, fresh
from webui.api.door import VIEWER, Door
from webui.api.schemas import dashboards as schemas

door = Door("dashboard", path="/dashboard", words="What is going on.")

# However many look at it at once, the ledger is asked by one of them; the others are given what
# there is, if it is not too old.
_FRESH_SECONDS = 3.0
_STALE_SECONDS = 15.0
_NAME = "rescue-dashboard"


@door.operation("GET", "", allow=VIEWER, returns=schemas.Overview)
def get_dashboard() -> Any:
    """What is going on; from the read replica where there is one. A few seconds old at most.

    The halts are as of now: nobody may miss one that has just been called.
    """
    kept = fresh.of(_NAME, fresh=_FRESH_SECONDS, stale=_STALE_SECONDS)
    halts = context.read(lambda session: dashboard.halted(session=session))
    return {**kept.get(_read), "halts": halts}


def _read() -> Any:
    with context.ledger().replica() as session:
        return dashboard.overview(session=session, settings=context.settings(), now=clock.now())
