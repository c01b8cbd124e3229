"""What can be done with findings: keep a master's latest, ask for another look, read them.

Invariant: a look that began earlier never replaces one that began later, whoever writes last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from rescuebot.database import insert_missing
from rescuebot.findings.model import DoctorLook, DoctorRequest, Finding

# A look may itself take a while: of minions that are away, the answer is waited for.
_LATE = timedelta(minutes=2)
# A master that has not looked for so long is none any more.
_KEPT = timedelta(days=30)
_REQUESTS_KEPT = timedelta(days=1)
_MASTER = 255
_NAME = 50
_WORDS = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a master's latest look has found."""

    look: DoctorLook
    findings: Sequence[Finding]
    # Whether the next look should have come by now.
    old: bool
    # Whether somebody has asked for another look since.
    asked_again: bool

    @property
    def ok(self) -> bool:
        """Whether all was well."""
        return all(one.ok for one in self.findings)


def ask(*, session: Session, actor: str, now: datetime) -> DoctorRequest:
    """Ask all masters to look anew."""
    made = DoctorRequest(asked_by=actor[:255], asked_at=now)
    session.add(made)
    session.flush()
    # The newest stays, so that no number is given out twice.
    old = delete(DoctorRequest).where(
        DoctorRequest.asked_at < now - _REQUESTS_KEPT, DoctorRequest.id < made.id
    )
    session.execute(old.execution_options(synchronize_session=False))
    return made


def last_request(*, session: Session) -> DoctorRequest | None:
    """The latest request for a look."""
    return session.scalar(select(DoctorRequest).order_by(DoctorRequest.id.desc()).limit(1))


def due(*, session: Session, master: str, now: datetime) -> int | None:
    """The last request that a look begun now would answer (0 for none); None when none is due."""
    request = session.scalar(select(func.max(DoctorRequest.id))) or 0
    look = session.get(DoctorLook, master[:_MASTER])
    if look is None or look.due_at <= now or look.request_id < request:
        return request
    return None


def keep(
    *,
    session: Session,
    master: str,
    owner: str,
    checks: Sequence[Mapping[str, Any]],
    looked_at: datetime,
    due_at: datetime,
    request_id: int,
) -> bool:
    """Put the findings of a look in the place of those before; False when a later look has been."""
    master = master[:_MASTER]
    if not _noted(session, master, owner[:100], looked_at, due_at, request_id):
        return False
    before = {
        one.name: one
        for one in session.scalars(select(Finding).where(Finding.master == master)).all()
    }
    session.execute(_of(master))
    for place, check in enumerate(checks):
        name = str(check["name"])[:_NAME]
        was = before.get(name)
        session.add(
            Finding(
                master=master,
                name=name,
                place=place,
                ok=check["ok"],
                detail=str(check["detail"])[:_WORDS],
                remedy=str(check["remedy"])[:_WORDS],
                since=was.since if was is not None and was.ok == check["ok"] else looked_at,
            )
        )
    _forget(session, looked_at)
    return True


def latest(*, session: Session, now: datetime) -> list[Findings]:
    """What each master has found last, those that found something first."""
    request = last_request(session=session)
    looks = session.scalars(select(DoctorLook).order_by(DoctorLook.master)).all()
    rows = session.scalars(select(Finding).order_by(Finding.place)).all()
    found = [
        Findings(
            look=look,
            findings=[row for row in rows if row.master == look.master],
            old=look.due_at + _LATE < now,
            asked_again=request is not None and look.request_id < request.id,
        )
        for look in looks
    ]
    return sorted(found, key=lambda one: one.ok)


def _noted(
    session: Session,
    master: str,
    owner: str,
    looked_at: datetime,
    due_at: datetime,
    request_id: int,
) -> bool:
    """Write down when the look was, unless a later one is known; holds the row until the end."""
    values = {
        "looked_by": owner,
        "looked_at": looked_at,
        "due_at": due_at,
        "request_id": request_id,
    }
    # Only once: an insert that finds the row there locks it for reading, and two such deadlock.
    if session.scalar(select(DoctorLook.master).where(DoctorLook.master == master)) is None:
        insert_missing(session, DoctorLook, [{"master": master, **values}])
    noted = session.execute(
        update(DoctorLook)
        .where(DoctorLook.master == master, DoctorLook.looked_at <= looked_at)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(noted.rowcount)  # type: ignore[attr-defined]


def _of(master: str) -> Any:
    return (
        delete(Finding)
        .where(Finding.master == master)
        .execution_options(synchronize_session="fetch")
    )


def _forget(session: Session, now: datetime) -> None:
    """Masters that are gone for good, with what they found."""
    gone = session.scalars(
        select(DoctorLook.master).where(DoctorLook.looked_at < now - _KEPT)
    ).all()
    for master in gone:
        session.execute(_of(master))
        session.execute(
            delete(DoctorLook)
            .where(DoctorLook.master == master)
            .execution_options(synchronize_session="fetch")
        )
