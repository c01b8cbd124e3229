"""All tables in one place, for migrations: importing this module fills `metadata`."""

from __future__ import annotations

from rescuebot.audit.model import AuditEntry
from rescuebot.commands.model import SaltStackCommand
from rescuebot.database import Base
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence
from rescuebot.executions.model import Execution, SaltStackEventLog
from rescuebot.guard.model import Decision
from rescuebot.heartbeats.model import EngineHeartbeat
from rescuebot.runbooks.model import RunbookScript
from rescuebot.servers.model import Server

ALL = (
    AuditEntry,
    CloudWatchEvent,
    DeadLetter,
    Decision,
    EngineHeartbeat,
    EventOccurrence,
    Execution,
    RunbookScript,
    SaltStackCommand,
    SaltStackEventLog,
    Server,
)
metadata = Base.metadata
