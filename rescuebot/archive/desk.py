"""What archiving and restoring share: one at a time, each step in a transaction of its own.

Invariant: a step commits only while its lease is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from rescuebot import clock, faults
from rescuebot.archive import lease as lease_
from rescuebot.archive.lease import Lease
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import RescueError
from rescuebot.logs import logger
from rescuebot.settings import Settings

log = logger(__name__)

T = TypeVar("T")

# When a run has failed, the schedule tries again after so long.
_PAUSE = timedelta(hours=1)


class Desk:
    """The place of one who moves rows to or from the archive."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        actor: str,
        now: clock.Clock,
        rest: Callable[[], object] = lambda: None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.actor = actor
        self.now = now
        self._rest = rest
        self._lease: Lease | None = None
        self._done = False

    @contextmanager
    def opened(self, *, only_if_due: bool = False) -> Iterator[bool]:
        """Hold the lease; yields whether it is held, which it always is unless `only_if_due`."""
        self._take(lease_.take_if_due if only_if_due else lease_.take)
        try:
            yield self._lease is not None
        finally:
            if self._lease is not None:
                self._give_back()

    @contextmanager
    def step(self) -> Iterator[Session]:
        """A transaction that is committed only if the lease is still ours."""
        assert self._lease is not None, "a step is made at an opened desk"
        with self.database.transaction() as session:
            lease_.renew(session=session, lease=self._lease, now=self.now())
            yield session

    def do(self, work: Callable[[Session], T]) -> T:
        """A step that is made again when it met another transaction."""

        @repeat_on_contention
        def done() -> T:
            with self.step() as session:
                return work(session)

        return done()

    def breathe(self) -> None:
        """Between two pieces of work: let others have their turn, and say that it goes on."""
        self._rest()
        self.do(Session.flush)

    def done(self) -> None:
        """The run went well: the schedule has time until the next one."""
        self._done = True

    @repeat_on_contention
    def note(self, *, action: str, subject: str, detail: str) -> None:
        """Write down what was done, or what kept it from being done."""
        with self.database.transaction() as session:
            self.note_in(session, action=action, subject=subject, detail=detail)

    def note_in(self, session: Session, *, action: str, subject: str, detail: str) -> None:
        """The same in the transaction of what was done."""
        audit.note(
            session=session,
            actor=self.actor,
            action=action,
            subject=subject,
            detail=detail,
            now=self.now(),
        )

    @repeat_on_contention
    def _take(self, take: Callable[..., Lease | None]) -> None:
        with self.database.transaction() as session:
            self._lease = take(
                session=session,
                actor=self.actor,
                now=self.now(),
                again_at=self.now() + _PAUSE,
            )

    def _give_back(self) -> None:
        hours = self.settings.archive.every_hours
        due_at = self.now() + timedelta(hours=hours) if self._done else None
        assert self._lease is not None, "what is given back was taken"
        try:
            with self.database.transaction() as session:
                lease_.give_back(session=session, lease=self._lease, due_at=due_at)
        except RescueError as error:
            # It ends by itself; what is being raised already must not be hidden by this.
            log.warning("archive_lease_not_given_back", reason=error.code)


def at(name: str) -> None:
    """An instant at which the tests end the process."""
    faults.point(name)
