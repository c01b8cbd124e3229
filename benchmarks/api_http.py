"""The same over HTTP: gunicorn as in production on the filled ledger, one client, calls in a row.

The floor is ``/health``, which reads nothing: what is above is token, ledger and JSON.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.measure import table
from devstack.place import Place
from devstack.web import Answer, Client, Web
from rescuebot.database import Database

CALLS = 200
_DEEP_PAGES = 20


def report(database: Database, *, calls: int = CALLS) -> str:
    """Start the API on this ledger, ask it, stop it; the table."""
    url = database.url.render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory(prefix="rescue-bench-api-") as folder:
        limits = {"requests_per_minute": 1_000_000}
        web = Web(place=Place(folder), block={"database": {"url": url}, "web": limits})
        web.let_in(database)
        web.start()
        try:
            return _drawn(list(_asked(web, calls)))
        finally:
            web.stop()


def _asked(web: Web, calls: int) -> Iterator[tuple[str, list[float]]]:
    anybody, viewer = web.anybody(), web.as_person("viewer")
    for name, ask in _cases(anybody, viewer):
        yield name, [_milliseconds(ask) for _ in range(calls + 3)][3:]


def _cases(anybody: Client, viewer: Client) -> Iterator[tuple[str, Callable[[], Answer]]]:
    def events(**query: Any) -> Callable[[], Answer]:
        return lambda: viewer.get("/api/v1/events", **query)

    yield "/health (floor)", lambda: anybody.get("/health")
    yield "/me", lambda: viewer.get("/api/v1/me")
    yield "events, first page", events()
    yield "events, oldest first", events(sort="event_time")
    yield "events, following pages", _walking(viewer)
    yield "events, severity any of two", events(severity=["fatal", "critical"])
    yield "events, status new", events(status="new")
    yield "events, one service", events(service_type="service-3")
    yield "dashboard, as it is kept", lambda: viewer.get("/api/v1/dashboard")


def _walking(viewer: Client) -> Callable[[], Answer]:
    """Page after page, as somebody who scrolls, and then from the start again."""
    place: dict[str, Any] = {"cursor": None, "page": 0}

    def ask() -> Answer:
        query = {"cursor": place["cursor"]} if place["cursor"] else {}
        answer = viewer.get("/api/v1/events", **query)
        place["page"] = (place["page"] + 1) % _DEEP_PAGES
        place["cursor"] = answer.json()["next"] if place["page"] else None
        return answer

    return ask


def _milliseconds(ask: Callable[[], Answer]) -> float:
    began = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - began) * 1e3
    assert answer.ok, f"{answer.status_code} {answer.text[:200]}"
    return took


def _drawn(seen: list[tuple[str, list[float]]]) -> str:
    floor = statistics.median(seen[0][1])
    rows = [
        (
            name,
            f"{statistics.median(found):.1f}",
            f"{statistics.quantiles(found, n=20)[-1]:.1f}",
            f"{statistics.median(found) / floor:.1f}",
        )
        for name, found in seen
    ]
    return table("Over HTTP", ("what", "p50 ms", "p95 ms", "p50 : floor"), rows)
