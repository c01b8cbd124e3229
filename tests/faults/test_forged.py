"""A minion that fires its own hints, or asks for another's work, changes nothing and is noted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from devstack import alarms
from devstack.world import World
from rescuebot.audit.model import AuditEntry
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions.model import Execution

pytestmark = [pytest.mark.faults, pytest.mark.faults_short, pytest.mark.salt]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("forged"), minions=2, real_mysql=False) as started:
        started.run("rescue.starter")
        yield started


def rows(world: World, table: Any) -> list[Any]:
    ledger = world.ledger()
    try:
        with ledger.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))
    finally:
        ledger.dispose()


def state_of(world: World) -> list[tuple[Any, ...]]:
    """All that a forged hint could change."""
    events = [(e.id, e.status, e.outcome, e.claimed_at) for e in rows(world, CloudWatchEvent)]
    return events + [(x.id, x.state, x.dispatch, x.jid) for x in rows(world, Execution)]


def noted(world: World, action: str) -> int:
    return sum(entry.times for entry in rows(world, AuditEntry) if entry.action == action)


def fire(world: World, data: Any, tag: str = "rescue/event/ec2/process_down") -> None:
    """As any accepted minion can: with its own tag and data."""
    assert world.minions[1].call("event.send", tag, json.dumps(data)) is True


@pytest.fixture(scope="module")
def rescued(world: World) -> int:
    """An event that is over."""
    service = world.services["web"]
    service.kill()
    world.queue.send(alarms.process_down(world.minions[0].server_id, exe="webd", service="web"))
    world.wait_for(service.is_up, what="the service is up again")
    world.wait_for(
        lambda: [e for e in rows(world, CloudWatchEvent) if e.resolved_at], what="the event ends"
    )
    return int(rows(world, CloudWatchEvent)[0].id)


@pytest.mark.parametrize(
    "data",
    [
        {"rescue": {"event_ids": [999_999]}},
        {"rescue": {"event_ids": ["1; drop table"]}},
        {"rescue": {"event_ids": {"a": 1}}},
        {"rescue": {"event_ids": list(range(100_000, 110_000))}},
        {"rescue": "{{ 7 * 7 }}"},
        {"user": "root", "fun": "cmd.run", "arg": ["id"]},
    ],
    ids=["invented", "text", "mapping", "oversized", "template", "malformed"],
)
def test_a_forged_hint_changes_nothing_and_is_noted(world: World, rescued: int, data: Any) -> None:
    before, times = state_of(world), noted(world, "forged_hint")
    fire(world, data)
    world.wait_for(lambda: noted(world, "forged_hint") > times, what="the hint is noted")
    assert state_of(world) == before


def test_an_old_hint_runs_nothing_again(world: World, rescued: int) -> None:
    starts, before = world.services["web"].starts(), state_of(world)
    times = noted(world, "forged_hint")
    for _ in range(3):
        fire(world, {"rescue": {"event_ids": [rescued]}})
    fire(world, {"rescue": {"event_ids": [999_998]}})
    world.wait_for(lambda: noted(world, "forged_hint") > times, what="the last hint is noted")
    assert state_of(world) == before
    assert world.services["web"].starts() == starts


def test_a_minion_cannot_fetch_the_work_of_another(world: World, rescued: int) -> None:
    dispatch = rows(world, Execution)[0].dispatch
    asked = json.dumps({"rescue": {"dispatch": dispatch}})
    before = state_of(world)
    for words in (asked, json.dumps({"rescue": {"dispatch": "../../etc/passwd"}})):
        pillar = world.minions[1].call("pillar.ext", words)
        assert "work" not in json.dumps(pillar)
    assert noted(world, "foreign_work") >= 1
    assert state_of(world) == before
