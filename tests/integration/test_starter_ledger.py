"""The starter set in the ledger, on both databases."""

from __future__ import annotations

from rescuebot import clock, starter
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType
from rescuebot.database import Database
from rescuebot.runbooks import service as runbooks


def load(database: Database) -> starter.Counts:
    with database.transaction() as session:
        return starter.load(session=session, created_by="starter", now=clock.now())


def test_the_ledger_takes_them_all_once(database: Database) -> None:
    for state, other in (("created", "unchanged"), ("unchanged", "created")):
        counts = load(database)
        assert counts["commands"] == {state: len(starter.all_commands()), other: 0}
        assert counts["runbooks"] == {state: len(starter.all_runbooks()), other: 0}
    assert len(starter.all_runbooks()) >= 25


def test_the_ledger_gives_scripts_back_byte_for_byte(database: Database) -> None:
    load(database)
    with database.reading() as session:
        for item in starter.all_runbooks():
            stored = runbooks.get_by_title(session=session, title=item["title"])
            assert stored is not None and stored.solution_script == item["solution_script"]
            assert (stored.mode, stored.priority) == (item["mode"], item["priority"])
        for item in starter.all_commands():
            # A service has one command for each purpose, or the newest would hide the others.
            found = commands.for_service(
                session=session,
                service_type=item["target_service"],
                command_type=CommandType(item["command_type"]),
            )
            assert found is not None and found.command_name == item["command_name"]
            assert found.command_script == item["command_script"]
