"""Which processes exist, read from /proc, and signals that reach the meant process or none.

Invariant: a process is known by its pid, its start time and the boot it belongs to, so a pid that
has been given to somebody else is never taken for ours.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for ever: `started` is in clock ticks since `boot`."""

    pid: int
    started: int
    boot: str

    def is_alive(self) -> bool:
        """Whether this very process still exists. A zombie does not count."""
        return identify(self.pid) == self

    def send(self, signum: signal.Signals) -> bool:
        """Signal this very process; False when it is gone."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            return self._send_by_number(signum)
        try:
            # The handle pins the pid: what is checked now is what gets the signal.
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(handle, signum)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def _send_by_number(self, signum: signal.Signals) -> bool:
        # Kernels before 5.3 have no handles.
        if not self.is_alive():
            return False
        try:
            os.kill(self.pid, signum)
        except ProcessLookupError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc/PID/stat says, as far as we need it."""

    state: str
    session: int
    threads: int
    started: int

    @property
    def has_ended(self) -> bool:
        """Whether it is a zombie whole: its other threads may hold ports and files for longer."""
        return self.state in "ZX" and self.threads <= 1


def boot_id() -> str:
    """The identity of the running boot of this machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def stat(pid: int) -> Stat | None:
    """The state of a process, or None when there is none."""
    try:
        line = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The command's name stands in brackets and may hold anything, even brackets.
    fields = line.rpartition(")")[2].split()
    return Stat(
        state=fields[0],
        session=int(fields[3]),
        threads=int(fields[17]),
        started=int(fields[19]),
    )


def identify(pid: int) -> Identity | None:
    """The process that has this pid now; None for none and for a zombie."""
    found = stat(pid)
    if found is None or found.has_ended:
        return None
    return Identity(pid=pid, started=found.started, boot=boot_id())


def everybody() -> Iterator[int]:
    """The pids of all processes."""
    return (int(entry) for entry in os.listdir(_PROC) if entry.isdigit())


def session_of(leader: Identity) -> list[Identity]:
    """The living processes of the session that `leader` opened.

    While a session has members, the kernel gives its number to nobody else. So if another process
    has the leader's pid by now, the session is over and these would be strangers.
    """
    holder = stat(leader.pid)
    if leader.boot != boot_id() or (holder and holder.started != leader.started):
        return []
    return [found for pid in everybody() if (found := _in_session(pid, leader.pid))]


def _in_session(pid: int, session: int) -> Identity | None:
    found = stat(pid)
    return identify(pid) if found and found.session == session else None


def environment(pid: int) -> list[str]:
    """The ``NAME=value`` entries that a process was started with; empty when not readable."""
    return _zero_terminated(pid, "environ")


def command_line(pid: int) -> str:
    """The command line with single blanks; empty when not readable."""
    return " ".join(_zero_terminated(pid, "cmdline"))


def _zero_terminated(pid: int, name: str) -> list[str]:
    try:
        content = (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return []
    return content.rstrip(b"\0").decode(errors="replace").split("\0")
