"""The images without an engine: the steps of the Dockerfile, run in their order in a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from devstack import ports, salt_program, web
from devstack.mariadb import MariaDB
from devstack.waiting import until
from rescuebot import clock
from rescuebot.database import Database
from rescuebot.errors import RescueError
from rescuebot.heartbeats import service as heartbeats
from tests.conftest import open_database
from tests.image import STAGES, Image, build, lay_out
from tests.thorough import THOROUGH
from webui.api import console

pytestmark = pytest.mark.mariadb

RUNTIME, MASTER = STAGES["runtime"], STAGES["master"]
JWT_KEY = "a key for the tokens that is long enough"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not in pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="rescue-image-", dir="/var/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    """The image of the API, and the wheel beside it."""
    web_image = Image(folder / "web", RUNTIME)
    web_image.root.mkdir()
    if THOROUGH:
        build(web_image, ["console", "builder"])
    else:
        # That stage does what has been done here: `npm ci`, `npm run build`.
        shutil.copytree(console.BUILT, web_image.root / "src/webui/app/dist")
        build(web_image, ["builder"])
    (web_image.root / "src").rename(folder / "sources")
    return web_image


class Container:
    """The entry point of the image, running."""

    def __init__(self, image: Image, *, database_url: str) -> None:
        self.image = image
        self.port = ports.free(1)[0]
        self.url = f"http://{ports.LOOPBACK}:{self.port}"
        self.environment = image.environment(
            RESCUE_BIND=f"{ports.LOOPBACK}:{self.port}",
            RESCUE_DATABASE__URL=database_url,
            RESCUE_WEB__JWT_KEY=JWT_KEY,
            RESCUE_WEB__SECURE_COOKIES="false",
        )
        self.process = subprocess.Popen(
            image.command(RUNTIME.program("ENTRYPOINT")),
            cwd=RUNTIME.one("WORKDIR"),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.output()
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def health(self) -> int:
        """The exit code of the health check."""
        words = self.image.command(RUNTIME.program("HEALTHCHECK"))
        return subprocess.run(words, env=self.environment, timeout=30).returncode

    def output(self) -> str:
        """All that it has printed, once it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()


@pytest.fixture(scope="module")
def access(mariadb: MariaDB) -> tuple[str, web.Access]:
    """A ledger with people; its URL."""
    url = mariadb.create_database("image")
    ledger = open_database(url)
    try:
        return url, web.let_in(ledger, url="")
    finally:
        ledger.dispose()


def test_the_image_holds_the_api_and_no_tools(image: Image) -> None:
    programs = {path.name for path in (image.installed / "bin").iterdir()}
    assert "gunicorn" in programs
    assert not [name for name in programs if name.startswith(("pip", "wheel", "easy_install"))]
    (packages,) = image.installed.glob("lib/python3*/site-packages")
    found = {path.name for path in packages.iterdir()}
    assert {"rescuebot", "webui", "flask"} <= found
    assert not found & {"salt", "pip", "setuptools", "pytest", "devstack", "tests"}
    assert (packages / "rescuebot/starter/commands.yaml").exists()
    assert [path.name for path in (packages / "webui/app").iterdir()] == ["dist"]
    compiled = packages / "webui/api/__pycache__"
    assert {path.name.split(".")[0] for path in compiled.iterdir()} >= {"app", "wsgi", "gunicorn"}


def test_it_answers_without_writing_anything_and_ends_in_peace_with_a_stream_open(
    image: Image, access: tuple[str, web.Access]
) -> None:
    url, people = access
    before = image.files()
    container = Container(image, database_url=url)
    try:
        until(container.is_up, seconds=60, what="the image answers")
        assert container.health() == 0
        viewer = web.Client(container.url)
        assert viewer.sign_in("viewer", people.people["viewer"]).status_code == 200
        assert viewer.get("/api/v1/events").json()["items"] == []
        assert viewer.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")
        page = viewer.get("/events").text
        (entry,) = re.findall(r'<script type="module"[^>]* src="([^"]+)"', page)
        assert viewer.get(entry).headers["Content-Type"].startswith("text/javascript")
        with closing(viewer.changes(seconds=600)) as changes:
            assert next(changes) == ""
            container.process.terminate()
            assert not any(changes), "it ended as a stream does, and was not cut off"
        assert container.process.wait(timeout=60) == 0
        assert container.health() == 1
    finally:
        container.process.kill()
        container.process.wait()
    assert image.files() == before
    printed = container.output()
    assert "Shutting down: Master" in printed
    for secret in (JWT_KEY, people.people["viewer"], url.rpartition("@")[0].rpartition(":")[2]):
        assert secret not in printed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file system read-only")
def test_nothing_can_be_written_but_what_is_there_for_it(image: Image) -> None:
    words = "import os; print([os.access(d, os.W_OK) for d in ({!r}, '/etc', '/tmp', '/dev/shm')])"
    command = image.command(["python", "-c", words.format(str(image.installed))])
    done = subprocess.run(command, env=image.environment(), capture_output=True, text=True)
    assert done.stdout == "[False, False, True, True]\n", done.stderr
    who = image.command(["python", "-c", "import os; print(os.getuid(), os.getgroups())"])
    done = subprocess.run(who, env=image.environment(), capture_output=True, text=True)
    assert done.stdout == f"{RUNTIME.one('USER').split(':')[0]} []\n"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql+pymysql://rescue@127.0.0.1:1/rescue", "RESCUE_WEB__JWT_KEY"),
        ("sqlite:////nonexistent/rescue.db", "its folder cannot be made"),
    ],
)
def test_it_says_in_one_line_what_is_missing_and_does_not_try_again(
    image: Image, url: str, words: str
) -> None:
    bind = f"{ports.LOOPBACK}:{ports.free(1)[0]}"
    done = subprocess.run(
        image.command(RUNTIME.program("ENTRYPOINT")),
        env=image.environment(RESCUE_BIND=bind, RESCUE_DATABASE__URL=url),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "The API cannot start." in done.stderr and words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def master_image(image: Image, folder: Path) -> Image:
    """The image of the master, with the wheel of the API's."""
    root = folder / "master"
    made = Image(root, MASTER, user="nobody" if os.geteuid() == 0 else "")
    sources = Image(folder / "wheel", MASTER)
    sources.root.mkdir()
    (sources.root / "src").symlink_to(folder / "sources")
    build(made, ["master-builder"], made=sources)
    shutil.rmtree(root / "src")
    lay_out(made)
    volumes = json.loads(MASTER.one("VOLUME")) + ["/run/salt"]
    made.volumes = [root / name.strip("/") for name in volumes]
    for volume in made.volumes:
        volume.mkdir(parents=True, mode=0o700, exist_ok=True)
        shutil.chown(volume, *(int(number) for number in made.who))
    return made


class MasterContainer:
    """The entry point of the master's image, running on ports of its own."""

    def __init__(self, image: Image, *, database_url: str) -> None:
        self.image = image
        self.ports = dict(zip((4505, 4506), ports.free(2), strict=True))
        config = image.root / "etc/salt/master"
        words = config.read_text()
        for place in ("/etc/salt/pki", "/var/cache/salt", "/run/salt", "/srv/rescuebot"):
            words = words.replace(place, f"{image.root}{place}")
        own = f"publish_port: {self.ports[4505]}\nret_port: {self.ports[4506]}\n"
        words = words.replace("user: salt", f"user: {image.user or salt_program.user()}")
        config.write_text(words.replace("0.0.0.0", ports.LOOPBACK) + own)
        self.where = ["-c", str(config.parent)]
        self.environment = image.environment(
            HOME=str(image.root / "var/cache/salt"),
            RESCUE_DATABASE__URL=database_url,
            RESCUE_DATABASE__MIGRATE="always",
        )
        self.process = subprocess.Popen(
            image.command([*MASTER.program("ENTRYPOINT"), *self.where]),
            cwd=MASTER.one("WORKDIR"),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ask(self, *words: str) -> Any:
        """What ``salt-run`` in the container says."""
        command = self.image.command(["salt-run", *self.where, "--out=json", *words])
        done = subprocess.run(command, env=self.environment, capture_output=True, timeout=60)
        return json.loads(done.stdout)

    def health(self) -> int:
        """The exit code of the health check."""
        line = MASTER.program("HEALTHCHECK")
        for named, used in self.ports.items():
            line = [word.replace(str(named), str(used)) for word in line]
        return subprocess.run(self.image.command(line), env=self.environment).returncode

    def kill(self) -> None:
        """End all of it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def lives(ledger: Database) -> bool:
    """Whether the tracker has said so; the tables are made by it."""
    try:
        with ledger.transaction() as session:
            since = clock.now() - timedelta(minutes=5)
            beaten = heartbeats.alive(session=session, since=since)
            return [beat.engine for beat in beaten] == ["rescue_tracker"]
    except RescueError:
        return False


def test_the_image_of_the_master_serves_minions_and_runs_the_engines(
    master_image: Image, mariadb: MariaDB
) -> None:
    url = mariadb.create_database("image_master")
    ledger = open_database(url)
    container = MasterContainer(master_image, database_url=url)
    before = master_image.files()
    try:
        until(lambda: lives(ledger), seconds=90, what="the tracker of the image beats")
        assert container.health() == 0
        served = container.ask("fileserver.file_list")
        assert {"_modules/rescue.py", "rescue/mysql.sls", "rescue/service.sls"} <= set(served)
        assert container.ask("rescue.migrate").keys() == {"revision"}
        container.process.terminate()
        assert container.process.wait(timeout=30) == 0
        assert container.health() == 1
    finally:
        container.kill()
        ledger.dispose()
    # Its key is on the volume, and nothing was written elsewhere.
    assert (master_image.root / "etc/salt/pki/master/master.pem").exists()
    assert master_image.files() == before
    assert container.process.stdout is not None
    printed = container.process.stdout.read().decode()
    assert "rescue_sqs does not start" in printed, "no queue is named here"
    assert url.rpartition("@")[0].rpartition(":")[2] not in printed


def test_the_image_of_the_master_holds_salt_and_neither_api_nor_tools(master_image: Image) -> None:
    programs = {path.name for path in (master_image.installed / "bin").iterdir()}
    assert {"salt-master", "salt-run", "salt-key", "salt"} <= programs
    assert not [name for name in programs if name.startswith(("pip", "gunicorn"))]
    (packages,) = master_image.installed.glob("lib/python3*/site-packages")
    found = {path.name for path in packages.iterdir()}
    assert {"rescuebot", "rescuebot_salt", "salt"} <= found
    assert not found & {"flask", "pip", "pytest", "devstack", "tests"}
