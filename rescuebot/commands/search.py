"""The list of commands, by the page. They are hundreds, so no filter needs an index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from rescuebot import paging
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.cursors import Total
from rescuebot.paging import Listing, Page, Way


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which commands are wanted; `text` is part of the name or of the script.

    `deleted` wants those that were deleted, and only those.
    """

    target_service: tuple[str, ...] = ()
    command_type: tuple[CommandType, ...] = ()
    text: str | None = None
    deleted: bool = False


LISTING = Listing(
    table=SaltStackCommand,
    sorts={
        "command_name": SaltStackCommand.command_name,
        "target_service": SaltStackCommand.target_service,
        "updated_at": SaltStackCommand.updated_at,
    },
    filters={
        "target_service": SaltStackCommand.target_service,
        "command_type": SaltStackCommand.command_type,
    },
)


def search(
    *,
    session: Session,
    wanted: Filter,
    sort: str = "command_name",
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[SaltStackCommand]:
    """A page of commands, sorted by ``command_name``, ``target_service`` or ``updated_at``."""
    way = _way(wanted, sort)
    return paging.page(session=session, way=way, cursor=cursor, limit=limit)


def count(*, session: Session, wanted: Filter) -> Total:
    """How many such commands there are, as far as that is counted."""
    return paging.count(session=session, way=_way(wanted, None))


def _way(wanted: Filter, sort: str | None) -> Way[SaltStackCommand]:
    table = SaltStackCommand
    gone = table.deleted_at.is_not(None) if wanted.deleted else table.deleted_at.is_(None)
    text = paging.contains("text", wanted.text, table.command_name, table.command_script)
    return paging.way(LISTING, wanted, sort=sort, rest=[gone, *text])
