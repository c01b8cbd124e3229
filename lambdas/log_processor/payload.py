"""From what CloudWatch has packed to log lines.

Invariant: no more than the given number of bytes is ever unpacked, whatever a payload claims; what
is not a payload of CloudWatch is Poison.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .failure import Poison

_CHUNK = 64 * 1024
# With gzip's header, as zlib names it.
_GZIP = 31
# The last moment of the year 9999, in milliseconds: what has a later one has no date.
_LATEST = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Line:
    """One log event: milliseconds since 1970, and what was written."""

    name: str
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one stream of one log group. `name` is the same whenever the same lines come."""

    group: str
    stream: str
    lines: tuple[Line, ...]
    name: str


def packed(data: str) -> bytes:
    """The bytes of base64."""
    try:
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise Poison("not_base64") from None


def read(content: bytes, *, most_bytes: int) -> Batch | None:
    """The lines of a payload; None for a message that only tries whether we are here."""
    try:
        told = json.loads(_unpacked(content, most_bytes))
    except (ValueError, RecursionError):
        raise Poison("not_json") from None
    if not isinstance(told, dict):
        raise Poison("not_of_cloudwatch")
    if told.get("messageType") == "CONTROL_MESSAGE":
        return None
    return _batch(told)


def _unpacked(content: bytes, most_bytes: int) -> bytearray:
    """Unpack piece by piece and stop at the limit: a bomb never comes to be in memory."""
    unpacker = zlib.decompressobj(_GZIP)
    found = bytearray()
    rest = content
    try:
        while rest and not unpacker.eof:
            found += unpacker.decompress(rest, _CHUNK)
            if len(found) > most_bytes:
                raise Poison("too_large")
            rest = unpacker.unconsumed_tail
        found += unpacker.flush()
    except zlib.error:
        raise Poison("not_gzip") from None
    if not unpacker.eof or unpacker.unused_data:
        raise Poison("not_gzip")
    return found


def _batch(told: Mapping[str, Any]) -> Batch:
    group, stream, given = (told.get(name) for name in ("logGroup", "logStream", "logEvents"))
    sound = told.get("messageType") == "DATA_MESSAGE" and isinstance(given, list) and given
    if not sound or not _is_name(group) or not _is_name(stream):
        raise Poison("not_of_cloudwatch")
    lines = tuple(_line(one) for one in given)
    return Batch(group, stream, lines, _name(str(told.get("owner", "")), group, stream, lines))


def _line(one: Any) -> Line:
    name, at, text = (
        (one.get("id"), one.get("timestamp"), one.get("message"))
        if isinstance(one, dict)
        else (None, None, None)
    )
    timely = isinstance(at, int) and not isinstance(at, bool) and 0 <= at <= _LATEST
    if not _is_name(name) or not timely or not isinstance(text, str):
        raise Poison("not_of_cloudwatch")
    return Line(name, at, text)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 512


def _name(owner: str, group: str, stream: str, lines: tuple[Line, ...]) -> str:
    """By the ids that CloudWatch gave, not by the texts: who knows all of a text but its secret
    could try out secrets on a hash of it."""
    parts = [owner, group, stream, *(f"{line.name}:{line.at}" for line in lines)]
    known = json.dumps(parts).encode()
    return hashlib.sha256(known).hexdigest()
