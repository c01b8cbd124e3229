"""What is known of a file: what tells it from others, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rescuebot.archive.model import ItemKind
from rescuebot.archive.rows import Item


@dataclass(frozen=True, slots=True)
class Content:
    """What tells one file from another: its size and digest, packed and plain."""

    size: int
    sha256: str
    plain_size: int
    plain_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """What a file holds: rows of each table, and for each item size and digest of its lines."""

    content: Content
    counts: dict[str, int]
    digests: dict[Item, tuple[int, str]]
    # The advice that an item consulted.
    advice: dict[Item, int]
    first_at: datetime
    last_at: datetime

    @property
    def event_ids(self) -> list[int]:
        """The events that it holds."""
        return [item.id for item in self.digests if item.kind is ItemKind.EVENT]
