"""The console as it is served: its files, its page with a nonce, and never in place of the API."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rescuebot.database import Database
from rescuebot.settings import check
from webui.api import create_app

PAGE = '<script type="module" src="/assets/a-1.js" nonce="__CSP_NONCE__"></script>__CSP_NONCE__'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / ".vite/manifest.json").write_text("{}")
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets/a-1.js").write_text("run()")
    (folder / "assets/a-1.js.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret").write_text("secret")
    return folder


def _client(tmp_path: Path, built: Path) -> FlaskClient:
    url = f"sqlite:///{tmp_path}/never-made.db"
    settings = check({"database": {"url": url}, "web": {"jwt_key": "k" * 40}})
    database = Database(settings.database)
    return create_app(settings, database, built_console=built).test_client()


@pytest.fixture
def client(tmp_path: Path, built: Path) -> Iterator[FlaskClient]:
    """Somebody's browser."""
    yield _client(tmp_path, built)


@pytest.mark.parametrize("path", ["/", "/events", "/events/3", "/health-check", "/apis", "/a/b.c"])
def test_every_address_of_the_console_is_its_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", "/health/x", "/metrics/x"])
def test_no_address_of_the_api_is_answered_by_the_page(client: FlaskClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_the_page_runs_only_what_carries_the_nonce_of_its_own_answer(client: FlaskClient) -> None:
    seen = set()
    for _ in range(3):
        answer = client.get("/")
        policy = answer.headers["Content-Security-Policy"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        assert "unsafe" not in policy and "*" not in policy
        assert answer.text == PAGE.replace("__CSP_NONCE__", nonce)
        seen.add(nonce)
    assert len(seen) == 3


def test_a_file_of_the_build_is_kept_by_browsers_and_comes_packed(client: FlaskClient) -> None:
    packed = client.get("/assets/a-1.js", headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(packed.data) == b"run()"
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = client.get("/assets/a-1.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert plain.data == b"run()" and "Content-Encoding" not in plain.headers
    for answer in (packed, plain):
        assert answer.mimetype == "text/javascript"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "public" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = {"If-None-Match": plain.headers["ETag"], "Accept-Encoding": "gzip;q=0"}
    assert client.get("/assets/a-1.js", headers=again).status_code == 304
    assert "immutable" not in client.get("/favicon.svg").headers["Cache-Control"]


def test_a_file_of_an_earlier_build_is_missing_and_no_page(client: FlaskClient) -> None:
    answer = client.get("/assets/a-0.js")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/.vite/manifest.json"],
)
def test_nothing_but_the_build_is_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert b"secret" not in answer.data and answer.mimetype != "application/json"


def test_nothing_is_written_to_a_page(client: FlaskClient) -> None:
    assert client.post("/events", json={}).status_code == 405
    assert client.delete("/").status_code == 405


def test_without_a_build_the_page_tells_how_it_is_built(tmp_path: Path) -> None:
    answer = _client(tmp_path, tmp_path / "nowhere").get("/events")
    assert answer.status_code == 200 and "make console" in answer.text
