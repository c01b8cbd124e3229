"""What all tests share: a migrated ledger on SQLite and on a real MariaDB over TCP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from devstack.mariadb import MariaDB, is_installed
from rescuebot import migrations, tables
from rescuebot.database import Database
from rescuebot.settings import DatabaseSettings, Settings
from tests import outside
from tests.thorough import THOROUGH

# What people see is laid out for a terminal of this width, whoever runs the tests.
os.environ["COLUMNS"] = "120"

# A machine that is busy elsewhere is no failure, and who changes a line meets the examples of the
# run before; each night looks for new ones.
hypothesis_settings.register_profile(
    "rescue",
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("rescue")

SHAPES = Path(__file__).parent / "shapes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real worlds first: they take longest and mostly wait; the many quick ones fill the gaps."""
    items.sort(key=lambda item: item.get_closest_marker("salt") is None)


def open_database(url: str) -> Database:
    """A Database for a URL."""
    return Database(DatabaseSettings(url=SecretStr(url)))


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One MariaDB server for the whole run, or the MySQL server that the environment names."""
    if (given := outside.given()) is not None:
        yield given
        return
    if not is_installed():
        pytest.fail(
            "MariaDB is not installed; `make test` installs it, or: apt-get install mariadb-server"
        )
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _mariadb_ledger(mariadb: MariaDB) -> Iterator[Database]:
    ledger = open_database(mariadb.create_database("ledger"))
    migrations.upgrade(ledger)
    yield ledger
    ledger.dispose()


@pytest.fixture(scope="session")
def _empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger with nothing in it, to be copied: that costs a hundredth of making it."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    ledger = open_database(f"sqlite:///{path}")
    migrations.upgrade(ledger)
    ledger.dispose()
    return path


@pytest.fixture
def sqlite(tmp_path: Path, _empty_sqlite: Path) -> Iterator[Database]:
    """A fresh ledger in a file."""
    path = tmp_path / "rescue.db"
    shutil.copyfile(_empty_sqlite, path)
    ledger = open_database(f"sqlite:///{path}")
    yield ledger
    ledger.dispose()


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty ledger, once on SQLite and once on MariaDB."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite")
    ledger: Database = request.getfixturevalue("_mariadb_ledger")
    with ledger.transaction() as session:
        for table in reversed(tables.metadata.sorted_tables):
            session.execute(table.delete())
    return ledger


@pytest.fixture
def settings() -> Settings:
    """The defaults."""
    return Settings()
