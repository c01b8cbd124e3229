"""Fill a file with items until it is full: an item is in it whole, or not at all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.archive import rows as rows_
from rescuebot.archive.content import Filled
from rescuebot.archive.files import Writer
from rescuebot.archive.model import ItemKind
from rescuebot.archive.rows import HEADS, Item, Row, Rows

# The moment that an item is of.
AT = {
    ItemKind.EVENT: "event_time",
    ItemKind.EXECUTION: "planned_at",
    ItemKind.DECISION: "decided_at",
}


class Filling:
    """A file that is being filled."""

    def __init__(self, writer: Writer, *, most_bytes: int) -> None:
        self.is_full = False
        self._writer = writer
        self._most = most_bytes
        self._counts: Counter[str] = Counter()
        self._digests: dict[Item, tuple[int, str]] = {}
        self._advice: dict[Item, int] = {}
        self._times: list[datetime] = []

    def add(self, *, session: Session, rows: Rows) -> None:
        """Add these items, or the first of them, until the file is full."""
        for item, lines in rows_.lines(session=session, rows=rows):
            # One item is always taken, so that one larger than a file goes into a file of its own.
            if self._digests and self._writer.plain_size >= self._most:
                self.is_full = True
                return
            self._add(item, lines, rows.of[item])

    def filled(self) -> Filled | None:
        """What it holds, once the writer is closed; None when that is nothing."""
        if not self._digests:
            return None
        return Filled(
            content=self._writer.content,
            counts={name: self._counts[name] for name in rows_.ORDER if self._counts[name]},
            digests=self._digests,
            advice=self._advice,
            first_at=min(self._times),
            last_at=max(self._times),
        )

    def _add(self, item: Item, lines: Iterator[bytes], by_table: dict[str, list[Row]]) -> None:
        digest, before = hashlib.sha256(), self._writer.plain_size
        for line in lines:
            self._writer.add(line)
            digest.update(line)
        self._digests[item] = (self._writer.plain_size - before, digest.hexdigest())
        self._counts.update({name: len(some) for name, some in by_table.items()})
        for row in by_table.get("consultation", ()):
            self._advice[item] = row["advice_id"]
        head: dict[str, Any] = by_table[HEADS[item.kind]][0]
        self._times.append(head[AT[item.kind]])
