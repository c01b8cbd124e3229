"""Threads that empty the queue into the database.

Invariant: a receiver holds at most one batch, and removes a message only when intake says so.
Whatever goes wrong with the queue or the database is waited out, with jitter, for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from rescuebot import faults, intake
from rescuebot.adapters.sqs import Queue, QueueMessage
from rescuebot.database import Database
from rescuebot.errors import RescueError
from rescuebot.logs import logger
from rescuebot.settings import QueueSettings, Settings

log = logger(__name__)

_DEPTH_SECONDS = 15.0

Announce = Callable[[intake.Hint], None]


@dataclass(slots=True)
class Counts:
    """What the receivers of one engine have done since it started."""

    received: int = 0
    recorded: int = 0
    buried: int = 0
    trouble: str = ""
    # About how many messages are in the queue; None where it does not say.
    depth: int | None = None


class Receivers:
    """A few threads that each receive, record, remove and hint until `stop` is called."""

    def __init__(
        self,
        *,
        queue: Queue,
        database: Database,
        settings: Settings,
        announce: Announce,
        describe: intake.DescribeAlarms | None = None,
    ) -> None:
        self._queue = queue
        self._database = database
        self._settings = settings
        self._announce = announce
        self._describe = describe
        self._stop = threading.Event()
        self._in_hand = threading.Semaphore(settings.queue.receivers)
        self._lock = threading.Lock()
        self.counts = Counts()

    def start(self) -> None:
        """Start the threads. They are daemons: a long poll must not keep the process alive."""
        for number in range(self._settings.queue.receivers):
            thread = threading.Thread(target=self._run, name=f"receiver-{number}", daemon=True)
            thread.start()
        threading.Thread(target=self._measure, name="queue-depth", daemon=True).start()

    def stop(self, *, seconds: float) -> bool:
        """Take no more messages and let those in hand be finished; False when time ran out.

        A thread that still waits in a long poll has nothing in hand and is not waited for; what
        it is given after the stop goes back to the queue for others.
        """
        self._stop.set()
        return all(
            self._in_hand.acquire(timeout=seconds) for _ in range(self._settings.queue.receivers)
        )

    def _run(self) -> None:
        patiently = _for_ever(self._settings.queue, self._stop, self._trouble)
        while not self._stop.is_set():
            try:
                patiently(self._one_batch)
            except Exception:  # stopped while it waited; the trouble has been told
                return

    def _one_batch(self) -> None:
        messages = self._queue.receive()
        if not messages:
            return
        if self._stop.is_set():
            self._queue.release([message.handle for message in messages])
            return
        with self._in_hand:
            self._process(messages)

    def _process(self, messages: list[QueueMessage]) -> None:
        faults.point("intake.received")
        receipt = intake.receive(
            messages,
            database=self._database,
            settings=self._settings.intake,
            describe=self._describe,
        )
        faults.point("intake.committed")
        kept = self._queue.delete(receipt.done)
        faults.point("intake.deleted")
        for hint in receipt.hints:
            self._announce(hint)
        faults.point("intake.hinted")
        self._count(len(messages), receipt)
        log.info(
            "batch_recorded",
            received=len(messages),
            new=sum(len(hint.event_ids) for hint in receipt.hints),
            buried=receipt.buried,
            kept_by_queue=kept,
        )

    def _measure(self) -> None:
        """Ask how long the queue is: in a thread of its own, for a queue may hang."""
        while not self._stop.is_set():
            self._measure_once()
            self._stop.wait(_DEPTH_SECONDS)

    def _measure_once(self) -> None:
        try:
            depth: int | None = self._queue.depth()
        except RescueError:
            depth = None
        with self._lock:
            self.counts.depth = depth

    def _count(self, received: int, receipt: intake.Receipt) -> None:
        with self._lock:
            self.counts.received += received
            self.counts.recorded += len(receipt.recorded)
            self.counts.buried += receipt.buried
            self.counts.trouble = ""

    def _trouble(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        words = error.message if isinstance(error, RescueError) else type(error).__name__
        with self._lock:
            self.counts.trouble = words
        # A trouble that is not of our own tree is a mistake of ours: told with its stack.
        unknown = None if isinstance(error, RescueError) else error
        log.warning("receiver_waits", reason=words, attempt=state.attempt_number, exc_info=unknown)


def _for_ever(
    settings: QueueSettings,
    stop: threading.Event,
    tell: Callable[[tenacity.RetryCallState], None],
) -> tenacity.Retrying:
    """Try again after every trouble, at growing and random distances, until `stop`."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Exception),
        wait=tenacity.wait_random_exponential(
            multiplier=settings.backoff_seconds, max=settings.backoff_limit_seconds
        ),
        sleep=tenacity.sleep_using_event(stop),
        stop=tenacity.stop_when_event_set(stop),
        before_sleep=tell,
        reraise=True,
    )
