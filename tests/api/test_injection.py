"""SQL, patterns and fields that nobody asked for, in every parameter of every route."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import event

from devstack.mariadb import MariaDB
from rescuebot import migrations
from tests.api import seed as seeds
from tests.api.house import House, Json, body_of, operations, resolved
from tests.api.seed import SERVICE
from tests.conftest import open_database

pytestmark = pytest.mark.mariadb

# Stands in each payload; the database may be given it as a value, never as part of a statement.
MARK = "zq7x"
# Seconds for which the database would sleep where a text became a statement.
SLEEPS = 3
SQL = (
    f"{MARK}' OR '1'='1",
    f"{MARK}' OR SLEEP({SLEEPS}) -- ",
    f"{MARK}'; SELECT SLEEP({SLEEPS}); -- ",
    f'{MARK}" UNION SELECT password_hash, 1 FROM `user` -- ',
    f"{MARK}\\' OR 1=1 #",
    f"{MARK}) OR (SELECT 1 FROM (SELECT SLEEP({SLEEPS})) x) -- ",
    f"1 AND EXTRACTVALUE(1, CONCAT(0x7e, '{MARK}'))",
    f"{MARK}%' ESCAPE '!' OR 'a' LIKE '%",
    f"%(x)s :x ? {{0}} $1 {MARK}",
)
# What no body takes: it is set by the ledger, by the caller's name, or by nobody.
OURS = (
    *("id", "version", "created_by", "created_at", "updated_by", "updated_at", "deleted_at"),
    *("deleted_by", "password_hash", "epoch", "oidc_subject", "must_change_password", "key_hash"),
    *("prefix", "decided_by", "decided_at", "called_by", "requested_by", "actor", "pinned"),
    *("pinned_sha256", "approval_owed", "outcome", "resolved_at", "claimed_by", "occurrences"),
    *("corrected_by", "corrected_at", "is_admin", "admin", "__class__", "__proto__", "$where"),
)
# They take whatever EventBridge, SNS or SQS sends.
FOREIGN_BODIES = {"ingest_event"}


@pytest.fixture(scope="module")
def house(mariadb: MariaDB) -> Iterator[House]:
    """The API in this process over MariaDB."""
    ledger = open_database(mariadb.create_database("injection"))
    migrations.upgrade(ledger)
    yield House(ledger, seeds.fill(ledger, big=False))
    ledger.dispose()


def is_text(spec: Json, schema: Json) -> bool:
    schema = resolved(spec, schema)
    if schema.get("type") == "array":
        return is_text(spec, schema["items"])
    kinds = schema.get("type", "string" if "enum" in schema else "")
    return "string" in ([kinds] if isinstance(kinds, str) else kinds)


def requests_with(house: House, payload: str) -> Iterator[tuple[str, str, Json]]:
    """A request for each parameter that takes text, with the payload in it."""
    for method, path, operation in operations(house.spec):
        if operation["operationId"] in ("sign_out_everywhere", "follow_changes"):
            continue
        plain = re.sub(r"{\w+}", "1", path)
        for one in operation["parameters"]:
            sent = quote(payload, safe="")
            if one["in"] == "path":
                yield method, re.sub(r"{\w+}", sent, path), body_for(operation, {})
            elif one["in"] == "query":
                query = urlencode({one["name"]: payload})
                yield method, f"{plain}?{query}", body_for(operation, {})
            elif one["in"] == "header":
                head = payload.replace("\n", " ")
                yield method, plain, {"headers": {one["name"]: head}, **body_for(operation, {})}
        schema = body_of(house.spec, operation)
        known = valid_body(operation["operationId"])
        for name, field in (schema or {}).get("properties", {}).items():
            if is_text(house.spec, field):
                listed = resolved(house.spec, field).get("type") == "array"
                value: Any = [payload] if listed else payload
                yield method, plain, {"json": {**known, name: value}}


def body_for(operation: Json, body: Json) -> Json:
    return {"json": body} if "requestBody" in operation else {}


def valid_body(name: str) -> Json:
    """What makes the text reach the ledger, where a check of another field would come before it."""
    runbook = {"service_type": SERVICE, "error_pattern": "x"}
    return {
        "match_runbooks": {"service_type": SERVICE, "message": "x"},
        "try_pattern": runbook,
        "update_event": {"status": "resolved", "reason": "x"},
        "sign_in": {"username": "viewer", "password": "x"},
        "create_event": {
            "event_source": "x",
            "event_type": "x",
            "severity": "info",
            "server_id": "i-1",
            "event_message": "x",
        },
        "halt": {"target": "service:x", "reason": "x"},
        "create_runbook": {
            **runbook,
            "title": "x",
            "solution_kind": "state",
            "solution_script": "rescue.mysql",
        },
        "create_user": {"username": "x", "role": "viewer"},
        "correct_log": {"execution_result": "x", "reason": "x"},
        "run_command": {"command_name": "billing_status", "server_ids": ["i-1"]},
    }.get(name, {})


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """What the database is asked in the block, without the values."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(house.database.engine, "before_cursor_execute", note)


def send_all(house: House, payloads: tuple[str, ...]) -> tuple[list[Any], list[Callable[[], Any]]]:
    """Send them everywhere: what broke, and what took so long that a statement may have slept."""
    headers = house.headers("admin")
    client = house.client()
    broken, slow = [], []
    for payload in payloads:
        for method, path, more in requests_with(house, payload):
            more = {**more, "headers": {**headers, **more.get("headers", {})}}
            ask = partial(client.open, path, method=method, **more)
            began = time.perf_counter()
            answer = ask()
            if time.perf_counter() - began >= SLEEPS:
                slow.append(ask)
            if answer.status_code >= 500 and answer.status_code != 503:
                broken.append((method, path, more.get("json"), answer.status_code))
    return broken, slow


def sleeps(ask: Callable[[], Any]) -> bool:
    """Whether it does so each time: a busy machine is slow now and then."""
    for _ in range(3):
        began = time.perf_counter()
        ask()
        if time.perf_counter() - began < SLEEPS:
            return False
    return True


def test_text_reaches_the_database_as_a_value_and_never_as_a_statement(house: House) -> None:
    with statements(house) as asked:
        broken, slow = send_all(house, SQL)
    assert not broken
    assert len(asked) > 1000
    assert not [statement for statement in asked if MARK in statement]
    assert not [ask for ask in slow if sleeps(ask)]


def test_a_quote_finds_what_has_a_quote_and_nothing_more(house: House) -> None:
    path = "/api/v1/events"
    assert house.call("GET", path).json["total"] > 0
    places = {"text": "event_message", "server_id": "server_id", "alarm_name": "alarm_name"}
    # The wild cards of LIKE are letters here.
    for payload in (*SQL, "%", "_", "no_process", "no%process", "\\"):
        for name, column in places.items():
            found = house.call("GET", f"{path}?{urlencode({name: payload})}")
            assert found.status_code == 200 or len(payload) > 50, (name, payload)
            for row in found.json.get("items", []):
                assert payload in row[column]
    assert house.call("GET", f"{path}?text=no%20process").json["total"] > 0


def test_fields_that_are_ours_are_taken_from_nobody(house: House) -> None:
    tried = 0
    for method, path, operation in operations(house.spec):
        schema = body_of(house.spec, operation)
        if schema is None or operation["operationId"] in FOREIGN_BODIES:
            continue
        ours = [name for name in OURS if name not in schema.get("properties", {})]
        path = re.sub(r"{\w+}", "1", path)
        sent = dict.fromkeys(ours, 1)
        answer = house.call(method, path, json=sent, headers={"If-Match": "*"})
        assert answer.status_code == 422, operation["operationId"]
        told = {one["pointer"] for one in answer.json["errors"]}
        assert {f"#/{name}" for name in ours} <= told, operation["operationId"]
        tried += 1
    assert tried > 20


def test_nobody_makes_themselves_more_than_they_are(house: House) -> None:
    for field, value in {"role": "admin", "username": "admin", "email": "a@b.c", "id": 1}.items():
        answer = house.call("PATCH", "/api/v1/me", "viewer", json={field: value})
        assert answer.status_code == 422, field
    assert house.call("GET", "/api/v1/me", "viewer").json["role"] == "viewer"


def test_parameters_that_are_not_known_are_refused(house: House) -> None:
    for method, path, operation in operations(house.spec):
        if any(one["in"] == "query" for one in operation["parameters"]):
            path = re.sub(r"{\w+}", "1", path)
            more = {"json": {}} if "requestBody" in operation else {}
            answer = house.call(method, f"{path}?{MARK}=1", **more)
            assert answer.status_code == 422, operation["operationId"]
            assert MARK in {one.get("parameter") for one in answer.json["errors"]}


BOMBS = ("(a+)+$", "(a|a)*b", "(a|aa)+c", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x", "a{1,900}b")


def test_a_pattern_takes_no_longer_than_its_text_is_long(house: House) -> None:
    """RE2 is linear; what it will not compile is refused."""
    text = "a" * 15_000
    body = {"service_type": SERVICE, "message": text}

    def took(pattern: str) -> float:
        began = time.perf_counter()
        tried = {"service_type": SERVICE, "error_pattern": pattern}
        for path, sent in (("try-pattern", tried), ("match", body)):
            answer = house.call("POST", f"/api/v1/runbooks/{path}", json=sent)
            assert answer.status_code in (200, 422), (pattern, answer.status_code)
        return time.perf_counter() - began

    event_of = {
        "event_source": "x",
        "event_type": "x",
        "severity": "info",
        "server_id": "i-1",
        "service_type": SERVICE,
        "event_message": text,
    }
    assert house.call("POST", "/api/v1/events", json=event_of).status_code == 201
    took("a+b")
    harmless = sum(took("a+b") for _ in BOMBS)
    # An engine that tries all ways would need hours.
    assert sum(took(pattern) for pattern in BOMBS) < 10 * harmless + 20


@pytest.mark.parametrize("pattern", ["(?<=a)b", r"(a)\1", "(?P<n>a", "[", "a{1,99999}", "\\C", "*"])
def test_a_pattern_that_re2_does_not_know_is_refused_in_words(house: House, pattern: str) -> None:
    body = {"service_type": SERVICE, "error_pattern": pattern}
    answer = house.call("POST", "/api/v1/runbooks/try-pattern", json=body)
    if pattern == "\\C":  # RE2 knows it: any byte.
        assert answer.status_code in (200, 422)
        return
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/error_pattern"


def test_a_filter_is_a_word_and_not_a_pattern(house: House) -> None:
    for payload in (".*", "(a+)+$", "[", "\\", "%", "_", "*", "{{7*7}}", "${7*7}", "%s%n"):
        answer = house.call("GET", f"/api/v1/events?{urlencode({'text': payload})}")
        assert answer.status_code == 200
        for row in answer.json["items"]:
            assert payload.lower() in row["event_message"].lower()


def test_a_forged_cursor_shows_nothing_else(house: House) -> None:
    first = house.call("GET", "/api/v1/events?limit=1").json["next"]
    other = house.call("GET", f"/api/v1/executions?cursor={first}")
    assert other.status_code == 422
    filtered = house.call("GET", f"/api/v1/events?status=new&cursor={first}")
    assert filtered.status_code == 422
    for bad in (first[:-3], first + "A", "W10", "e30", "bnVsbA", first[::-1], "é", "-1", "' OR 1"):
        answer = house.call("GET", f"/api/v1/events?{urlencode({'cursor': bad})}")
        assert answer.status_code in (200, 422), bad
        if answer.status_code == 200:  # a few letters of base64 more are the same bytes
            assert json.dumps(answer.json["items"])
