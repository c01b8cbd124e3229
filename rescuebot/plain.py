"""Rows as plain values for JSON: the names of their columns, ISO times with a zone, enum values."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import inspect

from rescuebot.clock import isoformat
from rescuebot.database import Base


def row(of: Base, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The loaded columns of a row; what was deferred or is in `without` is left out."""
    state = inspect(of)
    left_out = {*without, *state.unloaded}
    return {
        attribute.key: value(getattr(of, attribute.key))
        for attribute in state.mapper.column_attrs
        if attribute.key not in left_out
    }


def rows(of: Iterable[Base], *, without: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The same for many."""
    without = tuple(without)
    return [row(item, without=without) for item in of]


def value(of: Any) -> Any:
    """One value that JSON knows."""
    if isinstance(of, datetime):
        return isoformat(of)
    if isinstance(of, enum.Enum):
        return of.value
    return of
