"""Stop and go: what a person calls at the console when nothing more may be touched.

Invariant: from the commit of a halt on, no tracker starts and no master hands out what it covers.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.dispatching import Fleet
from rescuebot.errors import FleetUnavailable
from rescuebot.events.reported import Severity
from rescuebot.executions import stuck, waiting
from rescuebot.executions.model import Execution
from rescuebot.guard import halts, targets, windows
from rescuebot.guard.model import Halt, MaintenanceWindow
from rescuebot.guard.rules import Rule
from rescuebot.logs import logger
from rescuebot.notices import service as notices

log = logger(__name__)

FUNCTION = "rescue.halt"


@repeat_on_contention
def halt(
    target: object,
    *,
    reason: str,
    actor: str,
    database: Database,
    now: clock.Clock = clock.now,
) -> Halt:
    """Let nothing new start on the target; Conflict when it is halted already."""
    with database.transaction() as session:
        called = halts.call(session=session, target=target, reason=reason, actor=actor, now=now())
        _note(session, "halted", called.target, actor, reason, now())
        _tell(session, called, "called", now())
    return called


@repeat_on_contention
def resume(target: object, *, actor: str, database: Database, now: clock.Clock = clock.now) -> Halt:
    """Let work start again on the target, at once also what was held."""
    with database.transaction() as session:
        lifted = halts.lift(session=session, target=target, actor=actor, now=now())
        waiting.look_again(session=session, rule=Rule.HALT.value, now=now())
        _note(session, "resumed", lifted.target, actor, "", now())
        _tell(session, lifted, "lifted", now())
    return lifted


@repeat_on_contention
def open_window(
    target: object,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: str,
    database: Database,
    now: clock.Clock = clock.now,
) -> MaintenanceWindow:
    """Announce a time of work on the target."""
    with database.transaction() as session:
        window = windows.open_(
            session=session,
            target=target,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            actor=actor,
            now=now(),
        )
        times = f"{clock.isoformat(starts_at)} to {clock.isoformat(ends_at)}: {reason}"
        _note(session, "window_opened", window.target, actor, times, now())
    return window


@repeat_on_contention
def close_window(
    window_id: int, *, actor: str, database: Database, now: clock.Clock = clock.now
) -> MaintenanceWindow:
    """End a maintenance window early; what it held is looked at again at once."""
    with database.transaction() as session:
        window = windows.close(session=session, window_id=window_id, actor=actor, now=now())
        waiting.look_again(session=session, rule=Rule.WINDOW.value, now=now())
        _note(session, "window_closed", window.target, actor, f"window {window_id}", now())
    return window


def _note(
    session: Session, action: str, target: str, actor: str, detail: str, now: datetime
) -> None:
    audit.note(session=session, actor=actor, action=action, subject=target, detail=detail, now=now)


def _tell(session: Session, halt: Halt, state: str, now: datetime) -> None:
    """A notice to every channel: nothing is rescued while it stands."""
    notices.put(
        session=session,
        thread_key=f"halt:{halt.id}",
        state=state,
        severity=Severity.CRITICAL,
        number=0,
        now=now,
    )


def tell(*, told: frozenset[int], fleet: Fleet, database: Database) -> frozenset[int]:
    """Tell minions of halts that they have not heard of, so that work which they have fetched but
    not begun to fix with stops, too. Returns the halts that stand and were told.

    Only those with work out are told; all others are refused when they fetch. A halt that was told
    twice does no harm.
    """
    with database.reading() as session:
        standing = halts.list_(session=session)
        new = [halt for halt in standing if halt.id not in told]
        out = stuck.out_by_minion(session=session) if new else []
    untold = set()
    for halt in new:
        target = targets.parse(halt.target)
        minions = sorted({one.minion_id for one in out if _is_meant(target, one)})
        if minions and not _publish(fleet, minions, f"{halt.called_by}: {halt.reason}"[:200]):
            untold.add(halt.id)
    return frozenset(halt.id for halt in standing) - untold


def _is_meant(target: targets.Target, execution: Execution) -> bool:
    return target.covers(
        service_type=execution.service_type,
        server_id=execution.server_id,
        minion_id=execution.minion_id,
    )


def _publish(fleet: Fleet, minions: list[str], reason: str) -> bool:
    try:
        fleet.publish(jid=fleet.mint_jid(), minions=minions, function=FUNCTION, arguments=[reason])
    except FleetUnavailable as error:
        log.warning("halt_not_told", minions=len(minions), reason=error.message)
        return False
    return True
