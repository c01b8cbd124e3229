"""From waiting executions to jobs: the guard is asked, approvals are spent, equal work goes out
as one job.

Invariant: a job's id is committed before the job is published, so after a crash it is published
again under the same id, and a minion does an id only once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from rescuebot import clock, faults, guarding
from rescuebot.approvals import amendments
from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import FleetUnavailable
from rescuebot.events import service as events
from rescuebot.executions import ending, service, waiting
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import edit_of, fix_of, is_whole
from rescuebot.guard.rules import Verdict
from rescuebot.guarding import Cleared
from rescuebot.logs import logger
from rescuebot.runbooks import standing as runbooks
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

log = logger(__name__)

FUNCTION = "rescue.execute"


class Fleet(Protocol):
    """What is needed of Salt; `salt/_engines/rescue_tracker.py` has the real one."""

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

    def returns_of(self, jid: str) -> Any:
        """What the job cache holds of a job: minion id to what it returned."""


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
    """Send out what may start, equal work as one job; returns how many executions went out."""
    jobs = _commit_jobs(database=database, fleet=fleet, settings=settings, now=now)
    for job in jobs:
        faults.point("dispatch.committed")
        publish(job, database=database, fleet=fleet, now=now)
    return sum(len(job.minions) for job in jobs)


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


@repeat_on_contention
def _commit_jobs(
    *, database: Database, fleet: Fleet, settings: Settings, now: clock.Clock
) -> list[Job]:
    """Take what may start for jobs whose ids are committed before anything is sent."""
    minions, at = fleet.accepted(), now()
    if not _anything_waits(database, minions, at):
        return []
    with database.transaction() as session:
        cleared = guarding.let_through(
            session=session,
            minions=minions,
            settings=settings.guard,
            limit=settings.tracker.batch,
            now=at,
        )
        # After what the guard has read: nothing begins before what it waited for has ended.
        at = now()
        waiting.load_pinned(session=session, executions=[item.execution for item in cleared])
        sound = [item for item in cleared if _is_sound(session, item, at)]
        jobs = []
        for group in _by_hash(sound):
            jobs += _commit_job(session, group, fleet, settings, at)
        faults.point("dispatch.taken")
    return jobs


def _anything_waits(database: Database, minions: set[str], now: datetime) -> bool:
    """A look without a lock, because this is asked several times a second."""
    with database.reading() as session:
        return bool(waiting.candidates(session=session, now=now, limit=1, minions=minions))


def _commit_job(
    session: Session, group: Sequence[Cleared], fleet: Fleet, settings: Settings, now: datetime
) -> list[Job]:
    jid, dispatch_id = fleet.mint_jid(), uuid.uuid4().hex
    grace = timedelta(seconds=settings.execution.grace_seconds)
    taken = []
    for item in group:
        if _spent(session, item, now) and service.dispatch(
            session=session,
            execution=item.execution,
            dispatch_id=dispatch_id,
            jid=jid,
            master=fleet.master,
            grace=grace,
            now=now,
        ):
            taken.append(item.execution.minion_id)
            _note_start(session, item, now)
    if not taken:
        return []
    sha256 = group[0].execution.pinned_sha256
    return [Job(jid=jid, dispatch=dispatch_id, sha256=sha256, minions=tuple(taken))]


def _note_start(session: Session, item: Cleared, now: datetime) -> None:
    execution = item.execution
    if execution.cloudwatch_event_id is not None:
        events.resume(session=session, event_id=execution.cloudwatch_event_id)
    guarding.note(session=session, execution=execution, verdict=Verdict(words=item.words), now=now)


def _by_hash(cleared: Iterable[Cleared]) -> list[list[Cleared]]:
    """Groups of equal work. A minion is in a group once, even if it runs several servers."""
    groups: dict[str, list[Cleared]] = {}
    for item in cleared:
        group = groups.setdefault(item.execution.pinned_sha256, [])
        if all(other.execution.minion_id != item.execution.minion_id for other in group):
            group.append(item)
    return list(groups.values())


def _is_sound(session: Session, item: Cleared, now: datetime) -> bool:
    """Whether what would run is what was planned and approved.

    What is not is ended and written into the audit: somebody has had a hand in it.
    """
    execution = item.execution
    if not is_whole(text=execution.pinned, sha256=execution.pinned_sha256):
        return _refuse(session, item, "its pinned text has not the hash it was planned with", now)
    if not execution.approval_owed:
        return True
    approval = item.approval
    if approval is None:
        return _refuse(session, item, "nobody was asked to approve it", now)
    bound_to = approvals.digest(
        pinned_sha256=execution.pinned_sha256, servers=[execution.server_id]
    )
    if bound_to != approval.digest or json.loads(approval.servers) != [execution.server_id]:
        return _refuse(session, item, "what would run is not what was approved", now)
    changed = _changed_since(session, execution, approval)
    return changed is None or _refuse(session, item, changed, now)


def _spent(session: Session, item: Cleared, now: datetime) -> bool:
    """Use the approval up, if one is owed.

    One that was spent for this very execution still holds: the minion has done nothing then.
    """
    approval = item.approval
    if not item.execution.approval_owed:
        return True
    if approval is None or approval.state is ApprovalState.SPENT:
        return approval is not None
    return approvals.spend(
        session=session, approval_id=approval.id, digest=approval.digest, now=now
    )


def _changed_since(session: Session, execution: Execution, approval: Approval) -> str | None:
    """How the runbook of an approved run differs from what was approved, if it does.

    Of a run that people have edited, it is compared with what they began with.
    """
    edit = edit_of(execution.pinned)
    proposed, runbook_id = execution.pinned, execution.runbook_id
    if edit is not None:
        first = amendments.first(session=session, approval_id=approval.id)
        if first is None or not is_whole(text=first.old_pinned, sha256=edit.of):
            return "what it was before it was edited is not kept as it was"
        proposed, runbook_id = first.old_pinned, edit.runbook_id
    if runbook_id is None:
        return None
    found = runbooks.standing(session=session, runbook_id=runbook_id)
    fix = fix_of(proposed)
    if found is None or not found.usable:
        return "its runbook has been deleted, disabled or put into shadow mode since"
    if fix is None or (fix["kind"], fix["solution"]) != (found.kind.value, found.solution):
        return (
            f"its runbook has been changed by {found.updated_by} since; version {found.version} "
            f"is another solution than the one that was {'edited' if edit else 'approved'}"
        )
    return None


def _refuse(session: Session, item: Cleared, why: str, now: datetime) -> bool:
    execution = item.execution
    words = f"Refused, because {why}; nothing was run."
    ending.cancelled(session=session, execution=execution, verdict="tampered", words=words, now=now)
    if item.approval is not None:
        approvals.close(session=session, approval_id=item.approval.id, state=ApprovalState.REFUSED)
    audit.note_attempt(
        session=session,
        actor=_who(item.approval),
        action="tampered_execution",
        subject=f"execution {execution.id}",
        detail=f"{execution.solution_name} on {execution.server_id}: {words}",
        now=now,
    )
    log.warning("execution_refused", execution_id=execution.id, reason=why)
    return False


def _who(approval: Approval | None) -> str:
    """Nobody knows who did it; the audit names at least who had approved it."""
    given_by = None if approval is None else approval.decided_by
    return f"unknown (approved by {given_by})" if given_by else "unknown"


@repeat_on_contention
def _turn_away(jid: str, minion_id: str, *, database: Database, now: clock.Clock) -> None:
    """The master has no accepted key of this minion, so nobody will ever run this."""
    with database.transaction() as session:
        execution = service.of_return(session=session, jid=jid, minion_id=minion_id)
        if execution is not None:
            servers.release(session=session, minion_id=minion_id)
            ending.without_minion(session=session, execution=execution, now=now())
