"""What the HTTP servers of the devstack share: threads, no chatter, answers that leave at once."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """A server that nobody waits for when it ends."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    # 1,000 askers may come at once.
    request_queue_size = 1024

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has ended or given up waiting is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection; each answer leaves at once."""

    protocol_version = "HTTP/1.1"
    # Without both of these a request takes 40 ms of waiting for an acknowledgement.
    wbufsize = -1

    def setup(self) -> None:
        """Send small answers without delay."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Quietly."""
