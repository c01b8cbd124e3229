"""The worker that gunicorn runs: its gthread, which here waits for no client where all would wait.

Invariant: the main loop never waits for a client, and no client holds a thread for long: two
seconds by not hanging up, ten by not ending its headers.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from webui.api import live

# From the first byte to the end of the headers. gunicorn itself waits for ever, and as many half
# requests as there are threads would end all service.
_HEADER_SECONDS = 10.0
_LOOK_SECONDS = 1.0


class Worker(ThreadWorker):  # type: ignore[misc]
    """gthread, with connections closed by their own threads, and streams that end when asked to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Connections whose headers are being read, and since when.
        self._reading: dict[Any, float] = {}

    def init_process(self) -> None:
        """Begin to look after slow clients, behind the fork."""
        threading.Thread(target=self._look, name="slow-headers", daemon=True).start()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Serve a connection; called in a thread.

        gthread would close it in its main loop and there wait up to two seconds for the client to
        hang up as well: a few that do not would keep everybody waiting.
        """
        self._reading[conn] = time.monotonic()
        try:
            kept = super().handle(conn)
        finally:
            self._reading.pop(conn, None)
        if not kept:
            conn.close(graceful=True)
            conn.close = _nothing_left
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request: its headers are there."""
        self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: whoever asks shall not wait until the last stream ends by itself."""
        application = getattr(self, "wsgi", None)
        if application is not None:
            live.of(application).end()
        super().handle_exit(sig, frame)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            late = time.monotonic() - _HEADER_SECONDS
            for conn, since in list(self._reading.items()):
                if since < late:
                    # Its thread reads the end of the connection, as if the other side had gone.
                    with suppress(OSError):
                        conn.sock.shutdown(socket.SHUT_RDWR)


def _nothing_left(graceful: bool = False) -> None:
    """It is closed already."""
