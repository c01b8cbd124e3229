"""What can be done with halts: call one, lift it, list those that stand.

Invariant: a target is halted at most once at a time, which a unique key holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.errors import Conflict, Invalid, NotFound, Problem
from rescuebot.guard import targets
from rescuebot.guard.model import Halt
from rescuebot.guard.rules import Stop


def call(*, session: Session, target: object, reason: str, actor: str, now: datetime) -> Halt:
    """Let nothing new start on the target; Conflict when it is halted already."""
    name = str(targets.parse(target))
    if not isinstance(reason, str) or len(reason) > 1000:
        raise Invalid([Problem("reason", "must be a text of at most 1000 characters")])
    row = {
        "target": name,
        "live_target": name,
        "reason": reason,
        "called_by": actor[:100],
        "called_at": now,
    }
    standing_before = _standing_on(session, name)
    if standing_before is None:
        insert_missing(session, Halt, [row])
    halt = _standing_on(session, name)
    if halt is None or standing_before is not None or halt.called_at != now:
        by = "somebody" if halt is None else halt.called_by
        raise Conflict(f"{name} has been halted by {by} already.", remedy=_how_to_lift(name))
    return halt


def lift(*, session: Session, target: object, actor: str, now: datetime) -> Halt:
    """Let work start again; NotFound when no halt stands on exactly this target."""
    name = str(targets.parse(target))
    halt = _standing_on(session, name)
    if halt is None or not _lifted(session, halt, actor, now):
        standing = ", ".join(item.target for item in list_(session=session)) or "none"
        raise NotFound(f"No halt stands on {name}.", remedy=f"Those that stand: {standing}.")
    session.refresh(halt)
    return halt


def get(*, session: Session, halt_id: int) -> Halt:
    """The halt, whether it stands or was lifted, or NotFound."""
    halt = session.get(Halt, halt_id)
    if halt is None:
        raise NotFound(f"There is no halt {halt_id}.", remedy="List those that stand.")
    return halt


def list_(*, session: Session) -> Sequence[Halt]:
    """The halts that stand, oldest first."""
    return session.scalars(
        select(Halt).where(Halt.live_target.is_not(None)).order_by(Halt.id)
    ).all()


def stops(*, session: Session) -> tuple[Stop, ...]:
    """The same, as the guard's rules take them."""
    return tuple(_stop(halt) for halt in list_(session=session))


def history(*, session: Session) -> list[tuple[Stop, datetime | None]]:
    """All halts there ever were, with when they were lifted."""
    rows = session.scalars(select(Halt).order_by(Halt.id))
    return [(_stop(halt), halt.lifted_at) for halt in rows]


def _stop(halt: Halt) -> Stop:
    return Stop(
        target=targets.parse(halt.target),
        reason=halt.reason,
        called_by=halt.called_by,
        called_at=halt.called_at,
    )


def on(*, session: Session, service_type: str, server_id: str, minion_id: str) -> Stop | None:
    """The oldest halt that stands on a run for this service, server and minion; else None."""
    for stop in stops(session=session):
        if stop.target.covers(service_type=service_type, server_id=server_id, minion_id=minion_id):
            return stop
    return None


def _standing_on(session: Session, name: str) -> Halt | None:
    return session.scalars(select(Halt).where(Halt.live_target == name)).one_or_none()


def _lifted(session: Session, halt: Halt, actor: str, now: datetime) -> bool:
    done = session.execute(
        update(Halt)
        .where(Halt.id == halt.id, Halt.live_target.is_not(None))
        .values(live_target=None, lifted_by=actor[:100], lifted_at=now)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _how_to_lift(name: str) -> str:
    return f"salt-run rescue.resume '{name}' lifts it."
