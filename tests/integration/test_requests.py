"""Requests with a key are done once, and what is handed in by hand is handled, on both ledgers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms
from rescuebot import by_hand, closing, halting, intake
from rescuebot.audit.model import AuditEntry
from rescuebot.database import Database
from rescuebot.errors import Conflict, Halted, Invalid, KeyReused, NotFound, Unreadable
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventStatus
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.requests import service as requests
from rescuebot.requests.model import RequestKey
from rescuebot.requests.service import Once
from rescuebot.settings import IntakeSettings
from tests import factories
from tests.factories import NOW, SERVER
from tests.integration.test_remediation import an_event
from tests.integration.test_tracking import FakeFleet, Scene


def once(key: str = "k1", actor: str = "kim", body: Any = None) -> Once:
    asked = requests.fingerprint(method="POST", path="/api/v1/executions", body=body or {"a": 1})
    return Once(actor=actor, key=key, fingerprint=asked)


@pytest.fixture
def scene(database: Database) -> Scene:
    factories.a_server(database)
    factories.a_command(database)
    return Scene(database=database, fleet=FakeFleet())


def run(scene: Scene, **how: Any) -> int:
    values = {"command_name": "mysql_status", "server_id": SERVER, "requested_by": "kim", **how}
    return by_hand.run_command(**values, **scene.parts)


def run_on(scene: Scene, *server_ids: str, **how: Any) -> list[int]:
    values = {"command_name": "mysql_status", "requested_by": "kim", **how}
    return by_hand.run_commands(server_ids=server_ids, **values, **scene.parts)


def count(scene: Scene, table: Any) -> int:
    with scene.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def audited(scene: Scene, action: str) -> list[AuditEntry]:
    with scene.database.reading() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_the_same_request_is_done_once_and_answered_the_same(scene: Scene) -> None:
    first = run(scene, once=once())
    assert [run(scene, once=once()) for _ in range(3)] == [first] * 3
    assert count(scene, Execution) == 1
    assert run(scene, once=once("k2")) != first
    assert run(scene) != run(scene), "without a key each is another"


def test_twenty_at_once_are_one(scene: Scene) -> None:
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: run(scene, once=once()), range(20)))
    with scene.database.reading() as session:
        assert set(found) == set(session.scalars(select(Execution.id)))
    assert count(scene, Execution) == count(scene, RequestKey) == 1


def test_twenty_that_close_at_once_all_hear_that_it_was_closed(scene: Scene) -> None:
    """The second must not be told that the first was quicker: it was the same request."""
    event_id = an_event(scene.database)

    def close(_: int) -> str:
        found = closing.close(
            [event_id],
            status=EventStatus.RESOLVED,
            reason="x",
            actor="kim",
            database=scene.database,
            once=once(),
            now=scene.now,
        )
        return found[0].became

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(close, range(20))) == {"closed"}
    assert len(audited(scene, "event_closed")) == 1


def test_a_key_is_not_used_for_another_request(scene: Scene) -> None:
    run(scene, once=once())
    with pytest.raises(KeyReused) as refused:
        run(scene, once=once(body={"a": 2}))
    assert (refused.value.code, isinstance(refused.value, Conflict)) == ("key_reused", True)
    assert count(scene, Execution) == 1


def test_people_do_not_meet_each_others_keys(scene: Scene) -> None:
    mine, yours = run(scene, once=once()), run(scene, once=once(actor="lee"))
    assert mine != yours
    assert once("b", "a").key_hash != once("", "ab").key_hash
    with scene.database.reading() as session:
        kept = session.scalars(select(RequestKey).order_by(RequestKey.id)).all()
    assert [row.actor for row in kept] == ["kim", "lee"]
    assert "k1" not in {row.key_hash for row in kept}


def test_a_fingerprint_is_of_what_is_asked_and_not_of_how_it_is_written() -> None:
    def of(text: str) -> str:
        return requests.fingerprint(method="POST", path="/x", body=json.loads(text))

    assert of('{"a": 1, "b": [1, 2]}') == of('{"b":[1,2],"a":1}')
    assert of('{"a": 1}') != of('{"a": 2}')
    assert of('{"a": "\\ud800"}') != of("{}"), "whatever JSON can say has one"
    assert requests.fingerprint(method="PUT", path="/x", body={}) != of("{}")


def test_what_was_refused_is_not_kept_and_may_be_asked_again(scene: Scene) -> None:
    halting.halt("*", reason="x", actor="kim", database=scene.database, now=scene.now)
    with pytest.raises(Halted):
        run(scene, once=once())
    assert count(scene, RequestKey) == 0
    halting.resume("*", actor="kim", database=scene.database, now=scene.now)
    assert run(scene, once=once()) > 0


def test_keys_are_forgotten_after_their_time(scene: Scene) -> None:
    run(scene, once=once())
    scene.at += timedelta(hours=1)
    run(scene, once=once("k2"))
    with scene.database.transaction() as session:
        assert requests.forget_old(session=session, before=NOW) == 0
        assert requests.forget_old(session=session, before=scene.at) == 1
    assert count(scene, RequestKey) == 1


def test_a_command_runs_on_several_servers_or_on_none(scene: Scene) -> None:
    factories.a_server(scene.database, server_id="i-2", minion_id="web-2")
    found = run_on(scene, "i-2", SERVER, "i-2", once=once())
    assert [row.server_id for row in scene.executions()] == ["i-2", SERVER]
    assert found == [row.id for row in scene.executions()]
    assert run_on(scene, "i-2", SERVER, "i-2", once=once()) == found
    with pytest.raises(Invalid) as refused:
        run_on(scene, "i-9", SERVER, "i-8\n")
    words = "is not the id of a server with a minion: '{}'; salt-run rescue.servers lists them"
    assert [str(problem) for problem in refused.value.problems] == [
        f"server: {words.format(name)}" for name in ("i-9", "i-8\\n")
    ]
    assert len(scene.executions()) == 2


@pytest.mark.parametrize("servers", [[], [f"i-{n}" for n in range(101)]])
def test_a_command_runs_on_so_many_servers(scene: Scene, servers: list[str]) -> None:
    with pytest.raises(Invalid, match="must be 1 to 100 servers"):
        run_on(scene, *servers)


def test_a_halt_of_one_server_keeps_the_command_from_all(scene: Scene) -> None:
    factories.a_server(scene.database, server_id="i-2", minion_id="web-2")
    halting.halt("server:i-2", reason="x", actor="kim", database=scene.database, now=scene.now)
    with pytest.raises(Halted, match="server:i-2"):
        run_on(scene, SERVER, "i-2")
    assert scene.executions() == []


# --- handed in by hand ----------------------------------------------------------------------


def hand_in(scene: Scene, body: Any = None, **how: Any) -> intake.Receipt:
    if body is None:
        body = alarms.process_down(SERVER, time=NOW - timedelta(seconds=20))
    text = body if isinstance(body, str) else json.dumps(body)
    values = {"actor": "kim", "settings": IntakeSettings(), **how}
    return intake.hand_in(text, database=scene.database, now=scene.now, **values)


def test_what_is_handed_in_is_read_like_a_message_of_the_queue(scene: Scene) -> None:
    body = alarms.process_down(SERVER, time=NOW - timedelta(seconds=20))
    (item,) = hand_in(scene, body).recorded
    event = scene.event()
    assert (event.id, event.event_type, event.server_id) == (item.event_id, "process_down", SERVER)
    assert event.service_type == "mysql"
    assert hand_in(scene, body).recorded[0].kind.value == "known", "its id is the event's own"
    assert scene.event().occurrences == 1
    assert [entry.actor for entry in audited(scene, "event_handed_in")] == ["kim", "kim"]


def test_what_cannot_be_understood_is_refused_and_not_kept(scene: Scene) -> None:
    with pytest.raises(Unreadable) as refused:
        hand_in(scene, "not json")
    assert refused.value.reason == "not_json"
    assert count(scene, DeadLetter) == count(scene, CloudWatchEvent) == 0


def test_a_message_without_an_id_is_the_same_only_under_the_same_key(scene: Scene) -> None:
    body = alarms.process_down(SERVER, time=NOW - timedelta(seconds=20))
    del body["id"]
    first = hand_in(scene, body, once=once())
    assert hand_in(scene, body, once=once()) == first
    assert scene.event().occurrences == 1
    assert hand_in(scene, body, once=once("k2")).recorded[0].kind.value == "repeat"
    assert hand_in(scene, body).recorded[0].kind.value == "repeat"
    assert scene.event().occurrences == 3


def test_the_next_sweep_hints_at_what_was_handed_in_and_then_handles_it(scene: Scene) -> None:
    factories.a_runbook(scene.database)
    (item,) = hand_in(scene).recorded
    assert scene.sweep() == {"hinted": 1}
    assert [hint.event_ids for hint in scene.hints] == [(item.event_id,)]
    sweeps = 1
    while scene.event().status is EventStatus.NEW and sweeps < 5:
        scene.at += timedelta(seconds=scene.settings.sweep.rehint_seconds + 1)
        scene.sweep()
        sweeps += 1
    assert sweeps <= scene.settings.sweep.hints + 1, "nobody listens on the bus"
    assert [row.state for row in scene.executions()] == [ExecutionState.PLANNED]


def test_what_came_by_the_queue_is_left_to_its_hint_for_a_while(scene: Scene) -> None:
    an_event(scene.database)
    assert scene.sweep() == {}


def test_an_unknown_event_is_told_apart(scene: Scene) -> None:
    (found,) = closing.give_back([4711], actor="kim", database=scene.database)
    with pytest.raises(NotFound, match="There is no event 4711"):
        found.insist()
