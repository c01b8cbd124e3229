"""From the alarm in the queue to the effect on the server, against Salt's own shortest way.

One alarm at a time in a world with a real queue, master and minion; the status command says
down until the fix has written its file. The floor is what any way through Salt must take: a job
that runs the same line on the same minion, published and waited for by LocalClient in the same
process. The emulator's long poll looks every 0.1 s or so, and is in our number, not in the floor.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import salt.client
import salt.config
from sqlalchemy import select

from benchmarks.measure import spread, table
from devstack import alarms
from devstack.world import World
from rescuebot import clock
from rescuebot.commands import service as commands
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.runbooks import service as runbooks

ALARMS = 30
SERVICE = "bench"


def run() -> str:
    """Measure alarm to effect, alarm to outcome, and the floor."""
    with tempfile.TemporaryDirectory() as folder:
        effects = Path(folder, "effects")
        effects.mkdir()
        with World(Path(folder, "world"), real_mysql=False) as world:
            ledger = world.ledger()
            _register(ledger, effects)
            floor = _floor(world, effects)
            effect, outcome = zip(
                *[_rescue(world, ledger, effects) for _ in range(ALARMS)], strict=True
            )
            ledger.dispose()
    rows = [
        ("a job of Salt itself (floor)", spread(floor), "1"),
        ("alarm → effect on the server", spread(effect), _ratio(effect, floor)),
        ("alarm → verified, logged outcome", spread(outcome), _ratio(outcome, floor)),
    ]
    heads = ("what", "seconds, median (least–most)", "median : floor")
    return table(f"One alarm at a time, {ALARMS} alarms", heads, rows)


def _register(ledger: Database, effects: Path) -> None:
    with ledger.transaction() as session:
        now = clock.now()
        commands.create(
            session=session,
            command_name="bench-status",
            command_script=f"test -e {effects}/done",
            target_service=SERVICE,
            command_type="status",
            now=now,
        )
        runbooks.create(
            session=session,
            title="Write the file",
            service_type=SERVICE,
            error_pattern="",
            solution_kind="shell",
            solution_script=f"touch {effects}/done",
            created_by="benchmark",
            mode="auto",
            now=now,
        )


def _floor(world: World, effects: Path) -> list[float]:
    times = []
    options = salt.config.client_config(str(world.master.config / "master"))
    with salt.client.LocalClient(mopts=options) as client:
        for _ in range(ALARMS):
            began = time.perf_counter()
            client.cmd(world.minions[0].id, "cmd.run", [f"touch {effects}/floor"])
            times.append(time.perf_counter() - began)
    return times


def _rescue(world: World, ledger: Database, effects: Path) -> tuple[float, float]:
    (effects / "done").unlink(missing_ok=True)
    body = alarms.process_down(world.minions[0].server_id, service=SERVICE)
    began = time.perf_counter()
    world.queue.send(body)
    while not (effects / "done").exists():
        time.sleep(0.002)
    effect = time.perf_counter() - began
    while not _ended(ledger, body["id"]):
        time.sleep(0.005)
    return effect, time.perf_counter() - began


def _ended(ledger: Database, message_id: str) -> bool:
    with ledger.reading() as session:
        query = select(CloudWatchEvent.status).where(CloudWatchEvent.message_id == message_id)
        return session.scalar(query) in (EventStatus.RESOLVED, EventStatus.FAILED)


def _ratio(ours: tuple[float, ...], floor: list[float]) -> str:
    middle = len(floor) // 2
    return f"{sorted(ours)[middle] / sorted(floor)[middle]:.1f}"
