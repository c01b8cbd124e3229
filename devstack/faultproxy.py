"""A proxy in front of the AWS emulator that fails as networks and services do.

It can do what a killed emulator cannot: let a request be carried out and lose the answer, or
answer half of it. What it forwards it does not change.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from devstack import ports

_UPSTREAM_SECONDS = 40
_PIECES = 8
_ERROR = b'{"__type":"com.amazonaws.sqs#InternalError","message":"We have met an error."}'
# These belong to one connection and are not passed on.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


class Fault(StrEnum):
    """How the endpoint fails."""

    NONE = "none"
    REFUSE = "refuse"  # nobody listens, and open connections are closed
    HANG = "hang"  # requests are taken and never answered
    ERROR = "error"  # 500 at once, nothing is carried out
    SLOW = "slow"  # carried out, the answer comes in pieces over `seconds`
    CUT = "cut"  # carried out, half of the answer comes
    SWALLOW = "swallow"  # carried out, no answer comes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    fault: Fault = Fault.NONE
    only: str = ""
    seconds: float = 0.0


class FaultProxy:
    """Listens on a port of its own and forwards to the port that `upstream` names at the time."""

    def __init__(self, upstream: Callable[[], int]) -> None:
        self.port = ports.free(1)[0]
        self.endpoint = f"http://{ports.LOOPBACK}:{self.port}"
        self.failed = 0
        self._upstream = upstream
        self._plan = _Plan()
        self._changed = threading.Condition()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._set(_Plan(fault=Fault.REFUSE))
        self._deafen()

    def fail(self, fault: Fault, *, only: str = "", seconds: float = 0.0) -> None:
        """Fail like this from now on; `only` requests whose X-Amz-Target ends with this name."""
        self._set(_Plan(fault=fault, only=only, seconds=seconds))
        if fault is Fault.REFUSE:
            self._deafen()
        else:
            self._listen()

    def heal(self) -> None:
        """Work again; what hangs is cut off, so that its sender tries anew."""
        self.fail(Fault.NONE)

    def plan_for(self, operation: str) -> _Plan:
        """What is to happen to a request, and count it when it is to fail."""
        plan = self._plan
        if plan.fault is Fault.NONE or not operation.endswith(plan.only):
            return _Plan()
        with self._changed:
            self.failed += 1
        return plan

    def wait_for_change(self, plan: _Plan) -> None:
        """Hold a request for as long as things are as they are."""
        with self._changed:
            self._changed.wait_for(lambda: self._plan is not plan)

    def forward(self, request: _Request, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the emulator answers: status, headers, body."""
        upstream = http.client.HTTPConnection(
            ports.LOOPBACK, self._upstream(), timeout=_UPSTREAM_SECONDS
        )
        try:
            upstream.request(request.command, request.path, body, headers=_passed_on(request))
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _set(self, plan: _Plan) -> None:
        with self._changed:
            self._plan = plan
            self._changed.notify_all()

    def _listen(self) -> None:
        if self._server is not None:
            return
        proxy = self

        class Request(_Request):
            owner = proxy

        self._server = _Server((ports.LOOPBACK, self.port), Request)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _deafen(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its other side was faster

    def opened(self, connection: socket.socket) -> None:
        """A connection to cut when we refuse."""
        self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """It is gone."""
        self._open.discard(connection)


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    # What a cut connection makes its thread say is what was asked for.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Request(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def setup(self) -> None:
        super().setup()
        self.owner.opened(self.connection)

    def finish(self) -> None:
        self.owner.closed(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Quietly."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plan = self.owner.plan_for(self.headers.get("X-Amz-Target", ""))
        if plan.fault in (Fault.HANG, Fault.REFUSE):
            self.owner.wait_for_change(plan) if plan.fault is Fault.HANG else None
            self.close_connection = True
        elif plan.fault is Fault.ERROR:
            headers = [("Content-Type", "application/x-amz-json-1.0")]
            self._answer(500, headers, _ERROR, plan)
        else:
            self._answer(*self.owner.forward(self, body), plan)

    do_GET = do_POST

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, plan: _Plan
    ) -> None:
        if plan.fault is Fault.SWALLOW:
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body, plan)

    def _write(self, body: bytes, plan: _Plan) -> None:
        if plan.fault is Fault.CUT:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif plan.fault is Fault.SLOW:
            size = max(1, len(body) // _PIECES)
            for start in range(0, len(body), size):
                time.sleep(plan.seconds / _PIECES)
                self.wfile.write(body[start : start + size])
        else:
            self.wfile.write(body)


def _passed_on(request: BaseHTTPRequestHandler) -> dict[str, str]:
    return {
        name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP
    }
