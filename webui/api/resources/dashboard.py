"""The dashboard: what is going on, in one answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from rescuebot import clock, dashboard
from webui.api import context
from webui.api.door import VIEWER, Door
from webui.api.schemas import dashboards as schemas

door = Door("dashboard", path="/dashboard", words="What is going on.")

# However many look at it at once, the ledger is asked by one of them; the others are given what
# there is, if it is not too old.
_FRESH_SECONDS = 3.0
_STALE_SECONDS = 15.0
_NAME = "rescue-dashboard"


@dataclass(slots=True)
class _Kept:
    """The latest overview of one application."""

    refreshing: threading.Lock = field(default_factory=threading.Lock)
    at: float = -_STALE_SECONDS
    found: Any = None


@door.operation("GET", "", allow=VIEWER, returns=schemas.Overview)
def get_dashboard() -> Any:
    """What is going on; from the read replica where there is one. A few seconds old at most."""
    kept: _Kept = current_app.extensions.setdefault(_NAME, _Kept())
    age = time.monotonic() - kept.at
    if age <= _FRESH_SECONDS:
        return kept.found
    if not kept.refreshing.acquire(blocking=age > _STALE_SECONDS):
        return kept.found
    try:
        if time.monotonic() - kept.at > _FRESH_SECONDS:
            kept.found, kept.at = _read(), time.monotonic()
        return kept.found
    finally:
        kept.refreshing.release()


def _read() -> Any:
    with context.ledger().replica() as session:
        return dashboard.overview(session=session, settings=context.settings(), now=clock.now())
