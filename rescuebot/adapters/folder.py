"""A folder that keeps files: a file is there whole and on the disk, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescuebot.errors import ArchiveUnavailable

_UNFINISHED = ".unfinished-"


class Folder:
    """One folder, made when it is missing; nobody else may read what is put there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, source: Path) -> None:
        """Store a file under a name, whole or not at all; what was there is replaced."""
        target = self._root / name
        with _own_errors("write"):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made with mode 0600, under a name that no file of the archive has.
            handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=target.parent)
            try:
                with open(handle, "wb") as file, source.open("rb") as content:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, target)
            except OSError:
                Path(unfinished).unlink(missing_ok=True)
                raise
            _sync_upwards(target.parent, self._root)

    def get(self, name: str, target: Path, *, most_bytes: int) -> None:
        """Copy what is stored under a name into a file; more than `most_bytes` is refused."""
        size = self.size(name)
        if size is None:
            raise ArchiveUnavailable(f"The folder of the archive has no file {name}.")
        if size > most_bytes:
            raise ArchiveUnavailable(f"The file {name} is larger than the one that was stored.")
        with _own_errors("read"), (self._root / name).open("rb") as content:
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)

    def size(self, name: str) -> int | None:
        """How many bytes are stored under a name, or None when nothing is."""
        with _own_errors("read"):
            path = self._root / name
            return path.stat().st_size if path.is_file() else None


def _sync_upwards(folder: Path, root: Path) -> None:
    """A new name is on the disk when its folder is, and that when its own parent is."""
    for part in (folder, *folder.parents):
        handle = os.open(part, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if part == root:
            return


@contextmanager
def _own_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnavailable(
            f"The folder of the archive cannot {what} ({error.strerror}).",
            remedy="Check rescue.archive.place, its owner and the room on its disk.",
        ) from error
