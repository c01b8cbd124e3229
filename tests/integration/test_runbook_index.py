"""The index of runbooks against a ledger that others change at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.runbooks import index
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from tests.conftest import open_database
from tests.factories import NOW

ROW = {
    "title": "Start MySQL",
    "service_type": "mysql",
    "error_pattern": "no process",
    "solution_kind": SolutionKind.STATE,
    "solution_script": "rescue.mysql",
    "description": "",
    "created_by": "tests",
    "mode": RunbookMode.AUTO,
    "created_at": NOW,
    "updated_at": NOW,
}


@pytest.fixture
def elsewhere(database: Database) -> Iterator[Database]:
    """The same ledger as another process has it."""
    other = open_database(database.url.render_as_string(hide_password=False))
    yield other
    other.dispose()


def add(session: Session, **fields: Any) -> int:
    row = RunbookScript(**{**ROW, **fields})
    session.add(row)
    session.flush()
    return row.id


def create(database: Database, **fields: Any) -> int:
    with database.transaction() as session:
        return add(session, **fields)


def change(database: Database, runbook_id: int, **fields: Any) -> None:
    """As the service does it: with the next version, here without any time having passed."""
    with database.transaction() as session:
        row = session.get_one(RunbookScript, runbook_id)
        for name, value in {"version": row.version + 1, "updated_at": NOW, **fields}.items():
            setattr(row, name, value)


def chosen(session: Session, message: str = "mysqld has no process") -> int | None:
    return index.current(session=session).look_up("mysql", message).winner_id


def seen(database: Database, message: str = "mysqld has no process") -> int | None:
    with database.reading() as session:
        return chosen(session, message)


def test_edits_made_by_another_process_are_followed(
    database: Database, elsewhere: Database
) -> None:
    assert seen(database) is None
    first = create(elsewhere)
    assert seen(database) == first
    change(elsewhere, first, error_pattern="disk full")
    assert seen(database) is None and seen(database, "disk full") == first
    change(elsewhere, first, error_pattern="process")
    second = create(elsewhere, title="Second", priority=5)
    assert seen(database) == second
    change(elsewhere, second, enabled=False)
    assert seen(database) == first
    change(elsewhere, second, enabled=True)
    assert seen(database) == second
    change(elsewhere, second, deleted_at=NOW)
    assert seen(database) == first
    change(elsewhere, second, deleted_at=None)
    assert seen(database) == second
    change(elsewhere, first, priority=6)
    assert seen(database) == first
    change(elsewhere, first, service_type="nginx")
    assert seen(database) == second


def test_changes_that_could_cancel_each_other_out_are_followed(
    database: Database, elsewhere: Database
) -> None:
    """Without any time having passed, so that only what was done can tell."""
    create(elsewhere, id=1)
    create(elsewhere, id=2, title="Second", enabled=False)
    create(elsewhere, id=5, title="Third", error_pattern="disk")
    assert seen(database) == 1
    with elsewhere.transaction() as session:
        for number, enabled in ((1, False), (2, True)):
            changes = {"enabled": enabled, "updated_at": NOW}
            session.execute(update(RunbookScript).filter_by(id=number).values(changes))
    assert seen(database) == 2 and seen(database, "disk") == 5
    with elsewhere.transaction() as session:
        gone = {"deleted_at": NOW, "updated_at": NOW}
        session.execute(update(RunbookScript).where(RunbookScript.id.in_((2, 5))).values(gone))
        add(session, id=7, title="Fourth", error_pattern="full")
    assert seen(database) is None and seen(database, "full") == 7


def test_a_statement_that_forgets_the_version_is_followed_by_its_time(
    database: Database, elsewhere: Database
) -> None:
    create(elsewhere, id=1)
    assert seen(database) == 1
    with elsewhere.transaction() as session:
        session.execute(update(RunbookScript).values(error_pattern="disk"))
    assert seen(database) is None and seen(database, "disk") == 1


def test_an_edit_by_a_host_whose_clock_is_behind_is_followed(
    database: Database, elsewhere: Database
) -> None:
    first = create(elsewhere)
    create(elsewhere, title="Second", error_pattern="x", updated_at=NOW + timedelta(hours=1))
    assert seen(database) == first
    change(elsewhere, first, error_pattern="disk", updated_at=NOW - timedelta(hours=1))
    assert seen(database) is None


def test_as_long_as_nothing_changes_the_same_index_answers_in_all_sessions(
    database: Database,
) -> None:
    create(database)
    with database.reading() as session:
        one = index.current(session=session)
    with database.transaction() as session:
        assert index.current(session=session) is one


def test_two_ledgers_do_not_mix(database: Database, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    migrations.upgrade(other)
    create(database, id=7)
    create(other, id=7, error_pattern="disk")
    assert seen(database) == 7
    assert seen(other) is None
    assert seen(database) == 7
    other.dispose()


def test_what_is_not_committed_is_seen_by_its_own_transaction_alone(database: Database) -> None:
    create(database, id=1)
    with database.transaction() as session:
        add(session, id=2, title="Second", priority=5)
        assert chosen(session) == 2
        assert seen(database) == 1
        assert chosen(session) == 2
    assert seen(database) == 2


def test_a_dry_run_that_is_rolled_back_leaves_nothing_behind(database: Database) -> None:
    create(database, id=1)
    with database.transaction() as session:
        add(session, id=2, title="Tried", priority=5)
        assert chosen(session) == 2
        session.rollback()
    assert seen(database) == 1
    # The next runbook has the same id, version and time as the one that was tried.
    create(database, id=2, title="Other", error_pattern="disk", priority=5)
    assert seen(database) == 1 and seen(database, "disk") == 2


@pytest.mark.parametrize("how", ["row", "statement", "insert", "text"])
def test_whatever_way_a_transaction_changes_runbooks_it_keeps_its_index_to_itself(
    database: Database, how: str
) -> None:
    create(database, id=1)
    with database.transaction() as session:
        if how == "row":
            session.get_one(RunbookScript, 1).error_pattern = "disk"
        elif how == "statement":
            session.execute(update(RunbookScript).values(error_pattern="disk"))
        elif how == "insert":
            session.execute(insert(RunbookScript).values(**ROW | {"id": 2, "priority": 1}))
        else:
            session.execute(text("UPDATE runbook_script SET version = 2, error_pattern = 'disk'"))
        mine = index.current(session=session)
        assert mine.look_up("mysql", "no process").winner_id == (2 if how == "insert" else None)
        session.rollback()
    assert mine not in [follower.newest for follower in index._followers.values()]
    assert seen(database) == 1


def test_a_savepoint_that_is_rolled_back_is_not_served_for_what_comes_after(
    database: Database,
) -> None:
    with database.transaction() as session:
        with session.begin_nested() as savepoint:
            add(session, id=5, title="Tried")
            assert chosen(session) == 5
            savepoint.rollback()
        assert chosen(session) is None
        add(session, id=5, title="Other", error_pattern="disk")
        assert chosen(session) is None and chosen(session, "disk") == 5
    assert seen(database) is None and seen(database, "disk") == 5


def test_the_index_of_a_transaction_ends_with_it(database: Database) -> None:
    with database.reading() as session:
        with session.begin():
            assert chosen(session) is None
        create(database, id=1)
        with session.begin():
            assert chosen(session) == 1
    with Session(database.engine) as session:
        with session.begin():
            add(session, id=2, title="Second", priority=3)
            own = index.current(session=session)
        with session.begin():
            assert chosen(session) == 2
            assert index.current(session=session) is not own


def test_many_threads_see_at_least_what_was_committed_before_they_looked(
    database: Database,
) -> None:
    create(database, id=1, error_pattern="never")
    wrong: list[int | None] = []
    committed = 0
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            before = committed
            found = seen(database, "round") or 0
            if found < before:
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 22):
            create(database, id=number, title=f"T{number}", error_pattern="round", priority=number)
            committed = number
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert seen(database, "round") == 21


def test_ten_thousand_runbooks_and_an_edit_among_them(
    database: Database, elsewhere: Database
) -> None:
    rows = [
        {
            **ROW,
            "id": number,
            "title": f"T{number}",
            "service_type": f"service-{number % 50}",
            "error_pattern": f"code {number:05} failed",
        }
        for number in range(1, 10_001)
    ]
    with elsewhere.transaction() as session:
        session.execute(insert(RunbookScript), rows)
    with database.reading() as session:
        before = index.current(session=session)
    assert len(before) == 10_000
    assert before.look_up("service-11", "Code 04711 FAILED").winner_id == 4711
    change(elsewhere, 4711, error_pattern="code 4711 is lost")
    with database.reading() as session:
        after = index.current(session=session)
    assert after.look_up("service-11", "code 04711 failed").winner_id is None
    assert after.look_up("service-11", "code 4711 is lost").winner_id == 4711
    kept = [name for name in after._shelves if after._shelves[name] is before._shelves[name]]
    assert len(kept) == 49 and "service-11" not in kept
