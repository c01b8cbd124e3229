"""Can the demo run here? Asked before anything is started, and answered in friendly words."""

from __future__ import annotations

import os
from pathlib import Path

from devstack import emulator, mariadb
from devstack.errors import WorldError
from devstack.place import Place, tool

_PROGRAMS = ("salt-master", "salt-minion", "salt-run", "salt")


def check(place: Place, *, database: str) -> list[str]:
    """What was found, in words; WorldError with a remedy for the first thing that is missing."""
    if not Path("/proc/self/stat").exists():
        raise WorldError(
            "The embedded world needs Linux: it looks after its processes in /proc.",
            remedy="On another system, run it in a container or a virtual machine.",
        )
    for name in _PROGRAMS:
        tool(name)
    emulator.program()
    _check_directory(place)
    if database == "mariadb" and not mariadb.is_installed():
        mariadb.program()
    return [_mysql_words()]


def _check_directory(place: Place) -> None:
    folder = place.folder()
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WorldError(
            f"There is no permission to write to {folder}.",
            remedy="Was it made by another user (sudo)? Remove it, or choose another --directory.",
        )
    for entry in folder.iterdir():
        if not os.access(entry, os.W_OK):
            raise WorldError(
                f"{entry} belongs to somebody else, so it cannot be made anew.",
                remedy=f"Remove {folder} as the user who made it, or choose another --directory.",
            )


def _mysql_words() -> str:
    if mariadb.is_installed():
        return "MariaDB is installed, so the service that dies is a real database server"
    return "no MariaDB here, so the service that dies is the small daemon of the project"
