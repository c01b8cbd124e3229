"""Versions: each state is kept, two can be compared, an old one can be made the newest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.model import RunbookScript
from rescuebot.versions import service as versions
from tests import factories

LATER = factories.NOW + timedelta(hours=1)


def edit(database: Database, version: int, **changes: Any) -> None:
    with database.transaction() as session:
        runbooks.update(
            session=session,
            which="Start MySQL",
            changes=changes,
            expected_version=version,
            actor="alice",
            now=LATER,
        )


def revert(database: Database, to: Any, version: int) -> int:
    with database.transaction() as session:
        return runbooks.revert(
            session=session,
            which="Start MySQL",
            to=to,
            expected_version=version,
            actor="bob",
            now=LATER,
        ).version


def diff(database: Database, **between: Any) -> str:
    with database.reading() as session:
        return runbooks.diff(session=session, which="Start MySQL", **between)


def test_two_versions_are_compared_field_by_field(database: Database) -> None:
    factories.a_runbook(
        database, solution_kind="shell", solution_script="one\ntwo\nthree\n", description="first"
    )
    edit(database, 1, solution_script="one\n2\nthree\n", mode="ask")
    edit(database, 2, description="")
    assert diff(database, before=1, after=2) == (
        "--- version 1\n+++ version 2\n"
        "@@ -1 +1 @@ mode\n-mode: auto\n+mode: ask\n"
        "@@ -1,4 +1,4 @@ solution_script\n"
        " solution_script: |\n   one\n-  two\n+  2\n   three\n"
    )
    assert diff(database) == diff(database, before=2, after=3)
    assert diff(database, after=2) == diff(database, before=1, after=2)
    assert "+mode: auto" in diff(database, before=2, after=1)
    assert diff(database, before=2, after=2) == ""


@pytest.mark.parametrize("number", [4, 2**31 - 1])
def test_a_version_that_is_not_there_is_said_so(database: Database, number: int) -> None:
    factories.a_runbook(database)
    with pytest.raises(NotFound, match=f"has no version {number}; the newest is 1"):
        diff(database, before=1, after=number)


@pytest.mark.parametrize("number", [0, -1, True, "1", 2**31])
def test_a_version_is_a_number(database: Database, number: Any) -> None:
    factories.a_runbook(database)
    with pytest.raises(Invalid, match="must be the number of a version"):
        revert(database, to=number, version=1)


def test_an_old_version_is_made_the_newest(database: Database) -> None:
    factories.a_runbook(database)
    edit(database, 1, title="Start it", priority=9, error_pattern="other")
    with database.transaction() as session:
        row = runbooks.revert(
            session=session,
            which="Start it",
            to=1,
            expected_version=2,
            actor="bob",
            now=LATER,
        )
        assert (row.version, row.title, row.live_title) == (3, "Start MySQL", "Start MySQL")
    with database.reading() as session:
        first, last = (
            versions.content(
                session=session,
                noun=runbooks.NOUN,
                row=runbooks.get(session=session, which="Start MySQL"),
                number=number,
            )
            for number in (1, 3)
        )
        assert first == last
        entry = audit.list_(session=session)[0]
        assert (entry.action, entry.actor) == ("runbook_reverted", "bob")


def test_reverting_to_what_it_is_makes_no_version(database: Database) -> None:
    factories.a_runbook(database)
    assert revert(database, to=1, version=1) == 1


def test_an_old_version_that_is_not_valid_any_more_stays_old(database: Database) -> None:
    runbook_id = factories.a_runbook(database)
    with database.transaction() as session:
        # As if it had been written before its pattern was checked.
        runbook = session.get_one(RunbookScript, runbook_id)
        runbook.error_pattern, runbook.version = "(", 2
    edit(database, 2, error_pattern="no process")
    with pytest.raises(Invalid, match="error_pattern"):
        revert(database, to=2, version=3)


def test_an_old_title_that_is_taken_by_now_is_a_conflict(database: Database) -> None:
    first = factories.a_runbook(database)
    edit(database, 1, title="Another title")
    factories.a_runbook(database)
    with pytest.raises(Conflict, match="The title is taken"), database.transaction() as session:
        runbooks.revert(
            session=session, which=first, to=1, expected_version=2, actor="bob", now=LATER
        )


def test_a_command_is_reverted_too(database: Database) -> None:
    factories.a_command(database)
    about: dict[str, Any] = {"which": "mysql_status", "actor": "alice", "now": LATER}
    with database.transaction() as session:
        changes = {"command_script": "exit 0"}
        commands.update(session=session, changes=changes, expected_version=1, **about)
    with pytest.raises(Conflict, match="version 2 now"), database.transaction() as session:
        commands.revert(session=session, to=1, expected_version=1, **about)
    with database.transaction() as session:
        command = commands.revert(session=session, to=1, expected_version=2, **about)
        assert (command.version, command.command_script) == (3, "pgrep -x mariadbd")


def test_a_diff_of_very_long_texts_is_not_waited_for(database: Database) -> None:
    before = "".join(f"# {n % 97}\n" for n in range(12_000))
    factories.a_runbook(database, solution_kind="shell", solution_script=before)
    edit(database, 1, solution_script="".join(f"# {n % 89}\n" for n in range(12_000)))
    assert "solution_script: 12001 lines before, 12001 after; too long to show" in diff(database)


def test_texts_that_a_terminal_would_act_on_are_escaped_in_a_diff(database: Database) -> None:
    factories.a_runbook(database, solution_kind="shell", solution_script="echo \x1b[31m\n")
    edit(database, 1, solution_script="echo \x1b[2J\n")
    assert "\x1b" not in diff(database)


def test_what_fails_leaves_neither_version_nor_audit(database: Database) -> None:
    factories.a_runbook(database)

    def fail() -> None:
        with database.transaction() as session:
            runbooks.update(
                session=session,
                which="Start MySQL",
                changes={"priority": 5},
                expected_version=1,
                actor="alice",
                now=LATER,
            )
            raise RuntimeError("the door fell shut")

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert len(runbooks.versions(session=session, which="Start MySQL")) == 1
        assert len(audit.list_(session=session)) == 1
