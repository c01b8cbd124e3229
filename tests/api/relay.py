"""A way to a server that can be cut while it is in use, and mended again."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

from devstack import ports


class Relay:
    """Listens on a port of its own and passes on what comes, until it is cut."""

    def __init__(self, upstream: int) -> None:
        self.port = ports.free(1)[0]
        self._upstream = upstream
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def mend(self) -> None:
        """Take connections again."""
        self._listener = socket.create_server((ports.LOOPBACK, self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Take none, and end those there are."""
        if self._listener is not None:
            _end(self._listener)
            self._listener = None
        while self._open:
            _end(self._open.pop())

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
                there = socket.create_connection((ports.LOOPBACK, self._upstream))
            except OSError:
                return
            self._open += [here, there]
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65_536):
            target.sendall(part)
    except OSError:
        pass  # it was cut
    _end(target)


def _end(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # its other side was faster
    one.close()
