"""The application as gunicorn serves it: ``gunicorn --config python:webui.api.gunicorn``."""

from __future__ import annotations

from flask import Flask

from rescuebot.database import Database
from webui.api.app import create_app
from webui.serving import served


def application() -> Flask:
    """The application, built in the worker: connections must not cross a fork."""
    return served(lambda settings: create_app(settings, Database(settings.database)), name="API")
