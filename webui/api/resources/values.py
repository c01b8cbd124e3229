"""Values that the filters of lists can offer."""

from __future__ import annotations

from typing import Any

from rescuebot import values
from webui.api import context, fresh
from webui.api.door import VIEWER, Door
from webui.api.schemas import values as schemas

door = Door("values", path="/values", words="What the filters of lists can offer.")

_FRESH_SECONDS = 30.0
_STALE_SECONDS = 300.0
_NAME = "rescue-values"


@door.operation("GET", "", allow=VIEWER, returns=schemas.Values)
def get_values() -> Any:
    """Services, servers, types, sources, alarms and runbooks as there are, at most 200 of each.

    From the read replica where there is one, and some minutes old at most.
    """
    return fresh.of(_NAME, fresh=_FRESH_SECONDS, stale=_STALE_SECONDS).get(_read)


def _read() -> Any:
    with context.ledger().replica() as session:
        return values.offered(session=session)
