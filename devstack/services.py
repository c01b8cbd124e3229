"""The services under rescue: real daemons with a start command, a pid file and a health check.

They belong to a minion, not to us: after a fix it is the minion that has started them. So they are
always found by their pid file, and ended only when they carry the mark of the world.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from devstack import mariadb, ports, procfs
from devstack.errors import WorldError
from devstack.place import Place
from devstack.process import belongs
from devstack.procfs import Identity
from devstack.waiting import until

_DAEMON = Path(__file__).resolve().parent / "daemon.py"
_MONITOR = "monitor"


class Service(ABC):
    """One daemon of one minion."""

    def __init__(self, *, name: str, minion_id: str, place: Place, port: int) -> None:
        self.name = name
        self.minion_id = minion_id
        self.port = port
        self.directory = place.folder("services", minion_id, name)
        self.pid_file = self.directory / f"{name}.pid"
        self.log_file = place.logs / f"{minion_id}-{name}.log"
        self._counter = self.directory / "starts"
        self._script = self.directory / "start"
        self._place = place

    @property
    @abstractmethod
    def process(self) -> str:
        """The name of the process, as the kernel has it."""

    @abstractmethod
    def health(self) -> list[str]:
        """The command that exits 0 when the service is healthy."""

    @abstractmethod
    def detached(self) -> str:
        """The shell line that starts the daemon and returns at once."""

    def prepare(self) -> None:
        """Make what the start command needs, and the start command itself."""
        lines = [
            "#!/bin/sh",
            f"# Starts {self.name} of {self.minion_id} and counts how often.",
            "set -eu",
            # One short line is appended in one piece, whoever else does it at the same time.
            f"date -u +%Y-%m-%dT%H:%M:%S.%NZ >> {shlex.quote(str(self._counter))}",
            self.detached(),
        ]
        self._script.write_text("\n".join(lines) + "\n")
        self._script.chmod(0o700)

    def start_command(self) -> str:
        """The shell line that a minion runs to start the service."""
        return shlex.quote(str(self._script))

    def pillar(self) -> dict[str, Any]:
        """What the minion is told about the service. There is no unit: no systemd in here."""
        return {
            "process": self.process,
            "pid_file": str(self.pid_file),
            "port": self.port,
            "start": self.start_command(),
            "health": shlex.join(self.health()),
        }

    def note(self) -> dict[str, Any]:
        """What others may know about it."""
        return {"process": self.process, "pid_file": str(self.pid_file), "port": self.port}

    def start(self, *, seconds: float = 120) -> None:
        """Start it as the minion would and wait until it is up."""
        environment = self._place.environment()
        done = subprocess.run(
            ["/bin/sh", "-c", self.start_command()],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise WorldError(f"{self.name} cannot be started.", remedy=done.stdout + done.stderr)
        until(self.is_up, seconds=seconds, what=f"{self.name} is up", explain=self.log)

    def is_up(self) -> bool:
        """Whether the daemon runs and its health check passes."""
        return self.pid is not None and self._is_healthy()

    @property
    def pid(self) -> int | None:
        """The pid of the living daemon, None when there is none."""
        identity = self.identity
        return identity.pid if identity else None

    @property
    def identity(self) -> Identity | None:
        """The living daemon. A stranger that has its pid by now is not it."""
        return living(self.pid_file, self._place)

    def started_at(self) -> datetime | None:
        """When the start command last ran."""
        lines = self._counted()
        return datetime.fromisoformat(lines[-1]).astimezone(UTC) if lines else None

    def starts(self) -> int:
        """How often the start command has run, by whomever."""
        return len(self._counted())

    def kill(self) -> int:
        """SIGKILL the daemon, wait until it is gone, and say which pid it was."""
        return self._end(SIGKILL)

    def stop(self) -> int:
        """End the daemon as an administrator would, and say which pid it was."""
        return self._end(SIGTERM)

    def log(self) -> str:
        """What the daemon has written."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _end(self, signum: Any) -> int:
        identity = self.identity
        if identity is None or not identity.send(signum):
            raise WorldError(f"{self.name} of {self.minion_id} does not run.")
        until(
            lambda: not identity.is_alive(), seconds=30, what=f"{self.name} ends", explain=self.log
        )
        return identity.pid

    def _counted(self) -> Sequence[str]:
        return self._counter.read_text().split() if self._counter.exists() else []

    def _is_healthy(self) -> bool:
        ask = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 10}
        try:
            return subprocess.run(self.health(), check=False, **ask).returncode == 0
        except subprocess.TimeoutExpired:
            return False


class BundledService(Service):
    """The small daemon that comes with the project."""

    @property
    def process(self) -> str:
        return f"rescue-{self.name}"

    def health(self) -> list[str]:
        return [*self._python(), "ping", f"--port={self.port}"]

    def detached(self) -> str:
        # It puts itself into the background once its port is open.
        return "exec " + shlex.join(
            [
                *self._python(),
                "serve",
                f"--name={self.process}",
                f"--port={self.port}",
                f"--pid-file={self.pid_file}",
                f"--log={self.log_file}",
            ]
        )

    @staticmethod
    def _python() -> list[str]:
        # Isolated and without site-packages: that starts in a few milliseconds.
        return [sys.executable, "-I", "-S", str(_DAEMON)]


class MariaDBService(Service):
    """A real MariaDB server, small enough to stand beside others."""

    @property
    def process(self) -> str:
        return "mariadbd"

    def prepare(self) -> None:
        mariadb.install(self.directory / "data", log=self.log_file)
        # An account without any right and password, as monitoring has it on many servers.
        first = f"CREATE USER IF NOT EXISTS '{_MONITOR}'@'localhost';\n"
        (self.directory / "first.sql").write_text(first)
        super().prepare()

    def health(self) -> list[str]:
        return [
            shutil.which("mariadb-admin") or shutil.which("mysqladmin") or "mariadb-admin",
            "--no-defaults",
            f"--socket={self._socket()}",
            f"--user={_MONITOR}",
            "--connect-timeout=3",
            "ping",
        ]

    def detached(self) -> str:
        arguments = [
            *mariadb.server_arguments(
                data=self.directory / "data", port=self.port, socket=self._socket()
            ),
            f"--pid-file={self.pid_file}",
            f"--init-file={self.directory / 'first.sql'}",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=4M",
            "--performance-schema=OFF",
        ]
        words = shlex.join(str(argument) for argument in arguments)
        return f"setsid {words} < /dev/null >> {shlex.quote(str(self.log_file))} 2>&1 &"

    def _socket(self) -> Path:
        return self._place.sockets / f"{self.minion_id}-{self.name}.sock"


def living(pid_file: Path, place: Place) -> Identity | None:
    """The daemon of this world that a pid file names, None when it does not run."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return procfs.identify(pid) if belongs(pid, place) else None


def kill(pid_file: Path, place: Place) -> Identity | None:
    """SIGKILL the daemon that a pid file names; which one it was, None when none runs."""
    identity = living(pid_file, place)
    if identity is None or not identity.send(SIGKILL):
        return None
    until(lambda: not identity.is_alive(), seconds=30, what=f"pid {identity.pid} ends")
    return identity


def build(*, minion_id: str, place: Place, real_mysql: bool) -> dict[str, Service]:
    """The services of one minion, prepared and not yet started."""
    mysql_port, web_port = ports.free(2)
    mysql: type[Service] = MariaDBService if real_mysql else BundledService
    services = [
        mysql(name="mysql", minion_id=minion_id, place=place, port=mysql_port),
        BundledService(name="web", minion_id=minion_id, place=place, port=web_port),
    ]
    for service in services:
        service.prepare()
    return {service.name: service for service in services}
