"""The module and the states on a real minion without a master (salt-call --local): a real daemon
is killed, hangs or is badly configured, and what the states do about it is seen from outside.

What needs the files of a master is tried with one, at the end.
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
from devstack.world import World

REPOSITORY = Path(__file__).parents[2]
DAEMON = [sys.executable, "-I", "-S", str(REPOSITORY / "devstack" / "daemon.py")]

pytestmark = pytest.mark.salt

# Hands out what a file says, as the master's on-demand pillar does from its ledger.
_PILLAR = """
import json
def ext_pillar(minion_id, pillar, dispatch=None, probe=None, preview=False):
    if probe is not None:
        return {"rescue": {"probe": probe}}
    with open(WORK) as file:
        work = json.load(file)[dispatch]
    return {"rescue": {"work": {**work, "preview": True} if preview else work}}
"""


def hand_out(file: Path, *, steps: list[str], fix: dict[str, Any], **work: Any) -> list[str]:
    """Put work where the pillar finds it; the arguments of the job."""
    dispatch, check = uuid.uuid4().hex, work.pop("check", None)
    fix = {"arguments": {}, "command_id": None, **fix}
    pinned = json.dumps({"service": "web", "steps": steps, "check": check, "fix": fix})
    numbers = {"execution_id": 1, "limit_seconds": 60, "verify_seconds": 10}
    file.write_text(
        json.dumps({dispatch: {"dispatch": dispatch, "pinned": pinned, **numbers, **work}})
    )
    return [dispatch, hashlib.sha256(pinned.encode()).hexdigest()]


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

    def prepare(self, **work: Any) -> list[str]:
        return hand_out(self.folder / "work", **work)

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
    for limit in (5, 60):  # A busy machine may need longer than five seconds to begin.
        result = minion.execute(steps=["fix"], fix=fix, limit_seconds=limit, code=1)
        assert (result["verdict"], result["steps"][0]["status"]) == ("timeout", "timeout")
        if marks.exists():
            break
    assert not [pid for pid in map(int, marks.read_text().split()) if lives(pid)]


def test_the_other_functions_answer(minion: Minion) -> None:
    assert minion.call("rescue.self_test", "n-1") == {
        "rescue": 1,
        "module": "0.1.0",
        "halted": False,
        "pillar": "n-1",
        "services": ["web"],
    }
    assert minion.call("rescue.status", "web", code=1)["up"] is False
    pid = minion.start()
    assert minion.call("rescue.status", "web")["up"] is True
    assert minion.call("rescue.processes", "web") == [pid]
    assert minion.call("rescue.hangs", "web", code=1) is False
    assert minion.call("rescue.wait_until_up", "web")["tries"] == 1


def test_a_preview_of_a_real_rescue_changes_nothing(minion: Minion) -> None:
    os.kill(minion.start(), signal.SIGKILL)
    work = minion.prepare(steps=FULL, fix=STATE)
    first = minion.call("rescue.preview", *work)
    assert (first["verdict"], first["reason"]) == ("previewed", "would_change"), first
    assert first["service_up"] is False and minion.started() == 0
    assert "ID: rescue_service_is_started" in first["output"]
    assert first["changes"]["would_change"] >= 1 and first["changes"]["would_fail"] == 0
    assert minion.call("rescue.preview", *work)["rendered_sha256"] == first["rendered_sha256"]
    minion.service["wait_seconds"] = 11
    assert minion.call("rescue.preview", *work)["rendered_sha256"] != first["rendered_sha256"]

    assert minion.execute(steps=FULL, fix=STATE)["verdict"] == "fixed"
    second = minion.call("rescue.preview", *minion.prepare(steps=FULL, fix=STATE))
    assert second["service_up"] is True and second["reason"] == "would_not_change"
    assert minion.started() == 1


def test_an_approved_rescue_is_the_same_rescue(minion: Minion) -> None:
    os.kill(minion.start(), signal.SIGKILL)
    previewed = minion.call("rescue.preview", *minion.prepare(steps=FULL, fix=STATE))
    fix = {**STATE, "rendered_sha256": previewed["rendered_sha256"]}
    result = minion.execute(steps=FULL, fix=fix)
    assert result["verdict"] == "fixed", result
    assert "ID: rescue_service_is_started" in result["steps"][1]["output"]
    assert minion.started() == 1 and minion.pid()


def test_a_preview_shows_what_a_file_would_become(minion: Minion) -> None:
    target = minion.folder / "app.conf"
    target.write_text("port = 80\n")
    states = f'conf: {{file.managed: [{{name: {target}}}, {{contents: "port = 81"}}]}}'
    fix = {"kind": "sls", "solution": states}
    result = minion.call("rescue.preview", *minion.prepare(steps=["fix"], fix=fix))
    assert result["changes"] == {"total": 1, "would_change": 1, "would_fail": 0, "unchanged": 0}
    assert "-port = 80" in result["output"] and "+port = 81" in result["output"]
    assert target.read_text() == "port = 80\n"


def test_a_halt_between_fetch_and_fix_stops_a_real_run(minion: Minion) -> None:
    checked = minion.folder / "checked"
    script = f"touch {checked}; while test ! -e {minion.folder}/go; do sleep 0.05; done; exit 1"
    check = {"command_id": 1, "script": script}
    work = minion.prepare(steps=FULL, fix=STATE, check=check)
    running = minion.begin("rescue.execute", *work)
    until(checked.exists, "the check has begun")
    assert minion.call("rescue.halt", "reason=moving")["reason"] == "moving"
    (minion.folder / "go").touch()
    result = json.loads(running.communicate(timeout=60)[0])["local"]
    assert (result["verdict"], result["reason"]) == ("refused", "halted"), result
    assert [step["step"] for step in result["steps"]] == ["check"] and minion.started() == 0
    assert minion.call("rescue.self_test", "n-1")["halted"] is True
    # The master hands the work out again, which it would not while the halt stands.
    assert minion.execute(steps=FULL, fix=STATE)["verdict"] == "fixed"
    assert minion.call("rescue.halted")["halted"] is False
    assert minion.call("rescue.resume")["halted"] is False


# --- with a master, whose files change ---

_APP = {
    "init.sls": """
{% from "app/map.jinja" import words %}
include: [app.more]
extend:
  more:
    cmd.run:
      - cwd: /tmp
conf:
  file.managed:
    - name: FOLDER/conf
    - source: salt://app/conf
run:
  cmd.run:
    - name: echo {{ words }} {{ pillar.get('extra', 'none') }} >> FOLDER/ran
""",
    "more.sls": "more: {cmd.run: [{name: echo more >> FOLDER/ran}]}",
    "map.jinja": "{% set words = 'first' %}",
    "conf": "first\n",
}


class Site:
    """A master with a state `app`, and its minion."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.minion = world.minions[0]
        self.files = {folder / "states" / "app" / name: text for name, text in _APP.items()}
        self.pillar = world.place.folder("pillar") / f"{self.minion.id}.sls"
        self.files[self.pillar] = self.pillar.read_text() + "\nextra: one\n"

    def lay_out(self) -> None:
        for path, text in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("FOLDER", str(self.folder)))

    def change(self, name: str, old: str, new: str) -> None:
        path = self.pillar if name == "pillar" else self.folder / "states" / "app" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def call(self, function: str, **fix: Any) -> dict[str, Any]:
        check = {"command_id": 1, "script": "exit 1"}
        fix = {"kind": "state", "solution": "app", **fix}
        work = hand_out(self.folder / "work", steps=["check", "fix"], check=check, fix=fix)
        result: dict[str, Any] = self.minion.call(f"rescue.{function}", *work)
        return result

    def ran(self) -> str:
        path = self.folder / "ran"
        return path.read_text() if path.exists() else ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "modules" / "_pillar").mkdir(parents=True)
    served = _PILLAR.replace("WORK", repr(str(folder / "work")))
    (folder / "modules" / "_pillar" / "rescue.py").write_text(served)
    roots = [str(folder / "states"), str(REPOSITORY / "salt" / "states")]
    options = {"module_dirs": [str(folder / "modules")], "file_roots": {"base": roots}}
    with World(
        folder / "world", engines=(), reactor=False, real_mysql=False, master_options=options
    ) as world:
        site = Site(world, folder)
        site.lay_out()
        assert "modules.rescue" in site.minion.call("saltutil.sync_modules")
        yield site


@pytest.fixture
def approved(site: Site) -> str:
    """The hash of what a person has looked at."""
    site.lay_out()
    result = site.call("preview")
    assert (result["verdict"], result["changes"]["total"]) == ("previewed", 3), result
    assert site.ran() == "" and not (site.folder / "conf").exists()
    sha256: str = result["rendered_sha256"]
    return sha256


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("init.sls", "echo {{", "echo evil {{"),
        ("init.sls", "cwd: /tmp", "cwd: /var"),
        ("more.sls", "echo more", "echo evil"),
        ("map.jinja", "first", "evil"),
        ("conf", "first", "evil"),
        ("pillar", "extra: one", "extra: evil"),
    ],
)
def test_a_file_of_the_master_that_changes_after_the_approval_is_refused(
    site: Site, approved: str, name: str, old: str, new: str
) -> None:
    site.change(name, old, new)
    result = site.call("execute", rendered_sha256=approved)
    assert (result["verdict"], result["reason"]) == ("refused", "rendered_mismatch"), result
    assert [step["step"] for step in result["steps"]] == ["check"]
    assert site.ran() == "" and not (site.folder / "conf").exists()


def test_a_state_that_an_operator_has_disabled_is_not_run_though_approved(
    site: Site, approved: str
) -> None:
    site.minion.call("state.disable", "app")
    try:
        assert site.call("execute", rendered_sha256=approved)["reason"] == "rendered_mismatch"
        assert "state.enable app" in site.call("preview")["output"]
    finally:
        site.minion.call("state.enable", "app")
    assert site.ran() == ""


def test_what_was_approved_runs_when_nothing_of_meaning_has_changed(
    site: Site, approved: str
) -> None:
    site.change("init.sls", "include:", "# only a remark\ninclude:")
    result = site.call("execute", rendered_sha256=approved)
    assert result["verdict"] == "done", result
    assert site.ran() == "more\nfirst one\n" and (site.folder / "conf").read_text() == "first\n"
    assert "Succeeded: 3" in result["steps"][1]["output"]
