"""A console over a ledger in which a day has been lived, served as in production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.place import Place
from devstack.web import Web
from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.settings import check
from tests.e2e import seed


@contextmanager
def opened(folder: Path) -> Iterator[Web]:
    """gunicorn with the project's own configuration over a ledger that is filled."""
    block = {
        "database": {"url": f"sqlite:///{folder}/rescue.db"},
        # Many people come here from one address, more quickly than hands can.
        "web": {"requests_per_minute": 100_000, "sign_ins_per_minute": 1_000},
    }
    ledger = Database(check(block).database)
    migrations.upgrade(ledger)
    seed.fill(ledger)
    ledger.dispose()
    place = Place(folder)
    web = Web(place=place, block=block)
    try:
        web.start()
        yield web
    finally:
        web.stop()
        place.release()
