"""A replay over HTTP: what stands behind each count can be looked at."""

from __future__ import annotations

from collections import Counter

import pytest

from rescuebot import clock
from rescuebot.database import Database
from tests import old
from tests.api.house import House
from tests.factories import SERVER

pytestmark = pytest.mark.mariadb

REPLAY = "/api/v1/runbooks/replay"


def test_the_events_behind_every_count_are_listed_first_those_that_change(
    fresh_house: House, database: Database
) -> None:
    service, now = "queue", clock.now()
    for words in ("stopped", "is full", "stopped again"):
        told = {"service_type": service, "event_message": words, "server_id": SERVER}
        old.an_event(database, at=now, claimed_at=now, **told)
    written = {
        "title": "Empty the queue",
        "service_type": service,
        "error_pattern": "is full",
        "solution_kind": "state",
        "solution_script": "rescue.queue",
    }
    asked = {"days": 365, "runbook_id": None, "runbook": written}

    found = fresh_house.call("POST", REPLAY, json=asked)

    assert found.status_code == 200, found.text
    rows = found.json["rows"]
    for side in ("was", "would"):
        assert Counter(row[side] for row in rows) == found.json["replay"][side]
    changed = [row["changed"] for row in rows]
    assert changed == sorted(changed, reverse=True) and any(changed) and not all(changed)
