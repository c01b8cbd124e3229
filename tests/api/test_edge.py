"""The outermost layer: origins, hosts, proxies, headers, paths, rights on rows of others."""

from __future__ import annotations

import re

import pytest

from tests.api.house import PROBLEM, House, operations

V1 = "/api/v1"
ORIGIN = "https://rescue.example.com"
CORS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Methods",
    "Access-Control-Expose-Headers",
)
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def shared(house: House) -> House:
    """The same with two origins that may call."""
    return house.again(cors_origins=[ORIGIN, "https://other.example.com"])


def test_every_answer_carries_the_headers_that_browsers_need(house: House) -> None:
    answers = []
    for method, path, operation in operations(house.spec):
        path = re.sub(r"{\w+}", "2147483647", path)
        if operation["operationId"] == "follow_changes":
            path += "?seconds=1"
        for name in (None, "viewer"):
            for verb in (method, "OPTIONS", "TRACE"):
                answers.append((verb, path, house.call(verb, path, name)))
    answers.append(("GET", "/nowhere", house.call("GET", "/api/v1/nowhere")))
    for verb, path, answer in answers:
        for name, value in SAFE.items():
            assert answer.headers[name] == value, (verb, path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "*" not in policy
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "Server" not in answer.headers and "X-Powered-By" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
        if path.startswith(V1):
            assert "no-store" in answer.headers["Cache-Control"], path
        answer.close()


def test_hsts_is_sent_over_tls_and_only_there(house: House) -> None:
    plain = house.client().get("/health")
    assert "Strict-Transport-Security" not in plain.headers
    secure = house.client().get("/health", base_url="https://localhost")
    assert "max-age=63072000" in secure.headers["Strict-Transport-Security"]


def test_an_origin_that_is_named_may_call(shared: House) -> None:
    headers = {"Origin": ORIGIN}
    answer = shared.call("GET", f"{V1}/me", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]
    # Only where a cookie is of use it may be sent.
    assert "Access-Control-Allow-Credentials" not in answer.headers
    signing = shared.client().post(f"{V1}/auth/refresh", headers=headers)
    assert signing.headers["Access-Control-Allow-Credentials"] == "true"
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, if-match, x-evil",
    }
    before = shared.client().options(f"{V1}/runbooks/1", headers=asked)
    assert before.status_code == 200
    allowed = before.headers["Access-Control-Allow-Headers"].lower()
    assert "if-match" in allowed and "x-evil" not in allowed


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "https://evil.example",
        "http://rescue.example.com",
        "https://rescue.example.com.evil.example",
        "https://evil.rescue.example.com",
        "https://rescueXexample.com",
        "https://rescue.example.com:444",
        "https://rescue.example.com/",
        "https://rescue.example.com@evil.example",
        "https://rescue.example.com\t",
        "https://rescue.example.com, https://evil.example",
        "https://evil.example#https://rescue.example.com",
        "HTTPS://RESCUE.EXAMPLE.COM.",
    ],
)
def test_no_other_origin_may_call_or_read(shared: House, house: House, origin: str) -> None:
    for of in (shared, house):
        for method, path in (
            ("GET", f"{V1}/me"),
            ("POST", f"{V1}/auth/refresh"),
            ("POST", f"{V1}/slack/commands"),
            ("OPTIONS", f"{V1}/users"),
            ("GET", "/health"),
            ("GET", "/metrics"),
        ):
            headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            answer = of.call(method, path, headers=headers)
            assert not [name for name in CORS if name in answer.headers], (path, origin)


def test_the_header_host_is_believed_only_where_it_is_named(house: House) -> None:
    strict = house.again(trusted_hosts=["rescue.example.com", ".inner.example.com"])
    for host, status in {
        "rescue.example.com": 200,
        "rescue.example.com:8443": 200,
        "a.inner.example.com": 200,
        "evil.example": 400,
        "rescue.example.com.evil.example": 400,
        "evilrescue.example.com": 400,
        "rescue.example.com@evil.example": 400,
        "": 400,
        "a b": 400,
        "[::1": 400,
    }.items():
        headers = {"Host": host}
        answer = strict.client().get(f"{V1}/auth/ways", headers=headers)
        assert answer.status_code == status, host
        # A load balancer asks for this by address; spelled otherwise it is another path.
        dull = strict.client().get("/health", headers=headers)
        assert dull.json == {"status": "ok"} or host in ("", "a b", "[::1"), host
        for path in ("/health/ready", "/metrics", "//health", "/health/../metrics"):
            other = strict.client().get(path, headers=headers)
            assert other.status_code == 400 or status == 200, (host, path)
        if status == 400:
            assert answer.content_type == PROBLEM and "evil" not in answer.text
    refused = strict.client().get(f"{V1}/me", headers={"Host": "evil.example"})
    assert re.fullmatch(r"[0-9a-f]{32}", refused.headers["X-Request-Id"])
    assert refused.json["instance"] == refused.headers["X-Request-Id"]
    # What a host says never comes back in a link.
    made = house.call("GET", f"{V1}/events?limit=1", headers={"Host": "evil.example"})
    assert made.headers["Link"].startswith(f"<{V1}/events?")


def test_without_a_proxy_nobody_is_believed_to_be_somewhere_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "666",
        "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
    }
    with caplog.at_level("INFO"):
        answer = house.call("GET", f"{V1}/events?limit=1", headers=forged)
    assert "6.6.6.6" not in caplog.text and "evil" not in caplog.text
    assert "Strict-Transport-Security" not in answer.headers
    assert "evil" not in str(answer.headers)
    caplog.clear()
    with caplog.at_level("INFO"):
        behind = house.again(proxy_hops=1)
        headers = {**forged, "X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
        answer = behind.call("GET", f"{V1}/events?limit=1", headers=headers)
    # One hop: the address that the proxy itself has seen, and not what it was told.
    assert "10.0.0.7" in caplog.text and "6.6.6.6" not in caplog.text
    assert "Strict-Transport-Security" in answer.headers and "evil" not in str(answer.headers)


def test_no_header_makes_a_request_another_one(house: House) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
        path = f"{V1}/events/{house.seed.ids['event_processing']}"
        answer = house.call("GET", path, "admin", headers={name: "DELETE"})
        assert answer.status_code == 200, name
        assert house.call("GET", path, "viewer").status_code == 200
    for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri"):
        answer = house.call("GET", "/health", "viewer", headers={name: f"{V1}/users"})
        assert answer.json == {"status": "ok"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1//users",
        "//api/v1/users",
        "/api/v1/./users",
        "/api/v1/x/../users",
        "/api/v1/%2e%2e/users",
        "/api/v1/..%2fusers",
        "/api/v1/users%00",
        "/api/v1/users%2f",
        "/api/v1/users;x=1",
        "/api/v1/users%20",
        "/api/v1/users%0a",
        "/API/V1/USERS",
        "/api/v1/USERS",
        "/api/v1/users.json",
        "/api/v1/users/",
        "/api/v1/users//",
        "/health/../api/v1/users",
        "/api/v1/%75sers",
        "/api/v1\\users",
    ],
)
def test_no_spelling_of_a_path_goes_around_its_policy(house: House, path: str) -> None:
    for name in (None, "viewer"):
        answer = house.call("GET", path, name, follow_redirects=True)
        # The page of the console, which is the same for everybody, tells nothing of anybody.
        page = answer.status_code == 200 and answer.mimetype == "text/html"
        assert page or answer.status_code in (401, 403, 404), (path, name, answer.status_code)


@pytest.mark.parametrize("given", ["a\tb-c-d-e-f-g", "short", "x" * 65, "<script>12", "ä" * 10, ""])
def test_an_odd_request_id_is_replaced(house: House, given: str) -> None:
    answer = house.call("GET", "/api/v1/nowhere", headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert answer.json["instance"] == answer.headers["X-Request-Id"]
    good = house.call("GET", "/health", headers={"X-Request-Id": "deploy-2026.11_22"})
    assert good.headers["X-Request-Id"] == "deploy-2026.11_22"


def test_what_an_admin_has_deleted_is_gone_for_others(house: House) -> None:
    gone = house.seed.ids["event_deleted"]
    reading = ("", "/history", "/matches")
    for name in ("viewer", "operator"):
        for rest in reading:
            assert house.call("GET", f"{V1}/events/{gone}{rest}", name).status_code == 404
        assert house.call("GET", f"{V1}/events?deleted=true", name).status_code == 403
        ids = {one["id"] for one in house.call("GET", f"{V1}/events?limit=200", name).json["items"]}
        assert gone not in ids
    for rest, body in (
        ("/message", None),
        ("/simulate", None),
        ("/reopen", {"reason": "x"}),
        ("/acknowledge", {"reason": "x"}),
        ("/restore", None),
    ):
        method = "GET" if rest == "/message" else "POST"
        answer = house.call(method, f"{V1}/events/{gone}{rest}", "operator", json=body)
        assert answer.status_code in (403, 404), rest
    change = {"status": "resolved", "reason": "x"}
    assert house.call("PATCH", f"{V1}/events/{gone}", "operator", json=change).status_code == 404
    for action in ("delete", "restore"):
        body = {"action": action, "ids": [gone], "reason": "x"}
        assert house.call("POST", f"{V1}/events/actions", "operator", json=body).status_code == 403
    assert house.call("GET", f"{V1}/events/{gone}").status_code == 200


def test_nobody_approves_what_they_have_proposed_themselves(house: House) -> None:
    path = f"{V1}/approvals/{house.seed.ids['approval_own']}"
    body = {"digest": house.call("GET", path, "operator").json["approval"]["digest"]}
    answer = house.call("POST", f"{path}/approve", "operator", json=body)
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    assert house.call("POST", f"{path}/approve", "viewer", json=body).status_code == 403
    short = {"digest": body["digest"][:8]}
    assert house.call("POST", f"{path}/approve", "admin", json=short).status_code == 422
    other = {"digest": "0" * 64}
    assert house.call("POST", f"{path}/approve", "admin", json=other).status_code in (409, 422)
    assert house.call("POST", f"{path}/approve", "admin", json=body).status_code == 200
    assert house.call("POST", f"{path}/approve", "admin", json=body).status_code == 409


def test_nobody_changes_or_sees_another_persons_account(house: House) -> None:
    admin = house.seed.people["admin"]
    for name in ("viewer", "operator"):
        for method, path, body in (
            ("GET", f"/users/{admin}", None),
            ("PATCH", f"/users/{admin}", {"role": "viewer"}),
            ("POST", f"/users/{admin}/password", None),
            ("GET", "/api-keys", None),
            ("DELETE", "/api-keys/1", None),
        ):
            answer = house.call(method, V1 + path, name, json=body)
            assert answer.status_code == 403, (name, path)
    assert house.call("GET", f"{V1}/audit", "viewer").status_code == 403
    letter = f"{V1}/dead-letters/{house.seed.ids['dead_letter']}"
    assert house.call("GET", letter, "viewer").status_code == 403


def test_the_last_admin_stays_one(house: House) -> None:
    for name in ("owing",):
        path = f"{V1}/users/{house.seed.people[name]}"
        tag = {"If-Match": house.call("GET", path).headers["ETag"]}
        body = {"disabled": True}
        assert house.call("PATCH", path, headers=tag, json=body).status_code == 200
    path = f"{V1}/users/{house.seed.people['admin']}"
    tag = {"If-Match": house.call("GET", path).headers["ETag"]}
    for body in ({"disabled": True}, {"role": "viewer"}):
        answer = house.call("PATCH", path, headers=tag, json=body)
        assert answer.status_code == 409, body


def test_a_keys_name_is_another_actor_than_a_persons(house: House) -> None:
    made = house.call("POST", f"{V1}/api-keys", json={"name": "admin", "role": "operator"})
    bearer = {"Authorization": f"Bearer {made.json['key']}"}
    answer = house.call(
        "POST",
        f"{V1}/halts",
        None,
        headers=bearer,
        json={"target": "service:named", "reason": "x"},
    )
    assert answer.json["called_by"] == "key:admin"
