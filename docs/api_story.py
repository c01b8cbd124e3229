"""The examples of docs/api.md, told in their order to a real API over an empty ledger.

Invariant: what the page shows was answered. What differs each time (times, tokens, hashes) is shown
as one and the same, and the page is cut, but nothing in it is made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from devstack.storm import PretendFleet
from rescuebot import (
    clock,
    dispatching,
    doctor,
    gathering,
    intake,
    previewing,
    remediation,
    settings,
    starter,
    tracking,
)
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.approvals import service as approvals
from rescuebot.database import Database
from rescuebot.findings import service as findings
from rescuebot.people import passwords
from rescuebot.people import service as people
from rescuebot.servers import service as servers
from rescuebot.settings import Settings
from webui.api import create_app, spec

EXAMPLES = Path(__file__).parent / "api_examples.yaml"
BASE = "https://rescue.example.com"
PASSWORD = "correct horse battery staple"
SHAPES = Path(__file__).parents[1] / "tests/shapes"
_PEOPLE = {"lee": "viewer", "kim": "operator", "noa": "operator", "ada": "admin"}
_SERVERS = {"i-0123456789abcdef0": "db-1", "i-0aa1bb2cc3dd4ee5f": "db-2"}
# The seconds that a minion says its steps took.
_TOOK = {"check": 0.4, "fix": 6.1, "verify": 1.2}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One example as it went."""

    title: str
    operation: str
    method: str
    path: str
    signed_in: bool
    headers: Mapping[str, str]
    body: Any
    answer: TestResponse
    show: tuple[str, ...]


@dataclass
class Story:
    """The API over an empty ledger, and what has been remembered so far."""

    database: Database
    known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        url = self.database.url.render_as_string(hide_password=False)
        self.settings = _settings(url)
        self.app = create_app(self.settings, self.database)
        with self.app.app_context():
            self.document = spec.document()
        self._routes = {
            operation["operationId"]: (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }
        self._clients: dict[str, FlaskClient] = {}
        self._tokens: dict[str, str] = {}
        now = clock.now()
        self.known |= {
            "password": PASSWORD,
            "yesterday": clock.isoformat(now - timedelta(days=1)),
            "in_an_hour": clock.isoformat(now + timedelta(hours=1)),
            "message": _alarm(now),
        }
        _settle(self.database)
        gathering.register(database=self.database, settings=self.settings.notices)

    def tell(self) -> list[Told]:
        """All examples in their order; AssertionError names the one that went otherwise."""
        steps = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
        return [told for step in steps if (told := self._step(step)) is not None]

    def _step(self, step: Json) -> Told | None:
        if "meanwhile" in step:
            getattr(self, f"_{step['meanwhile']}")(*self._filled(step.get("of", [])))
            return None
        method, path = self._routes[step["call"]]
        for name, value in self._filled(step.get("path", {})).items():
            path = path.replace("{" + name + "}", str(value))
        who = str(step.get("as", "nobody"))
        headers = self._filled(step.get("headers", {}))
        body = self._filled(step.get("body"))
        sent: Json = {"query_string": self._filled(step.get("query", {}))}
        if "body" in step:
            sent["json"] = body
        signed = {"Authorization": f"Bearer {self._token(who)}"} if self._needs(step) else {}
        client = self._client(who)
        sent["headers"] = {**headers, **signed}
        answer = client.open(path, method=method, base_url=BASE, buffered=True, **sent)
        self._check(step, answer)
        for name, source in step.get("keep", {}).items():
            self.known[name] = self._found(source, answer, client)
        return Told(
            title=step["does"],
            operation=step["call"],
            method=method,
            path=answer.request.full_path.rstrip("?"),
            signed_in=bool(signed),
            headers=headers,
            body=body,
            answer=answer,
            show=tuple(step.get("show", ())),
        )

    def _check(self, step: Json, answer: TestResponse) -> None:
        where = f"{step['does']} ({step['call']})"
        assert answer.status_code == step["status"], f"{where}: {answer.status} {answer.text}"
        for place, wanted in step.get("holds", {}).items():
            found = _pointed(answer.json, place)
            assert found == self._filled(wanted), f"{where}: {place} is {found!r}"

    def _needs(self, step: Json) -> bool:
        """Whether the token is sent: where somebody is named, and cookies do not do instead."""
        return "as" in step and step["call"] not in ("sign_in", "refresh", "sign_out")

    def _filled(self, value: Any) -> Any:
        """The value with what was remembered in place of ``$name``."""
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.known[value[1:]]
        return value

    def _client(self, who: str) -> FlaskClient:
        return self._clients.setdefault(who, self.app.test_client())

    def _token(self, who: str) -> str:
        if who in self.known:
            return str(self.known[who])
        if who not in self._tokens:
            asked = {"username": who, "password": PASSWORD}
            answer = self._client(who).post("/api/v1/auth/sign-in", json=asked, base_url=BASE)
            self._tokens[who] = _pointed(answer.json, "/access_token")
        return self._tokens[who]

    def _found(self, source: str, answer: TestResponse, client: FlaskClient) -> Any:
        kind, _, name = source.partition(" ")
        if kind == "header":
            return answer.headers[name]
        if kind == "cookie":
            cookie = client.get_cookie(name, domain=urlsplit(BASE).netloc)
            assert cookie is not None, f"no cookie {name}"
            return cookie.value
        return _pointed(answer.json, source)

    def _decide(self, *event_ids: int) -> None:
        """The master's reactor takes what has come in."""
        common: Json = {"database": self.database, "settings": self.settings}
        told = remediation.handle(event_ids, state=None, owner="reactor", **common)
        assert sum(told.get(way, 0) for way in ("planned", "held")) == len(event_ids), told

    def _succeed(self) -> None:
        """The tracker sends out what may start, and the minions do it."""
        self._run("fixed", "success")

    def _fail(self) -> None:
        """The same, and it does not help."""
        self._run("failed", "failed")

    def _run(self, verdict: str, status: str) -> None:
        fleet = PretendFleet(seed=1, slowest_seconds=0.0, at=clock.now())
        for minion in _SERVERS.values():
            fleet.join(minion)
        common: Json = {"database": self.database, "settings": self.settings, "fleet": fleet}
        assert dispatching.dispatch_due(**common), "nothing was due"
        for given in fleet.returned():
            value = {**given.value, "verdict": verdict, "steps": _steps(status)}
            whole = tracking.Return(jid=given.jid, minion_id=given.minion_id, value=value)
            assert tracking.record_return(whole, **common), "it was not settled"

    def _preview(self) -> None:
        """The minion tells what each text that waits would change; of a script, that it cannot."""
        fleet = PretendFleet(seed=1)
        for minion in _SERVERS.values():
            fleet.join(minion)
        previewing.ask_due(database=self.database, fleet=fleet)
        with self.database.reading() as session:
            waiting = approvals.list_(session=session)
        for approval in waiting:
            value = {
                "rescue": 1,
                "dispatch": approval.preview_dispatch,
                "verdict": "previewed",
                "reason": "not_run",
                "message": "What a script would change is not known without running it.",
                "service_up": False,
            }
            given = tracking.Return(jid=approval.preview_jid or "", minion_id="db-2", value=value)
            assert previewing.record(given, database=self.database), "it was not asked for"

    def _look(self) -> None:
        """The tracker of a master looks whether everything is in place."""
        now = clock.now()
        checks = [
            doctor.Check(name="database", ok=True, detail="mysql+pymysql://rescue@db/rescue"),
            doctor.Check(
                name="minions",
                ok=False,
                detail="1 of 2 minions are not ready. web-2: does not answer",
                remedy="Check that the minion runs and reaches the master.",
            ),
        ]

        with self.database.transaction() as session:
            findings.keep(
                session=session,
                master="salt-1",
                owner="rescue_tracker@salt-1:4711",
                checks=doctor.report(checks)["checks"],
                looked_at=now,
                due_at=now + timedelta(minutes=5),
                request_id=findings.due(session=session, master="salt-1", now=now) or 0,
            )

    def _garble(self) -> None:
        """A message comes by the queue that nobody can read."""
        message = QueueMessage(message_id="6c1f3f0e-garbled", handle="h", body='{"detail": ')
        intake.receive([message], database=self.database, settings=self.settings.intake)


def _settings(url: str) -> Settings:
    return settings.check(
        {
            "database": {"url": url},
            "execution": {"attempts": 1},
            "notices": {"channels": {"ops": {"ways": ["log"]}}},
            "web": {"jwt_key": "of the examples, and of nothing else"},
        }
    )


def _settle(database: Database) -> None:
    """What is there before the first call: people, servers, and what every installation has."""
    hashed, now = passwords.hash_of(PASSWORD), clock.now()
    with database.transaction() as session:
        for name, role in _PEOPLE.items():
            people.create(
                session=session,
                username=name,
                role=role,
                actor="setup",
                now=now,
                password_hash=hashed,
                must_change_password=False,
            )
        starter.load(session=session, created_by="starter", now=now)
        for server_id, minion in _SERVERS.items():
            servers.register(
                session=session, minion_id=minion, server_id=server_id, os="Debian 12", now=now
            )
            servers.take_census(session=session, minion_id=minion, services=["mysql"], now=now)


def _alarm(now: datetime) -> Json:
    """An alarm as EventBridge sends it, of just now and without what the page needs not."""
    whole: Json = json.loads((SHAPES / "alarm_metric.json").read_text(encoding="utf-8"))
    del whole["detail"]["previousState"], whole["detail"]["state"]["reasonData"]
    whole["detail"]["state"]["timestamp"] = now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {**whole, "time": now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _steps(status: str) -> list[Json]:
    """What a minion tells of each step."""
    output = {
        "check": "mysqld has no process\n",
        "fix": "removed /run/mysqld/mysqld.pid (stale)\nstarted mysql.service\n",
        "verify": "mysqld answers: alive\n" if status == "success" else "connection refused\n",
    }
    return [
        {
            "step": step,
            "status": "failed" if step == "check" else status,
            "retcode": 1 if step == "check" or status == "failed" else 0,
            "started_at": clock.isoformat(clock.now()),
            "seconds": _TOOK[step],
            "output": text,
        }
        for step, text in output.items()
    ]


def _pointed(value: Any, pointer: str) -> Any:
    """What a JSON pointer points to."""
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
