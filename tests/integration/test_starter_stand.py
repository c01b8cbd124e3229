"""The stand that the starter's runbooks are tried on: a real Salt minion without a master, real
programs as private instances in a folder of their own, and the real commands and runbooks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack import ports
from rescuebot import starter

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.salt

# Hands out what a file says, as the master's on-demand pillar does from its ledger.
_PILLAR = """
import json
def ext_pillar(minion_id, pillar, dispatch=None, probe=None, preview=False):
    with open(WORK) as file:
        return {"rescue": json.load(file)}
"""
# Where Debian has its daemons, which no user's path names.
_PLACES = "/usr/local/sbin:/usr/sbin:/sbin"

COMMANDS = {
    (item["target_service"], item["command_type"]): item["command_script"]
    for item in starter.all_commands()
}
RUNBOOKS = {item["title"]: item for item in starter.all_runbooks()}


def program(name: str) -> str:
    """Where a program is; its tests are skipped, visibly, where it is not installed."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:{_PLACES}")
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return path


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition, fifteen seconds at most."""
    for _ in range(750):
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


def shell(line: str, *, code: int | None = 0) -> str:
    """What a shell line says."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert code is None or done.returncode == code, (line, done.stdout, done.stderr)
    return done.stdout + done.stderr


class Stand:
    """A minion in a folder, and what its pillar says."""

    def __init__(self, folder: Path, caller: Any, pillar: Path) -> None:
        self.folder = folder
        self.rescue: dict[str, Any] = {"services": {}}
        self._caller, self._pillar = caller, pillar

    def serve(self, name: str, **config: Any) -> dict[str, Any]:
        """Tell the minion of a service; quick to give up, so that tests are quick."""
        known = {"settle_seconds": 1, "wait_seconds": 10, **config}
        self.rescue["services"][name] = known
        return known

    def run(self, title: str, *, patience: float = 3) -> dict[str, Any]:
        """Check, fix and verify as Rescue Bot would with the runbook of that title."""
        runbook = RUNBOOKS[title]
        service = runbook["service_type"]
        return self._execute(
            {
                "service": service,
                "steps": ["check", "fix", "verify"],
                "check": {"command_id": 1, "script": COMMANDS[service, "status"]},
                "fix": {
                    "kind": runbook["solution_kind"],
                    "solution": runbook["solution_script"],
                    "arguments": {},
                    "command_id": None,
                },
            },
            verify_seconds=patience,
        )

    def check(self, service: str, kind: str = "status") -> tuple[int, str]:
        """What a command of the service returns and says."""
        plan = {"service": service, "steps": ["check"], "fix": None}
        plan["check"] = {"command_id": 1, "script": COMMANDS[service, kind]}
        [step] = self._execute(plan)["steps"]
        return step["retcode"], step["output"]

    def _execute(self, plan: dict[str, Any], *, verify_seconds: float = 3) -> dict[str, Any]:
        dispatch, pinned = uuid.uuid4().hex, json.dumps(plan)
        numbers = {"execution_id": 1, "limit_seconds": 60, "verify_seconds": verify_seconds}
        work = {"dispatch": dispatch, "pinned": pinned, **numbers}
        (self._pillar / "all.sls").write_text(json.dumps({"rescue": self.rescue}))
        answer = {"work": work, "services": self.rescue["services"]}
        (self._pillar / "work").write_text(json.dumps(answer))
        sha256 = hashlib.sha256(pinned.encode()).hexdigest()
        result: dict[str, Any] = self._caller.cmd("rescue.execute", dispatch, sha256)
        return result


class Program:
    """A daemon of our own, started by a shell line, found by its pid file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.port = ports.free(1)[0]
        self.pid_file = self.folder / "pid"
        self.log = self.folder / "log"
        self.start = ""

    @property
    def process(self) -> str:
        """A name that no other process of this machine has, whatever else runs here."""
        return f"{self.folder.name[:8]}-{self.port}"

    def renamed(self, binary: str | Path) -> str:
        """The same program under that name."""
        link = self.folder / self.process
        link.symlink_to(binary)
        return str(link)

    def up(self) -> int:
        """Start it and wait until it listens; its pid."""
        shell(f"setsid sh -c {shlex.quote(self.start)} </dev/null >>{self.log} 2>&1 &")
        until(lambda: self.pid and self.listens(), f"{self.folder.name} runs: {self.said()}")
        return self.pid or 0

    def kill(self) -> None:
        """SIGKILL to it and to all of its processes, as a power cut or the kernel would."""
        end(self.folder)
        until(lambda: not self.pid, "it is dead")

    def said(self) -> str:
        """What its log holds."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int | None:
        """Its pid, while it lives."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(self.pid_file.read_text().split()[0])
            return pid if "VmSize" in Path(f"/proc/{pid}/status").read_text() else None
        return None

    def listens(self) -> bool:
        """Whether its port is open."""
        needle = f":{self.port:04X} "
        return any(
            needle in line.split(" 0A ")[0] and " 0A " in line
            for line in Path("/proc/net/tcp").read_text().splitlines()
        )


def end(folder: Path) -> None:
    """SIGKILL to every process that works in the folder."""
    for _ in range(100):
        ours = [pid for pid in _pids() if _works_in(pid, str(folder))]
        if not ours:
            return
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _pids() -> list[int]:
    found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in found if pid != os.getpid()]


def _works_in(pid: int, folder: str) -> bool:
    """Its command names the folder, or it stands in it, or it has a file of it open."""
    with contextlib.suppress(OSError):
        if "VmSize" not in Path(f"/proc/{pid}/status").read_text():
            return False
        if folder.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
        if os.readlink(f"/proc/{pid}/cwd").startswith(folder):
            return True
        for handle in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{handle}").startswith(folder):
                    return True
    return False


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A minion without a master, and the folder of its pillar."""
    # Not at the top: Salt adds an importer that pytest cannot collect the next file with.
    import salt.client
    import salt.config

    root = tmp_path_factory.mktemp("minion")
    pillar = root / "pillar"
    for folder in (pillar, root / "modules" / "_modules", root / "modules" / "_pillar"):
        folder.mkdir(parents=True)
    (root / "modules/_modules/rescue.py").symlink_to(REPOSITORY / "salt/_modules/rescue.py")
    served = _PILLAR.replace("WORK", repr(str(pillar / "work")))
    (root / "modules/_pillar/rescue.py").write_text(served)
    (pillar / "top.sls").write_text('base: {"*": [all]}')
    (pillar / "all.sls").write_text("{}")
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts |= {
        "id": "web-1",
        "root_dir": str(root),
        "file_client": "local",
        "file_roots": {"base": [str(REPOSITORY / "salt" / "states")]},
        "pillar_roots": {"base": [str(pillar)]},
        "module_dirs": [str(root / "modules")],
        "on_demand_ext_pillar": ["rescue"],
        "conf_file": str(root / "minion"),
        "log_level": "quiet",
    }
    for folder in ("cachedir", "pki_dir", "sock_dir", "extension_modules"):
        opts[folder] = str(root / folder)
    return salt.client.Caller(mopts=opts), pillar


@pytest.fixture
def stand(
    caller: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stand]:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{_PLACES}")
    monkeypatch.setenv("HOME", str(tmp_path))
    yield Stand(tmp_path, *caller)
    end(tmp_path)


def verdict(result: dict[str, Any]) -> str:
    """How it ended."""
    word: str = result["verdict"]
    return word


def said(result: dict[str, Any], step: str = "fix") -> str:
    """What a step said; the text of its scripts, which Salt shows with it, is left out."""
    text = "\n".join(item["output"] for item in result["steps"] if item["step"] == step)
    for begin, end_ in (("Name: ", "Result: "), ('Comment: Command "', "Started: ")):
        text = re.sub(rf"^ +{begin}.*?(?=^ +{end_})", "", text, flags=re.DOTALL | re.MULTILINE)
    return text
