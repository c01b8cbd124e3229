"""The API over a ledger with something of everything: in this process, and behind gunicorn."""

from __future__ import annotations

from collections.abc import Iterator

import argon2
import pytest

from devstack.mariadb import MariaDB
from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.people import passwords
from tests.api import seed as seeds
from tests.api.house import House, Server
from tests.conftest import open_database


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same hashes with less work: these tests sign in often."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The API in this process over SQLite, for a whole file of tests."""
    folder = tmp_path_factory.mktemp("api")
    ledger = open_database(f"sqlite:///{folder / 'rescue.db'}")
    migrations.upgrade(ledger)
    yield House(ledger, seeds.fill(ledger, big=False))
    ledger.dispose()


@pytest.fixture
def fresh_house(database: Database) -> House:
    """The API in this process over an own ledger, once on SQLite and once on MariaDB."""
    return House(database, seeds.fill(database, big=False))


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The API as it is served: gunicorn with the project's own configuration, on MariaDB.

    For one file alone: tests of the contract do with people whatever the API lets them do.
    """
    url = mariadb.create_database(f"api_{request.module.__name__.rpartition('.')[2]}")
    ledger = open_database(url)
    migrations.upgrade(ledger)
    started = Server(tmp_path_factory.mktemp("server"), url, seeds.fill(ledger), ledger)
    started.start()
    yield started
    started.stop()
    ledger.dispose()
