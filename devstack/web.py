"""The API of a world: gunicorn as in production, on the world's ledger, with people to sign in as.

Invariant: passwords, keys and the key of the tokens are made anew for each world; none is in a file
that anybody else can read.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import requests
import yaml
from sqlalchemy.orm import Session

from devstack import ports
from devstack.errors import WorldError
from devstack.place import REPOSITORY, Place
from devstack.process import Daemon
from rescuebot import clock, migrations
from rescuebot.database import Database
from rescuebot.people import keys, passwords
from rescuebot.people import service as people
from rescuebot.people.roles import Role
from rescuebot.settings import laid_over

MACHINE = "alarms"
_ACTOR = "devstack"
_PEOPLE = {"admin": Role.ADMIN, "operator": Role.OPERATOR, "viewer": Role.VIEWER}
_SECONDS = 30.0

Answer = requests.Response


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the API is and who may come in: passwords by username, and the key of a machine."""

    url: str
    people: dict[str, str]
    key: str

    def told(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


class Client:
    """Somebody who calls the API. An answer is given as it is, also a refusal."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._session = requests.Session()
        # Neither a proxy nor a .netrc of the user may come between.
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    @property
    def authorization(self) -> str:
        """The header that says who it is."""
        return str(self._session.headers["Authorization"])

    def sign_in(self, username: str, password: str) -> Answer:
        """Become this person from here on."""
        words = {"username": username, "password": password}
        answer = self.post("/api/v1/auth/sign-in", words)
        if answer.ok:
            self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """Read something."""
        return self._session.get(self._url + path, params=query, headers=headers, timeout=_SECONDS)

    def post(
        self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Do something."""
        return self._session.post(self._url + path, json=body, headers=headers, timeout=_SECONDS)

    def patch(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Change something."""
        return self._session.patch(self._url + path, json=body, headers=headers, timeout=_SECONDS)

    def changes(self, *, seconds: int) -> Generator[str]:
        """The topics that change from now on, for so long; now and then "" as a sign of life.

        Changes from behind the first sign of life are not missed.
        """
        with self._session.get(
            self._url + "/api/v1/stream", params={"seconds": seconds}, stream=True, timeout=_SECONDS
        ) as answer:
            _insist(answer, "follow what changes")
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith(("retry:", ":")):
                    yield ""
                elif line.startswith("data: "):
                    yield line.removeprefix("data: ")


class Web:
    """gunicorn with the project's own configuration, on a free port of the loopback address."""

    def __init__(
        self,
        *,
        place: Place,
        block: Mapping[str, Any],
        outlives_owner: bool = False,
    ) -> None:
        """`block` are the settings of the master; those of the API are laid under it."""
        self.port = ports.free(1)[0]
        self.url = f"http://{ports.LOOPBACK}:{self.port}"
        self._access: Access | None = None
        self._block = laid_over(_settings(), block)
        self._file = place.folder("api") / "rescue.yaml"
        self.daemon = Daemon(
            name="api",
            arguments=[sys.executable, "-m", "gunicorn", "--config", "python:webui.api.gunicorn"],
            place=place,
            environment={
                "RESCUE_FILE": str(self._file),
                "RESCUE_BIND": f"{ports.LOOPBACK}:{self.port}",
                "PYTHONPATH": str(REPOSITORY),
            },
            outlives_owner=outlives_owner,
        )

    @property
    def access(self) -> Access:
        """Where it is and who may come in."""
        if self._access is None:
            raise WorldError("Nobody has been let into this API.")
        return self._access

    def let_in(self, ledger: Database) -> None:
        """Make people of each role, and a machine that hands in events."""
        self._access = let_in(ledger, url=self.url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it without waiting."""
        self._file.touch(mode=0o600)
        self._file.write_text(yaml.safe_dump(self._block))
        self.daemon.launch()

    def wait(self) -> None:
        """Wait until it answers."""
        self.daemon.wait_until(self.is_up, seconds=120)

    def stop(self) -> None:
        """End it as an administrator would."""
        self.daemon.stop(seconds=30)

    def kill(self) -> None:
        """End it and its worker as a power cut would."""
        self.daemon.kill()

    def is_up(self) -> bool:
        """Whether it answers to HTTP."""
        try:
            return self.anybody().get("/health").ok
        except requests.RequestException:
            return False

    def anybody(self) -> Client:
        """Somebody who has not signed in."""
        return Client(self.url)

    def as_person(self, username: str) -> Client:
        """One of the people, signed in."""
        client = self.anybody()
        _insist(client.sign_in(username, self.access.people[username]), f"sign in as {username}")
        return client

    def as_machine(self) -> Client:
        """The machine that may hand in events and nothing else."""
        return Client(self.url, self.access.key)


def let_in(ledger: Database, *, url: str) -> Access:
    """Make the tables where they are missing, and who may come in to the API at `url`."""
    given = {username: passwords.one_time() for username in _PEOPLE}
    hashes = {username: passwords.hash_of(given[username]) for username in _PEOPLE}
    migrations.upgrade(ledger)
    with ledger.transaction() as session:
        for username, role in _PEOPLE.items():
            _person(session, username, role, hashes[username])
        _, key = keys.create(
            session=session, name=MACHINE, role=Role.INGEST, actor=_ACTOR, now=clock.now()
        )
    return Access(url=url, people=given, key=key)


def _person(session: Session, username: str, role: Role, password_hash: str) -> None:
    people.create(
        session=session,
        username=username,
        role=role,
        actor=_ACTOR,
        now=clock.now(),
        password_hash=password_hash,
        # Whoever has started the world has read it, and nobody else.
        must_change_password=False,
    )


def _settings() -> dict[str, Any]:
    """The ``web:`` of a world: no TLS on the loopback address."""
    return {"web": {"jwt_key": secrets.token_urlsafe(32), "secure_cookies": False}}


def _insist(answer: Answer, what: str) -> None:
    if not answer.ok:
        raise WorldError(
            f"The API does not let us {what}: {answer.status_code}.", remedy=answer.text[:2000]
        )
