"""Conditions, keys for once, ranges, streams, and a database that is away."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import func, select

from devstack.mariadb import MariaDB
from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.executions.model import Execution
from rescuebot.settings import DatabaseSettings
from tests.api import seed as seeds
from tests.api.house import PROBLEM, House, Server, operations
from tests.api.relay import Relay
from tests.api.test_authorisation import body_for, calls
from tests.conftest import open_database
from tests.factories import SERVER

pytestmark = pytest.mark.mariadb

V1 = "/api/v1"
RUN = {"command_name": "billing_status", "server_ids": [SERVER]}
NEEDS_NO_LEDGER = {
    "get_health",
    "get_readiness",
    "get_specification",
    "list_ways_to_sign_in",
    "sign_in_by_provider",
    "come_from_provider",
}


@pytest.mark.parametrize("noun", ["runbooks", "commands", "users"])
def test_a_change_needs_the_version_that_was_seen(house: House, noun: str) -> None:
    ids = {**house.seed.ids, "user": house.seed.people["spare"]}
    path = f"{V1}/{noun}/{ids[noun.removesuffix('s')]}"
    bodies: dict[str, list[dict[str, Any]]] = {
        "runbooks": [{"priority": 7}, {"priority": 8}],
        "commands": [{"command_script": "a"}, {"command_script": "b"}],
        "users": [{"display_name": "a"}, {"display_name": "b"}],
    }
    first, second = bodies[noun]
    tag = house.call("GET", path).headers["ETag"]
    assert house.call("GET", path, headers={"If-None-Match": tag}).status_code == 304
    unchanged = house.call("GET", path, headers={"If-None-Match": f'"x", W/{tag}, {tag}'})
    assert unchanged.status_code == 304 and not unchanged.data

    missing = house.call("PATCH", path, json=first)
    assert (missing.status_code, missing.json["code"]) == (428, "precondition_required")
    for wrong in ('"x"', "x", "", f"W/{tag}", tag[:-2] + '?"'):
        refused = house.call("PATCH", path, json=first, headers={"If-Match": wrong})
        assert refused.status_code in (412, 428), wrong
    done = house.call("PATCH", path, json=first, headers={"If-Match": tag})
    assert done.status_code == 200 and done.headers["ETag"] != tag
    late = house.call("PATCH", path, json=second, headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "outdated")
    assert house.call("GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_of_many_who_saw_the_same_one_changes_it(server: Server) -> None:
    path = f"{V1}/runbooks/{server.seed.ids['runbook']}"
    tag = server.call("GET", path).headers["ETag"]

    def change(number: int) -> int:
        headers = {"If-Match": tag}
        answer = server.call("PATCH", path, json={"priority": 101 + number}, headers=headers)
        return int(answer.status_code)

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(change, range(8)))
    assert found == [200] + [412] * 7


def executions(server: Server) -> int:
    with server.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Execution)) or 0


def test_the_same_key_runs_a_command_once_however_many_ask(server: Server) -> None:
    before = executions(server)
    headers = server.headers("operator", **{"Idempotency-Key": str(uuid.uuid4())})
    start = threading.Barrier(20)

    def ask(number: int) -> tuple[int, str]:
        start.wait()
        answer = server.call("POST", f"{V1}/executions", None, json=RUN, headers=headers)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(ask, range(20)))
    # What met another may be asked to come again; it has then done nothing.
    assert {status for status, _ in found} <= {202, 503}
    assert len({text for status, text in found if status == 202}) == 1
    assert executions(server) == before + 1
    again = server.call("POST", f"{V1}/executions", None, json=RUN, headers=headers)
    assert again.status_code == 202 and executions(server) == before + 1


def test_a_key_is_for_one_request_of_one_person(house: House) -> None:
    key = {"Idempotency-Key": "a-key-of-mine"}
    path = f"{V1}/executions"
    first = house.call("POST", path, "operator", json=RUN, headers=key)
    assert first.status_code == 202
    # However its JSON is written.
    written = b'{"server_ids":["%s"], "command_name": "billing_status"}' % SERVER.encode()
    kind = {"Content-Type": "application/json", **key}
    same = house.call("POST", path, "operator", data=written, headers=kind)
    assert same.json == first.json
    other = {**RUN, "command_name": "mysql-status"}
    refused = house.call("POST", path, "operator", json=other, headers=key)
    assert (refused.status_code, refused.json["code"]) == (422, "key_reused")
    elsewhere = house.call(
        "POST",
        f"{V1}/events/actions",
        "operator",
        json={"action": "fail", "ids": [1], "reason": "x"},
        headers=key,
    )
    assert elsewhere.json["code"] == "key_reused"
    # Somebody else's is another key.
    theirs = house.call("POST", path, "admin", json=RUN, headers=key)
    assert theirs.status_code == 202 and theirs.json != first.json
    for bad in ("short", "x" * 201, "with space", "é" * 10):
        answer = house.call("POST", path, "operator", json=RUN, headers={"Idempotency-Key": bad})
        assert answer.status_code == 422, bad


def test_ten_megabytes_are_the_same_in_one_piece_and_in_many(server: Server) -> None:
    path = f"{V1}/logs/{server.seed.ids['log_big']}/result"
    expected = seeds.big_result()
    whole = server.call("GET", path)
    assert whole.status_code == 200 and whole.content == expected
    assert whole.headers["Accept-Ranges"] == "bytes"
    pieces, step = b"", 3_000_001
    while len(pieces) < len(expected):
        asked = {"Range": f"bytes={len(pieces)}-{len(pieces) + step - 1}"}
        part = server.call("GET", path, headers=asked)
        assert part.status_code == 206
        last = min(len(pieces) + step, len(expected)) - 1
        assert part.headers["Content-Range"] == f"bytes {len(pieces)}-{last}/{len(expected)}"
        pieces += part.content
    assert pieces == expected
    tail = server.call("GET", path, headers={"Range": "bytes=-1000"})
    assert tail.content == expected[-1000:]
    longer = server.call("GET", path, headers={"Range": f"bytes=-{2 * len(expected)}"})
    assert (longer.status_code, longer.content) == (206, expected)
    beyond = server.call("GET", path, headers={"Range": f"bytes={len(expected)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(expected)}"
    assert beyond.headers["Content-Type"] == PROBLEM


def test_an_empty_result_is_a_result(house: House) -> None:
    path = f"{V1}/logs/{house.seed.ids['log_timeout']}"
    body = {"execution_result": "", "reason": "a secret was in it"}
    assert house.call("PATCH", path, json=body).status_code == 200
    answer = house.call("GET", f"{path}/result")
    assert (answer.status_code, answer.data) == (200, b"")
    assert house.call("GET", f"{path}/result", headers={"Range": "bytes=0-"}).status_code == 416
    assert house.call("GET", f"{path}/original").data.decode() == seeds.FOREIGN


def lines_of(answer: requests.Response) -> list[str]:
    return [line.decode() for line in answer.iter_lines() if line]


def test_a_stream_beats_and_ends(server: Server) -> None:
    found = server.call("GET", f"{V1}/stream?seconds=1", "viewer", stream=True)
    assert found.headers["Content-Type"].startswith("text/event-stream")
    assert "no-store" in found.headers["Cache-Control"]
    lines = lines_of(found)
    assert lines[0] == "retry: 3000" and ": alive" in lines


def test_a_stream_tells_what_changed_and_goes_on_where_it_was(server: Server) -> None:
    told: list[str] = []
    following = server.call("GET", f"{V1}/stream?seconds=30", "viewer", stream=True)
    lines = following.iter_lines()
    assert next(lines) == b"retry: 3000"

    def change() -> None:
        body = {"target": f"service:{uuid.uuid4().hex}", "reason": "x"}
        server.call("POST", f"{V1}/halts", json=body)

    # The first look only remembers; what changes after it is told.
    timers = [threading.Timer(seconds, change) for seconds in (0.5, 1.8, 3.2)]
    for timer in timers:
        timer.start()
    for line in lines:
        told.append(line.decode())
        if line.startswith(b"data: "):
            break
    following.close()
    for timer in timers:
        timer.join()
    ids = [line.removeprefix("id: ") for line in told if line.startswith("id: ")]
    assert ids and "event: changed" in told
    boot, number = ids[-1].split("-")
    behind = {"Last-Event-ID": f"{boot}-{int(number) - 1}"}
    again = lines_of(server.call("GET", f"{V1}/stream?seconds=1", headers=behind))
    assert any(line.startswith("data: ") for line in again)
    # Whoever comes from another process has missed who knows what, and is told of everything.
    for odd in ("00000000-5", "x", "é-1", "-" * 100, "9" * 5_000, f"{boot}-{'9' * 100}"):
        headers = {"Last-Event-ID": odd.encode().decode("latin-1")}
        answer = server.call("GET", f"{V1}/stream?seconds=1", headers=headers, stream=True)
        assert answer.status_code == 200, odd
        answer.close()


def test_streams_are_counted_and_given_back(house: House) -> None:
    narrow = house.again(streams=2)
    headers = narrow.headers("viewer")
    client = narrow.client()
    held = [client.get(f"{V1}/stream?seconds=1", headers=headers) for _ in range(2)]
    full = client.get(f"{V1}/stream?seconds=1", headers=headers)
    assert (full.status_code, full.json["code"]) == (503, "busy")
    assert full.headers["Retry-After"] == "30"
    for one in held:
        one.close()
    for _ in range(5):
        for method in ("HEAD", "GET"):
            again = client.open(f"{V1}/stream?seconds=1", method=method, headers=headers)
            assert again.status_code == 200
            again.close()
    assert house.again(streams=0).call("GET", f"{V1}/stream").status_code == 503


@pytest.fixture
def cut_house(mariadb: MariaDB) -> Iterator[tuple[House, Relay]]:
    """The API over a MariaDB that can be taken away."""
    url = mariadb.create_database(f"cut_{uuid.uuid4().hex[:8]}")
    ledger = open_database(url)
    migrations.upgrade(ledger)
    seed = seeds.fill(ledger, big=False)
    ledger.dispose()
    with Relay(mariadb.port) as relay:
        through = open_database(url.replace(f":{mariadb.port}/", f":{relay.port}/"))
        yield House(through, seed), relay
        through.dispose()


def test_while_the_database_is_away_every_route_says_so(cut_house: tuple[House, Relay]) -> None:
    house, relay = cut_house
    headers = house.headers("admin")
    client = house.client()
    assert client.get("/health/ready").status_code == 200
    assert client.get(f"{V1}/events", headers=headers).status_code == 200
    relay.cut()
    for method, path, operation in calls(house):
        name = operation["operationId"]
        if set(operation["x-roles"]) & {"session", "signature"}:
            continue
        body = body_for(operation)
        if name == "sign_in":
            body = {"json": {"username": "viewer", "password": "x"}}
        answer = client.open(path, method=method, headers=headers, **body)
        if name in NEEDS_NO_LEDGER:
            assert answer.status_code in (200, 404, 503), name
            continue
        assert (answer.status_code, answer.content_type) == (503, PROBLEM), name
        assert answer.json["code"] == "database_unavailable", name
        assert int(answer.headers["Retry-After"]) > 0
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.content_type) == (503, "application/json")
    assert ready.json["status"] == "not_ready"
    assert not any(check["ok"] for check in ready.json["checks"])
    assert client.get("/health").json == {"status": "ok"}
    # A session is not ended by it: the cookie is still good afterwards.
    relay.mend()
    assert client.get("/health/ready").status_code == 200
    assert client.get(f"{V1}/events", headers=headers).status_code == 200


def test_the_dashboard_is_read_from_the_copy_and_without_it_from_the_ledger(
    mariadb: MariaDB,
) -> None:
    url = mariadb.create_database(f"copied_{uuid.uuid4().hex[:8]}")
    copy_url = mariadb.create_database(f"copy_{uuid.uuid4().hex[:8]}")
    seed = None
    for one in (copy_url, url):
        ledger = open_database(one)
        migrations.upgrade(ledger)
        if one == url:
            seed = seeds.fill(ledger, big=False)
        ledger.dispose()
    assert seed is not None
    with Relay(mariadb.port) as relay:
        replica = copy_url.replace(f":{mariadb.port}/", f":{relay.port}/")
        both = Database(DatabaseSettings(url=SecretStr(url), replica_url=SecretStr(replica)))
        house = House(both, seed)
        # The copy knows nothing of today.
        assert house.call("GET", f"{V1}/dashboard").json["dead_letters"] == 0
        assert house.call("GET", f"{V1}/events").json["total"] > 0
        relay.cut()
        house.app.extensions.pop("rescue-dashboard")
        answer = house.call("GET", f"{V1}/dashboard")
        assert (answer.status_code, answer.json["dead_letters"]) == (200, 1)
        assert house.call("GET", "/metrics").status_code == 200
        both.dispose()


def test_every_list_goes_on_at_its_cursor(house: House) -> None:
    for method, path, operation in operations(house.spec):
        if not any(one["name"] == "cursor" for one in operation["parameters"]):
            continue
        first = house.call(method, f"{path}?limit=1")
        assert first.status_code == 200
        if first.json["next"] is None:
            continue
        link = first.headers["Link"]
        assert link == f'<{path}?limit=1&cursor={first.json["next"]}>; rel="next"'
        second = house.call(method, link[1 : link.index(">")])
        assert second.status_code == 200, path
        assert second.json["items"][0]["id"] != first.json["items"][0]["id"], path


def test_every_link_of_the_specification_leads_somewhere(fresh_house: House) -> None:
    """What a list or one thing holds is taken by the calls that its links name."""
    house = fresh_house
    known = {one["operationId"]: (method, path) for method, path, one in operations(house.spec)}
    followed = 0
    for method, path, operation in operations(house.spec):
        links = operation["responses"].get("200", {}).get("links", {})
        if method != "GET" or not links:
            continue
        numbers = [str(one) for one in (*house.seed.ids.values(), *house.seed.people.values())]
        own = next((one for one in re.findall(r"{(\w+)}", path)), None)
        tried = [path] if own is None else [path.replace(f"{{{own}}}", one) for one in numbers]
        start = next(one for one in tried if house.call("GET", one).status_code == 200)
        answer = house.call("GET", start)
        # It would be whoever asks here who owes a new password then.
        links.pop("reset_password", None)
        for name, link in links.items():
            verb, there = known[name]
            headers = {}
            for key, expression in link["parameters"].items():
                value = _value(answer, start, expression)
                place, _, parameter = key.partition(".")
                there = there.replace(f"{{{parameter}}}", value)
                headers |= {parameter: value} if place == "header" else {}
            found = house.call(verb, there, headers=headers, json={} if verb != "GET" else None)
            # A log need not have been corrected.
            allowed = (404,) if name == "get_original_result" else ()
            assert found.status_code not in {404, 405, 412, 428} - {*allowed}, name
            assert found.status_code < 500 or found.status_code == 503, name
            followed += 1
    assert followed > 40


def _value(answer: Any, start: str, expression: str) -> str:
    """What an expression of a link stands for."""
    if expression == "$response.header.ETag":
        return str(answer.headers["ETag"])
    if expression.startswith("$request.path."):
        return start.rsplit("/", 1)[1]
    found = answer.json
    for step in expression.removeprefix("$response.body#/").split("/"):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return str(found)
