"""Health, metrics and the specification: for load balancers, Prometheus and programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, current_app, json, jsonify
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rescuebot import clock, migrations
from rescuebot.errors import RescueError
from rescuebot.heartbeats import service as heartbeats
from webui.api import context, spec
from webui.api.door import VIEWER, Door, Open
from webui.api.schemas import ledger as schemas

door = Door(
    "health", path="", words="For load balancers, Prometheus and programs.", versioned=False
)

_ENGINES = ("rescue_sqs", "rescue_tracker")
_SPECIFICATION = "rescue-specification"
_ALIVE_WITHIN = timedelta(seconds=60)
_NOT_READY = {
    "description": "Something is missing; the checks say what.",
    "content": {"application/json": {"schema": schemas.Ready}},
}


@door.operation("GET", "/health", allow=Open.ANYBODY, returns=schemas.Alive)
def get_health() -> Any:
    """Whether the process answers. It says nothing about anything else."""
    return {"status": "ok"}


@door.operation(
    "GET",
    "/health/ready",
    allow=Open.ANYBODY,
    returns=schemas.Ready,
    describe={"responses": {503: _NOT_READY}},
)
def get_readiness() -> Any:
    """Whether database, tables and the engines on the masters are there; 503 when not."""
    checks = [{"name": name, "ok": _is_well(check)} for name, check in _CHECKS.items()]
    well = all(check["ok"] for check in checks)
    found = jsonify(status="ready" if well else "not_ready", checks=checks)
    found.status_code = 200 if well else 503
    return found


@door.operation(
    "GET", "/metrics", allow=VIEWER, returns={"type": "string"}, content_type="text/plain"
)
def get_metrics() -> Response:
    """Metrics for Prometheus; it comes with an API key as its bearer token."""
    return Response(generate_latest(context.registry()), content_type=CONTENT_TYPE_LATEST)


@door.operation("GET", "/api/v1/openapi.json", allow=Open.ANYBODY, returns={"type": "object"})
def get_specification() -> Response:
    """This specification."""
    kept = current_app.extensions
    if _SPECIFICATION not in kept:
        kept[_SPECIFICATION] = json.dumps(spec.document())
    return Response(kept[_SPECIFICATION], content_type="application/json")


def _is_well(check: Any) -> bool:
    try:
        return bool(check())
    except RescueError:
        return False


def _database() -> bool:
    context.ledger().ping()
    return True


def _tables() -> bool:
    return migrations.current(context.ledger()) == migrations.head()


def _engines() -> bool:
    since = clock.now() - _ALIVE_WITHIN
    alive = context.read(lambda session: heartbeats.alive(session=session, since=since))
    return set(_ENGINES) <= {beat.engine for beat in alive if beat.state == "running"}


_CHECKS = {"database": _database, "tables": _tables, "engines": _engines}
