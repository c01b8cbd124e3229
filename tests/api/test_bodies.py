"""What may stand in a body, an address or a header, and what is refused without a trace."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from rescuebot.people import service as people
from tests.api.house import PROBLEM, House, body_of, operations
from tests.api.seed import FOREIGN

EVENT = {
    "event_source": "x",
    "event_type": "x",
    "severity": "info",
    "server_id": "i-1",
    "event_message": "x",
}
RAW = {
    "nothing": b"",
    "half of it": b'{"target": "service:x"',
    "two of them": b"{}{}",
    "not a number": b'{"target": NaN}',
    "no end": b'{"target": Infinity}',
    "a number without end": b'{"target": -Infinity}',
    "half of a character": b'{"reason": "\\ud800", "target": "*"}',
    "no UTF-8": b'{"reason": "\xff\xfe", "target": "*"}',
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "deep": b"[" * 5_000 + b"]" * 5_000,
    "deeper": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep within": b'{"reason": ' + b"[" * 60 + b"]" * 60 + b"}",
    "a list": b"[]",
    "a word": b'"x"',
    "null": b"null",
    "a number of 10,000 digits": b'{"reason": ' + b"9" * 10_000 + b"}",
    "NUL": b'{"reason": "a\\u0000b", "target": "*"}',
    "NUL in a name": b'{"reason\\u0000": "x", "target": "*"}',
    "comments": b'{"reason": "x" /* y */}',
    "a form": b"reason=x&target=*",
    "XML": b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
}


@pytest.mark.parametrize("name", RAW)
def test_a_body_that_is_not_right_is_refused_and_not_repeated(house: House, name: str) -> None:
    answer = house.call("POST", "/api/v1/halts", data=RAW[name], content_type="application/json")
    assert answer.status_code in (400, 422), answer.data
    assert answer.content_type == PROBLEM
    assert not re.search(r"Traceback|Expecting|codec|line \d|0x|File \"", answer.text)


@pytest.mark.parametrize("name", RAW)
def test_what_a_machine_hands_in_is_refused_in_the_same_way(house: House, name: str) -> None:
    answer = house.call(
        "POST", "/api/v1/events/ingest", data=RAW[name], content_type="application/json"
    )
    assert answer.status_code in (400, 422), answer.data


def test_of_two_fields_of_one_name_none_is_believed_alone(house: House) -> None:
    """Whoever checks the first and whoever uses the last would see different requests."""
    raw = b'{"target": "service:a", "reason": "x", "target": "*"}'
    answer = house.call("POST", "/api/v1/halts", data=raw, content_type="application/json")
    assert answer.status_code == 400
    standing = house.call("GET", "/api/v1/halts").json["items"]
    assert "*" not in {one["target"] for one in standing}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "",
    ],
)
def test_only_json_is_taken_as_json(house: House, kind: str) -> None:
    body = json.dumps({"target": "service:x", "reason": "x"}).encode()
    headers = {"Content-Type": kind} if kind else {}
    answer = house.call("POST", "/api/v1/halts", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_every_route_with_a_body_wants_json_and_bounds_it(house: House) -> None:
    for method, path, operation in operations(house.spec):
        if body_of(house.spec, operation) is None:
            continue
        path = re.sub(r"{\w+}", "1", path)
        most = 40 if operation["operationId"] == "correct_log" else 1
        for kind, data, status in (
            ("text/plain", b"{}", 415),
            ("application/json", b" " * (most * 1024 * 1024 + 1), 413),
        ):
            headers = {"If-Match": "*"}
            answer = house.call(method, path, data=data, content_type=kind, headers=headers)
            assert answer.status_code == status, (operation["operationId"], kind)


def test_numbers_are_taken_as_json_has_them(house: House) -> None:
    path = "/api/v1/runbooks/check"
    for good in (3, 3.0, -3):
        assert house.call("POST", path, json={"priority": good}).status_code == 200, good
    for bad in ("3", 3.5, True, [3], {"a": 3}, 10**30, 1e300):
        answer = house.call("POST", path, json={"priority": bad})
        assert answer.status_code == 422, bad
    for bad in (0, 1, "true", "yes", []):
        assert house.call("POST", path, json={"enabled": bad}).status_code == 422, bad
    overflow = b'{"priority": 1e999}'
    answer = house.call("POST", path, data=overflow, content_type="application/json")
    assert answer.status_code in (400, 422)


def test_ids_out_of_range_are_not_found(house: House) -> None:
    for bad in ("0", "-1", "2147483648", "9" * 400, "1.0", "1e3", "0x1", "%00", "1%20", "+1"):
        for path in ("events", "logs", "runbooks", "users", "executions"):
            answer = house.call("GET", f"/api/v1/{path}/{bad}")
            assert answer.status_code == 404, (path, bad)
    for method in ("PATCH", "DELETE"):
        assert house.call(method, "/api/v1/events/0", json={}).status_code == 404
    assert house.call("PUT", "/api/v1/events/1").status_code == 405


def test_times_without_a_zone_or_of_no_calendar_are_refused(house: House) -> None:
    for bad in (
        *("2026-11-22T01:00:00", "2026-11-22", "now", "0", "0001-01-01T00:00:00+14:00"),
        *("9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z", "1900-01-01T00:00:00Z"),
        *("2100-01-01T00:00:00Z", "2026-11-22T01:00:00+99:99", "٢٠٢٦-11-22T01:00:00Z"),
    ):
        answer = house.call("GET", f"/api/v1/events?since={bad.replace('+', '%2B')}")
        assert answer.status_code == 422, bad


def test_what_is_foreign_comes_back_as_data_and_never_as_a_page(house: House) -> None:
    ids = house.seed.ids
    for path in (
        f"events/{ids['event_new']}",
        f"events/{ids['event_new']}/history",
        f"events/{ids['event_new']}/message",
        f"executions/{ids['execution_failed']}",
        f"advice/{ids['advice']}",
        f"drafts/{ids['draft']}",
        f"dead-letters/{ids['dead_letter']}",
        "halts",
        "maintenance-windows",
    ):
        answer = house.call("GET", f"/api/v1/{path}")
        assert answer.content_type == "application/json", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "alert(1)" in json.dumps(answer.json), path
        # No control character is sent as it is: a terminal would obey it.
        assert b"\x1b" not in answer.data
    for path in (f"logs/{ids['log_failed']}/result", f"logs/{ids['log_corrected']}/original"):
        answer = house.call("GET", f"/api/v1/{path}")
        assert answer.content_type == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"] or (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
        )
        assert answer.data.decode() == FOREIGN


def test_what_is_sent_is_never_shown_as_a_page(house: House) -> None:
    script = "<script>alert(1)</script>"
    for path in (f"/{script}", f"/api/v1/{script}", f"/api/v1/events/{script}"):
        answer = house.call("GET", path)
        # The console has one page for all of its addresses, and quotes none of them.
        assert answer.content_type == PROBLEM or not path.startswith("/api")
        assert script not in answer.text
    answer = house.call("POST", "/api/v1/events", json={**EVENT, script: 1})
    assert answer.content_type == PROBLEM


SECRETS = re.compile(
    r"Traceback|sqlalchemy|pymysql|sqlite|SELECT |INSERT |\.py\b|site-packages|werkzeug|"
    r"marshmallow|/home/|/root/|password_hash|argon2|" + re.escape(str(Path(__file__).parents[2]))
)


def test_no_refusal_tells_how_the_house_is_built(house: House) -> None:
    for method, path, operation in operations(house.spec):
        path = re.sub(r"{\w+}", "2147483647", path)
        if operation["operationId"] in ("follow_changes", "sign_out_everywhere"):
            continue
        for name in (None, "viewer", "admin"):
            for body in (
                {},
                {"json": {"x": 1}},
                {"data": b"{", "content_type": "application/json"},
            ):
                answer = house.call(method, path, name, **body)
                if answer.status_code >= 400:
                    assert answer.content_type == PROBLEM, operation["operationId"]
                    assert not SECRETS.search(answer.text), operation["operationId"]
                    told = answer.json
                    assert told["status"] == answer.status_code
                    assert told["instance"] == answer.headers["X-Request-Id"]
                    assert told["type"] == f"urn:rescuebot:problem:{told['code']}"


def test_a_mistake_of_ours_is_told_without_its_words(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**given: Any) -> Any:
        raise RuntimeError("secret-dsn mysql://rescue:hunter2@db/rescue")

    monkeypatch.setattr(people, "get", broken)
    with caplog.at_level(logging.ERROR):
        answer = house.call("GET", "/api/v1/users/1")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert set(answer.json) == {"type", "title", "status", "code", "detail", "instance"}
    assert "hunter2" not in answer.text and "RuntimeError" not in answer.text
    # The log has it, under the id that the answer names.
    assert answer.json["instance"] in caplog.text and "RuntimeError" in caplog.text
