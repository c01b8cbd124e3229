"""Finish what a kill, an outage or a lost hint left behind.

Invariant: every sweep is bounded, changes rows only by conditional UPDATEs, and leaves a decision
row that says what it did; so any number of trackers may sweep one ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from rescuebot import approving, clock, dispatching, remediation, tracking
from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import FleetUnavailable
from rescuebot.events import stuck as stuck_events
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions import ending, service, stuck
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard import service as decisions
from rescuebot.heartbeats import service as heartbeats
from rescuebot.intake import Hint, tag_of
from rescuebot.logs import logger
from rescuebot.one_by_one import one_by_one
from rescuebot.settings import Settings

log = logger(__name__)

KILL = "saltutil.kill_job"

# How long a committed job may be without proof of its publication before it goes out again.
_UNPUBLISHED_FOR = timedelta(seconds=5)
# A return is looked up in the job cache when the bus has not brought it for so long.
_QUIET_FOR = timedelta(seconds=2)
# Another master that has not beaten for so long is taken to be gone.
_MASTER_GONE = timedelta(seconds=60)
_UNCLAIMABLE_FOR = timedelta(seconds=10)
_LONGEST_PAUSE = 60

Announce = Callable[[Hint], None]
T = TypeVar("T")


class Sweep:
    """One look through the ledger by one tracker. `run` returns what was done, by kind."""

    def __init__(
        self,
        *,
        database: Database,
        fleet: dispatching.Fleet,
        settings: Settings,
        announce: Announce,
        owner: str,
        now: clock.Clock = clock.now,
    ) -> None:
        self._database = database
        self._fleet = fleet
        self._settings = settings
        self._announce = announce
        self._owner = owner
        self._now = now
        self._limit = settings.sweep.batch
        self._minions = fleet.accepted()

    def run(self) -> dict[str, int]:
        """All sweeps, in the order of an event's life."""
        done = {
            "hinted": self.events_never_claimed(),
            "given_back": self.claims_without_a_decision(),
            "published": self.jobs_never_published(),
            "collected": self.returns_not_heard(),
            "put_off": self.work_never_fetched(),
            "overdue": self.runs_past_their_deadline(),
            "turned_away": self.work_for_nobody(),
            "expired": self.approvals_run_out(),
        }
        done = {kind: count for kind, count in done.items() if count}
        if done:
            log.info("swept", **done)
        return done

    def _each(self, work: Callable[[T], bool], rows: Iterable[T]) -> int:
        return one_by_one(rows, work, trouble=f"{work.__name__.lstrip('_')}_failed")

    # --- events -----------------------------------------------------------------------------

    def events_never_claimed(self) -> int:
        """Hint again at events that nobody took; after some hints handle them without the bus."""
        before = self._now() - timedelta(seconds=self._settings.sweep.rehint_seconds)
        with self._database.reading() as session:
            found = stuck_events.unclaimed(session=session, before=before, limit=self._limit)
        return self._each(self._hint_or_handle, found)

    def _hint_or_handle(self, event: CloudWatchEvent) -> bool:
        if event.hints < self._settings.sweep.hints:
            return self._hint(event)
        words = f"Nobody took it after {event.hints} more hints, so the tracker handles it itself."
        self._say(event.id, "handled_directly", words)
        remediation.handle(
            [event.id],
            state=None,
            owner=self._owner,
            database=self._database,
            settings=self._settings,
            now=self._now,
        )
        return True

    @repeat_on_contention
    def _hint(self, event: CloudWatchEvent) -> bool:
        with self._database.transaction() as session:
            if not stuck_events.hinted(session=session, event=event, now=self._now()):
                return False
            decisions.record(
                session=session,
                subject="sweep",
                verdict="hinted_again",
                words=f"Nobody has taken it; hint {event.hints + 1} goes to the bus.",
                event_id=event.id,
                now=self._now(),
            )
        self._announce(
            Hint(tag=tag_of(event.event_source, event.event_type), event_ids=(event.id,))
        )
        return True

    def claims_without_a_decision(self) -> int:
        """Give back events that were claimed although nothing about them was decided."""
        before = self._now() - timedelta(seconds=self._settings.sweep.claim_seconds)
        with self._database.reading() as session:
            found = stuck_events.undecided(session=session, before=before, limit=self._limit)
        return self._each(self._give_back, found)

    @repeat_on_contention
    def _give_back(self, event: CloudWatchEvent) -> bool:
        with self._database.transaction() as session:
            if service.is_under_way(session=session, event_id=event.id):
                return False
            if not stuck_events.give_back(session=session, event=event):
                return False
            decisions.record(
                session=session,
                subject="sweep",
                verdict="given_back",
                words=f"{event.claimed_by} had claimed it and left nothing planned.",
                event_id=event.id,
                now=self._now(),
            )
        return True

    # --- jobs -------------------------------------------------------------------------------

    def jobs_never_published(self) -> int:
        """Publish again, under the same id, the jobs that were committed but may not have gone."""
        with self._database.reading() as session:
            found = stuck.unpublished(
                session=session,
                master=self._fleet.master,
                before=self._now() - _UNPUBLISHED_FOR,
                limit=self._limit,
            )
        return self._each(self._publish, dispatching.jobs_of(found))

    def _publish(self, job: dispatching.Job) -> bool:
        dispatching.publish(job, database=self._database, fleet=self._fleet, now=self._now)
        return True

    def returns_not_heard(self) -> int:
        """Settle from the job cache what the bus did not bring."""
        with self._database.reading() as session:
            out = stuck.out_since(
                session=session,
                master=self._fleet.master,
                before=self._now() - _QUIET_FOR,
                limit=self._limit,
            )
        return self._each(self._settle_from_cache, out)

    def _settle_from_cache(self, execution: Execution) -> bool:
        """Also under the job before, if the minion was asked again: that return is as good."""
        for jid in filter(None, (execution.jid, execution.first_jid)):
            found = self._fleet.returns_of(jid)
            if execution.minion_id in found and execution.jid is not None:
                value = found[execution.minion_id]
                given = tracking.Return(
                    jid=execution.jid, minion_id=execution.minion_id, value=value
                )
                if self._record(given):
                    return True
        return False

    def _record(self, given: tracking.Return) -> bool:
        return tracking.record_return(
            given,
            database=self._database,
            fleet=self._fleet,
            settings=self._settings,
            now=self._now,
        )

    def work_never_fetched(self) -> int:
        """Plan again what its minion never fetched: it is away, or the job did not reach it."""
        seconds = self._settings.execution.fetch_seconds
        with self._database.reading() as session:
            found = stuck.unfetched(
                session=session,
                minions=self._minions,
                before=self._now() - timedelta(seconds=seconds),
                limit=self._limit,
            )
        return self._each(self._put_off, found)

    @repeat_on_contention
    def _put_off(self, execution: Execution) -> bool:
        now = self._now()
        patience = timedelta(minutes=self._settings.execution.offline_minutes)
        with self._database.transaction() as session:
            if now - (execution.waiting_since or now) > patience:
                return ending.offline(session=session, execution=execution, now=now)
            pause = min(2 ** min(execution.waits, 6), _LONGEST_PAUSE)
            put_off = service.plan_again(
                session=session,
                execution=execution,
                not_before=now + timedelta(seconds=pause),
                now=now,
                was=(ExecutionState.DISPATCHED,),
            )
            if put_off and execution.waits == 0:
                words = f"Minion {execution.minion_id} does not fetch its work; it is waited for."
                self._decide(session, execution, "put_off", words)
        return put_off

    def runs_past_their_deadline(self) -> int:
        """Ask the minion once more; if that brings nothing either, the run is lost.

        Asking is safe: the minion's ledger returns the stored result, says that the run broke
        off, or that it goes on, in which case it is killed there.
        """
        with self._database.reading() as session:
            found = stuck.overdue(
                session=session, minions=self._minions, now=self._now(), limit=self._limit
            )
            others = self._other_masters(session)
        mine = [execution for execution in found if execution.master not in others]
        return self._each(self._chase, mine)

    def _other_masters(self, session: Session) -> set[str]:
        """Masters beside ours whose tracker is alive."""
        since = self._now() - _MASTER_GONE
        alive = heartbeats.masters_alive(session=session, engine="rescue_tracker", since=since)
        return alive - {self._fleet.master}

    def _chase(self, execution: Execution) -> bool:
        if self._settle_from_cache(execution):
            return True
        if execution.asked_at is None:
            return self._ask_again(execution)
        if self._still_runs(execution):
            return self._kill(execution)
        return self._lose(execution)

    def _ask_again(self, execution: Execution) -> bool:
        now = self._now()
        grace = timedelta(seconds=self._settings.execution.grace_seconds)
        with self._database.transaction() as session:
            asked = service.ask_again(
                session=session,
                execution=execution,
                jid=self._fleet.mint_jid(),
                master=self._fleet.master,
                deadline_at=now + grace,
                now=now,
            )
            if not asked:
                return False
            fresh = service.get(session=session, execution_id=execution.id)
            session.refresh(fresh)
            words = f"No return of minion {execution.minion_id} by the deadline: it is asked again."
            self._decide(session, execution, "asked_again", words)
            jobs = dispatching.jobs_of([fresh])
        return self._each(self._publish, jobs) > 0

    def _still_runs(self, execution: Execution) -> bool:
        found = self._fleet.returns_of(execution.jid or "")
        return tracking.says_that_it_runs(found.get(execution.minion_id))

    def _kill(self, execution: Execution) -> bool:
        """End on the minion what went on past its limit, then say so."""
        try:
            self._fleet.publish(
                jid=self._fleet.mint_jid(),
                minions=[execution.minion_id],
                function=KILL,
                arguments=[execution.first_jid or ""],
            )
        except FleetUnavailable as error:
            log.warning("job_not_killed", jid=execution.first_jid, reason=error.message)
            return False
        with self._database.transaction() as session:
            return ending.killed(session=session, execution=execution, now=self._now())

    @repeat_on_contention
    def _lose(self, execution: Execution) -> bool:
        with self._database.transaction() as session:
            return ending.lost(session=session, execution=execution, now=self._now())

    def work_for_nobody(self) -> int:
        """End what no master can bring to its minion, because none has accepted its key.

        While another master's tracker is alive, the minion may be its.
        """
        now = self._now()
        with self._database.reading() as session:
            patience = timedelta(minutes=self._settings.execution.offline_minutes)
            waits = patience if self._other_masters(session) else _UNCLAIMABLE_FOR
            found = stuck.unclaimable(
                session=session,
                minions=self._minions,
                before=now - waits,
                limit=self._limit,
            )
        return self._each(self._turn_away, found)

    @repeat_on_contention
    def _turn_away(self, execution: Execution) -> bool:
        with self._database.transaction() as session:
            return ending.without_minion(session=session, execution=execution, now=self._now())

    def approvals_run_out(self) -> int:
        """End what nobody has approved in time, or what was approved and could not start."""
        with self._database.reading() as session:
            found = approvals.run_out(session=session, now=self._now(), limit=self._limit)
        return self._each(self._expire, found)

    def _expire(self, approval: Approval) -> bool:
        return approving.end_run_out(approval, database=self._database, now=self._now())

    def _decide(self, session: Session, execution: Execution, verdict: str, words: str) -> None:
        decisions.record(
            session=session,
            subject="sweep",
            verdict=verdict,
            words=words,
            event_id=execution.cloudwatch_event_id,
            execution_id=execution.id,
            now=self._now(),
        )

    def _say(self, event_id: int, verdict: str, words: str) -> None:
        with self._database.transaction() as session:
            decisions.record(
                session=session,
                subject="sweep",
                verdict=verdict,
                words=words,
                event_id=event_id,
                now=self._now(),
            )
