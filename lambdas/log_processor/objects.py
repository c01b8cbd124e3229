"""From a batch of lines to the object that is kept of it.

Invariant: the same lines make the same object under the same key; no line is in it that was not
redacted first.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from . import lines
from .payload import Batch, Line
from .redact import Redactor
from .tally import Tally

_LEVEL = 6


def packed(batch: Batch) -> tuple[bytes, Tally]:
    """A line of JSON for each line, packed as it is written, and what was counted of them."""
    redactor, tally, made = Redactor(), Tally(), io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", filename="", compresslevel=_LEVEL, mtime=0) as file:
        for line in batch.lines:
            clean, found = redactor.redacted(line.text)
            parsed = lines.parse(clean)
            tally.add(parsed, redacted=found)
            told = json.dumps(
                _kept(batch, line, clean, parsed), ensure_ascii=False, separators=(",", ":")
            )
            # Halves of characters can be in JSON, and in no file.
            file.write(told.encode(errors="replace") + b"\n")
    return made.getvalue(), tally


def key(batch: Batch, prefix: str) -> str:
    """By log group and hour, so that one finds it and a rule of the bucket can move it."""
    group = re.sub(r"[^A-Za-z0-9_-]+", "-", batch.group).strip("-")[:120] or "group"
    hour = _moment(min(line.at for line in batch.lines)).strftime("%Y/%m/%d/%H")
    return f"{prefix}/{group}/{hour}/{batch.name}.ndjson.gz"


def _kept(batch: Batch, line: Line, clean: str, parsed: lines.Parsed) -> Mapping[str, Any]:
    return {
        "time": _moment(line.at).isoformat(timespec="milliseconds"),
        "group": batch.group,
        "stream": batch.stream,
        "id": line.name,
        "level": parsed.level,
        "logger": parsed.logger,
        "event": parsed.event,
        "fields": parsed.fields,
        "message": clean,
    }


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
