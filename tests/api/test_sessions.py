"""Signing in over HTTP: what is told of it, what is counted, and how a session ends."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from rescuebot.database import Database
from rescuebot.people import sessions
from rescuebot.people.model import RefreshToken, SignInAttempt
from tests.api.house import SLACK_SECRET, House, right_claims, signed
from tests.api.seed import PASSWORD

V1 = "/api/v1"
AUTH = f"{V1}/auth"


@pytest.fixture(autouse=True)
def nobody_is_locked(house: House) -> Iterator[None]:
    yield
    with house.database.transaction() as session:
        session.execute(delete(SignInAttempt))


def sign_in(client: FlaskClient, name: str = "viewer", password: str = PASSWORD) -> TestResponse:
    return client.post(f"{AUTH}/sign-in", json={"username": name, "password": password})


def csrf(client: FlaskClient) -> dict[str, str]:
    found = client.get_cookie("rescue_csrf", path="/")
    assert found is not None
    return {"X-CSRF-Token": found.value}


def refresh(client: FlaskClient, **headers: str) -> TestResponse:
    return client.post(f"{AUTH}/refresh", headers={**csrf(client), **headers})


def jti_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("rescue_refresh", path=AUTH)
    assert cookie is not None
    return cookie.value


def grow_old(database: Database) -> None:
    """Let what was exchanged be exchanged long ago, beyond what two tabs may do at once."""
    with database.transaction() as session:
        for row in session.scalars(select(RefreshToken).where(RefreshToken.used_at.is_not(None))):
            assert row.used_at is not None
            row.used_at -= sessions.GRACE * 2


def test_the_cookie_is_for_the_browser_alone(house: House) -> None:
    client = house.client()
    answer = sign_in(client)
    cookies = {one.split("=")[0]: one for one in answer.headers.getlist("Set-Cookie")}
    token = cookies["rescue_refresh"]
    assert "HttpOnly" in token and "SameSite=Strict" in token and f"Path={AUTH}" in token
    assert "HttpOnly" not in cookies["rescue_csrf"]
    secure = sign_in(house.again(secure_cookies=True).client())
    assert all("Secure" in one for one in secure.headers.getlist("Set-Cookie"))
    # The refresh token is in no body, and no cache keeps the answer.
    assert jti_of(client) not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(house: House) -> None:
    client = house.client()
    access = sign_in(client).json["access_token"]
    token = jti_of(client)
    bearer = {"Authorization": f"Bearer {token}"}
    assert house.client().get(f"{V1}/me", headers=bearer).status_code == 401
    other = house.client()
    other.set_cookie("rescue_refresh", access, path=AUTH)
    other.set_cookie("rescue_csrf", "x", path="/")
    assert other.post(f"{AUTH}/refresh", headers={"X-CSRF-Token": "x"}).status_code == 401


def test_the_cookie_alone_does_nothing(house: House) -> None:
    """A page of somebody else can send the cookie, and cannot read the other one."""
    client = house.client()
    sign_in(client)
    for path in (f"{AUTH}/refresh", f"{AUTH}/sign-out"):
        for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}, {"X-CSRF": "x"}):
            answer = client.post(path, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    # A cookie that somebody else has put beside ours is not what our token holds.
    client.set_cookie("rescue_csrf", "tossed", path="/")
    assert client.post(f"{AUTH}/refresh", headers={"X-CSRF-Token": "tossed"}).status_code == 401
    form = {"csrf_token": "tossed"}
    assert client.post(f"{AUTH}/refresh", data=form).status_code == 401
    assert client.get(f"{AUTH}/refresh").status_code == 405


def test_a_session_goes_on_and_ends_when_it_is_ended(house: House) -> None:
    client = house.client()
    sign_in(client)
    first = jti_of(client)
    for _ in range(3):
        answer = refresh(client)
        assert answer.status_code == 200
        bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
        assert client.get(f"{V1}/me", headers=bearer).json["name"] == "viewer"
    assert jti_of(client) != first
    last, header = jti_of(client), csrf(client)
    assert client.post(f"{AUTH}/sign-out", headers=header).status_code == 204
    assert client.get_cookie("rescue_refresh", path=AUTH) is None
    client.set_cookie("rescue_refresh", last, path=AUTH)
    assert client.post(f"{AUTH}/refresh", headers=header).status_code == 401


def test_a_refresh_token_that_is_used_again_ends_the_whole_session(house: House) -> None:
    client = house.client()
    sign_in(client)
    stolen, header = jti_of(client), csrf(client)
    assert refresh(client).status_code == 200
    grow_old(house.database)
    thief = house.client()
    thief.set_cookie("rescue_refresh", stolen, path=AUTH)
    answer = thief.post(f"{AUTH}/refresh", headers=header)
    assert (answer.status_code, answer.json["code"]) == (401, "session_over")
    # The one who was robbed is out as well, and so notices.
    assert refresh(client).status_code == 401
    noted = house.call("GET", f"{V1}/audit?action=refresh_token_reused").json["items"]
    assert noted and "session" in noted[0]["detail"]


def test_forged_refresh_tokens_are_refused(house: House) -> None:
    client = house.client()
    sign_in(client)
    admin = house.seed.people["admin"]
    claims = {**right_claims(admin, 1), "type": "refresh", "csrf": "x"}
    for token in (
        signed(claims),
        signed(claims, key="y" * 40),
        signed({**claims, "jti": "' OR 1=1 -- "}),
        signed({**claims, "jti": ["a"]}),
        jti_of(client)[:-3] + "AAA",
        "",
        "a.b.c",
    ):
        thief = house.client()
        thief.set_cookie("rescue_refresh", token, path=AUTH)
        thief.set_cookie("rescue_csrf", "x", path="/")
        answer = thief.post(f"{AUTH}/refresh", headers={"X-CSRF-Token": "x"})
        assert answer.status_code == 401, token


def test_nothing_tells_whether_somebody_is_known(house: House) -> None:
    """An unknown name, a wrong password, a disabled person: one answer, and one count."""
    told = set()
    for name in (
        "nobody-has-this",
        "viewer",
        "gone",
        "VIEWER",
        "viewer ",
        "' OR 1=1 -- ",
        "é",
        "1",
    ):
        answer = sign_in(house.client(), name, "wrong password")
        body = {**answer.json, "instance": ""}
        told.add((answer.status_code, json.dumps(body), answer.headers.get("Set-Cookie")))
    assert len(told) == 1
    status, body, _ = told.pop()
    assert (status, json.loads(body)["code"]) == (401, "bad_credentials")


@pytest.mark.parametrize("name", ["viewer", "nobody-has-this"])
def test_wrong_passwords_in_a_row_lock_the_name(house: House, name: str) -> None:
    answers = [sign_in(house.client(), name, f"wrong {number}") for number in range(7)]
    assert [one.status_code for one in answers] == [401] * 5 + [429] * 2
    assert answers[-1].json["code"] == "locked"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    # The right one is not tried either, and the next wrong ones do not tell more.
    assert sign_in(house.client(), name).status_code == 429
    assert sign_in(house.client(), name.upper()).status_code == 429


def test_a_lock_is_not_met_by_another_spelling_or_address(house: House) -> None:
    for number in range(5):
        client = house.client()
        headers = {"X-Forwarded-For": f"10.0.0.{number}"}
        body = {"username": ("viewer", "Viewer", "VIEWER")[number % 3], "password": "wrong"}
        client.post(f"{AUTH}/sign-in", json=body, headers=headers)
    assert sign_in(house.client()).status_code == 429


def test_sign_ins_are_limited_by_address(house: House) -> None:
    narrow = house.again(sign_ins_per_minute=3)
    client = narrow.client()
    answers = [sign_in(client, f"name-{number}", "wrong") for number in range(4)]
    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert answers[-1].json["code"] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) > 0
    # A header that anybody can write is no other address.
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"):
        body = {"username": "x", "password": "x"}
        answer = client.post(f"{AUTH}/sign-in", json=body, headers={header: "10.1.2.3"})
        assert answer.status_code == 429, header
    assert client.post(f"{AUTH}/refresh").status_code == 429
    # Others go on.
    assert narrow.call("GET", f"{V1}/me").status_code == 200


def test_requests_are_limited_by_name(house: House) -> None:
    narrow = house.again(requests_per_minute=10)
    headers = narrow.headers("viewer")
    client = narrow.client()
    found = [client.get(f"{V1}/me", headers=headers).status_code for _ in range(12)]
    assert found == [200] * 10 + [429] * 2
    assert narrow.call("GET", f"{V1}/me", "operator").status_code == 200
    assert client.get("/health").status_code == 200
    refused = client.get(f"{V1}/me", headers=headers)
    assert refused.json["code"] == "too_many_requests" and "Retry-After" in refused.headers


def test_another_password_voids_what_was_given_out(fresh_house: House) -> None:
    client = fresh_house.client()
    access = sign_in(client).json["access_token"]
    bearer = {"Authorization": f"Bearer {access}"}
    body = {"old_password": PASSWORD, "new_password": "a horse of another colour"}
    for bad in ("short", PASSWORD, "viewerviewer", "password1234"):
        answer = client.put(f"{V1}/me/password", json={**body, "new_password": bad}, headers=bearer)
        assert answer.status_code == 422, bad
        assert bad not in answer.text
    wrong = client.put(f"{V1}/me/password", json={**body, "old_password": "x"}, headers=bearer)
    assert (wrong.status_code, wrong.json["code"]) == (401, "bad_credentials")
    assert client.put(f"{V1}/me/password", json=body, headers=bearer).status_code == 204
    assert client.get(f"{V1}/me", headers=bearer).status_code == 401
    assert client.post(f"{AUTH}/refresh").status_code == 401
    assert sign_in(client).status_code == 401
    assert sign_in(client, password="a horse of another colour").status_code == 200


def test_signing_out_everywhere_ends_every_session(fresh_house: House) -> None:
    clients = [fresh_house.client() for _ in range(3)]
    tokens = [sign_in(client).json["access_token"] for client in clients]
    bearers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    answer = clients[0].post(f"{V1}/me/sign-out-everywhere", headers=bearers[0])
    assert answer.status_code == 204
    for client, bearer in zip(clients[1:], bearers[1:], strict=True):
        assert client.get(f"{V1}/me", headers=bearer).status_code == 401
        assert refresh(client).status_code == 401


def test_an_admin_ends_the_sessions_of_whom_they_disable(fresh_house: House) -> None:
    client = fresh_house.client()
    sign_in(client, "spare")
    path = f"{V1}/users/{fresh_house.seed.people['spare']}"
    change = {"If-Match": fresh_house.call("GET", path).headers["ETag"]}
    fresh_house.call("PATCH", path, headers=change, json={"disabled": True})
    assert refresh(client).status_code == 401
    assert sign_in(client, "spare").status_code == 401


def slack(house: House, text: str = "text=stats", **headers: str) -> int:
    stamp = headers.pop("stamp", str(int(time.time())))
    mark = hmac.new(SLACK_SECRET.encode(), f"v0:{stamp}:{text}".encode(), hashlib.sha256)
    given = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={mark.hexdigest()}",
        **headers,
    }
    body: Any = given.pop("body", text)
    return house.client().post(f"{V1}/slack/commands", data=body, headers=given).status_code


def test_slack_is_let_in_by_its_signature_and_by_nothing_else(house: House) -> None:
    assert slack(house) == 200
    bad: list[dict[str, str]] = [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=é"},
        {"stamp": str(int(time.time()) - 400)},
        {"stamp": str(int(time.time()) + 400)},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Request-Timestamp": "nan"},
        {"X-Slack-Request-Timestamp": ""},
        {"body": "text=stats&more=1"},
        {"body": ""},
    ]
    for headers in bad:
        assert slack(house, **headers) == 401, headers
    assert slack(house, Origin="https://slack.com", **{"X-Slack-Signature": "x"}) == 401


def test_a_key_is_told_once_and_kept_as_a_hash(house: House) -> None:
    made = house.call("POST", f"{V1}/api-keys", json={"name": "once", "role": "viewer"})
    key = made.json["key"]
    listed = house.call("GET", f"{V1}/api-keys?limit=200")
    assert key not in listed.text and "hash" not in listed.text
    bearer = {"Authorization": f"Bearer {key}"}
    assert house.client().get(f"{V1}/events", headers=bearer).status_code == 200
    house.call("DELETE", f"{V1}/api-keys/{made.json['api_key']['id']}")
    assert house.client().get(f"{V1}/events", headers=bearer).status_code == 401
