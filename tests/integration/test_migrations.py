"""The migrations and the models say the same, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from devstack.mariadb import MariaDB
from rescuebot import migrations, tables
from rescuebot.database import Database
from rescuebot.errors import SchemaOutdated
from rescuebot.settings import DatabaseSettings
from tests.conftest import open_database

EVENT = "cloudwatch_event_id"


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


def put(database: Database, name: str, row: dict[str, object]) -> None:
    """One row of a table as it is, not as the models say."""
    columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
    with database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), row)


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


def test_a_column_that_is_made_anew_loses_nothing_that_refers_to_its_row(empty: Database) -> None:
    """SQLite makes the whole table anew, and every report, log and decision refers to an event."""
    migrations.upgrade(empty, "0005")
    at = "2026-11-22 01:00:00"
    event = {
        **dict.fromkeys(("event_source", "event_type", "server_id", "event_message"), "x"),
        **dict.fromkeys(("message_id", "alarm_name", "service_type", "raw"), "x"),
        **dict.fromkeys(("event_time", "last_seen_at", "received_at"), at),
        **{"id": 7, "severity": "info", "status": "failed", "outcome": "lost", "occurrences": 1},
        "hints": 0,
    }
    report = {
        **{"id": 1, "message_id": "x", EVENT: 7, "recovery": False},
        **dict.fromkeys(("event_time", "received_at"), at),
    }
    put(empty, "cloudwatch_event", event)
    put(empty, "event_occurrence", report)
    migrations.upgrade(empty)
    by_hand = "UPDATE cloudwatch_event SET outcome = 'by_hand' WHERE outcome = 'lost'"
    with empty.engine.begin() as connection:
        assert connection.exec_driver_sql(by_hand).rowcount == 1
    migrations.downgrade(empty, "0005")
    with empty.engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT cloudwatch_event_id FROM event_occurrence")
        assert found.all() == [(7,)]
        kept = connection.exec_driver_sql("SELECT id, outcome FROM cloudwatch_event")
        assert kept.all() == [(7, None)]
    with pytest.raises(IntegrityError):
        put(empty, "event_occurrence", {**report, "id": 2, "message_id": "y"} | {EVENT: 8})


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
