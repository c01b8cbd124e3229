"""The console on a host of its own: pages and files, and nothing of the API."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from devstack import ports
from devstack.place import REPOSITORY, Place
from devstack.process import Daemon
from rescuebot.settings import Settings, check
from webui.api import gunicorn as api_gunicorn
from webui.front import gunicorn
from webui.front.app import create_app

PAGE = '<script type="module" src="/assets/a-1.js" nonce="__CSP_NONCE__"></script>'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    (tmp_path / "dist/assets").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text(PAGE)
    (tmp_path / "dist/assets/a-1.js").write_text("run()")
    return tmp_path / "dist"


def front(built: Path, web: Mapping[str, Any] | None = None) -> FlaskClient:
    return create_app(check({"web": dict(web or {})}), built_console=built).test_client()


@pytest.mark.parametrize("path", ["/", "/events", "/events/3", "/apis", "/health-check"])
def test_every_address_of_the_console_is_its_page_with_a_nonce(built: Path, path: str) -> None:
    answer = front(built).get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]))
    assert answer.text == PAGE.replace("__CSP_NONCE__", nonce)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_may_ask_the_api_at_its_own_address_and_nobody_else(built: Path) -> None:
    policy = front(built).get("/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["connect-src"] == "'self'"
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy


def test_a_file_of_the_build_is_kept_by_browsers(built: Path) -> None:
    answer = front(built).get("/assets/a-1.js")
    assert answer.data == b"run()" and "immutable" in answer.headers["Cache-Control"]
    assert front(built).get("/assets/a-0.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/v1/events",
        "/api/v1/auth/sign-in",
        "/API/v1/events",
        "/api/v1/openapi.json",
        "/metrics",
        "/health/ready",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_of_the_api_is_answered(built: Path, path: str, method: str) -> None:
    answer = front(built).open(path, method=method, headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_it_has_no_other_routes_and_each_of_them_is_for_anybody(built: Path) -> None:
    app = create_app(Settings(), built_console=built)
    rules = {rule.rule: rule.methods for rule in app.url_map.iter_rules()}
    assert rules == dict.fromkeys(
        ("/", "/<page:path>", "/health"), frozenset({"GET", "HEAD", "OPTIONS"})
    )
    assert all(view.policy == "anybody" for view in app.view_functions.values())


def test_health_is_answered_to_whatever_host_a_load_balancer_names(built: Path) -> None:
    client = front(built, {"trusted_hosts": ["rescue.example.com"]})
    healthy = client.get("/health", headers={"Host": "10.0.3.4"})
    assert healthy.status_code == 200 and healthy.json == {"status": "ok"}
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
    assert client.get("/", headers={"Host": "rescue.example.com"}).status_code == 200


def test_headers_of_a_proxy_are_believed_only_where_settings_say_so(built: Path) -> None:
    by_tls = {"X-Forwarded-Proto": "https"}
    assert "Strict-Transport-Security" not in front(built).get("/", headers=by_tls).headers
    behind = front(built, {"proxy_hops": 1}).get("/", headers=by_tls)
    assert "Strict-Transport-Security" in behind.headers


def test_it_needs_neither_a_database_nor_a_key() -> None:
    folder = REPOSITORY / "webui/front"
    words = "\n".join(path.read_text() for path in folder.glob("*.py"))
    assert "Database" not in words and "jwt_key" not in words


def test_the_image_has_it() -> None:
    """The wheel holds the packages that setup.cfg names, and no others."""
    told = configparser.ConfigParser()
    told.read(REPOSITORY / "setup.cfg")
    named = set(told["options"]["packages"].split())
    folders = {path.parent for path in (REPOSITORY / "webui").glob("**/__init__.py")}
    here = {
        ".".join(folder.relative_to(REPOSITORY).parts)
        for folder in folders
        if "node_modules" not in folder.parts
    }
    assert here <= named and "rescuebot.migrations" in named


def test_gunicorn_serves_it_as_it_serves_the_api_but_with_fewer_threads() -> None:
    settings = ("bind", "workers", "worker_class", "timeout", "limit_request_line", "pre_request")
    for name in settings:
        assert getattr(gunicorn, name) == getattr(api_gunicorn, name)
    assert gunicorn.wsgi_app != api_gunicorn.wsgi_app and gunicorn.threads < api_gunicorn.threads
    assert gunicorn.__name__ == "webui.front.gunicorn"


class Front:
    """gunicorn with the front end, in a process of its own and without any secret."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = ports.free(1)[0]
        self._place = Place(folder)
        config = "python:webui.front.gunicorn"
        self.daemon = Daemon(
            name="front",
            arguments=[sys.executable, "-m", "gunicorn", "--config", config],
            place=self._place,
            environment={
                "PYTHONPATH": str(REPOSITORY),
                "RESCUE_BIND": f"{ports.LOOPBACK}:{self.port}",
                **environment,
            },
        )

    def get(self, path: str) -> tuple[int, str]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{ports.LOOPBACK}:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def answers(self) -> bool:
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        self.daemon.stop()
        self._place.release()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    one = Front(tmp_path_factory.mktemp("front"))
    one.daemon.start(ready=one.answers, seconds=60)
    yield one
    one.stop()


def test_a_real_gunicorn_serves_the_page_and_refuses_the_api(served: Front) -> None:
    assert served.get("/")[0] == 200 and "<html" in served.get("/events/3")[1]
    assert served.get("/api/v1/events")[0] == 404
    assert "api_call" in served.daemon.output.read_text()


def test_settings_that_are_wrong_are_told_in_one_line(tmp_path: Path) -> None:
    wrong = {
        "RESCUE_BIND": f"{ports.LOOPBACK}:{ports.free(1)[0]}",
        "RESCUE_WEB__PROXY_HOPS": "many",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "python:webui.front.gunicorn"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert "The console cannot start." in ended.stderr and "proxy_hops" in ended.stderr
    assert "Traceback" not in ended.stderr
