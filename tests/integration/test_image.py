"""The image without an engine: the steps of the Dockerfile, run in their order in a folder.

Its last stage runs as its user, with its environment alone. As root, also with a root file system
that cannot be written, as ``--read-only`` makes it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from devstack import ports, web
from devstack.mariadb import MariaDB
from devstack.waiting import until
from tests.conftest import open_database
from tests.dockerfile import ROOT, Stage, stages

pytestmark = pytest.mark.mariadb

STAGES = stages()
CONSOLE, BUILDER, RUNTIME = (STAGES[name] for name in ("console", "builder", "runtime"))
JWT_KEY = "a key for the tokens that is long enough"
# Nothing can be written but what the container gets for that: /tmp and /dev/shm.
READ_ONLY = "mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs /tmp"
# The Python under the virtual environment may lie where only root can look; it cannot write there.
LOOKS = ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search"]


@dataclass
class Image:
    """What the steps have made, under `root`."""

    root: Path

    @property
    def installed(self) -> Path:
        return self.root / "opt/rescuebot"

    def environment(self, **given: str) -> dict[str, str]:
        """That of the last stage, and what the container is started with."""
        own = RUNTIME.environment()
        path = own["PATH"].replace("/opt/rescuebot", str(self.installed))
        return own | {"PATH": path.replace("$PATH", os.defpath)} | given

    def command(self, words: list[str]) -> list[str]:
        """The words as the user of the image, in its file system."""
        program = str(self.installed / "bin" / words[0])
        if os.geteuid() != 0:
            return [program, *words[1:]]
        user, group = RUNTIME.one("USER").split(":")
        as_user = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *LOOKS]
        inside = f'{READ_ONLY} && cd {RUNTIME.one("WORKDIR")} && exec "$@"'
        shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside, "sh"]
        return [*shell, *as_user, "--no-new-privs", program, *words[1:]]

    def files(self) -> dict[str, int]:
        """All files with the time of their last change."""
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): path.stat().st_mtime_ns for path in found}


def build(root: Path) -> Image:
    """Run the stages that build."""
    image = Image(root)
    image.installed.parent.mkdir()
    # The base image has a Python of its own that is not in a virtual environment.
    subprocess.run([sys.executable, "-m", "venv", root / "usr"], check=True)
    run(CONSOLE, image, programs=Path(sys.executable).parent)
    run(BUILDER, image, programs=root / "usr/bin")
    shutil.rmtree(root / "src")
    return image


def run(stage: Stage, image: Image, *, programs: Path) -> None:
    """Run the steps of one stage, with these programs of its base image."""
    source = image.root / stage.one("WORKDIR").strip("/")
    source.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    environment = {**os.environ, **stage.environment(), "PATH": path}
    for instruction, words in stage.steps:
        if instruction == "COPY" and words.startswith("--from"):
            # From the stage before, which has run at the same place.
            _, made, place = words.split()
            assert image.root / made.strip("/") == source / place.strip("/")
        elif instruction == "COPY":
            copy(words, into=source)
        elif instruction == "RUN":
            line = words.replace("/opt/rescuebot", str(image.installed))
            done = subprocess.run(
                ["/bin/sh", "-ec", line],
                cwd=source,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def copy(words: str, *, into: Path) -> None:
    """COPY, of what .dockerignore lets through."""
    *names, target = words.split()
    for name in names:
        for path in sorted(let_through(ROOT / name)):
            relative = path.relative_to(ROOT / name if (ROOT / name).is_dir() else path.parent)
            copied = into / target / relative
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copied, follow_symlinks=False)


def let_through(path: Path) -> Iterator[Path]:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    wanted = [rule[1:] for rule in rules if rule.startswith("!")]
    unwanted = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    for one in [path] if path.is_file() else path.rglob("*"):
        parts = one.relative_to(ROOT).parts
        inside = any(parts[: len(Path(name).parts)] == Path(name).parts for name in wanted)
        shunned = any(fnmatch.fnmatch(part, rule) for part in parts for rule in unwanted)
        if inside and not shunned and not one.is_dir():
            yield one


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not in pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="rescue-image-", dir="/var/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        yield build(root)


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
