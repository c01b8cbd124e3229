"""A small service for the demo to kill: it answers PING with PONG, and runs as daemons do.

It uses the standard library only and is run by its path, not as a module of the package. The pid
file appears once the port is open, and stays behind when the daemon is killed, as with real ones.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import socketserver
import sys
from pathlib import Path

_HOST = "127.0.0.1"
# The kernel cuts the name of a process after this many characters.
_NAME_LIMIT = 15


class _Answer(socketserver.StreamRequestHandler):
    """One client, line by line."""

    timeout = 30

    def handle(self) -> None:
        for line in self.rfile:
            word = line.strip().upper()
            self.wfile.write(b"PONG\n" if word == b"PING" else b"ERROR say PING\n")


class _Server(socketserver.ThreadingTCPServer):
    """A new start must get its port although old connections linger."""

    allow_reuse_address = True
    daemon_threads = True


def serve(*, name: str, port: int, pid_file: Path, log: Path) -> None:
    """Become a daemon and answer until SIGTERM. A port that is taken ends us before that."""
    with _Server((_HOST, port), _Answer) as server:
        _detach(log)
        Path("/proc/self/comm").write_text(name[:_NAME_LIMIT])
        _write_whole(pid_file, f"{os.getpid()}\n")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(f"{name} answers on {_HOST}:{port} with pid {os.getpid()}", flush=True)
        try:
            server.serve_forever()
        finally:
            pid_file.unlink(missing_ok=True)


def ping(port: int) -> bool:
    """Whether the daemon on this port answers as it should."""
    try:
        with socket.create_connection((_HOST, port), timeout=3) as connection:
            connection.sendall(b"PING\n")
            return connection.recv(16) == b"PONG\n"
    except OSError:
        return False


def _detach(log: Path) -> None:
    """Leave the caller: a session of our own, no terminal, output to a log."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


def _write_whole(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)


def main() -> int:
    """``daemon.py serve …`` or ``daemon.py ping …``."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    served = commands.add_parser("serve", help="run as a daemon")
    pinged = commands.add_parser("ping", help="exit 0 when the daemon answers")
    for command in (served, pinged):
        command.add_argument("--port", type=int, required=True)
    served.add_argument("--name", required=True)
    served.add_argument("--pid-file", type=Path, required=True)
    served.add_argument("--log", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "ping":
        return 0 if ping(given.port) else 1
    serve(name=given.name, port=given.port, pid_file=given.pid_file, log=given.log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
