"""How gunicorn gets an application: settings of ``RESCUE_FILE`` and ``RESCUE_*``, plain errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from flask import Flask

from rescuebot import settings
from rescuebot.errors import RescueError
from rescuebot.settings import Settings

# gunicorn's code for an application that cannot be loaded: it does not try again.
_NOT_LOADED = 4


def served(make: Callable[[Settings], Flask], *, name: str) -> Flask:
    """What `make` builds of the settings; with wrong ones the process ends with a line about it."""
    try:
        return make(settings.load(environ=os.environ))
    except RescueError as error:
        print(f"The {name} cannot start. {error}", file=sys.stderr)
        sys.exit(_NOT_LOADED)
