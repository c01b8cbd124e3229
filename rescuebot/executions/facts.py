"""What the guard asks about executions: what is out, what was done where, how remedies did.

Only reads, and never what is pinned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, defer

from rescuebot.executions.model import ACTIVE_STATES, Execution, ExecutionState

# After these verdicts something may have been changed on the server.
CHANGING = ("fixed", "done", "changed_not_fixed", "failed", "timeout", "interrupted")
# These say that the remedy itself does not help; an absent minion is not its fault.
FAILING = ("changed_not_fixed", "failed", "timeout")
HELPING = ("fixed", "done")
# Their minions have told what they did.
_HEARD_OF = (ExecutionState.SUCCESS, ExecutionState.FAILED, ExecutionState.TIMEOUT)
_LOOKED_BACK = 200
_CHUNK = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Out:
    """An execution that is out; `changes` says whether it may change something."""

    execution_id: int
    server_id: str
    service_type: str
    remedy: str
    changes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """How one run ended. `of` tells which runs belong to one event."""

    of: int
    verdict: str
    finished_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRun:
    """What was run for an event, for how long, and whether that was of any use."""

    runbook_id: int | None
    helped: bool
    lasted: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chronic:
    """A remedy that has fixed one server again and again."""

    runbook_id: int | None
    solution_name: str
    server_id: str
    fixes: int
    first_at: datetime
    last_at: datetime


def remedy_of(execution: Execution) -> str:
    """What tells equal remedies: the runbook, else the command, else the name of the state."""
    return remedy(
        runbook_id=execution.runbook_id,
        command_id=execution.command_id,
        name=execution.solution_name,
    )


def remedy(*, runbook_id: int | None, name: str, command_id: int | None = None) -> str:
    """The same of a remedy that has not been planned."""
    if runbook_id is not None:
        return f"runbook:{runbook_id}"
    return name if command_id is None else f"command:{command_id}"


def out_now(*, session: Session) -> list[Out]:
    """All executions that are out."""
    query = select(Execution).where(Execution.state.in_(ACTIVE_STATES))
    return [
        Out(
            execution_id=row.id,
            server_id=row.server_id,
            service_type=row.service_type,
            remedy=remedy_of(row),
            changes=row.solution_kind != "check",
        )
        for row in session.scalars(query.options(defer(Execution.pinned)))
    ]


def repaired_since(*, session: Session, service_type: str, since: datetime) -> set[str]:
    """The servers of a service on which a repair has ended since."""
    query = select(Execution.server_id).where(
        Execution.service_type == service_type,
        Execution.finished_at >= since,
        Execution.verdict.in_(CHANGING),
    )
    return set(session.scalars(query))


def last_changes(
    *, session: Session, server_ids: Collection[str], since: datetime
) -> dict[tuple[str, str], datetime]:
    """When each remedy last ended on each of the servers after it may have changed something."""
    query = (
        select(Execution)
        .where(
            Execution.server_id.in_(server_ids),
            Execution.finished_at >= since,
            Execution.verdict.in_(CHANGING),
            Execution.cloudwatch_event_id.is_not(None),
        )
        .options(defer(Execution.pinned))
        .order_by(Execution.finished_at)
    )
    return {
        (remedy_of(row), row.server_id): row.finished_at
        for row in session.scalars(query)
        if row.finished_at is not None
    }


def latest_of(*, session: Session, remedy: str, since: datetime) -> list[Done]:
    """How the runs of a remedy for events ended, the latest first."""
    query = (
        select(Execution)
        .where(
            _is_remedy(remedy),
            Execution.cloudwatch_event_id.is_not(None),
            Execution.finished_at >= since,
            Execution.verdict.in_((*FAILING, *HELPING)),
        )
        .options(defer(Execution.pinned))
        .order_by(Execution.finished_at.desc(), Execution.id.desc())
        .limit(_LOOKED_BACK)
    )
    return [
        Done(
            of=row.cloudwatch_event_id,
            verdict=row.verdict,
            finished_at=row.finished_at,
        )
        for row in session.scalars(query)
        if row.cloudwatch_event_id and row.verdict and row.finished_at
    ]


def fixes_of(*, session: Session, execution: Execution, since: datetime) -> int:
    """How often the remedy of an execution has fixed its server since."""
    query = select(func.count()).where(
        _is_remedy(remedy_of(execution)),
        Execution.server_id == execution.server_id,
        Execution.finished_at >= since,
        Execution.verdict == "fixed",
    )
    return session.scalar(query) or 0


def chronic(*, session: Session, least: int, since: datetime, limit: int = 50) -> list[Chronic]:
    """Remedies that have fixed the same server `least` times since, the worst first."""
    fixes = func.count().label("fixes")
    query = (
        select(
            Execution.runbook_id,
            func.max(Execution.solution_name).label("solution_name"),
            Execution.server_id,
            fixes,
            func.min(Execution.finished_at).label("first_at"),
            func.max(Execution.finished_at).label("last_at"),
        )
        .where(Execution.finished_at >= since, Execution.verdict == "fixed")
        .group_by(
            Execution.runbook_id,
            func.coalesce(Execution.runbook_id, Execution.solution_name),
            Execution.server_id,
        )
        .having(fixes >= least)
        .order_by(fixes.desc(), func.max(Execution.finished_at).desc())
    )
    return [Chronic(**row._mapping) for row in session.execute(query.limit(limit))]


def runs_of_events(*, session: Session, event_ids: Sequence[int]) -> dict[int, PastRun]:
    """The last run of each event that has ended, by the events' ids."""
    found: dict[int, PastRun] = {}
    for start in range(0, len(event_ids), _CHUNK):
        query = (
            select(
                Execution.cloudwatch_event_id,
                Execution.runbook_id,
                Execution.verdict,
                Execution.dispatched_at,
                Execution.finished_at,
            )
            .where(Execution.cloudwatch_event_id.in_(event_ids[start : start + _CHUNK]))
            .order_by(Execution.id)
        )
        for event_id, runbook_id, verdict, since, until in session.execute(query):
            assert event_id is not None, "the query asks for those that have one"
            found[event_id] = PastRun(
                runbook_id=runbook_id,
                helped=verdict not in FAILING,
                lasted=until - since if since and until else None,
            )
    return found


def helped_lately(
    *, session: Session, service_type: str, since: datetime, limit: int
) -> list[tuple[str, int]]:
    """What has fixed a service since, and how often, the most often first."""
    fixes = func.count()
    query = (
        select(Execution.solution_name, fixes)
        .where(
            Execution.service_type == service_type,
            Execution.finished_at >= since,
            Execution.verdict == "fixed",
        )
        .group_by(Execution.solution_name)
        .order_by(fixes.desc())
    )
    return [(name, count) for name, count in session.execute(query.limit(limit))]


def before(*, session: Session, execution: Execution) -> Execution | None:
    """The run of the same remedy on the same server before this one, if it came to an output."""
    query = select(Execution).where(
        Execution.server_id == execution.server_id,
        _is_remedy(remedy_of(execution)),
        Execution.planned_at <= execution.planned_at,
        Execution.id < execution.id,
        Execution.state.in_(_HEARD_OF),
    )
    latest = query.order_by(Execution.planned_at.desc(), Execution.id.desc()).limit(1)
    return session.scalars(latest.options(defer(Execution.pinned))).one_or_none()


def waiting_for_room(*, session: Session, rule: str) -> Sequence[Execution]:
    """The oldest execution of each service that a rule holds."""
    first = (
        select(func.min(Execution.id))
        .where(Execution.state == ExecutionState.HELD, Execution.held_by == rule)
        .group_by(Execution.service_type)
    )
    query = select(Execution).where(Execution.id.in_(first)).options(defer(Execution.pinned))
    return session.scalars(query).all()


def _is_remedy(remedy: str) -> ColumnElement[bool]:
    kind, _, number = remedy.partition(":")
    if kind in ("runbook", "command") and number.isdigit():
        column = Execution.runbook_id if kind == "runbook" else Execution.command_id
        return column == int(number)
    return Execution.solution_name == remedy


def remedies_on(*, session: Session, server_id: str, limit: int = 20) -> list[dict[str, Any]]:
    """What was run on a server, how often, how often it helped, when last; the latest first."""
    helped = func.sum(case((Execution.verdict.in_(HELPING), 1), else_=0))
    last = func.max(Execution.finished_at)
    query = (
        select(Execution.solution_name, func.count(), helped, last)
        .where(Execution.server_id == server_id, Execution.finished_at.is_not(None))
        .group_by(Execution.solution_name)
        .order_by(last.desc())
        .limit(limit)
    )
    return [
        {"solution_name": name, "runs": runs, "helped": int(helped or 0), "last_at": at}
        for name, runs, helped, at in session.execute(query)
    ]
