"""The migrations and the models say the same, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from devstack.mariadb import MariaDB
from rescuebot import migrations, tables
from rescuebot.database import Database
from rescuebot.errors import SchemaOutdated
from rescuebot.settings import DatabaseSettings
from tests.conftest import open_database


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without tables."""
    if request.param == "sqlite":
        return open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    server: MariaDB = request.getfixturevalue("mariadb")
    return open_database(server.create_database(f"m{abs(hash(request.node.name)) % 10**9}"))


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, tables.metadata))


def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    migrations.upgrade(empty)
    assert differences(empty) == []
    made = set(inspect(empty.engine).get_table_names())
    assert {
        "saltstack_command",
        "cloudwatch_event",
        "saltstack_event_log",
        "runbook_script",
    } <= made


def test_up_down_and_up_again_leaves_nothing_and_makes_the_same(empty: Database) -> None:
    migrations.upgrade(empty)
    migrations.downgrade(empty, "base")
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    assert differences(empty) == []
    assert migrations.current(empty) == migrations.head()


def test_several_processes_may_upgrade_at_once(empty: Database) -> None:
    errors: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(open_database(empty.url.render_as_string(hide_password=False)))
        except BaseException as error:  # the assertion below shows it
            errors.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert differences(empty) == []


def test_tables_are_made_without_being_asked_only_where_settings_allow_it(empty: Database) -> None:
    with pytest.raises(SchemaOutdated, match="salt-run rescue.migrate"):
        migrations.ensure(empty, DatabaseSettings(migrate="never"))
    if empty.embedded:
        migrations.ensure(empty, DatabaseSettings())
    else:
        with pytest.raises(SchemaOutdated):
            migrations.ensure(empty, DatabaseSettings())
        migrations.ensure(empty, DatabaseSettings(migrate="always"))
    assert migrations.current(empty) == migrations.head()
