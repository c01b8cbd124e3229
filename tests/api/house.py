"""The API with people in it: tokens good and forged, clients by role, a real server.

Tokens are signed here and not by the library under test, so that each claim can be wrong by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from devstack import ports
from devstack.place import REPOSITORY, Place
from devstack.process import Daemon
from rescuebot.database import Database
from rescuebot.people.model import User
from rescuebot.settings import Settings, check
from tests.api.seed import Seed
from webui.api import create_app

JWT_KEY = "tests-" + "k" * 40
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PROBLEM = "application/problem+json"
_KID = hashlib.sha256(JWT_KEY.encode()).hexdigest()[:8]

Json = dict[str, Any]


def settings(url: str, **web: Any) -> Settings:
    """Settings for tests: no limit is met by chance."""
    return check(
        {
            "database": {"url": url},
            "slack": {"signing_secret": SLACK_SECRET},
            "web": {
                "jwt_key": JWT_KEY,
                "requests_per_minute": 1_000_000,
                "sign_ins_per_minute": 10_000,
                "secure_cookies": False,
                **web,
            },
        }
    )


class House:
    """One application over one ledger."""

    def __init__(self, database: Database, seed: Seed, **web: Any) -> None:
        self.database = database
        self.seed = seed
        self.url = database.url.render_as_string(hide_password=False)
        self.app = create_app(settings(self.url, **web), database)
        self.spec: Json = specification(self.app)

    def again(self, **web: Any) -> House:
        """The same ledger under other settings of the web."""
        return House(self.database, self.seed, **web)

    def epochs(self) -> dict[int, int]:
        """The epoch of each person, by id."""
        with self.database.reading() as session:
            return {row.id: row.epoch for row in session.execute(select(User.id, User.epoch))}

    def token(self, name: str, **claims: Any) -> str:
        """A token that holds for a person of the seed; `claims` are put over the right ones."""
        user = self.seed.people[name]
        return signed({**right_claims(user, self.epochs()[user]), **claims})

    def headers(self, name: str, **more: str) -> dict[str, str]:
        """Headers of a person of the seed."""
        return {"Authorization": f"Bearer {self.token(name)}", **more}

    def client(self) -> FlaskClient:
        """A browser without any cookie."""
        return self.app.test_client()

    def call(self, method: str, path: str, name: str | None = "admin", **more: Any) -> TestResponse:
        """Call as a person of the seed, or as nobody."""
        headers = {**(self.headers(name) if name else {}), **dict(more.pop("headers", {}))}
        return self.client().open(path, method=method, headers=headers, **more)


class Server:
    """gunicorn over a ledger of MariaDB, in a process of its own."""

    def __init__(
        self, folder: Path, url: str, seed: Seed, database: Database, **environment: str
    ) -> None:
        self.seed = seed
        self.database = database
        self.port = ports.free(1)[0]
        self.base = f"http://{ports.LOOPBACK}:{self.port}"
        self.place = Place(folder)
        self.daemon = Daemon(
            name="api",
            arguments=[sys.executable, "-m", "gunicorn", "--config", "python:webui.api.gunicorn"]
            + ["--graceful-timeout", "1"],
            place=self.place,
            environment={
                "PYTHONPATH": str(REPOSITORY),
                "RESCUE_ARCHIVE__PLACE": str(folder / "archive"),
                "RESCUE_BIND": f"{ports.LOOPBACK}:{self.port}",
                "RESCUE_DATABASE__URL": url,
                "RESCUE_SLACK__SIGNING_SECRET": SLACK_SECRET,
                "RESCUE_WEB__JWT_KEY": JWT_KEY,
                "RESCUE_WEB__REQUESTS_PER_MINUTE": "1000000",
                "RESCUE_WEB__SIGN_INS_PER_MINUTE": "10000",
                "RESCUE_WEB__SECURE_COOKIES": "false",
                **environment,
            },
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.daemon.start(ready=self._answers, seconds=60)

    def stop(self) -> None:
        """End it, by its pid."""
        self.daemon.stop()
        self.place.release()

    def raw(self, content: bytes, *, seconds: float = 10) -> bytes:
        """What is answered to these very bytes, until it closes."""
        with socket.create_connection((ports.LOOPBACK, self.port), timeout=seconds) as connection:
            connection.sendall(content)
            found = b""
            while part := connection.recv(65_536):
                found += part
        return found

    def log(self) -> str:
        """All that it has written."""
        return self.daemon.output.read_text(errors="replace")

    def headers(self, name: str, **more: str) -> dict[str, str]:
        """Headers of a person of the seed."""
        user = self.seed.people[name]
        with self.database.reading() as session:
            epoch = session.scalars(select(User.epoch).where(User.id == user)).one()
        return {"Authorization": f"Bearer {signed(right_claims(user, epoch))}", **more}

    def call(self, method: str, path: str, name: str | None = "admin", **more: Any) -> Any:
        """Call as a person of the seed, or as nobody."""
        headers = {**(self.headers(name) if name else {}), **dict(more.pop("headers", {}))}
        more.setdefault("timeout", 60)
        return requests.request(method, self.base + path, headers=headers, **more)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.base}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False


def specification(app: Any) -> Json:
    """What the application says of itself."""
    found: Json = json.loads(app.test_client().get("/api/v1/openapi.json").data)
    return found


def operations(spec: Json) -> list[tuple[str, str, Json]]:
    """Method, path and description of each operation."""
    return [
        (method.upper(), path, {**operation, "parameters": _parameters(spec, item, operation)})
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def _parameters(spec: Json, item: Json, operation: Json) -> list[Json]:
    both = [*item.get("parameters", []), *operation.get("parameters", [])]
    return [resolved(spec, one) for one in both]


def resolved(spec: Json, part: Json) -> Json:
    """The part, or what it refers to."""
    while "$ref" in part:
        found: Any = spec
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def body_of(spec: Json, operation: Json) -> Json | None:
    """The schema of the JSON body, None where there is none."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    return resolved(spec, content["application/json"]["schema"])


def right_claims(user_id: int, epoch: int) -> Json:
    """What an access token of ours says."""
    now = int(time.time())
    return {
        "fresh": False,
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "jti": str(uuid.uuid4()),
        "type": "access",
        "sub": str(user_id),
        "epoch": epoch,
        "iss": "rescuebot",
        "aud": "rescuebot-api",
    }


def signed(claims: Mapping[str, Any], *, key: str = JWT_KEY, **header: Any) -> str:
    """A token with these claims, by HMAC-SHA-256 whatever its header says."""
    head = {"alg": "HS256", "typ": "JWT", "kid": _KID, **header}
    parts = [_part({k: v for k, v in part.items() if v is not None}) for part in (head, claims)]
    mark = hmac.digest(key.encode(), ".".join(parts).encode(), "sha256")
    return ".".join([*parts, _base64(mark)])


def unsigned(claims: Mapping[str, Any], alg: str) -> str:
    """A token that says it needs no signature."""
    return f"{_part({'alg': alg, 'typ': 'JWT'})}.{_part(claims)}."


def _part(content: Mapping[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
