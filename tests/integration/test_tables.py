"""SPEC A1 row by row: names, fields, enums and constraints as the database itself has them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from rescuebot.database import Database, RescueError
from rescuebot.events import service as events
from rescuebot.executions import results
from rescuebot.executions import service as executions
from rescuebot.executions.model import LogStatus, SaltStackEventLog, Step
from rescuebot.executions.pin import pin
from rescuebot.executions.results import RESULT_BYTES
from rescuebot.settings import ExecutionSettings
from tests import factories

A1: dict[str, dict[str, str]] = {
    "saltstack_command": {
        "id": "INTEGER",
        "command_name": "VARCHAR(100)",
        "command_script": "TEXT",
        "target_service": "VARCHAR(50)",
        "command_type": "restart status log_check",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "cloudwatch_event": {
        "id": "INTEGER",
        "event_source": "VARCHAR(100)",
        "event_type": "VARCHAR(50)",
        "severity": "info warning critical fatal",
        "server_id": "VARCHAR(50)",
        "event_message": "TEXT",
        "event_time": "TIMESTAMP",
        "status": "new processing resolved failed",
    },
    "saltstack_event_log": {
        "id": "INTEGER",
        "cloudwatch_event_id": "INTEGER",
        "command_id": "INTEGER",
        "execution_result": "TEXT",
        "execution_status": "success failed timeout",
        "executed_at": "TIMESTAMP",
        "response_time": "INTEGER",
    },
    "runbook_script": {
        "id": "INTEGER",
        "title": "VARCHAR(200)",
        "service_type": "VARCHAR(50)",
        "error_pattern": "VARCHAR(500)",
        "solution_script": "TEXT",
        "description": "TEXT",
        "created_by": "VARCHAR(50)",
        "created_at": "TIMESTAMP",
    },
}


@pytest.mark.parametrize("table", A1)
def test_the_table_has_the_fields_that_were_asked_for(database: Database, table: str) -> None:
    columns = {column["name"]: column for column in inspect(database.engine).get_columns(table)}
    for name, wanted in A1[table].items():
        kind: Any = columns[name]["type"]
        if " " in wanted:
            allowed = getattr(kind, "enums", None) or _checked(database, table, name)
            assert set(allowed) == set(wanted.split()), name
        else:
            found = str(kind).split(" COLLATE")[0].replace("MEDIUMTEXT", "TEXT")
            # SQLite has no type for time; its dialect names it so.
            assert found.replace("DATETIME", "TIMESTAMP") == wanted, name
    assert inspect(database.engine).get_pk_constraint(table)["constrained_columns"] == ["id"]


def _checked(database: Database, table: str, column: str) -> list[str]:
    """The values that SQLite's CHECK allows."""
    checks = inspect(database.engine).get_check_constraints(table)
    (text_of,) = [check["sqltext"] for check in checks if check["sqltext"].startswith(column)]
    return [word.strip(" '") for word in text_of.split("(")[1].rstrip(")").split(",")]


def test_the_log_refers_to_its_event_and_its_command(database: Database) -> None:
    keys = inspect(database.engine).get_foreign_keys("saltstack_event_log")
    refers = {key["constrained_columns"][0]: key["referred_table"] for key in keys}
    assert refers["cloudwatch_event_id"] == "cloudwatch_event"
    assert refers["command_id"] == "saltstack_command"


def test_a_command_name_is_unique_in_the_database_itself(database: Database) -> None:
    factories.a_command(database)
    insert = (
        "INSERT INTO saltstack_command (command_name, command_script, target_service, command_type,"
        " created_at, updated_at, version) VALUES ('mysql_status', 'x', 'mysql', 'status',"
        " '2026-01-01', '2026-01-01', 1)"
    )
    with pytest.raises((DBAPIError, RescueError)), database.transaction() as session:
        session.execute(text(insert))


def test_an_enum_refuses_other_values_in_the_database_itself(database: Database) -> None:
    insert = (
        "INSERT INTO saltstack_command (command_name, command_script, target_service, command_type,"
        " created_at, updated_at, version) VALUES ('n', 'x', 'mysql', 'party',"
        " '2026-01-01', '2026-01-01', 1)"
    )
    with pytest.raises((DBAPIError, RescueError)), database.transaction() as session:
        session.execute(text(insert))


def test_events_are_indexed_by_server_time_and_severity(database: Database) -> None:
    indexes = inspect(database.engine).get_indexes("cloudwatch_event")
    leading = {index["column_names"][0] for index in indexes}
    assert {"server_id", "event_time", "severity"} <= leading


@pytest.mark.parametrize(
    "letter", ["x", "\n", "한", "'"], ids=["ascii", "newline", "hangul", "quote"]
)
def test_an_execution_result_really_holds_ten_megabytes(database: Database, letter: str) -> None:
    factories.a_server(database)
    whole = letter * (RESULT_BYTES // len(letter.encode()))
    with database.transaction() as session:
        execution = executions.plan(
            session=session,
            pinned=pin(service="mysql", steps=(Step.CHECK,), check=None, fix=None),
            fix=None,
            name="a check",
            service_type="mysql",
            server_id=factories.SERVER,
            minion_id=factories.MINION,
            requested_by="tests",
            settings=ExecutionSettings(),
            now=factories.NOW,
        )
        for output in (whole, whole + letter * 100):
            results.record(
                session=session,
                execution=execution,
                step=Step.CHECK,
                status=LogStatus.SUCCESS,
                retcode=0,
                output=output,
                command_id=None,
                executed_at=factories.NOW,
                response_seconds=1.4,
            )
    with database.reading() as session:
        kept, cut = executions.logs(session=session, execution_ids=[execution.id], results=True)
        assert kept.execution_result == whole
        assert (
            f"[... cut: {len((whole + letter * 100).encode())} bytes in all" in cut.execution_result
        )
        assert len(cut.execution_result.encode()) <= RESULT_BYTES
        assert kept.response_time == 1
        assert isinstance(kept, SaltStackEventLog)


def test_times_come_back_aware_to_the_microsecond(database: Database) -> None:
    from rescuebot import intake
    from rescuebot.settings import IntakeSettings

    at = factories.NOW.replace(microsecond=123456)
    receipt = intake.receive(
        [factories.message()], database=database, settings=IntakeSettings(), now=lambda: at
    )
    with database.reading() as session:
        event = events.get(session=session, event_id=receipt.recorded[0].event_id)
        assert event.received_at == at
        assert event.received_at.tzinfo is not None
