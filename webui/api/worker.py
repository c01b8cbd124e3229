"""The worker that gunicorn runs: its gthread, which here waits for no client where all would wait.

Invariant: the main loop never waits for a client. A client that does not hang up holds one thread,
for two seconds.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from webui.api import live


class Worker(ThreadWorker):  # type: ignore[misc]
    """gthread, with connections closed by their own threads, and streams that end when asked to."""

    def handle(self, conn: Any) -> Any:
        """Serve a connection; called in a thread.

        gthread would close it in its main loop and there wait up to two seconds for the client to
        hang up as well: a few that do not would keep everybody waiting.
        """
        kept = super().handle(conn)
        if not kept:
            conn.close(graceful=True)
            conn.close = _nothing_left
        return kept

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: whoever asks shall not wait until the last stream ends by itself."""
        application = getattr(self, "wsgi", None)
        if application is not None:
            live.of(application).end()
        super().handle_exit(sig, frame)


def _nothing_left(graceful: bool = False) -> None:
    """It is closed already."""
