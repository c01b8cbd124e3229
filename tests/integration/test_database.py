"""The database layer tells troubles apart, in our own words and without secrets."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc, text

from devstack.mariadb import MariaDB
from rescuebot import migrations
from rescuebot.database import Contention, Database, Unstorable, repeat_on_contention, shared
from rescuebot.errors import DatabaseUnavailable, SchemaOutdated
from rescuebot.heartbeats import service as heartbeats
from rescuebot.settings import DatabaseSettings
from tests import factories
from tests.conftest import open_database
from tests.factories import NOW


def test_missing_tables_are_told_with_their_remedy(tmp_path: Path, request: Any) -> None:
    urls = [f"sqlite:///{tmp_path / 'none.db'}"]
    urls.append(request.getfixturevalue("mariadb").create_database("bare"))
    for url in urls:
        bare = open_database(url)
        with pytest.raises(SchemaOutdated, match="salt-run rescue.migrate"):
            with bare.reading() as session:
                heartbeats.alive(session=session, since=NOW)
        assert migrations.current(bare) is None


def test_tables_of_another_version_are_told_with_the_same_remedy(database: Database) -> None:
    with pytest.raises(SchemaOutdated, match="salt-run rescue.migrate"):
        with database.reading() as session:
            session.execute(text("SELECT of_tomorrow FROM execution"))


def test_a_mistake_in_sql_is_not_taken_for_trouble(database: Database) -> None:
    if not database.embedded:
        with pytest.raises(exc.ProgrammingError), database.reading() as session:
            session.execute(text("SELEC 1"))


def test_a_key_that_another_has_just_inserted_is_contention(database: Database) -> None:
    factories.a_command(database)
    with pytest.raises(Contention), database.transaction() as session:
        session.execute(text("UPDATE saltstack_command SET id = id"))
        session.execute(
            text(
                "INSERT INTO saltstack_command (id, command_name, command_script, target_service,"
                " command_type, created_at, updated_at, version, deleted_at, updated_by)"
                " SELECT id + 1, command_name, command_script,"
                " target_service, command_type, created_at, updated_at, version, deleted_at,"
                " updated_by"
                " FROM saltstack_command"
            )
        )


@pytest.mark.mariadb
def test_a_deadlock_within_a_savepoint_is_contention_and_takes_all_back(mariadb: MariaDB) -> None:
    """MySQL undoes the whole transaction then, and with it the savepoint to go back to."""
    ledger = open_database(mariadb.create_database("deadlock"))
    with ledger.transaction() as session:
        session.execute(text("CREATE TABLE place (id INT PRIMARY KEY, n INT)"))
        session.execute(text("INSERT INTO place VALUES (1, 0), (2, 0)"))
    met = threading.Barrier(2)

    def both(first: int, second: int) -> str:
        try:
            with ledger.transaction() as session, session.begin_nested():
                session.execute(text(f"UPDATE place SET n = n + 1 WHERE id = {first}"))
                met.wait(10)
                session.execute(text(f"UPDATE place SET n = n + 1 WHERE id = {second}"))
        except Contention:
            return "contention"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(both, *order) for order in ((1, 2), (2, 1))]
        assert sorted(end.result() for end in ends) == ["contention", "done"]
    with ledger.reading() as session:
        assert list(session.scalars(text("SELECT n FROM place ORDER BY id"))) == [1, 1]
    ledger.dispose()


def test_a_value_that_does_not_fit_is_unstorable(database: Database) -> None:
    with pytest.raises(Unstorable), database.transaction() as session:
        session.execute(text("UPDATE server SET server_id = server_id"))
        session.execute(
            text("INSERT INTO server (server_id, os, created_at) VALUES (NULL, '', '2026-01-01')")
        )


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        heartbeats.beat(session=session, owner="o", engine="e", now=NOW, state="running")
        raise RuntimeError("in the middle")
    with database.reading() as session:
        assert heartbeats.alive(session=session, since=NOW) == []


def test_contention_is_repeated_and_then_told() -> None:
    calls = []

    @repeat_on_contention
    def work(until: int) -> int:
        calls.append(1)
        if len(calls) < until:
            raise Contention("Another transaction holds the same rows.")
        return len(calls)

    assert work(3) == 3
    calls.clear()
    with pytest.raises(Contention):
        work(100)


def test_a_server_that_is_not_there_is_unavailable_in_our_words() -> None:
    away = open_database("mysql+pymysql://rescue:hunter2@127.0.0.1:1/rescue")
    with pytest.raises(DatabaseUnavailable) as refused:
        away.ping()
    assert "hunter2" not in str(refused.value)


def test_settings_are_opened_once_in_a_process(tmp_path: Path) -> None:
    settings = DatabaseSettings.model_validate({"url": f"sqlite:///{tmp_path / 'a.db'}"})
    other = DatabaseSettings.model_validate({"url": f"sqlite:///{tmp_path / 'b.db'}"})
    assert shared(settings) is shared(settings)
    assert shared(settings) is not shared(other)


def test_the_folder_of_the_embedded_ledger_is_made_for_its_owner_only(tmp_path: Path) -> None:
    ledger = open_database(f"sqlite:///{tmp_path / 'new' / 'rescue.db'}")
    ledger.ping()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_new_embedded_ledger_that_somebody_else_is_just_opening_is_waited_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rescue.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.rollback)
    ending.start()
    database = open_database(f"sqlite:///{path}")
    with database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    database.dispose()
    ending.join()
    other.close()
