"""rescue.status and its sisters: what the pillar lets us look at, on real processes and ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion

NAME = f"rt{os.getpid()}-rescue-daemon-x"  # longer than the 15 bytes that the kernel keeps


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has a name of its own."""
    program = tmp_path / NAME
    shutil.copy("/bin/sleep", program)
    process = subprocess.Popen([program, "60"])
    yield process
    process.kill()
    process.wait()


def kill(daemon: subprocess.Popen[bytes]) -> None:
    daemon.kill()
    daemon.wait()


def status(minion: Minion, **config: Any) -> dict[str, Any]:
    minion.services["svc"] = config
    found: dict[str, Any] = minion.module.status("svc")
    assert minion.module.__context__["retcode"] == (0 if found["up"] else 1)
    return found


def test_a_process_is_found_by_its_exact_name(minion: Minion, daemon: Any) -> None:
    found = status(minion, process=NAME)
    assert found["up"] and str(daemon.pid) in found["message"]
    assert minion.module.processes("svc") == [daemon.pid]
    assert not status(minion, process=NAME[:8])["up"]
    kill(daemon)
    assert not status(minion, process=NAME)["up"]
    assert minion.module.processes("svc") == []


def test_a_zombie_does_not_run(minion: Minion, daemon: Any, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    pid_file.write_text(f"{daemon.pid}\n")
    assert status(minion, pid_file=str(pid_file))["up"]
    daemon.kill()  # and not waited for
    while Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    assert not status(minion, pid_file=str(pid_file))["up"]
    assert not status(minion, process=NAME)["up"]


def test_the_pid_in_a_pid_file_must_be_of_the_process(minion: Minion, daemon: Any, tmp_path: Path):
    pid_file = tmp_path / "pid"
    pid_file.write_text(f" {daemon.pid}\nmore\n")
    assert status(minion, pid_file=str(pid_file), process=NAME)["up"]
    assert not status(minion, pid_file=str(pid_file), process="mariadbd")["up"]


@pytest.mark.parametrize("content", [None, "", "no number", "0", "-1", "99999999999", "\xff"])
def test_a_pid_file_that_says_nothing_finds_no_process(
    minion: Minion, tmp_path: Path, content: str | None
) -> None:
    pid_file = tmp_path / "pid"
    if content is not None:
        pid_file.write_bytes(content.encode("latin-1"))
    assert not status(minion, pid_file=str(pid_file))["up"]


def test_a_port_must_accept_a_connection(minion: Minion) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert status(minion, port=port)["up"]
        assert status(minion, port=str(port))["up"]
    found = status(minion, port=port)
    assert not found["up"] and f"port {port} does not accept" in found["message"]


@pytest.mark.parametrize("port", ["https", 70000, -1, [1]])
def test_a_port_that_is_none_does_not_accept(minion: Minion, port: Any) -> None:
    assert not status(minion, port=port)["up"]


def test_the_health_command_decides_by_its_return_code(minion: Minion) -> None:
    assert status(minion, health="exit 0", port=None)["up"]
    found = status(minion, health='echo "no $RESCUE_SERVICE"; exit 3')
    assert not found["up"]
    assert found["message"] == "health command returned 3: no svc"


def test_a_health_command_that_hangs_is_cut_off(minion: Minion) -> None:
    minion.module.HEALTH_SECONDS = minion.module.GRACE_SECONDS = 0.2
    assert status(minion, health="sleep 60")["message"] == "health command returned 124"


def test_all_that_is_configured_must_hold(minion: Minion, daemon: Any) -> None:
    assert status(minion, process=NAME, health="exit 0")["up"]
    found = status(minion, process=NAME, health="exit 1")
    assert [check["up"] for check in found["checks"]] == [True, False]
    found = status(minion, process="not-there", health="exit 0")
    assert [check["check"] for check in found["checks"]] == ["process"]


def test_a_unit_counts_only_where_systemd_runs(
    minion: Minion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not minion.module._checkable({"unit": "mariadb"}) or Path("/run/systemd/system").exists()
    minion.module._systemd = lambda: True
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\necho "$*" >> "$0.calls"; test "$3" = good && echo active\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert status(minion, unit="good")["message"] == "unit good is active"
    assert not status(minion, unit="bad")["up"]
    assert (tmp_path / "systemctl.calls").read_text().splitlines()[0] == "is-active -- good"
    minion.module._systemd = lambda: False
    assert not status(minion, unit="good")["checks"]


def test_a_service_that_nothing_is_known_of_is_not_up(minion: Minion) -> None:
    found = status(minion)
    assert not found["up"] and "rescue:services:svc" in found["message"]
    assert not minion.module.status("other")["up"]


def test_waiting_ends_when_the_service_is_up_or_the_time_is_over(minion: Minion, tmp_path: Path):
    tries = tmp_path / "tries"
    minion.services["svc"] = {"health": f"echo x >> {tries}; test $(wc -l < {tries}) -ge 2"}
    found = minion.module.wait_until_up("svc", seconds="10")
    assert found["up"] is True and found["tries"] == 2
    assert minion.module.__context__["retcode"] == found["retcode"] == 0
    minion.services["svc"] = {"health": "echo not yet; exit 1"}
    found = minion.module.wait_until_up("svc", seconds=3)
    assert found["up"] is False and found["tries"] > 1
    assert f"not yet (tries: {found['tries']})" in found["comment"]
    assert minion.module.__context__["retcode"] == found["retcode"] == 1
    assert minion.module.wait_until_up("unknown", seconds=100)["tries"] == 1


def test_processes_are_those_of_the_pid_file_unless_namesakes_count(
    minion: Minion, daemon: Any, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    minion.services["svc"] = {"process": NAME, "pid_file": str(pid_file)}
    assert minion.module.processes("svc") == []
    assert minion.module.__context__["retcode"] == 1
    assert minion.module.processes("svc", namesakes=True) == [daemon.pid]
    assert minion.module.__context__["retcode"] == 0
    pid_file.write_text(str(daemon.pid))
    assert minion.module.processes("svc") == [daemon.pid]


def test_a_service_hangs_when_it_runs_and_does_not_come_up(minion: Minion, daemon: Any) -> None:
    minion.services["svc"] = {"process": NAME, "health": "exit 1"}
    assert minion.module.hangs("svc", seconds=0) is True
    assert minion.module.__context__["retcode"] == 0
    minion.services["svc"]["health"] = "exit 0"
    assert minion.module.hangs("svc", seconds=0) is False
    minion.services["svc"] = {"process": "nobody", "health": "exit 1"}
    assert minion.module.hangs("svc", seconds=60) is False
    assert minion.module.__context__["retcode"] == 1
