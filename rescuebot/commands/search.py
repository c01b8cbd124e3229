"""The list of commands, by the page. They are hundreds, so no filter needs an index."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from rescuebot import paging
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.paging import Listing, Search


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
    sort="command_name",
    filters={
        "target_service": SaltStackCommand.target_service,
        "command_type": SaltStackCommand.command_type,
    },
)


def _rest(wanted: Filter) -> list[ColumnElement[bool]]:
    table = SaltStackCommand
    gone = table.deleted_at.is_not(None) if wanted.deleted else table.deleted_at.is_(None)
    text = paging.contains("text", wanted.text, table.command_name, table.command_script)
    return [gone, *text]


search = Search(listing=LISTING, rest=_rest)
