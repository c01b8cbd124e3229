"""The list of runbooks, by the page. They are thousands, so no filter needs an index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.cursors import Total
from rescuebot.paging import Listing, Page, Way
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
    filters={
        "service_type": RunbookScript.service_type,
        "mode": RunbookScript.mode,
        "solution_kind": RunbookScript.solution_kind,
        "enabled": RunbookScript.enabled,
    },
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "title",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[RunbookScript]:
    """A page of runbooks, by ``title``, ``service_type``, ``priority`` or ``updated_at``."""
    way = _way(wanted, sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such runbooks there are, as far as that is counted."""
    return paging.count(session=session, way=_way(wanted, None))


def _way(wanted: Filter, sort: str | None) -> Way[RunbookScript]:
    table = RunbookScript
    gone = table.deleted_at.is_not(None) if wanted.deleted else table.deleted_at.is_(None)
    text = paging.contains("text", wanted.text, table.title, table.description, table.error_pattern)
    return paging.way(LISTING, wanted, sort=sort, rest=[gone, *text])
