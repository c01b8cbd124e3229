"""Commands from their first version to their last: created, changed, deleted, brought back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound, RescueError
from tests import factories

LATER = factories.NOW + timedelta(hours=1)


def change(database: Database, which: int | str = "mysql_status", **given: Any) -> int:
    """Change the command as alice, one version on; the version that it has then."""
    values = {"expected_version": 1, "actor": "alice", "now": LATER, **given}
    with database.transaction() as session:
        return commands.update(session=session, which=which, **values).version


def test_a_command_is_created_with_who_and_with_its_first_version(database: Database) -> None:
    command_id = factories.a_command(database, actor="alice")
    with database.reading() as session:
        command = commands.get(session=session, which=command_id)
        assert (command.version, command.updated_by) == (1, "alice")
        (version,) = commands.versions(session=session, which=command_id)
        assert (version.number, version.change, version.changed_by) == (1, "created", "alice")
        assert version.changed_at == factories.NOW
        (entry,) = audit.list_(session=session)
        assert (entry.actor, entry.action) == ("alice", "command_created")
        assert entry.subject == f"command {command_id} 'mysql_status'"


def test_everything_that_is_wrong_is_told_and_nothing_is_kept(database: Database) -> None:
    with pytest.raises(Invalid) as caught:
        factories.a_command(database, command_name="no name", command_script="if", colour="red")
    assert {problem.field for problem in caught.value.problems} == {
        "command_name",
        "command_script",
        "colour",
    }
    with database.reading() as session:
        assert not commands.list_(session=session)
        assert not audit.list_(session=session)


@pytest.mark.parametrize("name", ["mysql_status", "MySQL_Status"])
def test_a_name_is_taken_in_any_case_and_for_ever(database: Database, name: str) -> None:
    factories.a_command(database)
    with pytest.raises(Conflict, match="exists already"):
        factories.a_command(database, command_name=name)
    with database.transaction() as session:
        commands.delete(
            session=session, which="mysql_status", expected_version=1, actor="a", now=LATER
        )
    with pytest.raises(Conflict, match="was deleted. Restore"):
        factories.a_command(database, command_name=name)


def test_a_command_is_found_by_id_name_and_written_id(database: Database) -> None:
    command_id = factories.a_command(database)
    with database.reading() as session:
        for which in (command_id, str(command_id), "mysql_status", "MYSQL_status"):
            assert commands.get(session=session, which=which).id == command_id
        for unknown in (command_id + 1, "nobody", "9" * 40, "²", ""):
            with pytest.raises(NotFound):
                commands.get(session=session, which=unknown)


def test_a_change_makes_a_version_and_tells_the_audit_what(database: Database) -> None:
    factories.a_command(database)
    script = "pgrep -x mysqld\n" * 10
    changes = {"command_type": "log_check", "command_script": script}
    assert change(database, changes=changes) == 2
    with database.reading() as session:
        command = commands.get(session=session, which="mysql_status")
        assert (command.command_type, command.updated_at) == (CommandType.LOG_CHECK, LATER)
        entry = audit.list_(session=session)[0]
        assert (entry.action, entry.actor) == ("command_updated", "alice")
        assert entry.detail == (
            "version 2: command_type 'status' -> 'log_check'; command_script changed"
        )
        diff = commands.diff(session=session, which="mysql_status")
    assert diff.startswith("--- version 1\n+++ version 2\n@@ -1 +1 @@ command_type\n")
    assert "-command_type: status\n+command_type: log_check\n" in diff


def test_no_change_makes_no_version(database: Database) -> None:
    factories.a_command(database)
    assert change(database, changes={}) == 1
    assert change(database, changes={"command_type": CommandType.STATUS}) == 1
    with database.reading() as session:
        assert len(commands.versions(session=session, which="mysql_status")) == 1
        assert len(audit.list_(session=session)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 5}, "id"),
        ({"version": 9}, "version"),
        ({"command_name": "other"}, "command_name"),
        ({"target_service": None}, "target_service"),
        ({"command_script": "if"}, "command_script"),
    ],
)
def test_what_cannot_be_changed_is_named(
    database: Database, changes: dict[str, Any], field: str
) -> None:
    factories.a_command(database)
    with pytest.raises(Invalid) as caught:
        change(database, changes=changes)
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize("expected", [True, "1", None, 0, 1.0, 2**40])
def test_the_expected_version_is_a_number(database: Database, expected: Any) -> None:
    factories.a_command(database)
    with pytest.raises(Invalid, match="expected_version"):
        change(database, changes={"target_service": "web"}, expected_version=expected)


def test_a_change_for_an_old_version_is_told_who_was_faster(database: Database) -> None:
    factories.a_command(database)
    change(database, changes={"target_service": "web"})
    for changes in ({"target_service": "nginx"}, {"target_service": "web"}):
        with pytest.raises(Conflict) as caught:
            change(database, changes=changes, actor="bob")
        assert "has version 2 now: alice changed it at 2026-11-22T02:05" in str(caught.value)
        assert "try again with version 2" in caught.value.remedy


def test_nobody_changes_nothing(database: Database) -> None:
    factories.a_command(database)
    with pytest.raises(Invalid, match="actor"):
        change(database, changes={"target_service": "web"}, actor=" ")


def test_a_deleted_command_is_out_of_use_and_comes_back_as_it_was(database: Database) -> None:
    command_id = factories.a_command(database)
    with database.transaction() as session:
        commands.delete(
            session=session, which=command_id, expected_version=1, actor="bob", now=LATER
        )
    with database.reading() as session:
        assert not commands.list_(session=session)
        assert [c.id for c in commands.list_(session=session, deleted=True)] == [command_id]
        with pytest.raises(NotFound):
            commands.require(session=session, command_name="mysql_status")
        kind = CommandType.STATUS
        assert not commands.for_service(session=session, service_type="mysql", command_type=kind)
    with pytest.raises(Conflict, match="was deleted by bob at .*Restore it first"):
        change(database, changes={"target_service": "web"}, expected_version=2)
    with database.transaction() as session:
        commands.restore(session=session, which="mysql_status", actor="carol", now=LATER)
    with pytest.raises(Conflict, match="is not deleted"), database.transaction() as session:
        commands.restore(session=session, which="mysql_status", actor="carol", now=LATER)
    with database.reading() as session:
        assert commands.require(session=session, command_name="mysql_status").version == 3
        told = [
            (v.number, v.change.value, v.changed_by)
            for v in commands.versions(session=session, which=command_id)
        ]
        assert told == [
            (3, "restored", "carol"),
            (2, "deleted", "bob"),
            (1, "created", "rescuebot"),
        ]
        actions = [entry.action for entry in audit.list_(session=session)]
        assert actions == ["command_restored", "command_deleted", "command_created"]


def test_commands_are_listed_by_what_is_asked(database: Database) -> None:
    factories.a_command(database)
    factories.a_command(
        database, command_name="web.restart", target_service="web", command_type="restart"
    )
    factories.a_command(database, command_name="50pct", command_script="df | grep 'a_b 50%'")

    def names(**asked: Any) -> list[str]:
        with database.reading() as session:
            return [c.command_name for c in commands.list_(session=session, **asked)]

    assert names() == ["50pct", "mysql_status", "web.restart"]
    assert names(service="web") == ["web.restart"]
    assert names(kind="restart") == ["web.restart"]
    assert names(text="PGREP") == ["mysql_status", "web.restart"]
    assert names(text="0%") == ["50pct"]
    assert names(text="a_b") == ["50pct"]
    assert names(text="%") == ["50pct"]
    assert names(limit=1) == ["50pct"]
    with pytest.raises(Invalid, match="kind: must be restart, status or log_check"):
        names(kind="party")


def at_once(*works: Any) -> list[RescueError | None]:
    """Do them in threads that start together; what each raised of ours."""
    gate = threading.Barrier(len(works))
    raised: list[RescueError | None] = [None] * len(works)

    def one(number: int) -> None:
        gate.wait()
        try:
            works[number]()
        except RescueError as error:
            raised[number] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_two_changes_at_once_one_is_made(database: Database) -> None:
    factories.a_command(database)
    works = [
        lambda service=service: change(database, changes={"target_service": service})
        for service in ("web", "nginx", "redis", "docker")
    ]
    raised = at_once(*works)
    assert sorted(getattr(error, "code", "made") for error in raised) == ["made"] + ["outdated"] * 3
    with database.reading() as session:
        assert commands.get(session=session, which="mysql_status").version == 2
        assert len(commands.versions(session=session, which="mysql_status")) == 2


def test_of_two_of_a_name_at_once_one_is_created(database: Database) -> None:
    raised = at_once(*[lambda: factories.a_command(database)] * 4)
    assert sorted(getattr(error, "code", "made") for error in raised) == ["conflict"] * 3 + ["made"]
    with database.reading() as session:
        assert len(audit.list_(session=session)) == 1
