"""The life of an engine process: get ready, beat, stop when told.

Salt ends an engine by SIGTERM and, five seconds later, by SIGKILL; without a handler of its own the
process would leave at once, in the middle of whatever it does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import tenacity

from rescuebot import clock, migrations
from rescuebot.database import Database
from rescuebot.errors import RescueError
from rescuebot.heartbeats import service
from rescuebot.logs import logger
from rescuebot.settings import Settings

log = logger(__name__)

_WAIT = tenacity.wait_random_exponential(multiplier=0.5, max=15)


class Life:
    """One engine process, from its first breath to the last beat."""

    def __init__(
        self, *, engine: str, database: Database, settings: Settings, master: str = ""
    ) -> None:
        self.owner = service.owner_name(engine)
        self.stop = threading.Event()
        self._engine = engine
        self._master = master
        self._database = database
        self._settings = settings

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the engine in order. Main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())

    def wait_for_database(self) -> bool:
        """Wait until the ledger answers and has our tables; False when told to stop meanwhile."""
        return self.wait_for(
            lambda: migrations.ensure(self._database, self._settings.database), what="database"
        )

    def wait_for(self, check: Callable[[], object], *, what: str) -> bool:
        """Repeat `check` until it raises nothing; False when told to stop meanwhile."""
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RescueError),
            wait=_WAIT,
            sleep=tenacity.sleep_using_event(self.stop),
            stop=tenacity.stop_when_event_set(self.stop),
            before_sleep=lambda state: self._tell(what, state),
            reraise=True,
        )
        try:
            patiently(check)
        except RescueError:
            return False
        return not self.stop.is_set()

    def beat(
        self, *, state: str = "running", detail: str = "", queue_depth: int | None = None
    ) -> None:
        """Say that this engine lives. A database that does not answer is no reason to die."""
        try:
            with self._database.transaction() as session:
                service.beat(
                    session=session,
                    owner=self.owner,
                    engine=self._engine,
                    master=self._master,
                    now=clock.now(),
                    state=state,
                    detail=detail,
                    queue_depth=queue_depth,
                )
        except RescueError as error:
            log.warning("no_heartbeat", engine=self._engine, reason=error.message)

    def _tell(self, what: str, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("engine_waits", engine=self._engine, waits_for=what, reason=str(error))
