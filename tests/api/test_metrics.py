"""What Prometheus is told: every family that the documentation names, and nothing of a caller."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from rescuebot import clock
from rescuebot.heartbeats import service as heartbeats
from tests.api.house import House

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")


def families(house: House) -> dict[str, list[tuple[dict[str, str], float]]]:
    answer = house.call("GET", "/metrics", "viewer")
    assert answer.status_code == 200
    return {
        family.name: [(sample.labels, sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(answer.text)
    }


def test_every_family_is_documented_and_each_documented_one_is_there(house: House) -> None:
    with house.database.transaction() as session:
        heartbeats.beat(
            session=session,
            owner="queue",
            engine="rescue_sqs",
            now=clock.now(),
            state="running",
            queue_depth=4,
        )
    found = families(house)
    named = set(re.findall(r"^\| `(rescue_[a-z0-9_]+)` \|", PAGE, re.MULTILINE))
    assert set(found) == named
    assert found["rescue_queue_depth"] == [({}, 4.0)]


def test_calls_are_counted_by_their_route_and_never_by_what_was_sent(house: House) -> None:
    house.call("GET", "/api/v1/events/1", "viewer")
    house.client().open("/api/v1/no/such/place", method="BREW")
    routes = {labels["route"] for labels, _ in families(house)["rescue_api_seconds"]}
    methods = {labels["method"] for labels, _ in families(house)["rescue_api_seconds"]}
    assert "unknown" in routes and "other" in methods
    assert not [route for route in routes if "no/such" in route or route.endswith("/1")]
