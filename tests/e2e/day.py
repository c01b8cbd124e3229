"""The day of a small shop, in its ledger: told by the library's own stories under a clock we turn.

Invariant: what decides is the library; only what minions and the model would say is made up here.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from devstack import alarms
from rescuebot import (
    by_hand,
    clock,
    dispatching,
    intake,
    previewing,
    remediation,
    sweeping,
    tracking,
)
from rescuebot.advising import Advisor
from rescuebot.approvals.model import Approval
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.servers import service as servers
from rescuebot.settings import Settings
from rescuebot.settings import check as settings_of
from tests import factories
from tests.integration.test_tracking import FakeFleet

# Which minion is which server, and what runs there.
FLEET = {
    "web-1": ("i-0a1f3c5e7b9d2f401", ["nginx", "php-fpm"]),
    "web-2": ("i-0a1f3c5e7b9d2f402", ["nginx", "php-fpm"]),
    "web-3": ("i-0a1f3c5e7b9d2f403", ["nginx", "php-fpm"]),
    "web-4": ("i-0a1f3c5e7b9d2f404", ["nginx", "php-fpm"]),
    "db-1": ("i-0b2e4d6f8a0c1e301", ["mysql"]),
    "db-2": ("i-0b2e4d6f8a0c1e302", ["mysql"]),
    "cache-1": ("i-0c3d5f7a9b1e2d201", ["redis"]),
    "shop-1": ("i-0d4c6e8f0a2b3c101", ["orders"]),
    "shop-2": ("i-0d4c6e8f0a2b3c102", ["orders"]),
}
PROCESSES = {"nginx": "nginx", "mysql": "mysqld", "redis": "redis-server", "orders": "ordersd"}
SETTINGS: Settings = settings_of(
    {
        "advice": {"function": "rescue-bedrock-advisor"},
        "execution": {"attempts": 1},
        "guard": {"blast_percent": 60, "cooldown_seconds": 0, "chronic_fixes": 0},
    }
)
_SAID = {
    "fixed": "The service is up after the fix.",
    "nothing_to_fix": "The service is up; nothing was changed.",
    "changed_not_fixed": "The fix ran, but the service is still down.",
}
_STATES = """\
local:
----------
          ID: rescue_service_left_nothing_behind
    Function: file.absent
        Name: /run/{service}.pid
      Result: True
     Comment: Removed file /run/{service}.pid
     Started: {at}
    Duration: 2.775 ms
     Changes:
              ----------
              removed:
                  /run/{service}.pid
----------
          ID: rescue_service_is_running
    Function: service.running
        Name: {service}
      Result: {result}
     Comment: {comment}
     Started: {at}
    Duration: 412.118 ms
     Changes:
              ----------
              {service}:
                  True

Summary for local
------------
Succeeded: {good} (changed={good})
Failed:    {bad}
------------
Total states run:     2
Total run time: 414.893 ms
"""


@dataclass
class Day:
    """A ledger, its fleet, and the moment that it is."""

    database: Database
    at: datetime = field(default_factory=lambda: clock.now() - timedelta(hours=23, minutes=40))
    fleet: FakeFleet = field(default_factory=lambda: FakeFleet(keys=set(FLEET)))
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    # What a command that only looks has found.
    says: str = "the last 20 lines of its log\n"

    def now(self) -> datetime:
        """What the clock of the master says."""
        return self.at

    @property
    def parts(self) -> dict[str, Any]:
        """What every story is given."""
        return {"database": self.database, "settings": SETTINGS, "now": self.now}

    def open_shop(self) -> None:
        """Its servers are known by what their minions said."""
        for minion, (server, services) in FLEET.items():
            with self.database.transaction() as session:
                servers.register(
                    session=session,
                    minion_id=minion,
                    server_id=server,
                    os="Debian 12",
                    now=self.at,
                )
                servers.note_services(
                    session=session, server_id=server, services=services, now=self.at
                )

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.at += timedelta(seconds=seconds)

    def wait_until(self, ago: timedelta) -> None:
        """So long before the present; never back."""
        self.at = max(self.at, clock.now() - ago)

    def alarm(self, minion: str, service: str, *, grade: str = "", **alarm: Any) -> int:
        """An alarm comes in and is decided about; the number of its event."""
        name = alarm.pop("alarm_name", f"{service}-down-{minion}")
        body = alarms.process_down(
            FLEET[minion][0] if minion in FLEET else minion,
            PROCESSES[service],
            service=service,
            alarm_name=f"{name} [{grade}]" if grade else name,
            time=self.at - timedelta(seconds=20),
            **alarm,
        )
        return self.take(body)

    def take(self, body: Mapping[str, Any] | str) -> int:
        """A message of the queue becomes an event, and is decided about."""
        message = factories.message(body)
        receipt = intake.receive(
            [message], database=self.database, settings=SETTINGS.intake, now=self.now
        )
        if not receipt.recorded:
            return 0
        event_id = receipt.recorded[0].event_id
        self.wait(0.2)
        remediation.handle([event_id], state=None, owner="reactor", **self.parts)
        return event_id

    def work(self, *, verdict: str = "fixed", seconds: float | None = None) -> None:
        """All that is due is sent, done and reported."""
        sweeping.Sweep(fleet=self.fleet, announce=lambda hint: None, owner="t", **self.parts).run()
        dispatching.dispatch_due(fleet=self.fleet, **self.parts)
        for run in self._sent():
            self.wait(0.3)
            tracking.hand_out(
                dispatch_id=run.dispatch or "",
                minion_id=run.minion_id,
                database=self.database,
                now=self.now,
            )
            took = self.chance.uniform(2, 9) if seconds is None else seconds
            self.wait(took)
            given = tracking.Return(
                jid=run.jid or "", minion_id=run.minion_id, value=self._result(run, verdict, took)
            )
            tracking.record_return(given, fleet=self.fleet, **self.parts)
        self.wait(1)

    def rescue(self, minion: str, service: str, *, verdict: str = "fixed", **alarm: Any) -> int:
        """An alarm, and all that follows from it at once."""
        event_id = self.alarm(minion, service, **alarm)
        self.work(verdict=verdict)
        return event_id

    def look(self, minion: str, command: str, *, actor: str, says: str) -> None:
        """Somebody runs a command that only looks."""
        usual, self.says = self.says, says
        by_hand.run_command(
            command_name=command, server_id=FLEET[minion][0], requested_by=actor, **self.parts
        )
        self.work(verdict="done", seconds=3)
        self.says = usual

    def advise(self, answer: Mapping[str, Any]) -> None:
        """The model is asked for all that waits for it, and says this."""
        figures = {
            "usage": {"input_tokens": 3120, "output_tokens": 411},
            "model_id": "jp.anthropic.claude-sonnet-5-5",
            "latency_ms": 4210,
            "cost_usd": 0.0155,
        }
        for _ in range(3):
            Advisor(
                owner="t",
                ask=lambda question: {"ok": True, "answer": answer, **figures},
                **self.parts,
            ).run()
            self.work(verdict="done", seconds=1)

    def preview(self, output: str, *, up: bool = False, **changes: int) -> None:
        """The minions tell what would change of all that waits for a person."""
        previewing.ask_due(database=self.database, fleet=self.fleet, now=self.now)
        with self.database.reading() as session:
            asked = list(session.scalars(select(Approval).where(Approval.previewed_at.is_(None))))
            runs = {one.id: session.get_one(Execution, one.execution_id) for one in asked}
        self.wait(1.4)
        for approval in asked:
            value = {
                "rescue": 1,
                "dispatch": approval.preview_dispatch,
                "verdict": "previewed",
                "reason": "would_change",
                "message": "The fix would make the changes that the output shows.",
                "changes": {"total": 1, "would_change": 1, "would_fail": 0, **changes},
                "output": output,
                "service_up": up,
            }
            given = tracking.Return(
                jid=approval.preview_jid or "", minion_id=runs[approval.id].minion_id, value=value
            )
            previewing.record(given, database=self.database, now=self.now)

    def _sent(self) -> list[Execution]:
        with self.database.reading() as session:
            query = select(Execution).where(Execution.state == ExecutionState.DISPATCHED)
            return list(session.scalars(query.order_by(Execution.id)))

    def _result(self, run: Execution, verdict: str, took: float) -> dict[str, Any]:
        told = _steps(run, verdict, took, self.says)
        steps = [self._step(run, *step) for step in told]
        return {
            "rescue": 1,
            "dispatch": run.dispatch,
            "verdict": verdict,
            "reason": "x",
            "message": _SAID.get(verdict, "Done."),
            "finished_at": isoformat(self.at),
            "steps": steps,
        }

    def _step(
        self, run: Execution, name: str, good: bool, seconds: float, before: float, output: str
    ) -> dict[str, Any]:
        started = self.at - timedelta(seconds=before)
        return {
            "step": name,
            "status": "success" if good else "failed",
            "retcode": 0 if good else 1,
            "started_at": isoformat(started),
            "seconds": seconds,
            "output": output.replace("{at}", f"{started:%H:%M:%S.%f}"),
        }


def _steps(
    run: Execution, verdict: str, took: float, says: str
) -> list[tuple[str, bool, float, float, str]]:
    """Name, success, seconds, how long before the end it began, output."""
    service = run.service_type
    if verdict == "done":
        return [("fix", True, took, took, says)]
    check = (
        "check",
        False,
        0.3,
        took,
        f"{service} is down: no process {PROCESSES[service]} runs\n",
    )
    if verdict == "nothing_to_fix":
        return [("check", True, 0.3, took, f"{service} is up: unit process port health\n")]
    good = verdict == "fixed"
    words = f"Service {service} has been {'started' if good else 'started, and has ended again'}"
    fix = _STATES.replace("{service}", service).replace("{comment}", words)
    for name, text in (("result", good), ("good", 1 + good), ("bad", int(not good))):
        fix = fix.replace("{%s}" % name, str(text))
    up = f"{service} is up: unit process port health\ntries: 2\n"
    down = f"{service} is down: nobody listens on its port\ntries: 10\n"
    return [
        check,
        ("fix", good, took - 1.2, took - 0.5, fix),
        ("verify", good, 0.7, 0.7, up if good else down),
    ]
