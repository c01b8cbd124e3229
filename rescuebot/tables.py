"""All tables in one place, for migrations: importing this module fills `metadata`."""

from __future__ import annotations

from rescuebot.advice.model import Advice, Consultation, Draft
from rescuebot.approvals.model import Amendment, Approval
from rescuebot.archive.model import Archive, ArchivedItem, ArchiveLease
from rescuebot.audit.model import AuditEntry
from rescuebot.commands.model import SaltStackCommand
from rescuebot.database import Base
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence
from rescuebot.executions.model import (
    Execution,
    SaltStackEventLog,
    SaltStackEventLogOriginal,
)
from rescuebot.findings.model import DoctorLook, DoctorRequest, Finding
from rescuebot.guard.model import Decision, Halt, Latch, MaintenanceWindow
from rescuebot.heartbeats.model import EngineHeartbeat
from rescuebot.notices.model import (
    Notice,
    NoticeChannel,
    NoticeReceipt,
    NoticeStorm,
    NoticeThread,
)
from rescuebot.people.model import ApiKey, RefreshToken, SignInAttempt, User
from rescuebot.requests.model import RequestKey
from rescuebot.runbooks.model import RunbookScript
from rescuebot.servers.model import Server, ServerService
from rescuebot.versions.model import Version

ALL = (
    Advice,
    Amendment,
    ApiKey,
    Approval,
    Archive,
    ArchiveLease,
    ArchivedItem,
    AuditEntry,
    CloudWatchEvent,
    Consultation,
    DeadLetter,
    Decision,
    DoctorLook,
    DoctorRequest,
    Draft,
    EngineHeartbeat,
    EventOccurrence,
    Execution,
    Finding,
    Halt,
    Latch,
    MaintenanceWindow,
    Notice,
    NoticeChannel,
    NoticeReceipt,
    NoticeStorm,
    NoticeThread,
    RefreshToken,
    RequestKey,
    RunbookScript,
    SaltStackCommand,
    SaltStackEventLog,
    SaltStackEventLogOriginal,
    Server,
    ServerService,
    SignInAttempt,
    User,
    Version,
)
metadata = Base.metadata
