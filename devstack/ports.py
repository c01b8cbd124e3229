"""Free TCP ports on the loopback address."""

from __future__ import annotations

import fcntl
import functools
import os
import random
import socket
import tempfile
from pathlib import Path

from devstack.errors import WorldError

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes ports for outgoing connections: a port that we chose
# and have not bound yet, or that a killed service will want back, is not taken by chance.
_LOWEST, _HIGHEST = 20000, 32000
_TRIES = 200
_claimed: set[int] = set()


def free(count: int = 1) -> list[int]:
    """`count` different ports that nobody listens on, and that nobody else is given while this
    process lives: what is to listen on them may begin to do so much later.
    """
    found: list[int] = []
    for port in random.sample(range(_LOWEST, _HIGHEST), _TRIES + count):
        if _can_be_bound(port) and _claim(port):
            found.append(port)
        if len(found) == count:
            return found
    raise WorldError(
        f"No free port was found on {LOOPBACK} between {_LOWEST} and {_HIGHEST}.",
        remedy="Is this process allowed to listen on the loopback address?",
    )


def accepts(port: int, *, seconds: float = 0.5) -> bool:
    """Whether somebody accepts connections on this port of the loopback address."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=seconds).close()
    except OSError:
        return False
    return True


def _claim(port: int) -> bool:
    """Whether it is now ours. A byte of a file stands for it; the lock ends with this process."""
    if port in _claimed:
        return False
    try:
        fcntl.lockf(_book(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _claimed.add(port)
    return True


@functools.cache
def _book() -> int:
    # Opened once: to close any descriptor of it would end all locks.
    path = Path(tempfile.gettempdir()) / f"rescue-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _can_be_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
