"""A storm over a pretend fleet: the real stories and a real ledger, made-up minions and clock.

No machine here holds two hundred minions; what they would do is a few lines. Everything that
decides is the library itself: intake, remediation, guard, two trackers, sweeps.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from devstack import alarms
from rescuebot import dispatching, intake, remediation, sweeping, tracking
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.executions.model import ACTIVE_STATES, Execution, ExecutionState
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

TICK = timedelta(milliseconds=500)
# How many batches of ten a tick brings.
_BATCHES = 8
START = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """How many executions were in which part of their life after so many seconds."""

    second: float
    repairing: int
    held: int
    ended: int


@dataclass
class PretendFleet:
    """Two masters over the same minions; each repairs in a time of its own, and only once."""

    seed: int
    slowest_seconds: float = 8.0
    master: str = "master"
    at: datetime = START
    jobs: list[tuple[datetime, str, tuple[str, ...]]] = field(default_factory=list)
    begun: list[tuple[datetime, str]] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _ends: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    _done: set[tuple[str, str]] = field(default_factory=set)
    _cache: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def join(self, name: str) -> None:
        """A minion whose key is accepted."""
        self._names.add(name)

    def accepted(self) -> set[str]:
        """All of them."""
        return self._names

    def mint_jid(self) -> str:
        """A job id."""
        return uuid.uuid4().hex[:20]

    def publish(
        self, *, jid: str, minions: Sequence[str], function: str, arguments: Sequence[str]
    ) -> set[str]:
        """A job reaches its minions; one of a dispatch that was begun does nothing."""
        if function == dispatching.FUNCTION:
            self.jobs.append((self.at, jid, tuple(minions)))
            for name in minions:
                self._take(jid, name, arguments[0])
        return set(minions)

    def _take(self, jid: str, name: str, dispatch: str) -> None:
        if (name, dispatch) not in self._done:
            self._done.add((name, dispatch))
            self.begun.append((self.at, name))
            seconds = self._random.uniform(self.slowest_seconds / 4, self.slowest_seconds)
            self._ends.append((self.at + timedelta(seconds=seconds), jid, name, dispatch))

    def returns_of(self, jid: str) -> Mapping[str, Any]:
        """The job cache."""
        return self._cache.get(jid, {})

    def returned(self) -> list[tracking.Return]:
        """What has come back by now."""
        over = [item for item in self._ends if item[0] <= self.at]
        self._ends = [item for item in self._ends if item[0] > self.at]
        given = []
        for moment, jid, name, dispatch in sorted(over):
            value = _result(dispatch, moment)
            self._cache.setdefault(jid, {})[name] = value
            given.append(tracking.Return(jid=jid, minion_id=name, value=value))
        return given


@dataclass
class Storm:
    """`servers` alarms of one service within some seconds, rescued by two trackers."""

    database: Database
    settings: Settings
    servers: int = 200
    seed: int = 1
    samples: list[Sample] = field(default_factory=list)
    fleet: PretendFleet = field(init=False)

    def __post_init__(self) -> None:
        self.fleet = PretendFleet(seed=self.seed)

    @property
    def names(self) -> list[str]:
        """The servers, in the order of their alarms."""
        return [f"i-{number:017x}" for number in range(self.servers)]

    def run(self, most_seconds: int = 600) -> None:
        """Until every event has ended."""
        self._found()
        messages = [self._alarm(name) for name in self.names]
        for _ in range(int(most_seconds / TICK.total_seconds())):
            self._tick([messages[start : start + 10] for start in range(0, _BATCHES * 10, 10)])
            del messages[: _BATCHES * 10]
            if not messages and self.samples[-1].ended == self.servers:
                return
        raise TimeoutError(f"not over after {most_seconds} s: {self.samples[-1]}")

    def _found(self) -> None:
        with self.database.transaction() as session:
            for name in self.names:
                minion = f"db-{name[-4:]}"
                self.fleet.join(minion)
                servers.register(
                    session=session, minion_id=minion, server_id=name, os="Debian 12", now=START
                )
                servers.note_services(
                    session=session, server_id=name, services=["mysql"], now=START
                )

    def _alarm(self, server: str) -> QueueMessage:
        body = json.dumps(alarms.process_down(server, time=START - timedelta(seconds=30)))
        return QueueMessage(message_id=uuid.uuid4().hex, handle=uuid.uuid4().hex, body=body)

    def _tick(self, batches: Sequence[Sequence[QueueMessage]]) -> None:
        """Batches come in, both trackers look, minions return, the ledger is counted."""
        parts: dict[str, Any] = {
            "database": self.database,
            "settings": self.settings,
            "now": lambda: self.fleet.at,
        }
        for messages in filter(None, batches):
            receipt = intake.receive(
                messages,
                database=self.database,
                settings=self.settings.intake,
                now=lambda: self.fleet.at,
            )
            ids = [event_id for hint in receipt.hints for event_id in hint.event_ids]
            remediation.handle(ids, state="rescue.mysql", owner="reactor", **parts)
        for _ in range(2):
            dispatching.dispatch_due(fleet=self.fleet, **parts)
        self._sample()
        for given in self.fleet.returned():
            tracking.record_return(given, fleet=self.fleet, **parts)
        sweeping.Sweep(fleet=self.fleet, announce=lambda hint: None, owner="tracker", **parts).run()
        self.fleet.at += TICK

    def _sample(self) -> None:
        with self.database.reading() as session:
            query = select(Execution.state, func.count()).group_by(Execution.state)
            counts = {state: count for state, count in session.execute(query)}
        waiting = counts.get(ExecutionState.HELD, 0) + counts.get(ExecutionState.PLANNED, 0)
        self.samples.append(
            Sample(
                second=(self.fleet.at - START).total_seconds(),
                repairing=sum(counts.get(state, 0) for state in ACTIVE_STATES),
                held=waiting,
                ended=counts.get(ExecutionState.SUCCESS, 0),
            )
        )


def _result(dispatch: str, at: datetime) -> dict[str, Any]:
    return {
        "rescue": 1,
        "dispatch": dispatch,
        "verdict": "fixed",
        "message": "The service is up after the fix.",
        "finished_at": isoformat(at),
        "steps": [],
    }
