"""The API in a real world: what is asked over HTTP is done on a minion, once, and can be read."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms, process
from devstack.web import Answer
from devstack.world import World
from rescuebot import clock
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions.model import Execution
from rescuebot.requests import service as requests_
from rescuebot.requests.service import Once
from tests.thorough import WORLDS

pytestmark = pytest.mark.salt

LONG = "yes 0123456789abcde | head -n 100000"
# Fails the first time, and says so; then there is what it looks for.
ONCE_BROKEN = 'test -e "{0}" || {{ touch "{0}"; echo not yet; exit 3; }}; echo there'

Row = dict[str, Any]


class Office:
    """A world with an API, and people who have signed in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.api = world.api
        self.ledger: Database = world.ledger()
        self.admin = self.api.as_person("admin")
        self.operator = self.api.as_person("operator")
        self.viewer = self.api.as_person("viewer")
        self.server = world.minions[0].server_id

    def command(self, name: str, script: str, kind: str = "log_check") -> str:
        """A command for the service web, made over HTTP."""
        body = {
            "command_name": name,
            "command_script": script,
            "target_service": "web",
            "command_type": kind,
        }
        assert self.operator.post("/api/v1/commands", body).status_code == 201
        return name

    def run(self, name: str, headers: dict[str, str] | None = None) -> Answer:
        body = {"command_name": name, "server_ids": [self.server]}
        return self.operator.post("/api/v1/executions", body, headers=headers)

    def seen(self, path: str, wanted: Callable[[Row], bool], what: str) -> Row:
        """Poll a path as a browser would, until its content is as wanted."""

        def found() -> Row | None:
            answer = self.viewer.get(path)
            return row if answer.ok and wanted(row := answer.json()) else None

        row = self.world.wait_for(found, what=what)
        assert row is not None
        return row

    def ended_run(self, execution_id: int) -> Row:
        over = ("success", "failed", "timeout", "lost", "cancelled")
        path = f"/api/v1/executions/{execution_id}"
        return self.seen(path, lambda row: row["state"] in over, "the execution ends")

    def ended_event(self, event_id: int) -> Row:
        path = f"/api/v1/events/{event_id}"
        over = ("resolved", "failed")
        return self.seen(path, lambda row: row["status"] in over, "the event ends")

    def hand_in(self, body: Row) -> Row:
        """The alarm as a machine posts it; what became of it."""
        answer = self.api.as_machine().post("/api/v1/events/ingest", body)
        assert answer.status_code == 201, answer.text
        (report,) = answer.json()["events"]
        return dict(report)

    def executions(self) -> int:
        with self.ledger.reading() as session:
            return session.scalar(select(func.count()).select_from(Execution)) or 0


@pytest.fixture(scope="module", params=WORLDS)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("world")
    # People sign in once for all of it.
    settings = {"web": {"access_minutes": 60}}
    with World(folder, database=request.param, web=True, settings=settings) as world:
        world.run("rescue.starter")
        found = Office(world)
        yield found
        found.ledger.dispose()
    assert process.leftovers(world.place) == []


def alarm(office: Office, minutes: int) -> Row:
    """The alarm of a dead web service; each a while after the one before."""
    at = clock.now() + timedelta(minutes=minutes)
    return alarms.process_down(office.server, exe="webd", service="web", time=at)


def test_a_command_that_is_asked_for_runs_on_the_minion_and_its_output_is_read_in_pieces(
    office: Office,
) -> None:
    answer = office.run(office.command("web-long-log", LONG))
    assert answer.status_code == 202
    (execution_id,) = answer.json()["execution_ids"]
    run = office.ended_run(execution_id)
    assert (run["state"], run["requested_by"]) == ("success", "web:operator")
    (log,) = run["logs"]
    path = f"/api/v1/logs/{log['id']}/result"
    piece = office.viewer.get(path, headers={"Range": "bytes=16-31"})
    assert (piece.status_code, piece.text) == (206, "0123456789abcde\n")
    size = int(piece.headers["Content-Range"].rpartition("/")[2])
    assert size >= 1_600_000
    assert len(office.viewer.get(path, headers={"Range": "bytes=-4096"}).content) == 4096
    assert len(office.viewer.get(path).content) == size
    beyond = office.viewer.get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416


def test_who_may_only_look_cannot_run_anything(office: Office) -> None:
    before = office.executions()
    body = {"command_name": "web-status", "server_ids": [office.server]}
    for client, status in (
        (office.viewer, 403),
        (office.api.as_machine(), 403),
        (office.api.anybody(), 401),
    ):
        assert client.post("/api/v1/executions", body).status_code == status
    assert office.executions() == before


def test_what_has_failed_is_run_again_and_what_succeeded_is_not(
    office: Office, tmp_path: Path
) -> None:
    name = office.command("web-once-broken", ONCE_BROKEN.format(tmp_path / "there"))
    (first,) = office.run(name).json()["execution_ids"]
    assert office.ended_run(first)["state"] == "failed"
    again = office.operator.post("/api/v1/executions/retry", {"ids": [first]})
    assert again.status_code == 202
    (item,) = again.json()["items"]
    run = office.ended_run(item["made"])
    assert (run["state"], run["retry_of"]) == ("success", first)
    refused = office.operator.post("/api/v1/executions/retry", {"ids": [first, run["id"]]})
    assert [one["became"] for one in refused.json()["items"]] == ["conflict", "conflict"]


def test_the_same_message_by_the_queue_and_over_http_is_one_event_and_one_rescue(
    office: Office,
) -> None:
    service = office.world.services["web"]
    starts = service.starts()
    service.kill()
    body = alarm(office, 0)
    queued = {**alarm(office, 30), "id": str(uuid.uuid4())}
    event_id = office.hand_in(body)["event_id"]
    office.world.queue.send(body)
    assert office.hand_in(body) == {"event_id": event_id, "kind": "known"}
    event = office.ended_event(event_id)
    assert (event["outcome"], event["occurrences"]) == ("fixed", 1)
    office.world.wait_for(lambda: office.world.queue.depth() == 0, what="the queue is empty")
    assert office.ended_event(event_id)["occurrences"] == 1
    assert service.is_up() and service.starts() == starts + 1
    # The other way round: first by the queue.
    office.world.queue.send(queued)
    known = office.world.wait_for(lambda: _event_of(office, queued), what="it is recorded")
    assert known is not None
    assert office.hand_in(queued) == {"event_id": known, "kind": "known"}
    assert office.ended_event(known)["outcome"] == "nothing_to_fix"


def _event_of(office: Office, body: Row) -> int | None:
    with office.ledger.reading() as session:
        query = select(CloudWatchEvent.id).where(CloudWatchEvent.message_id == body["id"])
        return session.scalar(query)


def test_what_waits_for_a_person_runs_when_another_one_approves_it_over_http(
    office: Office,
) -> None:
    service = office.world.services["web"]
    runbook = {
        "title": "Start the web by hand",
        "service_type": "web",
        "error_pattern": "webd",
        "solution_kind": "state",
        "solution_script": "rescue.service",
        "priority": 900,
    }
    made = office.operator.post("/api/v1/runbooks", runbook)
    assert (made.status_code, made.json()["mode"]) == (201, "ask")
    starts = service.starts()
    service.kill()
    event_id = office.hand_in(alarm(office, 60))["event_id"]
    listed = office.seen(
        f"/api/v1/approvals?state=pending&event_id={event_id}",
        lambda page: bool(page["items"]),
        "it waits for a person",
    )
    path = f"/api/v1/approvals/{listed['items'][0]['id']}"
    shown = office.seen(path, lambda row: bool(row["preview"]), "the preview is there")
    assert json.loads(shown["preview"])["service_up"] is False
    assert service.starts() == starts, "it was only looked at"
    answer = {"digest": shown["approval"]["digest"], "comment": "seen"}
    wrong = office.admin.post(f"{path}/approve", {**answer, "digest": "0" * 64})
    assert wrong.status_code == 409
    own = office.operator.post(f"{path}/approve", answer)
    assert (own.status_code, own.json()["code"]) == (409, "conflict"), "the proposer may not"
    assert office.viewer.post(f"{path}/approve", answer).status_code == 403
    assert office.admin.post(f"{path}/approve", answer).status_code == 200
    event = office.ended_event(event_id)
    assert event["outcome"] == "fixed" and service.starts() == starts + 1
    assert office.viewer.get(path).json()["approval"]["state"] == "spent"
    path = f"/api/v1/runbooks/{made.json()['id']}"
    etag = {"If-Match": office.admin.get(path).headers["ETag"]}
    disabled = office.admin.patch(path, {"enabled": False}, headers=etag)
    assert disabled.status_code == 200, disabled.text


def test_a_halt_over_http_holds_what_comes_and_its_end_lets_it_go_on(office: Office) -> None:
    service = office.world.services["web"]
    body = {"target": "service:web", "reason": "the shop is being moved"}
    halted = office.operator.post("/api/v1/halts", body)
    assert halted.status_code == 201
    refused = office.run("web-status")
    assert (refused.status_code, refused.json()["code"]) == (409, "halted")
    starts = service.starts()
    service.kill()
    event_id = office.hand_in(alarm(office, 90))["event_id"]
    page = office.seen(
        f"/api/v1/executions?event_id={event_id}",
        lambda found: [run["held_by"] for run in found["items"]] == ["halt"],
        "the run is held by the halt",
    )
    assert page["items"][0]["state"] == "held"
    assert service.starts() == starts
    lifted = office.operator.post(f"/api/v1/halts/{halted.json()['id']}/lift")
    assert lifted.status_code == 200
    assert office.ended_event(event_id)["outcome"] == "fixed"
    assert service.is_up() and service.starts() == starts + 1


class Asked:
    """A request for a run that was sent and whose answer nobody reads."""

    def __init__(self, office: Office, key: str) -> None:
        body = json.dumps({"command_name": "web-status", "server_ids": [office.server]})
        lines = [
            "POST /api/v1/executions HTTP/1.1",
            f"Host: 127.0.0.1:{office.api.port}",
            f"Authorization: {office.operator.authorization}",
            f"Idempotency-Key: {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        self._port = office.api.port
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii"))

    def is_read(self) -> bool:
        """Whether gunicorn has read all of it, as the kernel tells."""
        _, own = self._socket.getsockname()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            if (_port(local), _port(remote)) == (self._port, own):
                return int(queues.partition(":")[2], 16) == 0
        return False

    def close(self) -> None:
        self._socket.close()


def _port(address: str) -> int:
    return int(address.partition(":")[2], 16)


@contextmanager
def ledger_is_kept(office: Office, key: str) -> Iterator[None]:
    """A writer that has taken the same key and does not commit: the request waits for it."""
    once = Once(actor="web:operator", key=key, fingerprint="0" * 64)
    with suppress(ConnectionAbortedError), office.ledger.transaction() as session:
        assert requests_.begin(session=session, once=once, now=clock.now()) is None
        yield
        raise ConnectionAbortedError


def repeated(office: Office, key: str, before: int) -> None:
    """The same asked twice more: one execution in all, and the same answer."""
    first, second = (office.run("web-status", {"Idempotency-Key": key}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    (execution_id,) = first.json()["execution_ids"]
    assert second.json() == first.json()
    assert office.ended_run(execution_id)["state"] == "success"
    assert office.executions() == before + 1
    other = {"command_name": "web-restart", "server_ids": [office.server]}
    refused = office.operator.post("/api/v1/executions", other, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")


def test_a_request_that_is_killed_before_its_commit_is_done_by_its_repetition(
    office: Office,
) -> None:
    key, before = str(uuid.uuid4()), office.executions()
    with ledger_is_kept(office, key):
        with closing(Asked(office, key)) as asked:
            office.world.wait_for(asked.is_read, what="the request is read")
            office.api.kill()
    assert office.executions() == before
    office.api.start()
    repeated(office, key, before)


def test_a_request_that_is_killed_after_its_commit_is_answered_by_its_repetition(
    office: Office,
) -> None:
    key, before = str(uuid.uuid4()), office.executions()
    with closing(Asked(office, key)):
        office.world.wait_for(lambda: office.executions() > before, what="it is planned")
        office.api.kill()
    office.api.start()
    repeated(office, key, before)


def test_a_worker_that_dies_is_replaced_and_nobody_has_to_sign_in_again(office: Office) -> None:
    gunicorn, worker = sorted(office.api.daemon.members(), key=lambda one: one.started)
    worker.send(SIGKILL)
    office.world.wait_for(office.api.is_up, what="another worker answers")
    assert office.viewer.get("/api/v1/me").json()["name"] == "viewer"
    assert gunicorn.is_alive() and not worker.is_alive()


def test_clients_that_do_not_hang_up_keep_nobody_waiting(office: Office) -> None:
    """Each would hold the main loop of gunicorn's own worker for two seconds."""
    with ExitStack() as talks:
        for _ in range(20):
            talk = socket.create_connection(("127.0.0.1", office.api.port))
            talks.enter_context(closing(talk))
            talk.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        # A client of ours, which comes after them all, gives up after 30 seconds.
        assert office.api.anybody().get("/health").ok


def test_it_ends_soon_after_sigterm_although_somebody_follows_its_stream(office: Office) -> None:
    with closing(office.viewer.changes(seconds=600)) as changes:
        assert next(changes) == ""
        office.api.daemon.ask_to_end()
        # It would go on for ten minutes. If it were cut off, this would raise an error.
        assert not any(changes)
        office.world.wait_for(lambda: office.api.daemon.pid is None, what="it has ended")
    assert "Shutting down: Master" in office.api.daemon.tail()
    office.api.stop()
    office.api.start()
    assert office.viewer.get("/api/v1/me").ok


def test_the_passwords_and_keys_of_a_world_are_its_own_and_for_nobody_else_to_read(
    office: Office,
) -> None:
    secrets = [*office.api.access.people.values(), office.api.access.key]
    assert len(set(secrets)) == 4 and all(len(secret) >= 20 for secret in secrets)
    logs = "".join(path.read_text() for path in office.world.place.logs.glob("api*"))
    assert not [secret for secret in secrets if secret in logs]
    for path in (office.world.directory / "api").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert (office.world.directory / "world.json").stat().st_mode & 0o077 == 0
