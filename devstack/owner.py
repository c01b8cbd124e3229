"""What a process has started ends with it: by exception, by exit, by SIGINT, SIGTERM or SIGHUP.

Against SIGKILL of the owner there are the kernel's parent-death signal and the next start.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

Close = Callable[[], None]

# Keyed by the process too: a forked child inherits this list and must not act on it.
_guarded: dict[tuple[int, int], Close] = {}

_PR_SET_PDEATHSIG = 1
# Loaded here, because between fork and exec hardly anything is safe.
_LIBC = ctypes.CDLL(None, use_errno=True)


def guard(owned: object, close: Close) -> None:
    """Call `close` when this process ends, unless `release` comes first."""
    if not _guarded:
        atexit.register(_close_all)
        _exit_on_signals()
    _guarded[os.getpid(), id(owned)] = close


def release(owned: object) -> None:
    """`owned` has been closed by other means."""
    _guarded.pop((os.getpid(), id(owned)), None)


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before it becomes its program, so that it hears of our sudden end.

    The kernel watches the thread that forked, not the process, so only the main thread may ask
    for this: any other could end long before us.
    """
    if threading.current_thread() is not threading.main_thread():
        return None
    parent = os.getpid()

    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _close_all() -> None:
    for (pid, _), close in list(_guarded.items()):
        if pid == os.getpid():
            close()
    _guarded.clear()


def _exit_on_signals() -> None:
    """Turn signals that would end us at once into an exit that cleans up."""
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is signal.SIG_DFL:
            signal.signal(signum, _exit)


def _exit(signum: int, _frame: object) -> None:
    sys.exit(128 + signum)
