"""The commands and runbooks that a new installation begins with."""

from __future__ import annotations

from datetime import datetime
from importlib import resources
from typing import Any

import yaml
from sqlalchemy.orm import Session

from rescuebot.commands import service as commands
from rescuebot.runbooks import service as runbooks

Counts = dict[str, dict[str, int]]
Items = list[dict[str, Any]]


def load(*, session: Session, created_by: str, now: datetime) -> Counts:
    """Add what is missing, by name and title; what exists already is left as it is."""
    counts: Counts = {kind: {"created": 0, "unchanged": 0} for kind in ("commands", "runbooks")}
    for item in all_commands():
        if commands.get_by_name(session=session, command_name=item["command_name"]):
            counts["commands"]["unchanged"] += 1
            continue
        commands.create(session=session, now=now, **item)
        counts["commands"]["created"] += 1
    for item in all_runbooks():
        if runbooks.get_by_title(session=session, title=item["title"]):
            counts["runbooks"]["unchanged"] += 1
            continue
        runbooks.create(session=session, now=now, created_by=created_by, **item)
        counts["runbooks"]["created"] += 1
    return counts


def all_commands() -> Items:
    """The commands, as `commands.create` takes them."""
    return [_whole(item, "command_script") for item in _read("commands.yaml")]


def all_runbooks() -> Items:
    """The runbooks, as `runbooks.create` takes them."""
    return [_whole(item, "solution_script") for item in _read("runbooks.yaml")]


def _whole(item: dict[str, Any], field: str) -> dict[str, Any]:
    """The item with its script in one piece: YAML can name a part again, but not join parts."""
    script = item[field]
    return item if isinstance(script, str) else {**item, field: "\n".join(script)}


def _read(name: str) -> Items:
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    items: Items = yaml.safe_load(text)
    return items
