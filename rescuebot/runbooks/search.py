"""The list of runbooks, by the page. They are thousands, so no filter needs an index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from rescuebot import paging
from rescuebot.paging import Listing, Search
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which runbooks are wanted; `text` is part of the title, description or pattern.

    `deleted` wants those that were deleted, and only those.
    """

    service_type: tuple[str, ...] = ()
    mode: tuple[RunbookMode, ...] = ()
    solution_kind: tuple[SolutionKind, ...] = ()
    enabled: bool | None = None
    text: str | None = None
    deleted: bool = False


LISTING = Listing(
    table=RunbookScript,
    sorts={
        "title": RunbookScript.title,
        "service_type": RunbookScript.service_type,
        "priority": RunbookScript.priority,
        "updated_at": RunbookScript.updated_at,
    },
    sort="title",
    filters={
        "service_type": RunbookScript.service_type,
        "mode": RunbookScript.mode,
        "solution_kind": RunbookScript.solution_kind,
        "enabled": RunbookScript.enabled,
    },
)


def _rest(wanted: Filter) -> list[ColumnElement[bool]]:
    table = RunbookScript
    gone = table.deleted_at.is_not(None) if wanted.deleted else table.deleted_at.is_(None)
    text = paging.contains("text", wanted.text, table.title, table.description, table.error_pattern)
    return [gone, *text]


search = Search(listing=LISTING, rest=_rest)
