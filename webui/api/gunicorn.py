"""How gunicorn serves the API: one process, many threads.

One process, because the limits and the metrics count within it; threads, because each live stream
holds one. More of them are had by more containers.
"""

from __future__ import annotations

import os
from typing import Any

# The image sets 0.0.0.0:5000; everybody else stays at home.
bind = os.environ.get("RESCUE_BIND", "127.0.0.1:5000")
wsgi_app = "webui.api.wsgi:application()"
workers = 1
worker_class = "webui.api.worker.Worker"
threads = int(os.environ.get("RESCUE_THREADS", "96"))
# A worker that has not beaten for so long is replaced; a stream does not count as silence.
timeout = 60
graceful_timeout = 20
keepalive = 75
# The heartbeat of a worker must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# The control socket of gunicorn would be one more door.
control_socket_disable = True
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
loglevel = "info"
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
    },
}

_SLOWEST_SECONDS = 20


def pre_request(worker: Any, req: Any) -> None:
    """A body that stops coming must not hold a thread for ever."""
    socket = getattr(req.unreader, "sock", None)
    if socket is not None:
        socket.settimeout(_SLOWEST_SECONDS)
