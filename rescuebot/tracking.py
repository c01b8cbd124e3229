"""From jobs that are out to their outcome. The database is the queue; the bus only hints.

Invariant: a return is settled at most once, and only by the execution that its job belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock, faults, guarding
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.dispatching import Fleet
from rescuebot.errors import FleetUnavailable, Halted
from rescuebot.executions import ending, returns, service
from rescuebot.executions.model import Execution
from rescuebot.guard import halts
from rescuebot.logs import logger
from rescuebot.notices import service as notices
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

log = logger(__name__)

SYNC = "saltutil.sync_modules"

_AFTER_SYNC = timedelta(seconds=3)
# A minion that is busy needs longer to fetch and load a module than one that is not.
_SYNC_FOR = timedelta(seconds=30)
_BUSY_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """A return as the bus brought it: a hint that may be cut, doubled or invented."""

    jid: str
    minion_id: str
    value: Any


@repeat_on_contention
def hand_out(
    *, dispatch_id: str, minion_id: str, database: Database, now: clock.Clock = clock.now
) -> dict[str, Any] | None:
    """The work of one minion under a dispatch id, and note that it was fetched; None if there is
    no active one: another minion's work, one that has ended, or an invented id.

    Raises Halted while a halt stands on it: what is queued on the minion does not begin either.
    """
    with database.transaction() as session:
        execution = service.work_of(session=session, dispatch_id=dispatch_id, minion_id=minion_id)
        if execution is None:
            _note_stranger(session, dispatch_id, minion_id, now())
            return None
        stop = halts.on(
            session=session,
            service_type=execution.service_type,
            server_id=execution.server_id,
            minion_id=execution.minion_id,
        )
        if stop is not None:
            raise Halted(f"{stop.called_by} has halted {stop.target}. {stop.reason}".strip())
        if not service.start(session=session, execution=execution, now=now()):
            return None
        notices.of_event(
            session=session,
            event_id=execution.cloudwatch_event_id,
            state="running",
            number=execution.id,
            now=now(),
        )
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


def says_that_it_runs(value: Any) -> bool:
    """Whether a minion answered that it is still at the dispatch."""
    result = returns.read(value)
    return result is not None and result.still_runs


def _after_sync(given: Return, *, database: Database, fleet: Fleet, now: clock.Clock) -> bool:
    """The minion lacks our module: have it synced and plan the run again, for a while."""
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
        since = execution.waiting_since if execution.module_synced else None
        if since is not None and now() - since >= _SYNC_FOR:
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
    if _waits_on(execution, result, settings, now):
        return service.plan_again(
            session=session, execution=execution, not_before=now + _BUSY_PAUSE, now=now
        )
    ended = ending.by_result(session=session, execution=execution, result=result, now=now)
    if ended and result.was_tampered_with:
        _note_tampering(session, execution, result, now)
    if ended and result.verdict == "fixed":
        guarding.note_chronic(
            session=session, execution=execution, settings=settings.guard, now=now
        )
    return ended


def _waits_on(
    execution: Execution, result: returns.Returned, settings: Settings, now: datetime
) -> bool:
    """Whether it is planned again, because nothing was changed, for a reason that passes.

    A halt is waited out however long it stands; a minion that is busy or away is not.
    """
    if result.was_halted:
        return True
    patience = timedelta(minutes=settings.execution.offline_minutes)
    return result.did_nothing and now - (execution.waiting_since or now) < patience


def _note_tampering(
    session: Session, execution: Execution, result: returns.Returned, now: datetime
) -> None:
    audit.note_attempt(
        session=session,
        actor="unknown",
        action="tampered_execution",
        subject=f"execution {execution.id}",
        detail=f"Minion {execution.minion_id} refused {execution.solution_name}: {result.message}",
        now=now,
    )


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
