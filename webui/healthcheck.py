"""Whether the API in this container answers: exit code 0, or 1. It loads nothing of the API."""

from __future__ import annotations

import http.client
import os
import sys

_SECONDS = 4


def main() -> int:
    """Ask on the port that gunicorn is bound to. No proxy of the environment is used."""
    port = int(os.environ.get("RESCUE_BIND", "127.0.0.1:5000").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health")
        # Also a refusal, of a host name that is not trusted, is an answer of a living process.
        return 0 if connection.getresponse().status < 500 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
