"""The whole loop tells people: a real queue, master, minion and tracker, and Slack's double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack import alarms
from devstack.slack import SlackDouble
from devstack.world import World
from tests.integration.test_rescue_loop import Stage
from tests.notified import OPS, ROOM, texts

pytestmark = pytest.mark.salt


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(ROOM)
        yield double


@pytest.fixture(scope="module")
def stage(slack: SlackDouble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = {
        "slack": {"bot_token": slack.token, "api_url": slack.api_url},
        "notices": {"channels": {"ops": OPS}},
    }
    folder: Path = tmp_path_factory.mktemp("world")
    with World(folder, database="sqlite", minions=1, settings=settings) as world:
        world.run("rescue.starter")
        found = Stage(world)
        yield found
        found.ledger.dispose()


def test_a_rescue_is_told_in_one_thread_by_the_tracker(stage: Stage, slack: SlackDouble) -> None:
    stage.world.services["mysql"].kill()
    event = stage.rescue(alarms.process_down(stage.world.minions[0].server_id))

    def told() -> bool:
        return any("Rescued" in texts([one]) for one in slack.messages(ROOM) if one.thread_ts)

    stage.world.wait_for(told, what="the rescue is told")
    head, summary = slack.messages(ROOM)
    assert summary.thread_ts == head.ts

    def noted() -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = stage.world.run("rescue.event", str(event.id))["notices"]
        return shown if all(row["status"] in ("sent", "merged") for row in shown) else []

    shown = stage.world.wait_for(noted, what="the receipts are there")
    assert shown[0]["state"] == "opened"
    listed = stage.world.run("rescue.notices")
    assert {row["channel"] for row in listed} == {"ops"}
    one = stage.world.run("rescue.notice", str(listed[0]["id"]))
    assert one["receipts"][0]["way"] == "slack" and one["receipts"][0]["ok"] is True


def test_an_event_is_acknowledged_at_the_console(stage: Stage) -> None:
    shown = stage.world.run("rescue.notices")
    event_id = next(row["event_id"] for row in shown if row["event_id"])
    found = stage.world.run("rescue.acknowledge", str(event_id), "reason=mine")
    assert found["event"]["acknowledged_by"].startswith("salt-run:")
