"""The files of the archive: compressed lines and a manifest, written and read as streams.

Invariant: the same lines give the same bytes, and no more is unpacked than was once written.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from rescuebot.archive.content import Content, Filled
from rescuebot.archive.model import Archive
from rescuebot.clock import isoformat
from rescuebot.errors import ArchiveRefused

FORMAT = 1
LINES = ".jsonl.gz"
MANIFEST = ".manifest.json"
MANIFEST_BYTES = 100_000

_LEVEL = 6
_PIECE = 1 << 20
# A result of 10 MB whose letters all have to be written as \u0000, and the rest of its row.
_LINE_BYTES = 100_000_000


class Writer:
    """Packs lines into a file; `content` is known when it is closed."""

    content: Content

    def __init__(self, path: Path) -> None:
        self.plain_size = 0
        self._plain = hashlib.sha256()
        self._packed = _Hashing(path.open("wb"))
        # Without name and time in the header the same lines give the same file.
        self._gzip = gzip.GzipFile(
            fileobj=self._packed, mode="wb", filename="", mtime=0, compresslevel=_LEVEL
        )

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gzip.close()
        self._packed.close()
        self.content = Content(
            size=self._packed.size,
            sha256=self._packed.digest.hexdigest(),
            plain_size=self.plain_size,
            plain_sha256=self._plain.hexdigest(),
        )

    def add(self, line: bytes) -> None:
        """The next line, with its end."""
        self._gzip.write(line)
        self._plain.update(line)
        self.plain_size += len(line)


class _Hashing:
    """A file that counts and digests what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._file = file

    def write(self, data: bytes) -> int:
        """Write all of it."""
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def check(path: Path, *, expected: Content) -> None:
    """Refuse a file that is not, packed and plain, what was written."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if (path.stat().st_size, digest) != (expected.size, expected.sha256):
        raise ArchiveRefused(
            "The file has another checksum than the one that was stored.",
            remedy="Nothing was inserted. Fetch an older version of it, if the place keeps them.",
        )
    plain = hashlib.sha256()
    for line in read(path, most_bytes=expected.plain_size):
        plain.update(line)
    if plain.hexdigest() != expected.plain_sha256:
        raise ArchiveRefused("The file unpacks to something else than what was written.")


def read(path: Path, *, most_bytes: int) -> Iterator[bytes]:
    """The lines of a file, of which no more than `most_bytes` is unpacked."""
    left = most_bytes
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(min(_LINE_BYTES, left) + 1):
                left -= len(line)
                if left < 0 or len(line) > _LINE_BYTES:
                    raise ArchiveRefused("The file unpacks to more than was written.")
                yield line
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ArchiveRefused("The file is damaged: it cannot be unpacked.") from None


def content_of(archive: Archive) -> Content:
    """What the ledger knows of a file."""
    return Content(
        size=archive.size,
        sha256=archive.sha256,
        plain_size=archive.plain_size,
        plain_sha256=archive.plain_sha256,
    )


def manifest(*, archive: Archive, filled: Filled, revision: str) -> bytes:
    """What the file holds, for those who have only the files."""
    told: dict[str, Any] = {
        "format": FORMAT,
        "archive": archive.id,
        "file": archive.name.rpartition("/")[2] + LINES,
        "revision": revision,
        "rows": filled.counts,
        "first_event_id": min(filled.event_ids, default=None),
        "last_event_id": max(filled.event_ids, default=None),
        "first_at": isoformat(filled.first_at),
        "last_at": isoformat(filled.last_at),
        **dataclasses.asdict(filled.content),
    }
    return json.dumps(told, indent=2).encode("utf-8") + b"\n"


def check_manifest(text: bytes, *, archive: Archive) -> None:
    """Refuse a manifest that tells of another file."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    expected = dataclasses.asdict(content_of(archive))
    if not isinstance(told, dict) or not expected.items() <= told.items():
        raise ArchiveRefused("The manifest does not tell of the file that was stored with it.")
