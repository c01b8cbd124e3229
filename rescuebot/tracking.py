"""From planned executions to their outcome. The database is the queue; the bus only hints.

Invariant: a job's id is committed before the job is published, so after a crash it is published
again under the same id, and a minion does an id only once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from rescuebot import clock, faults
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import FleetUnavailable
from rescuebot.executions import ending, returns, service
from rescuebot.executions.model import Execution
from rescuebot.logs import logger
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

log = logger(__name__)

FUNCTION = "rescue.execute"
SYNC = "saltutil.sync_modules"

_AFTER_SYNC = timedelta(seconds=3)
_BUSY_PAUSE = timedelta(seconds=10)


class Fleet(Protocol):
    """What tracking needs of Salt; `salt/_engines/rescue_tracker.py` has the real one."""

    @property
    def master(self) -> str:
        """The id of the master, whose job cache holds what is published here."""

    def accepted(self) -> set[str]:
        """The minions whose key this master has accepted."""

    def mint_jid(self) -> str:
        """A job id that no job has had."""

    def publish(
        self, *, jid: str, minions: Sequence[str], function: str, arguments: Sequence[str]
    ) -> set[str]:
        """Send a job to minions; returns those whose key is accepted. Raises FleetUnavailable."""

    def returns_of(self, jid: str) -> Mapping[str, Any]:
        """What the job cache holds of a job: minion id to what it returned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """A return as the bus brought it: a hint that may be cut, doubled or invented."""

    jid: str
    minion_id: str
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One publication: the same pinned work on several minions."""

    jid: str
    dispatch: str
    sha256: str
    minions: tuple[str, ...]


def dispatch_due(
    *, database: Database, fleet: Fleet, settings: Settings, now: clock.Clock = clock.now
) -> int:
    """Send out what is planned, equal work as one job; returns how many executions went out."""
    jobs = _commit_jobs(database=database, fleet=fleet, settings=settings, now=now())
    for job in jobs:
        faults.point("dispatch.committed")
        publish(job, database=database, fleet=fleet, now=now)
    return sum(len(job.minions) for job in jobs)


@repeat_on_contention
def hand_out(
    *, dispatch_id: str, minion_id: str, database: Database, now: clock.Clock = clock.now
) -> dict[str, Any] | None:
    """The work of one minion under a dispatch id, and note that it was fetched; None if there is
    no active one: another minion's work, one that has ended, or an invented id.
    """
    with database.transaction() as session:
        execution = service.work_of(session=session, dispatch_id=dispatch_id, minion_id=minion_id)
        if execution is None:
            _note_stranger(session, dispatch_id, minion_id, now())
            return None
        if not service.start(session=session, execution=execution, now=now()):
            return None
        faults.point("handout.started")
        work = {
            "dispatch": dispatch_id,
            "execution_id": execution.id,
            "server_id": execution.server_id,
            "limit_seconds": execution.limit_seconds,
            "verify_seconds": execution.verify_seconds,
            "pinned": execution.pinned,
        }
    faults.point("handout.committed")
    return work


def _note_stranger(session: Session, dispatch_id: str, minion_id: str, now: datetime) -> None:
    """Somebody asked for work that is another minion's. Work that has ended is no attempt."""
    if service.is_of_another(session=session, dispatch_id=dispatch_id, minion_id=minion_id):
        audit.note_attempt(
            session=session,
            actor=f"minion {minion_id}",
            action="foreign_work",
            subject=f"dispatch {dispatch_id}",
            detail="The minion asked for the work of another minion and was given nothing.",
            now=now,
        )


def record_return(
    given: Return,
    *,
    database: Database,
    fleet: Fleet,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> bool:
    """Join a return to its execution and settle both; False when there is nothing to settle."""
    if returns.was_trimmed(given.value):
        return False  # the job cache holds it whole; `reconcile` takes it from there
    if returns.lacks_module(given.value):
        return _after_sync(given, database=database, fleet=fleet, now=now)
    return _settle(given, database=database, settings=settings, now=now)


def jobs_of(executions: Iterable[Execution]) -> list[Job]:
    """The jobs that dispatched executions belong to."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for item in executions:
        if item.jid and item.dispatch:
            key = (item.jid, item.dispatch, item.pinned_sha256)
            groups.setdefault(key, []).append(item.minion_id)
    return [
        Job(jid=jid, dispatch=dispatch_id, sha256=sha256, minions=tuple(minions))
        for (jid, dispatch_id, sha256), minions in groups.items()
    ]


def says_that_it_runs(value: Any) -> bool:
    """Whether a minion answered that it is still at the dispatch."""
    result = returns.read(value)
    return result is not None and result.still_runs


@repeat_on_contention
def _commit_jobs(
    *, database: Database, fleet: Fleet, settings: Settings, now: datetime
) -> list[Job]:
    """Take planned executions for jobs whose ids are committed before anything is sent."""
    minions = fleet.accepted()
    if not _anything_due(database, minions, now):
        return []
    with database.transaction() as session:
        due = service.due(session=session, now=now, limit=settings.tracker.batch, minions=minions)
        # Another tracker may have read the same rows: under the locks of the servers we look again.
        servers.lock(session=session, server_ids=[item.server_id for item in due], now=now)
        busy = service.busy_servers(session=session, server_ids=[item.server_id for item in due])
        free = [execution for execution in due if execution.server_id not in busy]
        jobs = []
        for sha256, group in _by_hash(free).items():
            jobs += _commit_job(session, sha256, group, fleet, settings, now)
        faults.point("dispatch.taken")
    return jobs


def _commit_job(
    session: Session,
    sha256: str,
    group: Sequence[Execution],
    fleet: Fleet,
    settings: Settings,
    now: datetime,
) -> list[Job]:
    jid, dispatch_id = fleet.mint_jid(), uuid.uuid4().hex
    grace = timedelta(seconds=settings.execution.grace_seconds)
    taken = [
        execution.minion_id
        for execution in group
        if service.dispatch(
            session=session,
            execution=execution,
            dispatch_id=dispatch_id,
            jid=jid,
            master=fleet.master,
            grace=grace,
            now=now,
        )
    ]
    if not taken:
        return []
    return [Job(jid=jid, dispatch=dispatch_id, sha256=sha256, minions=tuple(taken))]


def _anything_due(database: Database, minions: set[str], now: datetime) -> bool:
    """A look without a lock, because this is asked several times a second."""
    with database.reading() as session:
        return bool(service.due(session=session, now=now, limit=1, minions=minions))


def _by_hash(executions: Iterable[Execution]) -> dict[str, list[Execution]]:
    """Groups of equal work. A minion is in a group once, even if it runs several servers."""
    groups: dict[str, list[Execution]] = {}
    for execution in executions:
        group = groups.setdefault(execution.pinned_sha256, [])
        if all(other.minion_id != execution.minion_id for other in group):
            group.append(execution)
    return groups


def publish(job: Job, *, database: Database, fleet: Fleet, now: clock.Clock) -> None:
    """Send a committed job. If the master does not take it now, the sweep will try again."""
    try:
        accepted = fleet.publish(
            jid=job.jid,
            minions=job.minions,
            function=FUNCTION,
            arguments=[job.dispatch, job.sha256],
        )
    except FleetUnavailable as error:
        log.warning("job_not_published", jid=job.jid, reason=error.message)
        return
    faults.point("dispatch.published")
    with database.transaction() as session:
        service.published(session=session, jid=job.jid, now=now())
    faults.point("dispatch.noted")
    for minion_id in set(job.minions) - accepted:
        _turn_away(job.jid, minion_id, database=database, now=now)


@repeat_on_contention
def _turn_away(jid: str, minion_id: str, *, database: Database, now: clock.Clock) -> None:
    """The master has no accepted key of this minion, so nobody will ever run this."""
    with database.transaction() as session:
        execution = service.of_return(session=session, jid=jid, minion_id=minion_id)
        if execution is not None:
            servers.release(session=session, minion_id=minion_id)
            ending.without_minion(session=session, execution=execution, now=now())


def _after_sync(given: Return, *, database: Database, fleet: Fleet, now: clock.Clock) -> bool:
    """The minion lacks our module: have it synced and plan the run again, once."""
    try:
        fleet.publish(jid=fleet.mint_jid(), minions=[given.minion_id], function=SYNC, arguments=[])
    except FleetUnavailable as error:
        log.warning("module_not_synced", minion=given.minion_id, reason=error.message)
        return False
    return _plan_after_sync(given, database=database, now=now)


@repeat_on_contention
def _plan_after_sync(given: Return, *, database: Database, now: clock.Clock) -> bool:
    with database.transaction() as session:
        execution = service.of_return(session=session, jid=given.jid, minion_id=given.minion_id)
        if execution is None:
            return False
        if execution.module_synced:
            ending.without_module(session=session, execution=execution, now=now())
            return True
        log.info("module_synced", minion=given.minion_id, execution_id=execution.id)
        return service.plan_again(
            session=session,
            execution=execution,
            not_before=now() + _AFTER_SYNC,
            now=now(),
            module_synced=True,
        )


@repeat_on_contention
def _settle(given: Return, *, database: Database, settings: Settings, now: clock.Clock) -> bool:
    faults.point("record.read")
    with database.transaction() as session:
        execution = service.of_return(session=session, jid=given.jid, minion_id=given.minion_id)
        if execution is None:
            return False
        settled = _by_its_word(session, execution, given, settings, now())
        faults.point("record.settled")
    faults.point("record.committed")
    return settled


def _by_its_word(
    session: Session, execution: Execution, given: Return, settings: Settings, now: datetime
) -> bool:
    """Settle what the return says, if it says something that we can read."""
    result = returns.read(given.value)
    if result is None or result.dispatch != execution.dispatch:
        return ending.unreadable(session=session, execution=execution, value=given.value, now=now)
    if result.still_runs:
        return False  # the sweep asked too early; it looks at the deadline again
    patience = timedelta(minutes=settings.execution.offline_minutes)
    if result.did_nothing and now - (execution.waiting_since or now) < patience:
        return service.plan_again(
            session=session, execution=execution, not_before=now + _BUSY_PAUSE, now=now
        )
    return ending.by_result(session=session, execution=execution, result=result, now=now)


@repeat_on_contention
def register(
    *,
    minion_id: str,
    grains: Mapping[str, Any],
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> None:
    """Note which server a minion runs on, by what its grains say."""
    server_id = servers.server_id_of(
        minion_id=minion_id, grains=grains, names=settings.servers.id_grains
    )
    os = f"{grains.get('os', '')} {grains.get('osrelease', '')}".strip()
    with database.transaction() as session:
        server = servers.register(
            session=session, minion_id=minion_id, server_id=server_id, os=os, now=now()
        )
        service.hurry(session=session, minion_id=minion_id, now=now())
    if server.contested_by is not None:
        log.warning(
            "server_contested",
            server_id=server_id,
            minion=server.minion_id,
            contested_by=server.contested_by,
        )
