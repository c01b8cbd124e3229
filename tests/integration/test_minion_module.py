"""The module and the states on a real minion without a master (salt-call --local): a real daemon
is killed, hangs or is badly configured, and what the states do about it is seen from outside.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack import ports

REPOSITORY = Path(__file__).parents[2]
DAEMON = [sys.executable, "-I", "-S", str(REPOSITORY / "devstack" / "daemon.py")]

pytestmark = pytest.mark.salt

# Hands out what a file says, as the master's on-demand pillar does from its ledger.
_PILLAR = """
import json
def ext_pillar(minion_id, pillar, dispatch=None, probe=None):
    if probe is not None:
        return {"rescue": {"probe": probe}}
    with open(WORK) as file:
        return {"rescue": {"work": json.load(file)[dispatch]}}
"""


def until(condition: Callable[[], Any], what: str) -> Any:
    for _ in range(1500):
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Minion:
    """A minion in a folder of its own, with one daemon under rescue as service `web`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"rescue-{uuid.uuid4().hex[:8]}"
        self.port = ports.free(1)[0]
        self.pid_file = folder / "web.pid"
        self.starts = folder / "starts"
        self.service: dict[str, Any] = {
            "process": self.name,
            "pid_file": str(self.pid_file),
            "port": self.port,
            "health": " ".join([*DAEMON, "ping", f"--port={self.port}"]),
            "start": f"echo x >> {self.starts}; " + " ".join(self._serve()),
            "settle_seconds": 1,
            "wait_seconds": 10,
        }
        self.rescue: dict[str, Any] = {"services": {"web": self.service}}
        self._lay_out()

    def _serve(self) -> list[str]:
        files = [f"--pid-file={self.pid_file}", f"--log={self.folder / 'web.log'}"]
        return [*DAEMON, "serve", f"--name={self.name}", f"--port={self.port}", *files]

    def _lay_out(self) -> None:
        for name in ("_modules", "_pillar"):
            (self.folder / "modules" / name).mkdir(parents=True)
        module = self.folder / "modules" / "_modules" / "rescue.py"
        module.symlink_to(REPOSITORY / "salt" / "_modules" / "rescue.py")
        served = _PILLAR.replace("WORK", repr(str(self.folder / "work")))
        (self.folder / "modules" / "_pillar" / "rescue.py").write_text(served)
        (self.folder / "pillar").mkdir()
        (self.folder / "pillar" / "top.sls").write_text('base: {"*": [all]}')
        config = {
            "id": "web-1",
            "root_dir": str(self.folder / "root"),
            "file_client": "local",
            "file_roots": {"base": [str(REPOSITORY / "salt" / "states")]},
            "pillar_roots": {"base": [str(self.folder / "pillar")]},
            "module_dirs": [str(self.folder / "modules")],
            "on_demand_ext_pillar": ["rescue"],
        }
        (self.folder / "minion").write_text(json.dumps(config))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a salt-call."""
        (self.folder / "pillar" / "all.sls").write_text(json.dumps({"rescue": self.rescue}))
        program = [str(Path(sys.executable).with_name("salt-call")), "-c", str(self.folder)]
        options = ["--local", "--retcode-passthrough", "--out=json", "--log-level=quiet"]
        return subprocess.Popen(
            [*program, *options, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def call(self, *arguments: str, code: int = 0) -> Any:
        """What a salt-call answers; its return code must be `code`."""
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, out + err
        return json.loads(out)["local"]

    def apply(self, state: str, *, code: int = 0, service: str = "web") -> dict[str, Any]:
        """Apply a state as Rescue Bot does; {id: its outcome}."""
        pillar = json.dumps({"rescue_run": {"service": service, "arguments": {}}})
        answer = self.call("state.apply", f"rescue.{state}", f"pillar={pillar}", code=code)
        return {outcome["__id__"]: outcome for outcome in answer.values()}

    def prepare(self, *, steps: list[str], fix: dict[str, Any], **work: Any) -> list[str]:
        """Put work where the pillar finds it; the arguments of the job."""
        dispatch = uuid.uuid4().hex
        fix = {"arguments": {}, "command_id": None, **fix}
        pinned = json.dumps({"service": "web", "steps": steps, "check": None, "fix": fix})
        numbers = {"execution_id": 1, "limit_seconds": 60, "verify_seconds": 10}
        handed = {dispatch: {"dispatch": dispatch, "pinned": pinned, **numbers, **work}}
        (self.folder / "work").write_text(json.dumps(handed))
        return [dispatch, hashlib.sha256(pinned.encode()).hexdigest()]

    def execute(self, *, code: int = 0, **work: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.call("rescue.execute", *self.prepare(**work), code=code)
        return result

    def start(self) -> int:
        subprocess.run(self._serve(), check=True, stdin=subprocess.DEVNULL)
        return int(until(self.pid, "the daemon runs"))

    def pid(self) -> int | None:
        """The pid of the living daemon."""
        try:
            pid = int(self.pid_file.read_text())
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return pid if name == self.name and lives(pid) else None

    def started(self) -> int:
        """How often the start command has run."""
        return self.starts.read_text().count("x") if self.starts.exists() else 0


@pytest.fixture
def minion(tmp_path: Path) -> Iterator[Minion]:
    minion = Minion(tmp_path)
    yield minion
    for name in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if name.read_text().strip() == minion.name:
                os.kill(int(name.parent.name), signal.SIGKILL)


def results(states: dict[str, Any]) -> dict[str, bool]:
    return {name: outcome["result"] for name, outcome in states.items()}


FULL = ["check", "fix", "verify"]
STATE = {"kind": "state", "solution": "rescue.service"}


# --- the states ---


def test_a_killed_daemon_is_started_once_and_then_left_alone(minion: Minion) -> None:
    os.kill(minion.start(), signal.SIGKILL)
    states = minion.apply("service")
    assert states["rescue_service_is_started"]["changes"]
    assert minion.started() == 1 and minion.pid()
    pid = minion.pid()
    again = minion.apply("service")
    assert all(not outcome["changes"] for outcome in again.values())
    assert minion.started() == 1 and minion.pid() == pid


def test_a_daemon_that_the_states_started_has_nothing_of_ours(minion: Minion) -> None:
    minion.apply("service")
    pid = minion.pid()
    assert os.getsid(pid) == pid or os.getsid(pid) != os.getsid(0)
    files = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    salts = str(minion.folder / "root")
    assert not [name for name in files if name.startswith(salts) and "start-web.log" not in name]


def test_a_daemon_that_hangs_is_ended_as_the_pillar_says(minion: Minion) -> None:
    pid = minion.start()
    os.kill(pid, signal.SIGSTOP)
    refused = minion.apply("service", code=2)
    assert "rescue:services:web:stop" in refused["rescue_service_does_not_hang"]["comment"]
    assert results(refused)["rescue_service_is_started"] is False and minion.started() == 0

    minion.service["stop"] = f"kill -KILL $(cat {minion.pid_file})"
    states = minion.apply("service")
    assert all(results(states).values())
    assert minion.started() == 1 and minion.pid() not in (None, pid)


def test_a_broken_configuration_is_told_and_nothing_is_touched(minion: Minion) -> None:
    minion.service["config_test"] = "sh -c 'echo line 7 is wrong; exit 1'"
    states = minion.apply("apache", code=2)
    test = states["rescue_configuration_is_valid"]
    assert test["result"] is False and test["changes"]["stdout"] == "line 7 is wrong"
    assert minion.started() == 0


def test_a_start_that_fails_shows_what_it_said(minion: Minion) -> None:
    minion.service |= {"start": "echo no such data >&2; exit 1", "wait_seconds": 1}
    states = minion.apply("service", code=2)
    assert "does not run" in states["rescue_service_answers"]["comment"]
    assert "no such data" in states["rescue_start_has_said"]["changes"]["stdout"]


def test_mysql_tidies_up_only_when_nothing_of_that_name_runs(minion: Minion) -> None:
    socket = minion.folder / "web.sock"
    minion.service["socket"] = str(socket)
    socket.touch()
    pid = minion.start()
    moved = minion.pid_file.rename(minion.folder / "moved.pid")
    minion.pid_file.write_text("4194305\n")
    minion.service |= {"stop": "true", "wait_seconds": 1}
    minion.apply("mysql", code=2)  # its port is taken by the namesake, so it cannot start
    assert socket.exists() and minion.pid_file.read_text() == "4194305\n"
    os.kill(pid, signal.SIGKILL)
    until(lambda: not lives(pid), "the namesake is gone")
    moved.unlink()
    minion.service["wait_seconds"] = 10
    states = minion.apply("mysql")
    assert not socket.exists() and all(results(states).values())


def test_only_old_files_below_the_patterns_go_from_a_full_disk(minion: Minion) -> None:
    logs, outside = minion.folder / "var" / "logs", minion.folder / "outside"
    (logs / "a b").mkdir(parents=True)
    outside.mkdir()
    old = [logs / "a b" / "x y.gz", logs / "1.gz"]
    kept = [logs / "app.log", logs / "new.gz", outside / "z.gz"]
    for path in (*old, *kept):
        path.write_bytes(os.urandom(1_000_000))
        if path.name != "new.gz":
            os.utime(path, (0, 0))
    (logs / "astray").symlink_to(outside)
    (logs / "link.gz").symlink_to(outside / "z.gz")
    minion.rescue["disk_full"] = {
        "path": str(minion.folder),
        "threshold_percent": 0,
        "package_cache": False,
        "journal_vacuum": "",
        "clean": [f"{logs}/*.gz", f"{logs}/*/*.gz", f"{minion.folder}/nothing/*"],
    }
    states = minion.apply("disk_full", code=2)
    assert not [path for path in old if path.exists()]
    assert all(path.exists() for path in (*kept, logs / "link.gz"))
    said = states["rescue_disk_old_files"]["changes"]["stdout"].splitlines()
    assert set(said[:-1]) == {str(path) for path in old}
    assert said[-1].startswith("freed ") and said[-1].endswith(" bytes")
    assert "0 % full" in states["rescue_disk_has_room"]["comment"]

    minion.rescue["disk_full"]["threshold_percent"] = 101
    os.utime(logs / "new.gz", (0, 0))
    minion.apply("disk_full")
    assert (logs / "new.gz").exists()


def test_evidence_is_gathered_and_a_missing_log_is_told(minion: Minion) -> None:
    log = minion.folder / "app.log"
    log.write_text("".join(f"line {number}\n" for number in range(500)))
    minion.service["logs"] = [str(log)]
    states = minion.apply("log_check")
    said = states["rescue_log_1"]["changes"]["stdout"].splitlines()
    assert said[0] == str(log) and said[1:] == [f"line {number}" for number in range(400, 500)]
    log.unlink()
    missing = minion.apply("log_check", code=2)
    assert "No such file" in missing["rescue_log_1"]["changes"]["stderr"]


# --- rescue.execute in a real minion ---


def test_a_killed_daemon_is_rescued_and_a_second_time_changes_nothing(minion: Minion) -> None:
    os.kill(minion.start(), signal.SIGKILL)
    work = minion.prepare(steps=FULL, fix=STATE)
    result = minion.call("rescue.execute", *work)
    assert result["verdict"] == "fixed", result
    assert [step["status"] for step in result["steps"]] == ["failed", "success", "success"]
    assert "ID: rescue_service_is_started" in result["steps"][1]["output"]
    assert minion.started() == 1 and minion.pid()
    assert minion.call("rescue.execute", *work) == result
    assert minion.execute(steps=FULL, fix=STATE)["verdict"] == "nothing_to_fix"
    assert minion.started() == 1


def test_state_data_in_the_usual_form_is_really_run(minion: Minion) -> None:
    solution = f"""
touch it:
  file.touch:
    - name: {minion.folder}/{{{{ grains.id }}}}
tell:
  cmd.run:
    - name: echo done
    - require:
      - file: touch it
"""
    result = minion.execute(steps=["fix"], fix={"kind": "sls", "solution": solution})
    assert result["verdict"] == "done", result
    assert (minion.folder / "{{ grains.id }}").exists()
    assert "Succeeded: 2" in result["steps"][0]["output"]


@pytest.mark.parametrize("solution", ["rescue.none", "rescue.service"])
def test_a_state_that_fails_is_told(minion: Minion, solution: str) -> None:
    minion.rescue["services"] = {}
    fix = {"kind": "state", "solution": solution}
    result = minion.execute(steps=["fix"], fix=fix, code=1)
    assert result["verdict"] == "failed"
    said = {"rescue.none": "No matching sls found", "rescue.service": "rescue:services:web:start"}
    assert said[solution] in result["steps"][0]["output"]


def test_another_state_run_makes_us_busy(minion: Minion) -> None:
    other = minion.begin("state.single", "cmd.run", f"touch {minion.folder}/begun; sleep 60")
    until((minion.folder / "begun").exists, "the other state run has begun")
    result = minion.execute(steps=FULL, fix=STATE, code=1)
    os.killpg(other.pid, signal.SIGKILL)
    other.communicate()
    assert result["verdict"] == "busy", result
    assert minion.started() == 0


def test_states_end_at_the_limit_with_what_they_started(minion: Minion) -> None:
    marks = minion.folder / "pids"
    inner = f"sh -c 'echo $$ >> {marks}; sleep 300; :'"
    solution = f'wait: {{cmd.run: [{{name: "echo $$ >> {marks}; setsid {inner}; :"}}]}}'
    fix = {"kind": "sls", "solution": solution}
    result = minion.execute(steps=["fix"], fix=fix, limit_seconds=5, code=1)
    assert (result["verdict"], result["steps"][0]["status"]) == ("timeout", "timeout")
    assert not [pid for pid in map(int, marks.read_text().split()) if lives(pid)]


def test_the_other_functions_answer(minion: Minion) -> None:
    assert minion.call("rescue.self_test", "n-1") == {
        "rescue": 1,
        "module": "0.1.0",
        "pillar": "n-1",
        "services": ["web"],
    }
    assert minion.call("rescue.status", "web", code=1)["up"] is False
    pid = minion.start()
    assert minion.call("rescue.status", "web")["up"] is True
    assert minion.call("rescue.processes", "web") == [pid]
    assert minion.call("rescue.hangs", "web", code=1) is False
    assert minion.call("rescue.wait_until_up", "web")["tries"] == 1
