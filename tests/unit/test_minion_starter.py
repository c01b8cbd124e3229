"""The commands and runbooks that an installation begins with, run as a minion runs them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rescuebot import starter
from tests.unit.test_minion_stand import Minion, until

NAME = "rescue-starter-daemon"


COMMANDS = {item["command_name"]: item for item in starter.all_commands()}


@pytest.fixture
def minion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Minion:
    """A minion whose machine has neither procps nor bash on its path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "awk", "cat", "df", "grep", "setsid", "sleep", "tail", "touch"):
        (tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(tools))
    return Minion(tmp_path)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = tmp_path / NAME
    shutil.copy("/bin/sleep", program)
    process = subprocess.Popen([program, "60"])
    (tmp_path / "pid").write_text(str(process.pid))
    yield process
    process.kill()
    process.wait()


def run(minion: Minion, name: str, **config: Any) -> tuple[int, str]:
    """What a command returns and says, with this pillar of its service."""
    command = COMMANDS[name]
    minion.services[command["target_service"]] = config
    result = minion.run(
        steps=["check"], check=command["command_script"], service=command["target_service"]
    )
    [step] = result["steps"]
    return step["retcode"], step["output"]


# Those that look at a service; the rest look at the machine.
MACHINE = {"disk", "memory", "cpu", "processes", "systemd"}
STATUS = [
    name
    for name, command in COMMANDS.items()
    if command["command_type"] == "status" and command["target_service"] not in MACHINE
]


@pytest.mark.parametrize("name", STATUS)
def test_a_status_command_without_anything_to_look_at_says_what_to_set(
    minion: Minion, name: str
) -> None:
    code, said = run(minion, name, start="true")
    service = COMMANDS[name]["target_service"]
    assert code == 3 and f"rescue:services:{service}" in said


def test_a_status_command_agrees_with_the_process(
    minion: Minion, daemon: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    pid_file = str(tmp_path / "pid")
    by_name, by_file = {"process": NAME}, {"pid_file": pid_file}
    for config in (by_name, by_file, by_name | by_file):
        assert run(minion, "web-status", **config)[0] == 0
    code, said = run(minion, "web-status", pid_file=pid_file, process="other")
    assert code == 1 and "is not other" in said
    daemon.kill()  # a zombie from now on, until it is waited for
    until(lambda: run(minion, "web-status", **by_name)[0] == 1, "it counts as down")
    assert run(minion, "web-status", **by_file)[0] == 1
    daemon.wait()
    assert run(minion, "web-status", **by_file)[0] == 1


@pytest.mark.parametrize("content", ["", "x", "-1", "4194305", "/etc"])
def test_a_pid_file_with_nonsense_means_down(minion: Minion, tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert run(minion, "mysql-status", pid_file=str(tmp_path / "pid"))[0] == 1
    assert run(minion, "mysql-status", pid_file=str(tmp_path / "none"))[0] == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_counts_while_somebody_listens(minion: Minion, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        assert run(minion, "web-status", port=port)[0] == 0
    assert run(minion, "web-status", port=port)[0] == 1


def test_the_health_line_decides_last(minion: Minion) -> None:
    assert run(minion, "nginx-status", health="exit 0")[0] == 0
    assert run(minion, "nginx-status", health="echo sick; exit 7") == (
        1,
        "sick\nnginx is down: its health command failed\n",
    )


def test_the_disk_is_judged_by_its_policy_or_by_a_default(minion: Minion) -> None:
    assert run(minion, "disk-status", health="exit 1")[0] == 1
    code, said = run(minion, "disk-status")
    assert "% full\n" in said and code == (0 if int(said.split()[2]) < 90 else 1)


def test_the_machine_is_judged_by_the_kernels_own_words(minion: Minion) -> None:
    for name, words in (
        ("memory-status", "% of the memory"),
        ("cpu-status", "processors"),
        ("processes-status", "zombies"),
    ):
        code, said = run(minion, name)
        assert code in (0, 1) and words in said, said
        assert run(minion, name, health="exit 7")[0] == 7


def test_a_restart_ends_what_runs_and_starts_it_again(
    minion: Minion, daemon: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    started = tmp_path / "started"
    config = {"pid_file": str(tmp_path / "pid"), "process": NAME, "start": f"touch {started}"}
    code, said = run(minion, "web-restart", **config)
    assert code == 0 and f"process {daemon.pid} has ended" in said
    until(started.exists, "it was started")


def test_a_restart_ends_nobody_who_merely_has_the_pid(
    minion: Minion, daemon: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    config = {"pid_file": str(tmp_path / "pid"), "process": "mariadbd", "start": ":"}
    assert run(minion, "mysql-restart", **config)[0] == 0
    assert daemon.poll() is None
    assert run(minion, "mysql-restart", pid_file=str(tmp_path / "pid"))[0] == 3
    assert daemon.poll() is None


def test_log_checks_change_nothing_and_do_not_fail(minion: Minion) -> None:
    os.environ["PATH"] += ":/usr/bin:/bin"
    slow = {"disk-log-check", "docker-log-check"}
    for name in [name for name in COMMANDS if name.endswith("-log-check") and name not in slow]:
        code, said = run(minion, name)
        assert code == 0 or "is not installed here" in said or "does not run here" in said, said
