"""What has changed since one looked last: a mark for each topic, to compare with the last one.

A mark is made of the newest ids and of counts over what is open, so that it is cheap however much
there is, and needs no writer to announce anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from rescuebot.advice.model import Advice, AdviceState, Draft
from rescuebot.approvals.model import Amendment, Approval
from rescuebot.approvals.service import OPEN
from rescuebot.archive.model import Archive, ArchiveLease, ArchiveState
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence, LetterState
from rescuebot.executions.model import (
    ACTIVE_STATES,
    WAITING_STATES,
    Execution,
    SaltStackEventLog,
    SaltStackEventLogOriginal,
)
from rescuebot.guard.model import Decision, Halt, MaintenanceWindow
from rescuebot.notices.model import Notice, NoticeReceipt, NoticeStatus
from rescuebot.people.model import ApiKey, User
from rescuebot.servers.model import Server
from rescuebot.versions.model import Kind, Version

TOPICS = (
    "events",
    "executions",
    "approvals",
    "advice",
    "halts",
    "maintenance-windows",
    "dead-letters",
    "runbooks",
    "commands",
    "servers",
    "users",
    "api-keys",
    "archives",
    "drafts",
    "notices",
)

_UNDER_WAY = (*WAITING_STATES, *ACTIVE_STATES)
_UNFINISHED = (ArchiveState.PLANNED, ArchiveState.WRITTEN, ArchiveState.VERIFIED)
_ASKED = (AdviceState.GATHERING, AdviceState.ASKING)


def marks(*, session: Session) -> dict[str, str]:
    """The mark of each topic as of now."""
    found: dict[str, Callable[[], list[Select[Any]]]] = {
        # Whatever becomes of an event or an execution is a decision as well.
        "events": lambda: [_newest(CloudWatchEvent), _newest(EventOccurrence), _newest(Decision)],
        "executions": lambda: [
            _newest(Execution),
            _newest(SaltStackEventLog),
            # A result that was put right for the first time.
            _newest(SaltStackEventLogOriginal),
            _open(Execution, Execution.state, _UNDER_WAY),
        ],
        "approvals": lambda: [
            _newest(Approval),
            _newest(Amendment),
            _open(Approval, Approval.state, OPEN, func.count(Approval.previewed_at)),
        ],
        "advice": lambda: [
            _newest(Advice),
            _open(Advice, Advice.state, _ASKED),
        ],
        "halts": lambda: [_both(func.max(Halt.id), func.count(Halt.live_target))],
        "maintenance-windows": lambda: [
            _both(func.max(MaintenanceWindow.id), func.count(MaintenanceWindow.closed_at))
        ],
        "dead-letters": lambda: [
            _newest(DeadLetter),
            _open(DeadLetter, DeadLetter.state, (LetterState.KEPT,)),
        ],
        "runbooks": lambda: [_versions(Kind.RUNBOOK)],
        "commands": lambda: [_versions(Kind.COMMAND)],
        # A server is seen when its minion starts, and loses it when the key is removed.
        "servers": lambda: [
            _newest(Server),
            select(func.max(Server.seen_at)),
            select(func.count(Server.minion_id)),
        ],
        # People are few. Whatever is done to one makes another version of the row.
        "users": lambda: [_both(func.sum(User.version), func.max(User.last_signed_in_at))],
        "api-keys": lambda: [_both(func.max(ApiKey.id), func.count(ApiKey.live_name))],
        # Whoever moves rows holds the lease meanwhile, also who puts them back.
        "archives": lambda: [
            _newest(Archive),
            _open(Archive, Archive.state, _UNFINISHED),
            select(ArchiveLease.name, ArchiveLease.token).order_by(ArchiveLease.name),
        ],
        "drafts": lambda: [_both(func.max(Draft.id), func.max(Draft.changed_at))],
        # Whoever is told, or is told no longer, leaves the number of those that wait.
        "notices": lambda: [
            _newest(Notice),
            _newest(NoticeReceipt),
            _open(Notice, Notice.status, (NoticeStatus.PENDING,)),
        ],
    }
    return {topic: _mark(session, found[topic]()) for topic in TOPICS}


def _mark(session: Session, queries: list[Select[Any]]) -> str:
    return "|".join(str(session.execute(query).all()) for query in queries)


def _both(one: Any, other: Any) -> Select[Any]:
    return select(one, other)


def _newest(table: Any) -> Select[Any]:
    return select(func.max(table.id))


def _open(table: Any, state: Any, states: tuple[Any, ...], *more: Any) -> Select[Any]:
    query = select(state, func.count(), func.sum(table.id), *more).where(state.in_(states))
    return query.group_by(state).order_by(state)


def _versions(kind: Kind) -> Select[Any]:
    return select(func.max(Version.id)).where(Version.kind == kind)
