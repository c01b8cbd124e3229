"""The application as gunicorn serves it: ``gunicorn --config python:webui.api.gunicorn``.

Settings come from ``RESCUE_FILE`` and ``RESCUE_*``. What is wrong with them is told in one line.
"""

from __future__ import annotations

import os
import sys

from flask import Flask

from rescuebot import settings as settings_
from rescuebot.database import Database
from rescuebot.errors import RescueError
from webui.api import gunicorn
from webui.api.app import create_app


def application() -> Flask:
    """The application, built in the worker: connections must not cross a fork."""
    try:
        settings = settings_.load(environ=_settings())
        return create_app(settings, Database(settings.database))
    except RescueError as error:
        print(f"The API cannot start. {error}", file=sys.stderr)
        # gunicorn's code for an application that cannot be loaded: it does not try again.
        sys.exit(4)


def _settings() -> dict[str, str]:
    """The environment without what is gunicorn's: it looks like settings and is none."""
    return {name: text for name, text in os.environ.items() if name not in gunicorn.OWN}
