"""The application of the front end: the console, its health, and the same edge as the API has.

Browsers ask for the API at the same address; a load balancer sends ``/api`` to the API itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry

from rescuebot import logs
from rescuebot.settings import Settings
from webui.api import console, edge, problems, watch
from webui.api.door import Open
from webui.serving import served


def create_app(settings: Settings, *, built_console: Path = console.BUILT) -> Flask:
    """The console that was built there. Of the settings it reads only what is about hosts."""
    logs.configure()
    app = Flask("rescuebot-front", static_folder=None)
    app.url_map.strict_slashes = False
    problems.install(app)
    # Nobody reads these figures here; the API has those that matter.
    watch.install(app, CollectorRegistry())
    edge.install(app, settings.web)
    app.add_url_rule("/health", "show_health", show_health, methods=["GET"])
    console.install(app, built_console)
    return app


def show_health() -> dict[str, Any]:
    """Whether the process answers, in the words of the API."""
    return {"status": "ok"}


show_health.policy = Open.ANYBODY  # type: ignore[attr-defined]


def application() -> Flask:
    """What gunicorn serves."""
    return served(create_app, name="console")
