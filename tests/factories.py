"""Things that tests need, with defaults that are valid; give only what the test is about."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from devstack import alarms
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.commands import service as commands
from rescuebot.database import Database
from rescuebot.runbooks import service as runbooks
from rescuebot.servers import service as servers
from rescuebot.settings import GuardSettings

NOW = datetime(2026, 11, 22, 1, 5, 0, tzinfo=UTC)
SERVER = "i-0123456789abcdef0"
# For tests that are about something else: only halts, windows and approvals hold anything.
NO_GUARD = GuardSettings(
    blast_percent=0, cooldown_seconds=0, breaker_failures=0, flapping_changes=0
)
MINION = "web-1"


def message(body: Any = None, **alarm: Any) -> QueueMessage:
    """A queue message, by default with the alarm that mysqld has no process."""
    if body is None:
        alarm = {"server_id": SERVER, "time": NOW - timedelta(seconds=20), **alarm}
        body = alarms.process_down(**alarm)
    text = body if isinstance(body, str) else json.dumps(body)
    return QueueMessage(message_id=str(uuid.uuid4()), handle=uuid.uuid4().hex, body=text)


def a_server(database: Database, *, server_id: str = SERVER, minion_id: str = MINION) -> None:
    """A server that a minion runs on."""
    with database.transaction() as session:
        servers.register(
            session=session, minion_id=minion_id, server_id=server_id, os="Debian 12", now=NOW
        )


def a_command(database: Database, **fields: Any) -> int:
    """A command, by default the status command of mysql."""
    values = {
        "command_name": "mysql_status",
        "command_script": "pgrep -x mariadbd",
        "target_service": "mysql",
        "command_type": "status",
        "now": NOW,
        **fields,
    }
    with database.transaction() as session:
        return commands.create(session=session, **values).id


def a_runbook(database: Database, **fields: Any) -> int:
    """A runbook, by default one that starts mysql by itself."""
    values = {
        "title": "Start MySQL",
        "service_type": "mysql",
        "error_pattern": "no process",
        "solution_kind": "state",
        "solution_script": "rescue.mysql",
        "created_by": "tests",
        "mode": "auto",
        "now": NOW,
        **fields,
    }
    with database.transaction() as session:
        return runbooks.create(session=session, **values).id
