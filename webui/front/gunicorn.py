"""How gunicorn serves the console alone: ``gunicorn --config python:webui.front.gunicorn``.

As it serves the API, with fewer threads: there are only files, and no live stream holds one.
"""

from __future__ import annotations

import os

from webui.api.gunicorn import *  # noqa: F401,F403  gunicorn takes what it knows by name from here

wsgi_app = "webui.front.app:application()"
threads = int(os.environ.get("RESCUE_THREADS", "8"))
