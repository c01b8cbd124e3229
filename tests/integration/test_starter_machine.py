"""The starter's runbooks against a real machine's troubles: a full disk, inodes, memory, zombies,
SSH; and the way out of those whose program or system is not here.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.test_starter_stand import (
    RUNBOOKS,
    Program,
    Stand,
    caller,
    program,
    said,
    shell,
    stand,
    until,
    verdict,
)

__all__ = ["caller", "stand"]
pytestmark = pytest.mark.salt


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small file system of our own: 8 MB, 200 inodes."""
    place = tmp_path / "srv" / "volume"
    place.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", "size=8m,nr_inodes=200", "rescue-test", str(place)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    shell(f"umount -l {place}")


def full(volume: Path, *, limit: int, kind: str = "") -> str:
    """The check of a volume, as a pillar has it: below that many percent."""
    return f"""test "$(df -P{kind} {volume} | awk 'NR == 2 {{print $5 + 0}}')" -lt {limit}"""


def test_a_full_disk_loses_what_the_pillar_gives_free_and_nothing_else(
    stand: Stand, volume: Path
) -> None:
    logs = volume / "app" / "log"
    logs.mkdir(parents=True)
    for name in ("1.gz", "2.gz", "app.log", "fresh.gz"):
        (logs / name).write_bytes(b"x" * 1_900_000)
        os.utime(logs / name, None if name == "fresh.gz" else (0, 0))
    stand.serve("disk", health=full(volume, limit=60))
    stand.rescue["disk_full"] = {
        "path": str(volume),
        "threshold_percent": 60,
        "package_cache": False,
        "journal_vacuum": "",
        "clean": [f"{logs}/*.gz"],
    }
    assert stand.check("disk")[0] == 1
    result = stand.run("Make room on the disk")
    assert verdict(result) == "fixed", said(result)
    assert sorted(path.name for path in logs.iterdir()) == ["app.log", "fresh.gz"]


def test_old_small_files_go_where_inodes_run_out(stand: Stand, volume: Path) -> None:
    sessions, other = volume / "php" / "sessions", volume / "php" / "other"
    sessions.mkdir(parents=True)
    other.mkdir()
    for number in range(150):
        (sessions / f"sess_{number}").touch()
        os.utime(sessions / f"sess_{number}", (0, 0))
    for path in (sessions / "sess_new", sessions / "keep", other / "sess_old"):
        path.touch()
    for path in (sessions / "keep", other / "sess_old"):
        os.utime(path, (0, 0))
    (sessions / "astray").symlink_to(other)
    stand.serve("disk", health=full(volume, limit=50, kind="i"))
    stand.rescue["inodes"] = {"path": str(volume), "threshold_percent": 50}
    title = "Remove small old files where inodes run out"
    told = stand.run(title, patience=0.1)
    assert verdict(told) == "changed_not_fixed"
    assert f"153 {sessions}" in said(told)
    assert len(list(sessions.iterdir())) == 153

    for folder in ("/", "/var", "/tmp/../etc/ssl", "relative/x"):
        stand.rescue["inodes"]["clean"] = [{"folder": folder, "name": "*"}]
        assert "reach too far" in said(stand.run(title, patience=0.1))
    rule = {"folder": str(sessions), "name": "sess_*", "older_than_days": 1}
    stand.rescue["inodes"]["clean"] = [rule]
    assert verdict(stand.run(title)) == "fixed"
    assert {path.name for path in sessions.iterdir()} == {"sess_new", "keep", "astray"}
    assert (other / "sess_old").exists()


class Holder(Program):
    """Holds a deleted file open, or a lot of memory, until it is restarted."""

    def __init__(self, folder: Path, name: str, body: str) -> None:
        super().__init__(folder, name)
        script = self.folder / "holder.py"
        script.write_text(
            "import os, signal, socket, sys\n"
            f"open({str(self.pid_file)!r}, 'w').write(str(os.getpid()))\n"
            f"open('/proc/self/comm', 'w').write({name!r})\n"
            f"first = not os.path.exists({str(self.folder / 'before')!r})\n"
            f"open({str(self.folder / 'before')!r}, 'w').close()\n"
            f"{body}\n"
            f"door = socket.create_server(('127.0.0.1', {self.port}))\n"
            "signal.pause()\n"
        )
        self.start = shlex.join([sys.executable, "-I", "-S", str(script)])

    def served(self, stand: Stand, **config: Any) -> None:
        stand.serve(
            self.folder.name,
            process=self.folder.name,
            pid_file=str(self.pid_file),
            port=self.port,
            start=self.start,
            stop=f"kill $(cat {self.pid_file}); sleep 0.3",
            **config,
        )


def test_deleted_files_are_let_go_by_who_may_be_restarted(stand: Stand, volume: Path) -> None:
    gone = volume / "gone"
    body = f"f = open({str(gone)!r}, 'wb') if first else None\n"
    body += f"if f: f.write(b'x' * 6_000_000); f.flush(); os.unlink({str(gone)!r})"
    holder, innocent = Holder(stand.folder, "holder", body), Holder(stand.folder, "innocent", "")
    holder.served(stand)
    innocent.served(stand)
    pids = holder.up(), innocent.up()
    stand.serve("disk", health=full(volume, limit=60))
    stand.rescue["disk_full"] = {"path": str(volume), "deleted_megabytes": 2}
    title = "Free deleted files that are held open"
    told = stand.run(title, patience=0.1)
    assert verdict(told) == "changed_not_fixed"
    assert f"{pids[0]} holder" in said(told) and "rescue:disk_full:restart" in said(told)
    assert (holder.pid, innocent.pid) == pids

    stand.rescue["disk_full"]["restart"] = ["innocent", "holder"]
    result = stand.run(title)
    assert verdict(result) == "fixed", said(result)
    assert holder.pid not in (None, pids[0]) and innocent.pid == pids[1]


def test_a_service_that_has_grown_is_restarted_if_the_pillar_names_it(stand: Stand) -> None:
    body = "hoard = bytearray(80_000_000) if first else None"
    grown = Holder(stand.folder, "grown", body)
    grown.served(stand)
    pid = grown.up()
    small = (
        f"test \"$(awk '/^VmRSS/ {{print $2}}' /proc/$(cat {grown.pid_file})/status)\" -lt 50000"
    )
    stand.serve("memory", health=small)
    stand.rescue["memory"] = {"threshold_percent": 101}
    title = "Restart services that have grown"
    assert "rescue:memory:restart" in said(stand.run(title, patience=0.1))
    stand.rescue["memory"]["restart"] = ["grown"]
    assert verdict(stand.run(title, patience=0.1)) == "changed_not_fixed"
    assert grown.pid == pid  # the memory is not that full
    stand.rescue["memory"]["threshold_percent"] = 0
    assert verdict(stand.run(title)) == "fixed"
    assert grown.pid not in (None, pid)


def test_what_ran_out_of_memory_is_started_again(stand: Stand) -> None:
    victim = Holder(stand.folder, "victim", "")
    victim.served(stand)
    victim.up()
    os.kill(victim.pid or 0, signal.SIGKILL)
    stand.serve("memory", needs=["victim"], health=f"kill -0 $(cat {victim.pid_file})")
    until(lambda: victim.pid is None, "it is gone")
    result = stand.run("Start again what ran out of memory")
    assert verdict(result) == "fixed", said(result)
    assert victim.pid


def test_evidence_of_memory_tells_the_largest_processes_and_changes_nothing(stand: Stand) -> None:
    large = Holder(stand.folder, "rescue-large", "hoard = bytearray(300_000_000)")
    pid = large.up()
    stand.serve("memory", health="false")
    result = stand.run("Tell who uses the memory", patience=0.1)
    assert verdict(result) == "changed_not_fixed"
    assert f"kB, pid {pid} rescue-large" in said(result) and large.pid == pid


def test_evidence_of_the_processors_tells_who_computes(stand: Stand) -> None:
    busy = subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])
    try:
        stand.serve("cpu", health="false")
        result = stand.run("Tell who uses the processors", patience=0.1)
        assert f"ticks, pid {busy.pid} sh" in said(result)
        assert busy.poll() is None
    finally:
        busy.kill()
        busy.wait()


def zombies_of(pid: int) -> int:
    """How many of its children have ended and not been asked for how."""
    return sum(one.status() == psutil.STATUS_ZOMBIE for one in psutil.Process(pid).children())


def test_the_parent_of_zombies_is_told(stand: Stand) -> None:
    body = "for n in range(60): os.fork() or os._exit(0)"
    careless = Holder(stand.folder, "careless", body)
    pid = careless.up()
    until(lambda: zombies_of(pid) == 60, "they are all zombies")
    until(lambda: stand.check("processes")[0] == 1, "there are many zombies")
    result = stand.run("Tell whose dead children pile up", patience=0.1)
    assert verdict(result) == "changed_not_fixed"
    assert f"60 of {pid} careless" in said(result) and careless.pid == pid


class SSHServer(Program):
    """sshd with a key and a file of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "ssh")
        key, self.config = self.folder / "key", self.folder / "sshd_config"
        binary = program("sshd")
        shell(f"ssh-keygen -q -t ed25519 -N '' -f {key}")
        self.config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile {self.pid_file}\n"
        )
        self.start = f"{binary} -f {self.config} -E {self.log}"
        self.test = f"{binary} -t -f {self.config}"


def test_an_ssh_server_without_its_folder_is_started(stand: Stand) -> None:
    server = SSHServer(stand.folder)
    needed = Path("/run/sshd")
    keys = sorted(Path("/etc/ssh").glob("ssh_host_*"))
    stand.serve(
        "sshd",
        process="sshd",
        pid_file=str(server.pid_file),
        port=server.port,
        start=server.start,
        config_test=server.test,
        config=[str(server.config)],
    )
    was = needed.exists()
    if was and not any(needed.iterdir()):
        needed.rmdir()
    try:
        assert "/run/sshd" in shell(server.test, code=None) or needed.exists()
        assert verdict(stand.run("Start the SSH server")) == "fixed"
        assert server.pid and sorted(Path("/etc/ssh").glob("ssh_host_*")) == keys

        server.kill()
        server.config.write_text(server.config.read_text() + "PermitRootLogon yes\n")
        for title in (
            "Start the SSH server",
            "Tell what is wrong with the SSH server's configuration",
        ):
            result = stand.run(title, patience=0.1)
            assert verdict(result) == "changed_not_fixed"
            assert "PermitRootLogon" in said(result) and server.pid is None
    finally:
        if not was and needed.exists():
            needed.rmdir()


# --- what is not here says so, and changes nothing ---

# Where these are installed and running, their runbooks would really act.
NO_DOCKER = "the Docker daemon does not answer|docker is not installed"
NOT_HERE = {
    "Start the containers that must run": NO_DOCKER,
    "Remove what Docker no longer uses": NO_DOCKER,
    "Step the clock": "chronyc is not installed|chronyd does not answer",
    "Start failed units": "systemd does not run here",
    "Start the CloudWatch agent": "No such file",
    "Start the SSM agent": "not available|OFFLINE",
}


@pytest.mark.parametrize("title", NOT_HERE)
def test_a_runbook_refuses_where_its_tool_is_missing(stand: Stand, title: str) -> None:
    if Path("/run/systemd/system").exists() or Path("/var/run/docker.sock").exists():
        pytest.skip("this machine has systemd or Docker, so the runbook would really act")
    allowed = {"containers": ["web"], "units": ["x.service"], "health": "false"}
    stand.serve(RUNBOOKS[title]["service_type"], **allowed)
    result = stand.run(title, patience=0.1)
    assert verdict(result) == "changed_not_fixed"
    assert re.search(NOT_HERE[title], said(result)), said(result)


def test_the_swap_is_left_alone_where_nothing_is_swapped_out(stand: Stand) -> None:
    swaps = Path("/proc/swaps").read_text()
    if len(swaps.splitlines()) > 1:
        pytest.skip("this machine has swap, so the runbook would really act")
    stand.serve("memory", health="false")
    assert "there is nothing to take back" in said(stand.run("Empty the swap", patience=0.1))
    assert Path("/proc/swaps").read_text() == swaps
