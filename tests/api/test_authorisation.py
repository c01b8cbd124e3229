"""Who may call what: every operation of the specification by everybody who could come along."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.api.house import (
    JWT_KEY,
    PROBLEM,
    House,
    Json,
    operations,
    right_claims,
    signed,
    unsigned,
)

NOBODY = 2**31 - 1
PEOPLE = ("viewer", "operator", "admin")
MACHINES = ("viewer", "operator", "admin", "ingest")
# What people may do of whom a new password is owed.
OWED = {"get_me", "change_password", "sign_out_everywhere"}
# A machine has nothing of its own to change, and its word is nobody's consent.
FOR_PEOPLE = {
    *("update_me", "change_password", "sign_out_everywhere"),
    *("amend", "approve", "reject"),
}
NO_ROLE = {"anybody", "session", "signature"}

Forge = Callable[[House, Json], str]


def _public_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def _now(**by: float) -> int:
    return int(time.time() + timedelta(**by).total_seconds())


# Tokens of the admin, each wrong in one way.
FORGED: dict[str, Forge] = {
    "of an older epoch": lambda house, claims: signed({**claims, "epoch": claims["epoch"] - 1}),
    "of an epoch to come": lambda house, claims: signed({**claims, "epoch": claims["epoch"] + 1}),
    "without epoch": lambda house, claims: signed({**claims, "epoch": None}),
    "with a word as epoch": lambda house, claims: signed({**claims, "epoch": "1"}),
    "with true as epoch": lambda house, claims: signed({**claims, "epoch": True}),
    "expired": lambda house, claims: signed({**claims, "exp": _now(minutes=-1)}),
    "without an end": lambda house, claims: signed({**claims, "exp": None}),
    "not valid yet": lambda house, claims: signed({**claims, "nbf": _now(minutes=5)}),
    "signed with another key": lambda house, claims: signed(claims, key="y" * 40),
    "signed with no key": lambda house, claims: signed(claims, key=""),
    "signed with a public key": lambda house, claims: signed(claims, key=_public_key()),
    "unsigned": lambda house, claims: unsigned(claims, "none"),
    "unsigned, otherwise written": lambda house, claims: unsigned(claims, "nOnE"),
    "said to be RS256": lambda house, claims: signed(claims, alg="RS256"),
    "said to be HS512": lambda house, claims: signed(claims, alg="HS512"),
    "with a kid that is a path": lambda house, claims: signed(claims, kid="/dev/null", key=""),
    "with its own key": lambda house, claims: signed(
        claims, key="mine" * 10, jwk={"kty": "oct", "k": "bWluZQ"}
    ),
    "with a critical extension": lambda house, claims: signed(claims, crit=["exp"]),
    "of another issuer": lambda house, claims: signed({**claims, "iss": "somebody"}),
    "without issuer": lambda house, claims: signed({**claims, "iss": None}),
    "for another audience": lambda house, claims: signed({**claims, "aud": "another-api"}),
    "without audience": lambda house, claims: signed({**claims, "aud": None}),
    "to refresh with": lambda house, claims: signed({**claims, "type": "refresh"}),
    "of a type that there is not": lambda house, claims: signed({**claims, "type": "admin"}),
    "for nobody": lambda house, claims: signed({**claims, "sub": str(NOBODY)}),
    "for a number that is none": lambda house, claims: signed({**claims, "sub": "1 OR 1=1"}),
    "for a number too large": lambda house, claims: signed({**claims, "sub": "9" * 30}),
    "for a digit that is none": lambda house, claims: signed({**claims, "sub": "²"}),
    "without a subject": lambda house, claims: signed({**claims, "sub": None}),
    "for a list": lambda house, claims: signed({**claims, "sub": [claims["sub"]]}),
    "cut short": lambda house, claims: signed(claims)[:-2],
    "a revoked key": lambda house, claims: house.seed.keys["revoked"],
    "an expired key": lambda house, claims: house.seed.keys["expired"],
    "a key that nobody has": lambda house, claims: "rbk_" + "A" * 43,
    "a key that is cut short": lambda house, claims: house.seed.keys["admin"][:-1],
    "a key with something behind it": lambda house, claims: house.seed.keys["admin"] + "A",
    "a key in capitals": lambda house, claims: house.seed.keys["admin"].upper(),
}
HEADERS = {
    "nothing": "",
    "no token": "Bearer",
    "an empty token": "Bearer ",
    "rubbish": "Bearer rubbish",
    "dots": "Bearer ..",
    "no scheme": "rubbish",
    "another scheme": "Basic YWRtaW46YWRtaW4=",
    "a very long one": "Bearer " + "A" * 7000,
    "letters of elsewhere": "Bearer ÄÖÜ",
    "two tokens": "Bearer a.b.c, Bearer a.b.c",
}


def calls(house: House) -> list[tuple[str, str, Json]]:
    """Each operation as a call that finds nothing and changes nothing."""
    found = []
    for method, path, operation in operations(house.spec):
        path = re.sub(r"{(\w+)}", str(NOBODY), path)
        if operation["operationId"] == "follow_changes":
            path += "?seconds=1"
        found.append((method, path, operation))
    return found


def body_for(operation: Json) -> Any:
    """A body that is JSON and, wherever a field is needed, not enough."""
    return {"json": {}} if "requestBody" in operation else {}


def outcome(house: House, method: str, path: str, operation: Json, header: str) -> tuple[int, str]:
    headers = {"Authorization": header} if header else {}
    answer = house.client().open(path, method=method, headers=headers, **body_for(operation))
    code = answer.json["code"] if answer.content_type == PROBLEM else ""
    answer.close()
    return answer.status_code, code


@pytest.fixture(scope="module")
def machine_keys(house: House) -> dict[str, str]:
    return {name: f"Bearer {house.seed.keys[name]}" for name in MACHINES}


def test_people_may_call_what_their_role_allows_and_nothing_else(house: House) -> None:
    wrong = []
    for method, path, operation in calls(house):
        roles = set(operation["x-roles"])
        for name in PEOPLE:
            # A token for each call: one of them ends all that were given out before.
            header = f"Bearer {house.token(name)}"
            status, code = outcome(house, method, path, operation, header)
            if roles & NO_ROLE:
                fits = _is_let_in_as_anybody(roles, status)
            elif name in roles:
                fits = status not in (401, 403)
            else:
                fits = (status, code) == (403, "forbidden")
            if not fits:
                wrong.append((name, operation["operationId"], status, code))
    assert not wrong


def _is_let_in_as_anybody(roles: set[str], status: int) -> bool:
    """What asks for a cookie or a signature refuses also who brings a good token."""
    return status not in (401, 403) if roles == {"anybody"} else status == 401


def test_machines_may_call_what_their_role_allows_and_nothing_else(
    house: House, machine_keys: dict[str, str]
) -> None:
    wrong = []
    for method, path, operation in calls(house):
        roles = set(operation["x-roles"])
        if roles & NO_ROLE:
            continue
        for name, header in machine_keys.items():
            status, code = outcome(house, method, path, operation, header)
            allowed = name in roles and not operation.get("x-people-only")
            fits = status not in (401, 403) if allowed else (status, code) == (403, "forbidden")
            if not fits:
                wrong.append((name, operation["operationId"], status, code))
    assert not wrong


def test_what_is_for_people_alone_is_said_in_the_specification(house: House) -> None:
    found = {
        operation["operationId"]
        for _, _, operation in operations(house.spec)
        if operation.get("x-people-only")
    }
    assert found == FOR_PEOPLE


def test_nobody_comes_in_without_a_token_that_holds(house: House) -> None:
    admin = house.seed.people["admin"]
    claims = right_claims(admin, house.epochs()[admin])
    bad = {name: f"Bearer {forge(house, claims)}" for name, forge in FORGED.items()}
    gone = house.seed.people["gone"]
    bad["of somebody disabled"] = f"Bearer {signed(right_claims(gone, house.epochs()[gone]))}"
    bad |= HEADERS
    assert outcome(house, "GET", "/api/v1/users", {}, f"Bearer {signed(claims)}")[0] == 200
    wrong = []
    for method, path, operation in calls(house):
        if set(operation["x-roles"]) & NO_ROLE:
            continue
        for name, header in bad.items():
            found = outcome(house, method, path, operation, header)
            if found != (401, "unauthorized"):
                wrong.append((name, operation["operationId"], *found))
    assert not wrong


def test_a_token_that_does_not_hold_takes_nothing_from_what_is_open(house: House) -> None:
    for method, path, operation in calls(house):
        if operation["x-roles"] == ["anybody"]:
            for header in HEADERS.values():
                status, _ = outcome(house, method, path, operation, header)
                assert status not in (401, 403), operation["operationId"]


def test_whoever_owes_a_new_password_may_do_nothing_before(house: House) -> None:
    for method, path, operation in calls(house):
        if set(operation["x-roles"]) & NO_ROLE:
            continue
        header = f"Bearer {house.token('owing')}"
        found = outcome(house, method, path, operation, header)
        if operation["operationId"] in OWED:
            assert found[0] != 403, operation["operationId"]
        else:
            assert found == (403, "forbidden"), operation["operationId"]


def test_a_token_is_taken_from_the_header_and_from_nowhere_else(house: House) -> None:
    token = house.token("admin")
    for cookie in ("access_token_cookie", "access_token", "rescue_refresh", "Authorization"):
        client = house.client()
        client.set_cookie(cookie, token)
        assert client.get("/api/v1/me").status_code == 401, cookie
    for name in ("jwt", "token", "access_token", "Authorization"):
        answer = house.client().get(f"/api/v1/me?{name}={token}")
        assert answer.status_code == 401, name
    form = {"access_token": token}
    assert house.client().post("/api/v1/halts", data=form).status_code == 401


def test_the_key_before_holds_until_it_is_taken_out(house: House) -> None:
    admin = house.seed.people["admin"]
    kid = {"kid": "whatever"}
    token = signed(right_claims(admin, house.epochs()[admin]), **kid)
    assert house.call("GET", "/api/v1/me", None, headers=_bearer(token)).status_code == 200
    newer = house.again(jwt_key="n" * 40)
    old = house.token("admin")
    assert newer.call("GET", "/api/v1/me", None, headers=_bearer(old)).status_code == 401
    both = house.again(jwt_key="n" * 40, jwt_key_before=JWT_KEY)
    assert both.call("GET", "/api/v1/me", None, headers=_bearer(old)).status_code == 200
    # A token that names the new key must be signed with it.
    assert both.call("GET", "/api/v1/me", None, headers=_bearer(token)).status_code == 401


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_role_that_is_lost_is_lost_at_once(house: House) -> None:
    people = house.seed.people
    token = house.token("spare")
    path = f"/api/v1/users/{people['spare']}"
    assert house.call("GET", "/api/v1/events", None, headers=_bearer(token)).status_code == 200
    seen = house.call("GET", path)
    change = {"If-Match": seen.headers["ETag"]}
    assert house.call("PATCH", path, headers=change, json={"disabled": True}).status_code == 200
    assert house.call("GET", "/api/v1/events", None, headers=_bearer(token)).status_code == 401


def test_what_is_served_is_what_is_specified(house: House) -> None:
    specified = {
        (method, re.sub(r"{\w+}", "<>", path)) for method, path, _ in operations(house.spec)
    }
    served = {
        (method, re.sub(r"<[^>]+>", "<>", rule.rule))
        for rule in house.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        # Of the API; the console is no part of it.
        if rule.endpoint != "show_console"
    }
    assert served == specified


def test_every_route_has_a_policy_and_every_policy_is_specified(house: House) -> None:
    known = NO_ROLE | set(MACHINES)
    for view in house.app.view_functions.values():
        assert hasattr(view, "policy")
    for _, _, operation in operations(house.spec):
        roles = set(operation["x-roles"])
        assert roles and roles <= known
        # An admin may what an operator may, who may what a viewer may.
        assert not {"viewer"} <= roles or {"operator", "admin"} <= roles
        assert not {"operator"} <= roles or "admin" in roles
        assert bool(operation["security"]) is (roles != {"anybody"})
        assert roles == {"anybody"} or "401" in operation["responses"]


def test_what_destroys_is_for_admins(house: House) -> None:
    for method, path, operation in operations(house.spec):
        for_admins = method == "DELETE" or path.startswith(("/api/v1/users", "/api/v1/api-keys"))
        if for_admins or operation["operationId"].startswith("restore_"):
            assert operation["x-roles"] == ["admin"], operation["operationId"]


def test_every_list_is_bounded(house: House) -> None:
    lists = []
    for method, path, operation in operations(house.spec):
        limits = [one for one in operation["parameters"] if one["name"] == "limit"]
        cursors = [one for one in operation["parameters"] if one["name"] == "cursor"]
        assert bool(limits) is bool(cursors), path
        for limit in limits:
            assert (limit["schema"]["maximum"], limit["schema"]["default"]) == (200, 50)
            lists.append(path)
            assert house.call(method, f"{path}?limit=200").status_code == 200
            for bad in ("201", "0", "-1", "1e9", "9" * 400, "", "NaN"):
                answer = house.call(method, f"{path}?limit={bad}")
                assert (path, bad, answer.status_code) == (path, bad, 422)
    assert len(lists) >= 16
