"""Where files are kept for long: S3 or a folder, told apart by how the place is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from rescuebot.adapters.folder import Folder
from rescuebot.adapters.s3 import Bucket
from rescuebot.errors import ArchiveUnavailable
from rescuebot.settings import AwsSettings

# A name never leaves its place: no empty part, no part that begins with a dot.
_NAME = re.compile(r"([a-z0-9][a-z0-9._-]*/)*[a-z0-9][a-z0-9._-]*")


class Place(Protocol):
    """Files by name. Every trouble of it comes out as ArchiveUnavailable."""

    def put(self, name: str, source: Path) -> None:
        """Store a file under a name, whole or not at all; what was there is replaced."""

    def get(self, name: str, target: Path, *, most_bytes: int) -> None:
        """Copy what is stored under a name into a file; more than `most_bytes` is refused."""

    def size(self, name: str) -> int | None:
        """How many bytes are stored under a name, or None when nothing is."""


class _Checked:
    """A place that takes only names which cannot point out of it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def put(self, name: str, source: Path) -> None:
        """As the place does."""
        self._place.put(_checked(name), source)

    def get(self, name: str, target: Path, *, most_bytes: int) -> None:
        """As the place does."""
        self._place.get(_checked(name), target, most_bytes=most_bytes)

    def size(self, name: str) -> int | None:
        """As the place does."""
        return self._place.size(_checked(name))


def opened(place: str, *, aws: AwsSettings) -> Place:
    """The place that is written as ``s3://bucket/prefix`` or as the path of a folder."""
    if place.startswith("s3://"):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        return _Checked(Bucket(bucket, prefix=prefix.strip("/"), aws=aws))
    return _Checked(Folder(Path(place)))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ArchiveUnavailable("A file of the archive has a name that could leave its place.")
    return name
