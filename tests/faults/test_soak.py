"""Many events while processes are killed at random: nothing lost, nothing doubled, nothing stuck.

Each event has a service of its own, whose fix appends one line to one file: the number of lines is
the number of effects, and the status command says up as soon as there is one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from devstack import alarms
from devstack.errors import WorldError
from devstack.master import Master
from devstack.waiting import until
from rescuebot import clock
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions.model import Execution
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.servers.model import Server
from tests.faults.harness import OVER, Stage

pytestmark = [pytest.mark.faults, pytest.mark.salt]

SERVERS_A_MINION = 8
SEED = 20261122


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, database="mariadb", minions=2)
    made.open()
    yield made
    made.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Stage]:
    """Two masters with two engines each on one queue and one ledger; both know all minions."""
    made = Stage(tmp_path, database="mariadb", minions=2, masters=2)
    made.open()
    yield made
    made.close()


@pytest.mark.faults_short
def test_a_seeded_short_soak(stage: Stage, tmp_path: Path) -> None:
    soak(stage, tmp_path / "effects", events=60, faults=4)


@pytest.mark.timeout(1500)
def test_a_thousand_events_with_random_kills(stage: Stage, tmp_path: Path) -> None:
    soak(stage, tmp_path / "effects", events=1000, faults=40)


@pytest.mark.timeout(900)
def test_two_masters_on_one_queue_with_random_kills(pair: Stage, tmp_path: Path) -> None:
    soak(pair, tmp_path / "effects", events=200, faults=12)
    with pair.ledger.reading() as session:
        masters = set(session.scalars(select(Execution.master).distinct()))
    assert len(masters) > 1, "both have worked"


def soak(stage: Stage, effects: Path, *, events: int, faults: int) -> None:
    """Send the alarms, some of them twice, kill at random meanwhile, and count."""
    rng = random.Random(SEED)
    effects.mkdir()
    names = [f"svc{number:04d}" for number in range(events)]
    servers = furnish(stage, effects, names)
    bodies = [
        alarms.process_down(servers[number % len(servers)], exe=name, service=name)
        for number, name in enumerate(names)
    ]
    sent = [*bodies, *rng.sample(bodies, events // 5)]
    rng.shuffle(sent)
    stage.world.queue.send_all(sent)
    struck = kill_at_random(stage, rng, faults)
    try:
        until(stage.at_rest, seconds=120 + events * 0.6, what="all is at rest")
    except WorldError:
        pass  # the counts below tell what is stuck
    verdict = count(stage, effects, names)
    print(f"{events} events, struck: {', '.join(struck)}: {verdict}")
    assert verdict == {"lost": [], "doubled": [], "stuck": 0}


def furnish(stage: Stage, effects: Path, names: list[str]) -> list[str]:
    """A status command and a runbook for each service, and servers on each minion."""
    now = clock.now()
    servers = [
        (f"i-{minion.id}-{number}", minion.id)
        for minion in stage.world.minions
        for number in range(SERVERS_A_MINION)
    ]
    with stage.ledger.transaction() as session:
        for name in names:
            session.add(
                SaltStackCommand(
                    command_name=f"{name}-status",
                    command_script=f'test -s "{effects}/$RESCUE_SERVICE"',
                    target_service=name,
                    command_type=CommandType.STATUS,
                )
            )
            session.add(
                RunbookScript(
                    title=f"Append for {name}",
                    service_type=name,
                    error_pattern="",
                    solution_kind=SolutionKind.SHELL,
                    solution_script=f'echo "$$" >> "{effects}/$RESCUE_SERVICE"',
                    description="",
                    created_by="soak",
                    mode=RunbookMode.AUTO,
                    attempts=6,
                    retry_seconds=1,
                )
            )
        for server_id, minion_id in servers:
            session.add(Server(server_id=server_id, minion_id=minion_id, seen_at=now))
    return [server_id for server_id, _ in servers]


def kill_at_random(stage: Stage, rng: random.Random, faults: int) -> list[str]:
    """Strike so many times, a few seconds apart; stops early when all is at rest."""
    strikes: dict[str, Callable[[], object]] = {
        "sqs engine": lambda: stage.kill_process("sqs engine", rng),
        "tracker": lambda: stage.kill_process("tracker", rng),
        "reactor": lambda: stage.kill_process("reactor", rng),
        "master worker": lambda: stage.kill_process("master worker", rng),
        "minion": lambda: stage.restart_minion(rng.choice(stage.world.minions)),
        "master": lambda: power_cut(rng.choice(stage.world.masters)),
        "database": lambda: stage.database_dies(rng.uniform(0, 2)),
    }
    struck = []
    for _ in range(faults):
        time.sleep(rng.uniform(1, 4))
        try:
            if stage.at_rest():
                break
        except WorldError:
            pass  # The ledger is not back yet.
        name = rng.choice(sorted(strikes))
        try:
            strikes[name]()
        except (IndexError, WorldError):
            name += " (was away)"
        struck.append(name)
    return struck


def power_cut(master: Master) -> None:
    """Its machine loses power and comes back."""
    master.kill()
    master.start()


def count(stage: Stage, effects: Path, names: list[str]) -> dict[str, object]:
    """Lines in the files, and events that have not ended."""
    lines = {
        name: len((effects / name).read_text().splitlines()) if (effects / name).exists() else 0
        for name in names
    }
    with stage.ledger.reading() as session:
        open_ = select(func.count()).where(CloudWatchEvent.status.not_in(OVER))
        stuck = session.scalar(open_) or 0
        known = session.scalar(select(func.count()).select_from(CloudWatchEvent)) or 0
    return {
        "lost": [name for name in names if not lines[name]] + ["an event"] * (len(names) - known),
        "doubled": [name for name in names if lines[name] > 1],
        "stuck": stuck,
    }
