"""Signing in by an identity provider, with a real one on the loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import oidc_provider_mock
import pytest
import requests
from flask.testing import FlaskClient
from oidc_provider_mock import User

from rescuebot import settings as settings_
from rescuebot.database import Database
from rescuebot.people import service as people
from webui.api import create_app

# Of Authlib about itself, in the provider of the test.
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:authlib")

CALLBACK = "/api/v1/auth/oidc/callback"
PEOPLE = {
    "kim": {"groups": ["sre", "everybody"], "preferred_username": "Kim.M@corp", "name": "김민지"},
    "lee": {"groups": ["everybody"]},
    "park": {"groups": ["sre", "leads"], "email": "park@example.com"},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that knows some people."""
    known = [User(sub=sub, claims={"email": sub, **claims}) for sub, claims in PEOPLE.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=known) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def client(database: Database, issuer: str) -> FlaskClient:
    """A browser that has not been here before."""
    return _app(database, issuer).test_client()


def _app(database: Database, issuer: str) -> object:
    web = {
        "jwt_key": "k" * 40,
        "secure_cookies": False,
        "oidc": {
            "issuer": issuer,
            "client_id": "rescue",
            "client_secret": "only-for-tests",
            "redirect_uri": f"http://localhost{CALLBACK}",
            "roles": {"sre": "operator", "leads": "admin"},
        },
    }
    return create_app(settings_.check({"web": web}), database)


def come_back(client: FlaskClient, sub: str, **changed: str) -> str:
    """Go to the provider, say who one is, come back; where one ends up."""
    away = client.get("/api/v1/auth/oidc/sign-in")
    assert away.status_code == 302
    answer = requests.post(away.location, data={"sub": sub}, allow_redirects=False, timeout=10)
    query = urlsplit(answer.headers["Location"]).query
    for name, value in changed.items():
        query = "&".join(
            f"{name}={value}" if part.startswith(f"{name}=") else part for part in query.split("&")
        )
    back = client.get(f"{CALLBACK}?{query}")
    assert back.status_code == 302
    return str(back.location)


def csrf(client: FlaskClient) -> Mapping[str, str]:
    cookie = client.get_cookie("rescue_csrf")
    assert cookie is not None
    return {"X-CSRF-Token": cookie.value}


def test_who_has_a_group_with_a_role_comes_in_with_it(
    client: FlaskClient, database: Database
) -> None:
    assert come_back(client, "kim") == "/"
    answer = client.post("/api/v1/auth/refresh", headers=csrf(client)).json
    assert answer["user"]["role"] == "operator"
    assert answer["user"]["username"] == "kim.m"
    assert answer["user"]["display_name"] == "김민지"
    me = client.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {answer['access_token']}"}
    ).json
    assert me["name"] == "kim.m"


def test_the_highest_role_of_the_groups_counts(client: FlaskClient, database: Database) -> None:
    assert come_back(client, "park") == "/"
    with database.reading() as session:
        assert people.get(session=session, which="park").role == "admin"


def test_who_has_no_such_group_stays_outside(client: FlaskClient, database: Database) -> None:
    assert come_back(client, "lee") == "/?sign_in_refused=forbidden"
    assert client.get_cookie("rescue_refresh", path="/api/v1/auth") is None
    with database.reading() as session:
        assert list(people.list_(session=session)) == []


def test_a_state_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    assert come_back(client, "kim", state="forged") == "/?sign_in_refused=provider_refused"


def test_an_answer_is_good_for_once(client: FlaskClient) -> None:
    away = client.get("/api/v1/auth/oidc/sign-in")
    answer = requests.post(away.location, data={"sub": "kim"}, allow_redirects=False, timeout=10)
    query = urlsplit(answer.headers["Location"]).query
    assert client.get(f"{CALLBACK}?{query}").location == "/"
    again = client.get(f"{CALLBACK}?{query}")
    assert again.location == "/?sign_in_refused=provider_refused"


def test_an_answer_for_somebody_elses_browser_is_refused(
    client: FlaskClient, database: Database, issuer: str
) -> None:
    away = client.get("/api/v1/auth/oidc/sign-in")
    answer = requests.post(away.location, data={"sub": "kim"}, allow_redirects=False, timeout=10)
    query = urlsplit(answer.headers["Location"]).query
    other = _app(database, issuer).test_client()  # type: ignore[attr-defined]
    assert other.get(f"{CALLBACK}?{query}").location == "/?sign_in_refused=provider_refused"


def test_a_provider_that_is_away_is_told_as_such(database: Database) -> None:
    client = _app(database, "http://localhost:9").test_client()  # type: ignore[attr-defined]
    answer = client.get("/api/v1/auth/oidc/sign-in")
    assert answer.status_code == 401
    assert answer.json["code"] == "provider_refused"


def test_without_a_provider_there_is_nothing_to_go_to(database: Database) -> None:
    app = create_app(settings_.check({"web": {"jwt_key": "k" * 40}}), database)
    assert app.test_client().get("/api/v1/auth/oidc/sign-in").status_code == 404
    assert app.test_client().get("/api/v1/auth/ways").json == {"password": True, "oidc": False}
