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


def load(*, session: Session, created_by: str, now: datetime) -> Counts:
    """Add what is missing, by name and title; what exists already is left as it is."""
    counts: Counts = {kind: {"created": 0, "unchanged": 0} for kind in ("commands", "runbooks")}
    for item in _read("commands.yaml"):
        if commands.get_by_name(session=session, command_name=item["command_name"]):
            counts["commands"]["unchanged"] += 1
            continue
        commands.create(session=session, now=now, **item)
        counts["commands"]["created"] += 1
    for item in _read("runbooks.yaml"):
        if runbooks.get_by_title(session=session, title=item["title"]):
            counts["runbooks"]["unchanged"] += 1
            continue
        runbooks.create(session=session, now=now, created_by=created_by, **item)
        counts["runbooks"]["created"] += 1
    return counts


def _read(name: str) -> list[dict[str, Any]]:
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    items: list[dict[str, Any]] = yaml.safe_load(text)
    return items
