"""Kill every process at every step of an event's life: nothing is lost, doubled or stuck."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from signal import SIGKILL
from typing import Any

import pytest

from devstack.faultproxy import Fault
from rescuebot import faults
from tests.faults.harness import Stage, kill_session

pytestmark = [pytest.mark.faults, pytest.mark.salt, pytest.mark.mariadb]

SEED = 20261122
# How long a process is held at a point, so that another one can be killed meanwhile.
HELD_SECONDS = 2.0
ENDPOINT_SECONDS = 3.0

OWNERS = {
    "intake": "sqs engine",
    "handle": "reactor",
    "dispatch": "tracker",
    "handout": "master worker",
    "record": "tracker",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One place of the table."""

    fault: str
    process: str
    database: str = "mariadb"
    seed: int = 0

    def __str__(self) -> str:
        words = f"{self.fault}-{self.process}-{self.database}-{self.seed}"
        return words.replace(" ", "_")


def _killed_at_points() -> list[Cell]:
    """Whoever reaches the point is killed there."""
    return [
        Cell(fault=point, process=OWNERS[point.partition(".")[0]], database=database)
        for database in ("mariadb", "sqlite")
        for point in faults.POINTS
    ]


def _killed_beside() -> list[Cell]:
    """Somebody else is killed while a process stands at the point."""
    return [
        Cell(fault=point, process=process)
        for point in faults.POINTS
        for process in BESIDE
        if point.startswith(NEAR.get(process, ""))
    ]


def _killed_at_random() -> list[Cell]:
    return [
        Cell(fault=RANDOM, process=process, seed=seed)
        for process in (*PARTS, *ACTS)
        for seed in (1, 2)
    ]


def _killed_on_the_minion() -> list[Cell]:
    return [
        Cell(fault=f"{gate} the fix, {kind}", process=process)
        for kind in SERVICE_OF
        for gate in ("before", "after")
        for process in ON_THE_MINION
    ]


RANDOM = "at random"
# Who has to do with which part of an event's life only.
NEAR = {"SQS endpoint": ("intake.",), "minion daemon": ("dispatch.", "handout.", "record.")}
PARTS = ("sqs engine", "tracker", "reactor", "master worker", "publisher", "request queue")
SERVICE_OF = {"shell": "web", "state": "mysql"}
# What is killed on the minion while the fix runs: the job alone, the daemon with its jobs, or
# all of them together with the fix, as when the machine loses power.
ON_THE_MINION = ("minion job", "minion daemon", "minion's machine")


def _cut_endpoint(stage: Stage) -> None:
    stage.proxy.fail(Fault.REFUSE)
    time.sleep(ENDPOINT_SECONDS)
    stage.proxy.heal()


BESIDE: dict[str, Callable[[Stage], Any]] = {
    "whole master": Stage.power_cut,
    "minion daemon": lambda stage: stage.restart_minion(stage.world.minions[0]),
    "database": Stage.database_dies,
    "SQS endpoint": _cut_endpoint,
}

ACTS: dict[str, Callable[[Stage], Any]] = {**BESIDE, "event bus": Stage.bus_dies}

AT_POINTS, BESIDE_POINTS = _killed_at_points(), _killed_beside()
AT_RANDOM, ON_MINION = _killed_at_random(), _killed_on_the_minion()
# What every run takes: some of each kind, always the same.
_RNG = random.Random(SEED)
SHORT = {
    *_RNG.sample([cell for cell in AT_POINTS if cell.database == "mariadb"], 3),
    *_RNG.sample(BESIDE_POINTS, 2),
    *_RNG.sample(AT_RANDOM, 1),
    *_RNG.sample([cell for cell in ON_MINION if "shell" in cell.fault], 2),
}


def cells(chosen: Sequence[Cell]) -> Any:
    """The cells as parameters, the short ones marked."""
    return pytest.mark.parametrize(
        "cell",
        [
            pytest.param(
                cell, id=str(cell), marks=[pytest.mark.faults_short] if cell in SHORT else []
            )
            for cell in chosen
        ],
    )


@cells(AT_POINTS)
def test_a_process_that_is_killed_at_a_point_of_an_events_life_loses_and_doubles_nothing(
    cell: Cell, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of(cell.database)
    stage.strike(cell.fault)
    trouble = stage.report_trouble()
    since = stage.wait_struck(cell.fault)
    judged(cell.fault, cell.process, stage, stage.judge(trouble, since=since))


@cells(BESIDE_POINTS)
def test_another_process_that_is_killed_at_a_point_loses_and_doubles_nothing(
    cell: Cell, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of(cell.database)
    stage.strike(cell.fault, f"pause {HELD_SECONDS}")
    trouble = stage.report_trouble()
    since = stage.wait_struck(cell.fault)
    BESIDE[cell.process](stage)
    judged(cell.fault, cell.process, stage, stage.judge(trouble, since=since))


@cells(AT_RANDOM)
def test_a_kill_at_a_random_instant_loses_and_doubles_nothing(
    cell: Cell, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of(cell.database)
    rng = random.Random(f"{SEED} {cell}")
    trouble = stage.report_trouble()
    time.sleep(rng.uniform(0.0, 0.4))
    since = time.monotonic()
    if cell.process in PARTS:
        stage.kill_process(cell.process, rng)
    else:
        ACTS[cell.process](stage)
    judged(cell.fault, cell.process, stage, stage.judge(trouble, since=since))


@cells(ON_MINION)
def test_a_kill_on_the_minion_while_the_fix_runs_loses_and_doubles_nothing(
    cell: Cell, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of(cell.database)
    minion = stage.world.minions[0]
    gate, _, kind = cell.fault.partition(" the fix, ")
    with stage.held(gate) as wait:
        trouble = stage.report_trouble(service=SERVICE_OF[kind])
        start_command = wait()
        since = time.monotonic()
        if cell.process == "minion job":
            jobs = stage.jobs(minion)
            assert jobs, "the process that carries the job out is not found"
            for job in jobs:
                job.send(SIGKILL)
        else:
            minion.kill()
        if cell.process == "minion's machine":
            kill_session(start_command)
    if cell.process != "minion job":
        minion.launch()
        minion.wait_connected()
    # A machine that dies between the count and the daemon's start needs a second start.
    again = cell.process == "minion's machine" and gate == "after"
    verdict = stage.judge(trouble, since=since, effects=2 if again else 1)
    judged(cell.fault, cell.process, stage, verdict)
