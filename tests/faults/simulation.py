"""The walk of an event in simulated time: the real stories and ledger, a made-up fleet and clock.

What takes a minute and a master in reality takes milliseconds here, so hundreds of orders of
losses, repeats, breaks and jumps of the clock can be tried, each of them again from its seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rescuebot import dispatching, remediation, sweeping, tracking
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.errors import FleetUnavailable
from rescuebot.settings import Settings
from rescuebot.settings import check as settings_of
from tests import factories
from tests.factories import MINION, NOW, SERVER

SETTINGS: Settings = settings_of(
    {
        "execution": {"limit_seconds": 20, "grace_seconds": 5, "retry_seconds": 2},
        "sweep": {"rehint_seconds": 3, "claim_seconds": 10},
    }
)
FIX_SECONDS = 3


@dataclass
class Odds:
    """How often something goes wrong, from 0 to 1."""

    job_lost: float = 0.0
    job_doubled: float = 0.0
    return_unheard: float = 0.0
    return_lost: float = 0.0
    broken_off: float = 0.0
    hint_lost: float = 0.0
    master_away: float = 0.0


@dataclass
class Run:
    """What the minion knows of a dispatch: still running until then, or how it ended."""

    ends: int
    jid: str
    result: dict[str, Any] | None = None


@dataclass
class Simulated:
    """A master, a minion with a service that is down, and a ledger. A step is one second."""

    database: Database
    seed: int = 0
    odds: Odds = field(default_factory=Odds)
    # By moment: each second has as many as `step` has parts.
    jumps: Mapping[int, timedelta] = field(default_factory=dict)
    settings: Settings = SETTINGS

    second: int = 0
    up: bool = False
    effects: int = 0
    master: str = "master-1"
    _skew: timedelta = timedelta(0)
    _moment: int = 0
    _minted: int = 0
    _ledger: dict[str, Run] = field(default_factory=dict)
    _waiting: list[tuple[str, str]] = field(default_factory=list)
    _cache: dict[str, dict[str, Any]] = field(default_factory=dict)
    _heard: list[tracking.Return] = field(default_factory=list)
    _hints: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        factories.a_server(self.database)
        factories.a_runbook(self.database)

    def now(self) -> datetime:
        """What the master's clock says."""
        return NOW + timedelta(seconds=self.second) + self._skew

    def hint(self, event_id: int) -> None:
        """A hint goes to the bus, which may lose it or bring it twice."""
        if not self._happens("hint_lost"):
            self._hints.append(event_id)
        if self._happens("job_doubled"):
            self._hints.append(event_id)

    def step(self) -> None:
        """One second passes for everybody."""
        self.second += 1
        parts = {"database": self.database, "settings": self.settings, "now": self.now}
        self._moment_passes()
        for event_id in self._taken(self._hints):
            remediation.handle([event_id], state=None, owner="reactor", **parts)
        self._moment_passes()
        dispatching.dispatch_due(fleet=self, **parts)
        self._moment_passes()
        self._minion_works()
        self._moment_passes()
        for given in self._taken(self._heard):
            tracking.record_return(given, fleet=self, **parts)
        self._moment_passes()
        sweeping.Sweep(
            fleet=self, announce=lambda hint: self.hint(hint.event_ids[0]), owner="t", **parts
        ).run()

    def _moment_passes(self) -> None:
        self._moment += 1
        self._skew += self.jumps.get(self._moment, timedelta(0))

    # --- what tracking asks of Salt

    def accepted(self) -> set[str]:
        """The minions whose key is accepted."""
        return {MINION}

    def mint_jid(self) -> str:
        """A job id."""
        self._minted += 1
        return f"{self._minted:020d}"

    def publish(
        self, *, jid: str, minions: Sequence[str], function: str, arguments: Sequence[str]
    ) -> set[str]:
        """A job goes out, to arrive once, twice, or not at all."""
        if self._happens("master_away"):
            raise FleetUnavailable("The master did not take the job.")
        if function == sweeping.KILL:
            self._kill(arguments[0])
        elif function == dispatching.FUNCTION and not self._happens("job_lost"):
            self._waiting.append((jid, arguments[0]))
            if self._happens("job_doubled"):
                self._waiting.append((jid, arguments[0]))
        return set(minions)

    def returns_of(self, jid: str) -> Mapping[str, Any]:
        """The job cache."""
        return self._cache.get(jid, {})

    # --- the minion, as its module behaves

    def _minion_works(self) -> None:
        for jid, dispatch in self._taken(self._waiting):
            self._take_up(jid, dispatch)
        for dispatch, run in self._ledger.items():
            if run.result is None and run.ends == self.second + 1:
                self._bring_up()
            if run.result is None and run.ends <= self.second:
                self._finish(dispatch, run, "fixed", "up_after_fix")
            if run.result is None and self._happens("broken_off"):
                # The job is gone; nobody returns anything until somebody asks again.
                run.ends = -1
                run.result = self._result(dispatch, "interrupted", "crashed")

    def _take_up(self, jid: str, dispatch: str) -> None:
        known = self._ledger.get(dispatch)
        if known is not None:
            refusal = self._result(dispatch, "refused", "already_running")
            self._return(jid, known.result or refusal)
            return
        work = tracking.hand_out(
            dispatch_id=dispatch, minion_id=MINION, database=self.database, now=self.now
        )
        if work is None:
            self._return(jid, self._result(dispatch, "refused", "no_work"))
        elif self.up:
            self._ledger[dispatch] = run = Run(ends=self.second, jid=jid)
            self._finish(dispatch, run, "nothing_to_fix", "already_up")
        else:
            self._ledger[dispatch] = Run(ends=self.second + FIX_SECONDS, jid=jid)

    def _bring_up(self) -> None:
        self.effects += 1
        self.up = True

    def _finish(self, dispatch: str, run: Run, verdict: str, reason: str) -> None:
        run.result = self._result(dispatch, verdict, reason)
        self._return(run.jid, run.result)

    def _kill(self, jid: str) -> None:
        for dispatch, run in self._ledger.items():
            if run.jid == jid and run.result is None:
                run.result = self._result(dispatch, "interrupted", "crashed")

    def _return(self, jid: str, result: dict[str, Any]) -> None:
        if self._happens("return_lost"):
            return
        self._cache[jid] = {MINION: result}
        if not self._happens("return_unheard"):
            self._heard.append(tracking.Return(jid=jid, minion_id=MINION, value=result))

    def _result(self, dispatch: str, verdict: str, reason: str) -> dict[str, Any]:
        return {
            "rescue": 1,
            "dispatch": dispatch,
            "verdict": verdict,
            "reason": reason,
            "message": "",
            "finished_at": isoformat(NOW + timedelta(seconds=self.second)),
            "steps": [],
        }

    def _happens(self, what: str) -> bool:
        return self._rng.random() < getattr(self.odds, what)

    @staticmethod
    def _taken(waiting: list[Any]) -> list[Any]:
        taken = list(waiting)
        waiting.clear()
        return taken


__all__ = ["Odds", "SERVER", "Simulated"]
