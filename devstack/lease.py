"""The right to use a directory for a world, and the end of whatever lives in it.

Invariant: two worlds never share a directory, and nothing is removed from a directory that is not
a world's.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devstack import process
from devstack.errors import WorldError
from devstack.place import Place
from devstack.procfs import Identity

Tell = Callable[[str], None]

_NOTE = "world.json"
_LOCK = "lock"
# What a world makes in its directory, and what the next one in the same directory removes.
_FOLDERS = ("api", "bin", "ledger", "logs", "master", "minions", "pillar", "run", "services")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a world tells others about itself, in a file that only its owner can read.

    `minions` has for each its ``server_id`` and its ``services``: name to process, pid file, port.
    `api` has its ``url``, the passwords of ``people``, and the ``key`` of a machine.
    """

    stays: bool
    endpoint: str
    queue_url: str
    database_url: str
    master_config: str
    minions: dict[str, dict[str, Any]]
    api: dict[str, Any] | None = None


class Lease:
    """Holds a directory. The kernel gives it back when the process ends, however it ends."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock: int | None = None

    @property
    def held(self) -> bool:
        """Whether the directory is ours now."""
        return self._lock is not None

    def take(self, *, tell: Tell) -> None:
        """Make the directory ours: lock it, end what is left in it, and empty it."""
        folder = self._place.folder()
        if any(folder.iterdir()) and not (folder / _LOCK).exists():
            raise WorldError(
                f"{folder} is neither empty nor the directory of a world.",
                remedy="Choose another place with --directory.",
            )
        self._take_lock(folder / _LOCK)
        try:
            self._refuse_a_standing_world()
            clean(self._place, tell=tell)
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others have the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self, path: Path) -> None:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise WorldError(
                f"Another process runs a world in {path.parent}.",
                remedy="End that one first, or choose another place with --directory.",
            ) from None
        self._lock = lock

    def _refuse_a_standing_world(self) -> None:
        note = read_note(self._place)
        if note and note.stays and process.leftovers(self._place):
            raise WorldError(
                f"A world is up in {self._place.directory}.",
                remedy="End it with `python -m devstack down`, or choose another --directory.",
            )


def write_note(place: Place, note: Note) -> None:
    """Tell others about the world in this directory."""
    path = place.directory / _NOTE
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(note), indent=2))


def read_note(place: Place) -> Note | None:
    """What the world in a directory has told about itself, None when it has not."""
    try:
        return Note(**json.loads((place.directory / _NOTE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def end_world(place: Place) -> None:
    """End the world in this directory, whoever has started it. Its files stay.

    Salt first: engines finish their work into the ledger, and no minion starts a service behind
    our back. A minion takes its five seconds and has nothing to lose, so it is not waited for.
    """
    process.ask_to_end(place, "minion-*")
    process.ask_to_end(place, "api")
    process.end(place, "master", seconds=20)
    process.end(place, "minion-*", seconds=0)
    process.sweep(place)
    place.release()
    (place.directory / _NOTE).unlink(missing_ok=True)


def clean(place: Place, *, tell: Tell) -> list[Identity]:
    """End what still runs of an earlier world in this directory, and remove its files."""
    left = process.leftovers(place)
    if left:
        tell(f"ending {len(left)} processes that an earlier run has left behind")
    end_world(place)
    for name in _FOLDERS:
        shutil.rmtree(place.directory / name, ignore_errors=True)
    return left
