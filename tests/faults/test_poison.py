"""Malformed, hostile and huge messages through a real queue into the real engine: none stops it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import func, select

from devstack import alarms
from devstack.world import World
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence
from rescuebot.heartbeats.model import EngineHeartbeat
from tests.conftest import SHAPES

pytestmark = [pytest.mark.faults, pytest.mark.faults_short, pytest.mark.salt]

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("poison"), minions=0, real_mysql=False) as started:
        yield started


def fresh(body: str) -> str:
    """With an id of its own: most of the corpus was made from one event."""
    return re.sub(
        r'("(?:id|MessageId)": *")[0-9a-f]{8}-[0-9a-f-]{27}"', rf'\g<1>{uuid.uuid4()}"', body
    )


def corpus() -> list[str]:
    """The poison of the unit tests, and what is as large as a message may be."""
    bodies = [
        fresh(path.read_bytes().decode("utf-8", errors="surrogateescape"))
        for path in sorted((SHAPES / "poison").iterdir())
        if path.name != "expected.json"
    ]
    huge = alarms.process_down("i-0123456789abcdef0")
    huge["detail"]["state"]["reason"] = "x" * (MIB - 20_000)
    return [*bodies, json.dumps(huge), "x" * (MIB - 1), "[" * 200_000, '{"a":' * 50_000]


def count(world: World, table: Any) -> int:
    ledger = world.ledger()
    try:
        with ledger.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0
    finally:
        ledger.dispose()


def engine_pids(world: World) -> list[str]:
    ledger = world.ledger()
    try:
        with ledger.reading() as session:
            query = select(EngineHeartbeat.owner).where(EngineHeartbeat.engine == "rescue_sqs")
            return list(session.scalars(query))
    finally:
        ledger.dispose()


def test_no_poison_stops_the_engine_and_each_ends_as_an_event_or_a_dead_letter(
    world: World,
) -> None:
    before = engine_pids(world)
    sent = 0
    for body in corpus():
        try:
            world.queue.send(body)
        except (ClientError, UnicodeError):
            continue  # SQS itself refuses what is no text; such a message cannot arrive
        sent += 1
    assert sent > 40
    good = alarms.process_down("i-0feedfeedfeedfeed")
    world.queue.send(good)
    world.wait_for(lambda: world.queue.depth() == 0, seconds=90, what="the queue is empty")
    # A report that repeats an event has an occurrence of its own.
    assert count(world, EventOccurrence) + count(world, DeadLetter) == sent + 1
    assert count(world, CloudWatchEvent) >= 1
    assert engine_pids(world) == before, "the engine was never restarted"
    found = world.run("rescue.events", server="i-0feedfeedfeedfeed")
    assert [event["message_id"] for event in found] == [good["id"]]
    assert "Traceback" not in world.master.log()
