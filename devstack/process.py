"""One program that runs in a session of its own, and the end of everything that a world started.

Invariant: a signal goes only to processes of a session that a record of ours opened, or to
processes that carry the mark of our directory.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from devstack import owner, procfs
from devstack.errors import WorldError
from devstack.place import Place
from devstack.procfs import Identity
from devstack.waiting import Hopeless, until

_TAIL_LINES = 25
_GENTLE_SECONDS = 10.0


class Daemon:
    """A program of the world. Its record survives us, so that a later run can end it."""

    def __init__(
        self,
        *,
        name: str,
        arguments: Sequence[str | Path],
        place: Place,
        environment: Mapping[str, str] | None = None,
        logs: Sequence[Path] = (),
        outlives_owner: bool = False,
    ) -> None:
        self.name = name
        self.output = place.logs / f"{name}.out"
        self._arguments = [str(argument) for argument in arguments]
        self._place = place
        self._environment = dict(environment or {})
        self._logs = [*logs, self.output]
        self._outlives_owner = outlives_owner
        self._child: subprocess.Popen[bytes] | None = None
        self._record = place.run / f"{name}.json"

    @property
    def identity(self) -> Identity | None:
        """The process as it was recorded at its start, whether or not it is still there."""
        return read_record(self._record)

    @property
    def pid(self) -> int | None:
        """The pid of the program, None when it does not run."""
        identity = self.identity
        return identity.pid if identity and identity.is_alive() else None

    def start(self, *, ready: Callable[[], object], seconds: float = 30) -> None:
        """Launch it and wait until `ready`."""
        self.launch()
        self.wait_until(ready, seconds=seconds)

    def launch(self) -> None:
        """Start the program without waiting for anything."""
        if self.pid is not None:
            raise WorldError(f"{self.name} runs already.")
        self._child = self._started()
        write_record(self._record, self._child.pid)
        if not self._outlives_owner:
            owner.guard(self, self.stop)

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            with self.output.open("ab") as output:
                return subprocess.Popen(
                    self._arguments,
                    cwd=self._place.directory,
                    env=self._place.environment() | self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=None if self._outlives_owner else owner.die_with_parent(),
                )
        except OSError as error:
            raise WorldError(
                f"{self._arguments[0]} cannot be started: {error.strerror}.",
                remedy="May this user run it? If so, run `make setup emulator` again.",
            ) from None

    def wait_until(self, ready: Callable[[], object], *, seconds: float) -> None:
        """Wait for `ready`; give up early when the program has ended."""

        def condition() -> object:
            if self._has_ended():
                raise Hopeless(f"{self.name} ended while it was starting.", remedy=self.tail())
            return ready()

        until(condition, seconds=seconds, what=f"{self.name} is ready", explain=self.tail)

    def stop(self, *, seconds: float = _GENTLE_SECONDS) -> None:
        """End it and all of its session: asked first, forced when it does not listen."""
        stop_all([self], seconds=seconds)

    def kill(self) -> None:
        """End all of its session at once, as a power cut would."""
        if identity := self.identity:
            _force(lambda: procfs.session_of(identity))
        self._record.unlink(missing_ok=True)
        self.reap()

    def ask_to_end(self) -> None:
        """Send SIGTERM to the program, which knows best in which order to end its children."""
        if identity := self.identity:
            identity.send(SIGTERM)

    def tail(self) -> str:
        """The last lines of its logs, for an error message."""
        return "\n".join(_tail(log) for log in self._logs)

    def members(self) -> list[Identity]:
        """The living processes of its session."""
        return procfs.session_of(self.identity) if self.identity else []

    def _has_ended(self) -> bool:
        if self._child is not None:
            return self._child.poll() is not None
        return self.pid is None

    def reap(self) -> None:
        """Take note that the program has ended, so that no zombie stays behind."""
        if self._child is not None:
            self._child.wait()
            self._child = None
        owner.release(self)


def stop_all(daemons: Sequence[Daemon], *, seconds: float = _GENTLE_SECONDS) -> None:
    """Stop several at a time, because most of the time is spent waiting."""
    for daemon in daemons:
        daemon.ask_to_end()
    _wait_for_end(lambda: [one for daemon in daemons for one in daemon.members()], seconds)
    for daemon in daemons:
        daemon.kill()


def ask_to_end(place: Place, pattern: str) -> None:
    """Send SIGTERM to the recorded programs whose name matches, whoever has started them."""
    for leader in _recorded(place, pattern):
        leader.send(SIGTERM)


def end(place: Place, pattern: str, *, seconds: float) -> None:
    """End the recorded programs whose name matches and their sessions, forced when time is up."""
    ask_to_end(place, pattern)
    leaders = _recorded(place, pattern)

    def remaining() -> list[Identity]:
        return [one for leader in leaders for one in procfs.session_of(leader)]

    _wait_for_end(remaining, seconds)
    _force(remaining)


def sweep(place: Place, *, seconds: float = _GENTLE_SECONDS) -> None:
    """End whatever still runs of the world at `place`, and forget its records."""
    for one in [*_recorded(place, "*"), *_marked(place)]:
        one.send(SIGTERM)
    _wait_for_end(lambda: leftovers(place), seconds)
    _force(lambda: leftovers(place))
    for path in place.run.glob("*.json"):
        path.unlink()


def leftovers(place: Place) -> list[Identity]:
    """All living processes of the world at `place`, whoever started them."""
    found = {one for leader in _recorded(place, "*") for one in procfs.session_of(leader)}
    return sorted(found.union(_marked(place)), key=lambda one: one.pid)


def belongs(pid: int, place: Place) -> bool:
    """Whether a process is of this world, by its environment or by its command line.

    Salt's processes overwrite their environment with their title, but the title names the
    configuration folder that they were started with.
    """
    if place.mark in procfs.environment(pid):
        return True
    return f" -c {place.directory}/" in procfs.command_line(pid)


def _recorded(place: Place, pattern: str) -> list[Identity]:
    paths = sorted(place.run.glob(f"{pattern}.json"))
    return [record for path in paths if (record := read_record(path))]


def _marked(place: Place) -> Iterable[Identity]:
    own_session = os.getsid(0)
    for pid in procfs.everybody():
        found = procfs.stat(pid)
        if found is None or found.session == own_session or not belongs(pid, place):
            continue
        if identity := procfs.identify(pid):
            yield identity


def _wait_for_end(remaining: Callable[[], list[Identity]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while remaining() and time.monotonic() < deadline:
        time.sleep(0.05)


def _force(remaining: Callable[[], list[Identity]]) -> None:
    """SIGKILL until nobody is left, since a process may fork while we look."""
    deadline = time.monotonic() + _GENTLE_SECONDS
    while members := remaining():
        for one in members:
            one.send(SIGKILL)
        if time.monotonic() > deadline:
            pids = ", ".join(str(one.pid) for one in members)
            raise WorldError(f"These processes do not end even by SIGKILL: {pids}.")
        time.sleep(0.02)


def write_record(path: Path, pid: int) -> None:
    """Note a process that we have started. It is our child, so its pid cannot be reused yet."""
    found = procfs.stat(pid)
    if found is None:
        return
    identity = Identity(pid=pid, started=found.started, boot=procfs.boot_id())
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(identity)))
    fresh.replace(path)


def read_record(path: Path) -> Identity | None:
    """The process that a record names, None when there is no whole record."""
    try:
        content: Any = json.loads(path.read_text())
        return Identity(**content)
    except (OSError, ValueError, TypeError):
        return None


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return f"({path} does not exist)"
    return "\n".join([f"--- the end of {path}", *lines[-_TAIL_LINES:]])
