"""The application: layer upon layer, from the edge to the resources."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry

from rescuebot import logs
from rescuebot.database import Database
from rescuebot.errors import Problem, SettingsInvalid
from rescuebot.settings import Settings
from webui.api import (
    console,
    context,
    edge,
    limits,
    live,
    metrics,
    oidc,
    problems,
    spec,
    watch,
    who,
)
from webui.api.resources import BLUEPRINTS

PREFIX = "/api/v1"


def create_app(
    settings: Settings, database: Database, *, built_console: Path = console.BUILT
) -> Flask:
    """The API over this ledger. Raises SettingsInvalid where it could not be safe."""
    if settings.web.jwt_key is None:
        words = "must be given, 32 bytes or more; best as RESCUE_WEB__JWT_KEY"
        raise SettingsInvalid([Problem("rescue.web.jwt_key", words)])
    logs.configure()
    app = Flask("rescuebot", static_folder=None)
    app.url_map.strict_slashes = False
    registry = CollectorRegistry()
    metrics.install(registry, database)
    context.put(app, context.Context(settings, database, registry))
    problems.install(app)
    # First, so that also what the edge refuses has an id of its own in the log.
    watch.install(app, registry)
    edge.install(app, settings.web)
    who.install(app, settings.web)
    oidc.install(app, settings.web)
    live.install(app, database, settings.web.streams)
    api = spec.Api(app, spec_kwargs={"version": version("rescuebot")})
    for blueprint in BLUEPRINTS:
        prefix = PREFIX if blueprint.versioned else ""
        api.register_blueprint(blueprint, url_prefix=prefix + (blueprint.url_prefix or ""))
    console.install(app, built_console)
    limits.install(app, settings.web)
    _require_policies(app)
    return app


def _require_policies(app: Flask) -> None:
    """Nothing is served by accident, such as a route that an extension brings along."""
    bare = [name for name, view in app.view_functions.items() if not hasattr(view, "policy")]
    if bare:
        raise TypeError(f"Routes without a policy: {', '.join(sorted(bare))}")
