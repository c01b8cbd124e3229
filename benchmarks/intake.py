"""How many alarms a second one thread records, against plain inserts of the same rows.

The floor inserts the same number of rows of the same size into a table of its own, ten in a
transaction as intake gets them from SQS, with nothing parsed, looked up or locked.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text

from benchmarks.measure import rate, spread, table
from devstack import alarms, mariadb
from rescuebot import intake, migrations
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.database import Database
from rescuebot.settings import DatabaseSettings, IntakeSettings

MESSAGES = 2000
BATCH = 10
ROUNDS = 3


def run() -> str:
    """Measure on SQLite and, where it is installed, on MariaDB."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(_on("SQLite", f"sqlite:///{Path(folder, 'ledger.db')}"))
        if mariadb.is_installed():
            server = mariadb.MariaDB(Path(folder, "mariadb"))
            server.start()
            try:
                rows.append(_on("MariaDB, TCP", server.url()))
            finally:
                server.stop()
    heads = ("ledger", "alarms/s", "plain rows/s", "intake : floor")
    return table(f"Intake of {MESSAGES:,} alarms, {ROUNDS} rounds", heads, rows)


def _on(name: str, url: str) -> tuple[str, ...]:
    database = Database(DatabaseSettings(url=SecretStr(url)))
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE floor (id INTEGER, message TEXT, raw TEXT)")
    recorded = [rate(lambda: _record(database)) for _ in range(ROUNDS)]
    inserted = [rate(lambda: _insert(database)) for _ in range(ROUNDS)]
    database.dispose()
    ratios = [ours / floor for ours, floor in zip(recorded, inserted, strict=True)]
    return name, spread(recorded), spread(inserted), spread(ratios)


def _record(database: Database) -> int:
    settings = IntakeSettings()
    for batch in _batches():
        intake.receive(batch, database=database, settings=settings)
    return MESSAGES


def _insert(database: Database) -> int:
    statement = text("INSERT INTO floor (id, message, raw) VALUES (:id, :message, :raw)")
    for batch in _batches():
        rows = [{"id": 1, "message": one.body[:300], "raw": one.body} for one in batch]
        with database.engine.begin() as connection:
            connection.execute(statement, rows)
    return MESSAGES


def _batches() -> list[list[QueueMessage]]:
    messages = [
        QueueMessage(
            message_id=uuid.uuid4().hex,
            handle=str(number),
            body=json.dumps(alarms.process_down(f"i-{number % 200:017x}-{uuid.uuid4().hex[:8]}")),
        )
        for number in range(MESSAGES)
    ]
    return [messages[start : start + BATCH] for start in range(0, MESSAGES, BATCH)]
