"""A world in which things are killed, and what one sees of it from outside.

Invariant: a verdict rests on what anybody could count: how often the start command of the service
has run, whether it is up, the rows of the ledger, and the depth of the queue.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any

from sqlalchemy import func, select

from devstack import alarms, procfs
from devstack.errors import WorldError
from devstack.faultproxy import FaultProxy
from devstack.minion import Minion
from devstack.procfs import Identity
from devstack.services import Service
from devstack.waiting import until
from devstack.world import World
from rescuebot import clock, faults
from rescuebot.database import Database
from rescuebot.errors import DatabaseUnavailable
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions.model import Execution, ExecutionState, SaltStackEventLog, Step
from rescuebot.guard.model import Decision
from rescuebot.heartbeats.model import EngineHeartbeat
from rescuebot.runbooks import service as runbooks

# Pauses that an operator counts in minutes are seconds here; what is promised stays the same.
SETTINGS: dict[str, Any] = {
    "queue": {"wait_seconds": 1, "visibility_seconds": 5, "backoff_limit_seconds": 2},
    "execution": {
        "limit_seconds": 12,
        "grace_seconds": 2,
        "verify_seconds": 5,
        "attempts": 3,
        "retry_seconds": 1,
        "offline_minutes": 2,
        "fetch_seconds": 3,
    },
    # What is rescued here is rescued again and again, and all servers at once.
    "guard": {
        "cooldown_seconds": 0,
        "blast_percent": 0,
        "breaker_failures": 0,
        "flapping_changes": 0,
    },
    "tracker": {"heartbeat_seconds": 1},
    "sweep": {"seconds": 0.5, "rehint_seconds": 2, "hints": 1, "claim_seconds": 5},
}

# What the processes of a master call themselves, also after they have been restarted. Engines are
# known by their heartbeat: all restarted ones have the same title.
PROCESSES = {
    "reactor": re.compile(r" Reactor-\d"),
    "master worker": re.compile(r" MWorker(?!Queue)"),
    "event bus": re.compile(r"EventPublisher"),
    "publisher": re.compile(r"_publish_daemon"),
    "request queue": re.compile(r" MWorkerQueue| RequestServer\.zmq_device"),
}
ENGINES = {"sqs engine": "rescue_sqs", "tracker": "rescue_tracker"}
ESSENTIAL = (*ENGINES, *PROCESSES)
STUCK_SECONDS = 90.0
OVER = (EventStatus.RESOLVED, EventStatus.FAILED)
OPEN = (
    ExecutionState.HELD,
    ExecutionState.PLANNED,
    ExecutionState.DISPATCHED,
    ExecutionState.RUNNING,
)

# Lets a test hold the start command of a service before or after it has been counted.
_GATE = """gate() {{
  mv {folder}/$1 {folder}/$1.$$ 2>/dev/null || return 0
  while [ -e {folder}/$1.$$ ]; do sleep 0.05; done
}}
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a cell went. `words` tell what was seen when it did not go well."""

    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    seconds: float = 0.0
    words: str = ""

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing stuck."""
        return not (self.lost or self.doubled or self.stuck)


@dataclass(kw_only=True)
class Trouble:
    """A service that has been killed, and the alarm that tells of it."""

    minion: Minion
    service: Service
    body: dict[str, Any]
    starts: int
    since: float = field(default_factory=time.monotonic)

    def effects(self) -> int:
        """How often the service has been started since it was killed."""
        return self.service.starts() - self.starts


@dataclass(kw_only=True)
class Story:
    """What the ledger says about one alarm."""

    events: list[CloudWatchEvent]
    executions: list[Execution]
    fixes: int
    retries: int

    @property
    def over(self) -> bool:
        """Whether its event has ended."""
        return bool(self.events) and all(event.status in OVER for event in self.events)

    def __str__(self) -> str:
        events = [f"event {e.id} {e.status}/{e.outcome} hints={e.hints}" for e in self.events]
        runs = [
            f"execution {e.id} #{e.attempt} {e.state}/{e.verdict} waits={e.waits} jid={e.jid} "
            f"fetched={e.started_at is not None}"
            for e in self.executions
        ]
        counts = f"fix rows {self.fixes}, retries {self.retries}"
        return "; ".join([*(events or ["no event"]), *runs, counts])


class Stage:
    """A fault world. It is made anew when a cell has left it in pieces."""

    def __init__(self, folder: Path, *, database: str, minions: int = 1, **of_world: Any) -> None:
        """`of_world` goes to the World as it is."""
        self.database, self._minions, self._of_world = database, minions, of_world
        self._folder, self._number = folder, 0
        self.strikes, self.gates = folder / "strikes", folder / "gates"
        for made in (self.strikes, self.gates):
            made.mkdir(parents=True)
        with_reactor = of_world.get("reactor", True)
        self._essential = [name for name in ESSENTIAL if with_reactor or name != "reactor"]
        self._opened = False

    def open(self) -> None:
        """Start the world, with the fault points armed and the gates in the start commands."""
        self._number += 1
        for left in [*self.strikes.iterdir(), *self.gates.iterdir()]:
            left.unlink()
        self._arm()
        self.proxy = FaultProxy(lambda: self.world.emulator.port)
        directory = self._folder / f"world-{self._number}"
        self.prepare(directory)
        self.world = World(
            directory,
            database=self.database,  # type: ignore[arg-type]
            minions=self._minions,
            real_mysql=False,
            settings={**SETTINGS, "aws": {"endpoint_url": self.proxy.endpoint}},
            **self._of_world,
        )
        self.proxy.__enter__()
        self.world.start()
        self.ledger: Database = self.world.ledger()
        self._opened = True
        self._furnish()

    def prepare(self, directory: Path) -> None:
        """What is to be done with the directory of a world before it starts."""

    def close(self) -> None:
        """End the world."""
        if not self._opened:
            return
        self._opened = False
        os.environ.pop(faults.FOLDER, None)
        self.ledger.dispose()
        self.world.close()
        self.proxy.close()

    def ready(self) -> Stage:
        """The world, whole: all processes there, nothing armed, nothing under way."""
        self._arm()
        if self._opened:
            try:
                self._make_whole()
                return self
            except WorldError:
                self.close()
        self.open()
        return self

    def _arm(self) -> None:
        # Another world may have been used meanwhile; a master that is started looks here.
        os.environ[faults.FOLDER] = str(self.strikes)

    def strike(self, point: str, words: str = "kill") -> None:
        """Whoever reaches this point next is killed by SIGKILL, or held (`pause <seconds>`)."""
        assert point in faults.POINTS
        (self.strikes / point).write_text(words)

    def wait_struck(self, point: str, seconds: float = 40) -> float:
        """When the point was reached, by the monotonic clock."""
        path = self.strikes / point
        until(lambda: not path.exists(), seconds=seconds, what=f"{point} is reached")
        return time.monotonic()

    def report_trouble(self, *, service: str = "web", minion: int = 0, copies: int = 2) -> Trouble:
        """Kill a service and send its alarm, twice, as SQS may deliver it."""
        on = self.world.minions[minion]
        target = on.services[service]
        trouble = Trouble(
            minion=on,
            service=target,
            body=alarms.service_down(on.server_id, service, target.process),
            starts=target.starts(),
        )
        target.kill()
        for _ in range(copies):
            self.world.queue.send(trouble.body)
        trouble.since = time.monotonic()
        return trouble

    def story(self, body: dict[str, Any]) -> Story:
        """What the ledger says about an alarm; WorldError when it says nothing at all now."""
        try:
            with self.ledger.reading() as session:
                found = list(
                    session.scalars(
                        select(CloudWatchEvent).where(CloudWatchEvent.message_id == body["id"])
                    )
                )
                ids = [event.id for event in found]
                runs = list(
                    session.scalars(
                        select(Execution)
                        .where(Execution.cloudwatch_event_id.in_(ids))
                        .order_by(Execution.id)
                    )
                )
                fixes = select(func.count()).where(
                    SaltStackEventLog.cloudwatch_event_id.in_(ids),
                    SaltStackEventLog.step == Step.FIX,
                )
                retries = select(func.count()).where(
                    Decision.cloudwatch_event_id.in_(ids), Decision.subject == "retry"
                )
                return Story(
                    events=found,
                    executions=runs,
                    fixes=session.scalar(fixes) or 0,
                    retries=session.scalar(retries) or 0,
                )
        except DatabaseUnavailable as error:
            raise WorldError(f"The ledger cannot be read: {error}") from None

    def at_rest(self) -> bool:
        """Nothing in the queue, no open event, no open execution."""
        try:
            with self.ledger.reading() as session:
                events = select(func.count()).where(CloudWatchEvent.status.not_in(OVER))
                runs = select(func.count()).where(Execution.state.in_(OPEN))
                if session.scalar(events) or session.scalar(runs):
                    return False
        except DatabaseUnavailable as error:
            raise WorldError(f"The ledger cannot be read: {error}") from None
        return self.world.queue.depth() == 0

    def judge(
        self,
        trouble: Trouble,
        *,
        since: float | None = None,
        seconds: float = STUCK_SECONDS,
        effects: int = 1,
    ) -> Verdict:
        """Wait until all is at rest, then count. `since` is when the fault struck."""

        def ended() -> bool:
            over = self.story(trouble.body).over
            return over and trouble.service.is_up() and self.at_rest()

        began = trouble.since if since is None else since
        try:
            until(ended, seconds=seconds, what="the event ends and the service is up")
            stuck = False
        except WorldError:
            stuck = True
        took = time.monotonic() - began
        story, depth = self.story(trouble.body), self.world.queue.depth()
        up, done = trouble.service.is_up(), trouble.effects()
        gone = not story.events and depth == 0
        without_effect = story.over and (done < effects or not up)
        again = done > effects or story.fixes > effects + story.retries
        verdict = Verdict(
            lost=int(gone or without_effect),
            doubled=int(again or len(story.events) > 1),
            stuck=int(stuck and not (gone or without_effect)),
            seconds=round(took, 1),
        )
        if verdict.clean:
            return verdict
        words = f"effects {done}, up {up}, queue {depth}; {story}"
        return Verdict(**{**vars(verdict), "words": words})

    def processes(self, name: str) -> list[Identity]:
        """The living processes of the masters that have this part."""
        members = [one for master in self.world.masters for one in master.daemon.members()]
        if name in ENGINES:
            beating = self._beating(ENGINES[name])
            return [one for one in members if one.pid in beating]
        wanted = PROCESSES[name]
        return [one for one in members if wanted.search(procfs.command_line(one.pid))]

    def _beating(self, engine: str) -> set[int]:
        """The pids that an engine has said to run as, of now and of earlier lives."""
        query = select(EngineHeartbeat.owner).where(
            EngineHeartbeat.engine == engine, EngineHeartbeat.state == "running"
        )
        try:
            with self.ledger.reading() as session:
                return {int(owner.rsplit(":", 1)[1]) for owner in session.scalars(query)}
        except DatabaseUnavailable as error:
            raise WorldError(f"The ledger cannot be read: {error}") from None

    def kill_process(self, name: str, rng: random.Random) -> None:
        """SIGKILL one such process."""
        rng.choice(self.processes(name)).send(SIGKILL)

    def jobs(self, minion: Minion) -> list[Identity]:
        """The processes on a minion that carry out a job."""
        members = minion.daemon.members()
        return [one for one in members if "ProcessPayload" in procfs.command_line(one.pid)]

    def power_cut(self) -> None:
        """The master's machine loses power and comes back."""
        self.world.master.kill()
        self.world.master.start()

    def bus_dies(self) -> None:
        """SIGKILL to the event bus, after which Salt's master must be restarted.

        Its ProcessManager starts the bus again, but not the publisher that ends with it.
        """
        for one in self.processes("event bus"):
            one.send(SIGKILL)
        time.sleep(3)
        self.power_cut()

    def restart_minion(self, minion: Minion) -> None:
        """The minion's daemon and its jobs are killed; the daemon is started again."""
        minion.kill()
        minion.launch()
        minion.wait_connected()

    def database_dies(self, seconds: float = 0.0) -> None:
        """SIGKILL to the ledger's server, which comes back after so long."""
        server = self.world.mariadb
        assert server is not None
        server.kill()
        time.sleep(seconds)
        server.start()

    @contextmanager
    def held(self, gate: str) -> Iterator[Callable[[], int]]:
        """Arm a gate; gives a function that waits for the start command to stand at it.

        That returns the pid of the start command. It may go on when the block ends.
        """
        (self.gates / gate).touch()

        def wait() -> int:
            found = until(
                lambda: list(self.gates.glob(f"{gate}.*")), seconds=40, what=f"{gate} is reached"
            )
            return int(found[0].suffix[1:])

        try:
            yield wait
        finally:
            for path in self.gates.iterdir():
                path.unlink()

    def _furnish(self) -> None:
        """Gates in the start commands, and one runbook of each kind."""
        for minion in self.world.minions:
            for service in minion.services.values():
                _put_gates(service, self.gates)
        solutions = {
            "web": ("shell", '/bin/sh -c "$RESCUE_START"'),
            "mysql": ("state", "rescue.service"),
        }
        with self.ledger.transaction() as session:
            for service_type, (kind, script) in solutions.items():
                runbooks.create(
                    session=session,
                    title=f"Start {service_type}",
                    service_type=service_type,
                    error_pattern="",
                    solution_kind=kind,
                    solution_script=script,
                    created_by="tests",
                    mode="auto",
                    now=clock.now(),
                )

    def _make_whole(self) -> None:
        for path in [*self.strikes.iterdir(), *self.gates.iterdir()]:
            path.unlink()
        self.proxy.heal()
        until(
            lambda: all(self.processes(name) for name in self._essential),
            seconds=30,
            what="the master's processes are back",
        )
        until(self.at_rest, seconds=5, what="the last cell is over")
        for minion in self.world.minions:
            for service in minion.services.values():
                if not service.is_up():
                    raise WorldError(f"{service.name} is down.")


def _put_gates(service: Service, folder: Path) -> None:
    script = Path(shlex.split(service.start_command())[0])
    before, counted, after = script.read_text().partition("date -u")
    line, end, rest = after.partition("\n")
    gate = _GATE.format(folder=shlex.quote(str(folder)))
    held = [before, gate, "gate before\n", counted, line, end, "gate after\n", rest]
    script.write_text("".join(held))


def kill_session(pid: int) -> None:
    """SIGKILL to all processes of the session that this process is in."""
    found = procfs.stat(pid)
    session = None if found is None else found.session
    members: Sequence[int] = [
        other
        for other in procfs.everybody()
        if session and (stat := procfs.stat(other)) and stat.session == session
    ]
    for one in filter(None, (procfs.identify(other) for other in members)):
        one.send(SIGKILL)
