"""Each call from outside: its id, who made it, one log line, one observation.

Invariant: neither the log nor a label holds anything that the caller wrote: routes are templates,
methods come from a closed list, and no body or token is ever looked at.
"""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Histogram

from rescuebot.errors import Unauthorized
from rescuebot.logs import logger
from webui.api import who

log = logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def install(app: Flask, registry: CollectorRegistry) -> None:
    """Watch every call that `app` answers."""
    took = Histogram(
        "rescue_api_seconds",
        "How long calls of the API took, by route and status.",
        ("method", "route", "status"),
        registry=registry,
        buckets=_BUCKETS,
    )

    def _tell(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        method = request.method if request.method in _METHODS else "other"
        route = request.url_rule.rule if request.url_rule else "unknown"
        took.labels(method, route, str(response.status_code)).observe(seconds)
        person = g.get("caller")
        log.info(
            "api_call",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            user="" if person is None else person.actor,
            address=request.remote_addr,
        )
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response

    app.before_request(_begin)
    app.after_request(_tell)


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    _identify()


def _identify() -> None:
    """Who it is is needed before the limits are looked at; a refusal waits for the policy."""
    if not isinstance(policy_of(request.endpoint), frozenset):
        return
    try:
        g.caller = who.identify()
    except Unauthorized as error:
        g.refusal = error


def policy_of(endpoint: str | None) -> object:
    """The policy of a route of this application, None where there is no such route."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "policy", None)
