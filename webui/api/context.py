"""What every view works with: the settings and the ledger of this application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import current_app
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from rescuebot.database import Database, repeat_on_contention
from rescuebot.settings import Settings

_NAME = "rescue"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """The settings, the ledger, and the metrics."""

    settings: Settings
    database: Database
    registry: CollectorRegistry


def put(app: object, context: Context) -> None:
    """Let the views of `app` find it."""
    app.extensions[_NAME] = context  # type: ignore[attr-defined]


def settings() -> Settings:
    """The settings of the application that serves this request."""
    return _context().settings


def ledger() -> Database:
    """Its ledger."""
    return _context().database


def registry() -> CollectorRegistry:
    """Its metrics."""
    return _context().registry


def read(work: Callable[[Session], T]) -> T:
    """What `work` finds in the ledger, without a write lock."""
    with ledger().reading() as session:
        return work(session)


def change(work: Callable[[Session], T]) -> T:
    """Do `work` in one transaction; again when it met another's."""

    @repeat_on_contention
    def _done() -> T:
        with ledger().transaction() as session:
            found = work(session)
            session.flush()
            return found

    return _done()


def _context() -> Context:
    found: Context = current_app.extensions[_NAME]
    return found
