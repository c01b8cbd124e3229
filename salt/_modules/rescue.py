"""Carry out one remediation on this minion: check, fix, verify, and remember that it was done.

Invariant: the claim of a dispatch is on disk before its first step, and is taken away only when
nothing was done; so whatever is repeated or crashes, a dispatch runs at most once.

Needs only the standard library, Salt's dunders and PyYAML (which Salt needs too): a minion gets
this one file. In order: what can be called, the run, the work, the steps, processes, their output,
the ledger, the built-in check.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import datetime, timezone

import yaml

log = logging.getLogger(__name__)

__version__ = "0.1.0"

MIB = 1024 * 1024
OUTPUT_LIMIT = 10 * MIB
# The rest of the limit is room for the marker in the middle and for a last line.
OUTPUT_KEPT = OUTPUT_LIMIT - 1024
OUTPUT_SLACK = 4 * MIB
ROOM_WANTED = 32 * MIB
MEMORY = "/dev/shm"
GRACE_SECONDS = 2.0
HEALTH_SECONDS = 10.0
CONNECT_SECONDS = 3.0
ASK_AGAIN_SECONDS = (1.0, 2.0, 4.0, 0.0)
KEEP_SECONDS = 30 * 86400
REMOVED_AT_ONCE = 20

STEPS = ("check", "fix", "verify")
GOOD = ("fixed", "nothing_to_fix", "done")
ENDINGS = {
    "already_up": ("nothing_to_fix", "The service is up already; nothing was changed."),
    "up_after_fix": ("fixed", "The service is up after the fix."),
    "still_down": ("changed_not_fixed", "The fix has run, but the service is not up."),
    "fix_succeeded": ("done", "The fix has run; nobody asked to verify it."),
    "fix_failed": ("failed", "The fix has failed."),
    "check_succeeded": ("done", "The command has succeeded."),
    "check_failed": ("failed", "The command has failed."),
    "limit": ("timeout", "The limit was reached; what the run had started was ended."),
    "state_running": ("busy", "Another state run is active on this minion; nothing was done."),
    "internal_error": ("failed", "The module met an error of its own; the minion's log has it."),
}


def __virtual__():
    if not os.path.isdir("/proc/self"):
        return False, "rescue needs /proc"
    return True


def execute(dispatch, sha256):
    """
    Fetch the work of a dispatch, run it once, and return what happened.

    The work must have the hash that the job names. A dispatch that has run before returns its
    stored result again and runs nothing. Always returns one dictionary and never raises.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.execute <dispatch: 32 hex digits> <sha256: 64 hex digits>
    """
    run = Run(str(dispatch))
    try:
        result = _execute(run, str(sha256))
    except Refused as refused:
        result = run.result("refused", refused.reason, refused.message)
    except Exception:  # the master must get an answer, whatever is wrong here
        log.exception("rescue: dispatch %s met an internal error", run.dispatch)
        result = run.ending("internal_error")
    __context__["retcode"] = 0 if result["verdict"] in GOOD else 1
    return result


def status(service):
    """
    Whether a service is up, by all that its pillar ``rescue:services:<service>`` configures.

    The return code is 0 when it is up, so states may say ``unless: [{fun: rescue.status, …}]``.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.status mysql
    """
    found = _status(service, _config(_services(), service), time.monotonic() + 60)
    __context__["retcode"] = 0 if found["up"] else 1
    return found


def processes(service, namesakes=False):
    """
    The pids of a service, by the most exact of unit, pid file and process name that its pillar has.

    With ``namesakes`` also those of all processes that merely have its process name. The return
    code is 0 when there are any.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.processes mysql
    """
    pids = _pids(service, _config(_services(), service), namesakes)
    __context__["retcode"] = 0 if pids else 1
    return pids


def wait_until_up(service, seconds=30):
    """
    Wait until a service is up, at most some seconds. For states that have just started it.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.wait_until_up mysql seconds=10
    """
    config, end, tries = _config(_services(), service), time.monotonic() + float(seconds), 1
    while not (found := _status(service, config, time.monotonic() + 60))["up"]:
        if not found["checks"] or not _another_try(tries, end, first=0.1):
            break
        tries += 1
    __context__["retcode"] = code = 0 if found["up"] else 1
    comment = f"{service}: {found['message']} (tries: {tries})"
    # `retcode` is what every Salt's `module.run` looks at.
    return {"up": found["up"], "retcode": code, "comment": comment, "tries": tries}


def hangs(service, seconds=5):
    """
    Whether a service has processes but is not up, nor comes up within some seconds.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.hangs mysql
    """
    hung = bool(processes(service)) and not wait_until_up(service, seconds)["up"]
    __context__["retcode"] = 0 if hung else 1
    return hung


def self_test(nonce):
    """
    Show that this module works here, and its way to the master's pillar.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.self_test 42
    """
    try:
        echoed = _ask_master({"probe": nonce}).get("probe")
    except Exception:  # whatever stands in the way, the answer is that nothing came back
        log.exception("rescue: the master's pillar could not be asked")
        echoed = None
    names = sorted(str(name) for name in _services())
    return {"rescue": 1, "module": __version__, "pillar": echoed, "services": names}


# --- the run -------------------------------------------------------------------------------------


class Refused(Exception):
    """The run does not begin; nothing was done and nothing is remembered."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason, self.message = reason, message


class Run:
    """One carrying out of a dispatch: what it was asked, when it must end, what its steps said."""

    def __init__(self, dispatch):
        self.dispatch, self.execution_id, self.steps = dispatch, None, []
        self.started_at, self.started = time.time(), time.monotonic()

    def take(self, work, services):
        """Take over what the master handed out; the limit counts from the start of the run."""
        self.work, self.service = work, work["service"]
        self.execution_id, self.config = work["execution_id"], _config(services, work["service"])
        self.deadline = self.started + work["limit_seconds"]

    def note(self, step, outcome, started_at, seconds):
        """Keep what a step did, for the result."""
        """Keep what a step said."""
        told = {key: value for key, value in outcome.items() if key != "ended"}
        command = self.work["fix" if step == "fix" else "check"] or {}
        ids = {"step": step, "command_id": command.get("command_id")}
        times = {"started_at": _moment(started_at), "seconds": round(seconds, 3)}
        self.steps.append({**ids, **times, **told})

    def ending(self, reason):
        """The result that belongs to the word for how it ended."""
        """The result for one of the known endings."""
        verdict, message = ENDINGS[reason]
        return self.result(verdict, reason, message)

    def result(self, verdict, reason, message):
        """The one shape in which a run is reported."""
        return {
            "rescue": 1,
            "dispatch": self.dispatch,
            "execution_id": self.execution_id,
            "verdict": verdict,
            "reason": reason,
            "message": message,
            "started_at": _moment(self.started_at),
            "finished_at": _moment(time.time()),
            "seconds": round(time.monotonic() - self.started, 3),
            "steps": self.steps,
        }


def _execute(run, sha256):
    """An earlier result if there is one; else fetch, claim, run and remember."""
    entry = Entry(run.dispatch)
    if earlier := _earlier(entry, run):
        return earlier
    _fetch(run, sha256)
    _sweep()
    if not entry.claim():
        raise Refused("already_running", "This dispatch has just been taken by another process.")
    result = _claimed(run, entry)
    if result["verdict"] == "busy":
        entry.forget()
    else:
        entry.store(result)
    return result


def _earlier(entry, run):
    """What became of an earlier start of this dispatch; None when there was none."""
    stored, owner = entry.result(), entry.owner()
    if stored or not owner:
        return stored
    if _alive(owner):
        raise Refused("already_running", f"This dispatch is being run by process {owner[0]}.")
    # The owner may have ended between the two looks: what it wrote before it went counts.
    return entry.result() or _interrupted(entry, run)


def _interrupted(entry, run):
    """A run broke off. It is not run again, because it may have changed something."""
    begun = entry.begun()
    where = f"in its step {begun}" if begun else "before its first step"
    message = f"An earlier start of this dispatch broke off {where}; it is not run again."
    run.started_at = entry.claimed_at()
    result = run.result("interrupted", "crashed", message)
    entry.store(result)
    return result


def _claimed(run, entry):
    """Run the steps; from here on whatever goes wrong is part of the result."""
    try:
        return run.ending(_run_steps(run, entry))
    except Exception:  # the ledger must learn how it ended
        log.exception("rescue: dispatch %s met an internal error", run.dispatch)
        return run.ending("internal_error")


def _run_steps(run, entry):
    """Check, fix, verify, as far as asked and needed; the word for how it ended."""
    codes, place = {}, _roomy(entry.path)
    for step in run.work["steps"]:
        entry.begin(step)
        started_at, started = time.time(), time.monotonic()
        outcome = {"check": _check, "fix": _fix, "verify": _verify}[step](run, place)
        if outcome["ended"] == "state_running":
            return "state_running"
        run.note(step, outcome, started_at, time.monotonic() - started)
        if outcome["ended"]:
            return outcome["ended"]
        codes[step] = outcome["retcode"]
        if step == "check" and codes[step] == 0 and "fix" in run.work["steps"]:
            return "already_up"
    return _ending(codes)


def _ending(codes):
    if "verify" in codes:
        return "up_after_fix" if codes["verify"] == 0 else "still_down"
    last = "fix" if "fix" in codes else "check"
    return f"{last}_succeeded" if codes[last] == 0 else f"{last}_failed"


# --- the work ------------------------------------------------------------------------------------


def _ask_master(question):
    """The master's answer by on-demand pillar. Since 3008.2 it is masked unless asked plainly."""
    ask = __salt__["pillar.ext"]
    try:
        answer = ask({"rescue": question}, unmask=True)
    except TypeError:
        answer = ask({"rescue": question})
    rescue = answer.get("rescue") if isinstance(answer, dict) else None
    return rescue if isinstance(rescue, dict) else {}


def _fetch(run, sha256):
    """Get the work, and refuse it unless it is what the job meant and can be done here."""
    try:
        answer = _ask_for_work(run.dispatch)
    except Exception as error:  # the master is away, or its pillar is broken
        log.exception("rescue: the work of %s could not be fetched", run.dispatch)
        raise Refused("no_work", "The master's pillar could not be asked for the work.") from error
    if not isinstance(answer.get("work"), dict):
        why = answer.get("refused") or "it did not answer; is on_demand_ext_pillar: [rescue] set?"
        raise Refused("no_work", f"The master has no work for this minion: {why}")
    fresh = answer.get("services")
    work = _understood(answer["work"], run.dispatch, sha256)
    run.take(work, fresh if isinstance(fresh, dict) else _services())
    looks = "check" in work["steps"] or "verify" in work["steps"]
    if looks and not work["check"] and not _checkable(run.config):
        raise Refused("no_check", _how_to_configure(run.service))


def _ask_for_work(dispatch):
    """Ask again, a little later, when the master says that it cannot look it up just now."""
    for pause in ASK_AGAIN_SECONDS:
        answer = _ask_master({"dispatch": dispatch})
        if not answer.get("again"):
            break
        time.sleep(pause)
    return answer


def _understood(work, dispatch, sha256):
    """The work, checked and decoded; its hash first, so that nothing else is even looked at."""
    pinned = str(work.get("pinned")).encode("utf-8", "surrogatepass")
    if hashlib.sha256(pinned).hexdigest() != sha256:
        raise Refused("hash_mismatch", "The work is not what the job was published for.")
    try:
        plan = json.loads(pinned)
        json.dumps(plan, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        plan = None
    _require(isinstance(plan, dict), "`pinned` is not a JSON object in Unicode")
    _require(work.get("dispatch") == dispatch, "it is for another dispatch")
    for name in ("execution_id", "limit_seconds", "verify_seconds"):
        _require(type(work.get(name)) in (int, float), f"`{name}` is not a number")
        plan[name] = work[name]
    _require_steps(plan)
    return plan


def _require(condition, complaint):
    if not condition:
        raise Refused("malformed_work", f"The work cannot be understood: {complaint}.")


def _require_steps(plan):
    """Everything that the steps will use is there and can be used."""
    steps, service = plan.get("steps"), plan.get("service")
    check, fix = plan.setdefault("check", None), plan.setdefault("fix", None)
    _require(isinstance(service, str) and service.isprintable(), "`service` is not a name")
    ordered = isinstance(steps, list) and steps == [step for step in STEPS if step in steps]
    _require(ordered and ("fix" in steps or steps == ["check"]), "`steps` make no sense")
    _require(check is None or _holds_text(check, "script"), "`check` has no script")
    if "fix" in steps:
        _require(_holds_text(fix, "solution"), "`fix` has no solution")
        _require(fix.get("kind") in ("state", "sls", "shell"), "`fix` has an unknown kind")
        fix["arguments"] = _arguments(fix.get("arguments") or {})
        fix["states"] = _state_data(fix["solution"]) if fix["kind"] == "sls" else None
        fix["environment"] = _as_environment(fix["arguments"]) if fix["kind"] == "shell" else {}


def _holds_text(value, key):
    """A NUL would end a script early, so what holds one is no text."""
    text = value.get(key) if isinstance(value, dict) else None
    return isinstance(text, str) and text.strip() and "\0" not in text


def _arguments(arguments):
    if not isinstance(arguments, dict):
        raise Refused("bad_argument", "The arguments are not a mapping of names to values.")
    return arguments


def _as_environment(arguments):
    """Arguments of a script travel as RESCUE_ARG_<NAME>, never inside its text."""
    environment = {}
    for name, value in arguments.items():
        variable, text = f"RESCUE_ARG_{name.upper()}", value
        if not isinstance(value, str):
            text = json.dumps(value)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or variable in environment:
            raise Refused("bad_argument", f"{name!r} cannot be the name of an argument.")
        if "\0" in text:
            raise Refused("bad_argument", f"The argument {name} holds a NUL character.")
        environment[variable] = text
    return environment


def _state_data(text):
    """State data out of YAML. It is never rendered: a template in it stays the text that it is."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        data = None
    _require(isinstance(data, dict) and data, "the solution is not a YAML mapping of states")
    _require(not {"include", "extend", "exclude"} & set(data), "state data cannot include")
    return {str(name): _declared(name, body) for name, body in data.items()}


def _declared(name, body):
    """One id, split as `state.high` wants it: ``cmd.run: […]`` it would skip in silence."""
    body = {body: []} if isinstance(body, str) else body
    _require(isinstance(body, dict) and body, f"state {name} is not a mapping")
    declared = {"__sls__": "rescue_run", "__env__": "base"}
    for key, arguments in body.items():
        state, dot, function = str(key).partition(".")
        _require(isinstance(arguments, list), f"what follows {key} in {name} is not a list")
        _require(state not in declared, f"state {name} uses {state} twice")
        declared[state] = arguments + ([function] if dot else [])
    return declared


# --- the steps -----------------------------------------------------------------------------------


def _outcome(retcode, output, size=None, ended=None):
    status_ = "timeout" if ended == "limit" else "failed" if ended or retcode else "success"
    size = len(output.encode("utf-8")) if size is None else size
    told = {"status": status_, "retcode": retcode, "output": output, "output_bytes": size}
    return {**told, "ended": ended}


def _check(run, place, deadline=None):
    """The status command of the service, or else what its pillar lets us look at."""
    deadline = deadline or run.deadline
    if run.work["check"]:
        return _run_script(run, run.work["check"]["script"], {}, place, deadline)
    found = _status(run.service, run.config, deadline)
    ended = "limit" if not found["up"] and time.monotonic() >= deadline else None
    return _outcome(0 if found["up"] else 1, found["message"], ended=ended)


def _fix(run, place):
    fix = run.work["fix"]
    if fix["kind"] == "shell":
        environment = fix["environment"]
        return _run_script(run, fix["solution"], environment, place, run.deadline, keep=True)
    return _run_states(run, place)


def _verify(run, place):
    """Check until it says up; of all tries the last is reported."""
    wanted, tries = time.monotonic() + run.work["verify_seconds"], 1
    end = min(wanted, run.deadline)
    while True:
        # A try that hangs ends with the verification, but has some seconds in any case.
        cut = min(run.deadline, max(end, time.monotonic() + HEALTH_SECONDS))
        outcome = _check(run, place, cut)
        if cut < run.deadline:
            outcome["ended"] = None
        if outcome["ended"] or outcome["retcode"] == 0 or not _another_try(tries, end):
            break
        tries += 1
    if outcome["retcode"] != 0 and end < wanted:
        outcome.update(status="timeout", ended="limit")
    outcome["output"] = f"{outcome['output'].rstrip()}\ntries: {tries}".lstrip()
    return outcome


def _another_try(tries, end, first=0.5):
    """Pause before another try, longer each time up to a second; False when the time is over."""
    pause = min(1.0, first * tries)
    if time.monotonic() + pause >= end:
        return False
    time.sleep(pause)
    return True


def _run_script(run, script, extra, place, deadline, keep=False):
    """Run a script in its own session; a daemon that it leaves behind lives on."""
    environment = {**_environment(run.service, run.config), **extra}
    path, spool = _written(script, place), Spool(place)
    try:
        child = _started([*_interpreter(script), path], environment, spool)
        ended = _supervise(child, spool, deadline)
        return _outcome(_code(child, ended), spool.text(), spool.size(), ended)
    except (OSError, ValueError) as error:
        return _outcome(127, f"The script could not be run: {error}")
    finally:
        spool.close(keep)
        os.unlink(path)


def _written(text, place):
    """A private file that holds the text."""
    handle, path = tempfile.mkstemp(prefix="script-", dir=place)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.chmod(path, 0o700)
    return path


def _interpreter(script):
    """As the kernel reads ``#!``; named by us, so that a disk mounted noexec will do."""
    first = script.split("\n", 1)[0].strip()
    return (first[2:].split(None, 1) if first.startswith("#!") else []) or ["/bin/sh"]


def _environment(service, config):
    """What scripts may know of their service."""
    keys = ("unit", "process", "pid_file", "port", "start", "health")
    known = {f"RESCUE_{key.upper()}": str(config.get(key) or "") for key in keys}
    return {**os.environ, "RESCUE_SERVICE": service, **known}


def _run_states(run, place):
    """Run states in a child of its own session, so that all they started can be ended."""
    lock = _state_lock()
    if lock is None:
        return _outcome(1, "", ended="state_running")
    path, spool = _written("", place), Spool(place)
    try:
        child = Forked(lambda: _write(path, _reported(_apply(run))), spool)
        ended, told = _supervise(child, spool, run.deadline), _read(path)
        if not ended and told:
            return told
        return _outcome(_code(child, ended) or 1, spool.text(), ended=ended)
    finally:
        spool.close(keep=True)
        os.unlink(path)
        # Not only closed: a process that the states have forked off may hold a copy of it.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _state_lock():
    """Keeps the state runs of two masters apart: Salt does not see those inside other jobs."""
    handle = os.open(os.path.join(_root(), "state.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _apply(run):
    """In the child: run the states."""
    # A client that the parent has connected must not be shared; and pids are not the parent's.
    for key in [key for key in __context__ if "fileclient" in key or key == "auth"]:
        __context__.pop(key)
    __opts__["multiprocessing"] = True
    fix = run.work["fix"]
    # `queue=False` even where the minion has `state_queue: True`: a queued run is lost to us.
    if fix["kind"] == "sls":
        return __salt__["state.high"](fix["states"], queue=False)
    asked = {"rescue_run": {"service": run.service, "arguments": fix["arguments"]}}
    return __salt__["state.apply"](fix["solution"].strip(), pillar=asked, queue=False)


def _reported(answer):
    """The outcome of a state run, with the text that Salt's users know."""
    shown, opts = {"local": answer or "No state was run."}, {**__opts__, "output": "highstate"}
    text = __salt__["out.string_format"](shown, out="highstate", opts=opts)
    raw = text.encode("utf-8", "replace")
    kept = _bounded(len(raw), lambda length, offset: raw[offset : offset + length])
    if isinstance(answer, dict) and answer and all(isinstance(v, dict) for v in answer.values()):
        failed = any(state.get("result") is False for state in answer.values())
        return _outcome(2 if failed else 0, kept, len(raw))
    busy = isinstance(answer, list) and "is running as PID" in str(answer)
    return _outcome(1, kept, len(raw), "state_running" if busy else None)


# --- processes -----------------------------------------------------------------------------------


def _started(argv, environment, spool):
    # Output goes to a file: with a pipe a daemon that keeps it open would make us wait for ever.
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=spool.handle,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=environment,
        start_new_session=True,
    )


class Forked:
    """A function in a forked child that has a session of its own; answers like a Popen."""

    def __init__(self, function, spool):
        self.returncode, self.pid = None, os.fork()
        if self.pid == 0:
            self._live(function, spool)

    def _live(self, function, spool):
        """The child's life. It must end here: above it lies the stack of the parent."""
        try:
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(spool.handle, 1)
            os.dup2(spool.handle, 2)
            function()
        except Exception as error:
            log.exception("rescue: the states could not be run")
            os.write(spool.handle, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace"))
        finally:
            os._exit(0)

    def poll(self):
        """The exit code, or None while it runs."""
        """The return code once the child has ended; None before."""
        if self.returncode is None:
            pid, code = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(code) if pid else None
        return self.returncode


def _supervise(child, spool, deadline):
    """Wait for the child; "limit" when it had to be ended, else None."""
    pause = 0.005
    while child.poll() is None:
        if time.monotonic() >= deadline:
            _end(child)
            return "limit"
        pause = 0.005 if spool.trim() else min(pause * 1.5, 0.1)
        time.sleep(pause)
    return None


def _code(child, ended):
    """As a shell tells it: 124 for the limit, 128 + n for signal n."""
    code = 124 if ended else child.returncode
    return code if code >= 0 else 128 - code


def _end(child):
    """TERM to all that the child has started, and to what is left after two seconds KILL.

    The child is reaped last: until then its pid, which also names its group and its session,
    cannot come to mean anybody else.
    """
    family, end = _family(child.pid), time.monotonic() + GRACE_SECONDS
    _signal(child.pid, family, signal.SIGTERM)
    while time.monotonic() < end and _living(family | _family(child.pid)):
        time.sleep(0.02)
    # Not for ever: who waits for a broken disk cannot even be killed.
    end = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end and (left := _living(family | _family(child.pid))):
        _signal(child.pid, left, signal.SIGKILL)
        time.sleep(0.02)
    while time.monotonic() < end and child.poll() is None:
        time.sleep(0.02)


def _signal(leader, family, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
    for pid, _ in _living(family):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _family(leader):
    """(pid, start time) of the leader, of those in its session, and of all their descendants."""
    known = {pid: stat for pid in _all_pids() if (stat := _stat(pid))}
    found, more = set(), {pid for pid in known if leader in (pid, known[pid]["session"])}
    while more:
        found |= more
        more = {pid for pid in known if known[pid]["parent"] in found} - found
    return {(pid, known[pid]["start"]) for pid in found}


def _living(family):
    return {(pid, start) for pid, start in family if _runs(pid, start)}


def _runs(pid, start=None):
    """A zombie does not run, and a pid with another start time is somebody else."""
    stat = _stat(pid)
    return bool(stat) and stat["state"] not in "ZX" and start in (None, stat["start"])


def _all_pids():
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def _stat(pid):
    """Fields of /proc/<pid>/stat, or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name stands in brackets and may itself hold brackets and blanks.
            name, _, rest = file.read().partition("(")[2].rpartition(")")
    except OSError:
        return None
    state, parent, _, session, *more = rest.split()
    ids = {"parent": int(parent), "session": int(session), "start": more[15]}
    return {"name": name, "state": state, **ids}


# --- their output --------------------------------------------------------------------------------


class Spool:
    """A file that takes the output of a process; of a long one it holds the head and the tail."""

    def __init__(self, place):
        self.handle, self.path = tempfile.mkstemp(prefix="output-", dir=place)
        fcntl.fcntl(self.handle, fcntl.F_SETFL, os.O_APPEND)
        self.freed = 0  # bytes given back from the middle, which the file's size still counts
        self.lost = 0  # bytes that it does not count, where a file cannot have holes

    def size(self):
        """How many bytes have been written in all."""
        return os.fstat(self.handle).st_size + self.lost

    def trim(self):
        """Give back the middle of what has grown too long; whether there was any."""
        size, half = os.fstat(self.handle).st_size, OUTPUT_KEPT // 2
        if size - self.freed <= OUTPUT_KEPT + OUTPUT_SLACK:
            return False
        if _punch_hole(self.handle, half, size - 2 * half):
            self.freed = size - 2 * half
        else:
            os.ftruncate(self.handle, half)
            self.lost += size - half
        return True

    def text(self):
        """What was written, as text of at most the limit."""
        """The output, or its head and its tail."""
        return _bounded(self.size(), self._read)

    def _read(self, length, offset):
        return os.pread(self.handle, length, max(0, offset - self.lost))

    def close(self, keep=False):
        """Empty the file. One that a daemon may go on writing to keeps its name, to be seen."""
        os.ftruncate(self.handle, 0)
        os.close(self.handle)
        if not keep or self.path.startswith(MEMORY):
            os.unlink(self.path)


def _punch_hole(handle, offset, length):
    """Free a part of a file without changing its size; False where that cannot be done."""
    try:
        fallocate = ctypes.CDLL(None).fallocate
    except (OSError, AttributeError):
        return False
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
    keep_size_and_punch_hole = 1 | 2
    return fallocate(handle, keep_size_and_punch_hole, offset, length) == 0


def _bounded(total, read):
    """Text of at most the limit, out of `total` bytes that `read(length, offset)` gives."""
    if total <= OUTPUT_KEPT:
        text = read(total, 0).decode("utf-8", "replace")
        # What is not UTF-8 becomes a character of three bytes, so it may have grown too long.
        if len(text.encode("utf-8")) <= OUTPUT_KEPT:
            return text
    half = OUTPUT_KEPT // 2
    head, tail = read(half, 0), read(half, max(0, total - half))
    if any(
        len(part.decode("utf-8", "replace").encode("utf-8")) > half + 6 for part in (head, tail)
    ):
        head, tail = head[: half // 3], tail[-(half // 3) :]
    left_out = total - len(head) - len(tail)
    marker = f"\n[... cut: {total} bytes in all, the middle {left_out} left out ...]\n"
    return head.decode("utf-8", "replace") + marker + tail.decode("utf-8", "replace")


def _roomy(path):
    """`path`, or memory when its disk is full: a full disk must not stop the fix that frees it."""
    room = os.statvfs(path)
    short = room.f_bavail * room.f_frsize < ROOM_WANTED
    return MEMORY if short and os.path.isdir(MEMORY) else path


# --- the ledger ----------------------------------------------------------------------------------


class Entry:
    """What this minion remembers of one dispatch, in a directory of its own.

    `claim` is a symbolic link to ``pid:start time:boot id``: it is made in one indivisible step
    that fails when it is there, is never seen half-written, and takes no room on a full disk.
    """

    def __init__(self, dispatch):
        if not re.fullmatch(r"[0-9a-f]{32}", dispatch):
            raise Refused("malformed_work", "A dispatch is named by 32 lower-case hex digits.")
        self.path = os.path.join(_root(), dispatch)
        self.claim_path = os.path.join(self.path, "claim")
        self.result_path = os.path.join(self.path, "result.json")

    def claim(self):
        """Take the dispatch, durably; False when somebody has it already."""
        os.makedirs(self.path, 0o700, exist_ok=True)
        try:
            os.symlink(":".join(_own_identity()), self.claim_path)
        except FileExistsError:
            return False
        _sync_directory(self.path)
        _sync_directory(_root())
        return True

    def owner(self):
        """(pid, start time, boot id) of who claimed it, or None."""
        try:
            return os.readlink(self.claim_path).split(":")
        except FileNotFoundError:
            return None

    def claimed_at(self):
        """When it was claimed, in seconds since 1970."""
        """When it was claimed, in seconds since the epoch."""
        return os.lstat(self.claim_path).st_mtime

    def begin(self, step):
        """Mark that a step begins, so that a break can be told from where it was."""
        os.close(os.open(os.path.join(self.path, f"begun-{step}"), os.O_CREAT, 0o600))

    def begun(self):
        """The last step that was begun, or None."""
        return next((s for s in reversed(STEPS) if f"begun-{s}" in os.listdir(self.path)), None)

    def result(self):
        """The stored result, or None."""
        return _read(self.result_path)

    def store(self, result):
        """Remember the result. Should that fail, the claim still stops a second run."""
        try:
            _write(self.result_path, result)
        except OSError:
            log.exception("rescue: the result of %s could not be stored", result["dispatch"])

    def forget(self):
        """Take the entry away; the claim goes last, so that a break leaves it standing."""
        for name in sorted(os.listdir(self.path), key=lambda name: name == "claim"):
            os.unlink(os.path.join(self.path, name))
        os.rmdir(self.path)


def _root():
    path = os.path.join(__opts__["cachedir"], "rescue")
    os.makedirs(path, 0o700, exist_ok=True)
    return path


def _own_identity():
    return str(os.getpid()), _stat(os.getpid())["start"], _boot_id()


def _alive(owner):
    """Whether the owner still runs: same boot, and its pid has not gone to a later process."""
    return len(owner) == 3 and owner[2] == _boot_id() and _runs(owner[0], owner[1])


def _boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _write(path, value):
    """Write JSON, all or nothing; it is on disk when this returns."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _sync_directory(os.path.dirname(path))


def _read(path):
    """A JSON object, or None when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _sync_directory(path):
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep():
    """Remove entries of a month ago, a few a call, and cut what daemons still write to."""
    root, limit = _root(), time.time() - KEEP_SECONDS
    try:
        with os.scandir(root) as found:
            old = [e.path for e in found if len(e.name) == 32 and e.stat().st_mtime < limit]
        for path in old[:REMOVED_AT_ONCE]:
            shutil.rmtree(path, ignore_errors=True)
        for name in ("*/output-*", "start-*.log"):
            for path in glob.glob(os.path.join(glob.escape(root), name)):
                if os.path.getsize(path) > OUTPUT_LIMIT:
                    os.truncate(path, 0)
    except OSError:
        log.exception("rescue: the ledger could not be swept")


# --- the built-in check --------------------------------------------------------------------------


def _services():
    """Pillar ``rescue:services``, plain."""
    get = __salt__["pillar.get"]
    try:
        services = get("rescue:services", {}, unmask=True)
    except TypeError:
        services = get("rescue:services", {})
    return services if isinstance(services, dict) else {}


def _config(services, service):
    config = services.get(service)
    return config if isinstance(config, dict) else {}


def _checkable(config):
    """Whether anything can be looked at here: without systemd a unit says nothing."""
    kinds = ["process", "pid_file", "port", "health"] + (["unit"] if _systemd() else [])
    return any(config.get(kind) for kind in kinds)


def _how_to_configure(service):
    if not service:
        return "The work names no service and has no status script: nothing can be checked."
    return (
        f"Nothing says how to check {service}: set one of unit, process, pid_file, port or health"
        f" in the pillar rescue:services:{service}."
    )


def _status(service, config, deadline):
    """All that is configured must hold; looking ends at the first that does not."""
    checks = []
    for kind, look in LOOKS.items():
        if seen := look(service, config, deadline):
            checks.append({"check": kind, "up": seen[0], "detail": seen[1]})
            if not seen[0]:
                break
    message = "\n".join(check["detail"] for check in checks) or _how_to_configure(service)
    up = bool(checks) and checks[-1]["up"]
    return {"service": service, "up": up, "checks": checks, "message": message}


def _look_at_unit(service, config, deadline):
    if not config.get("unit") or not _systemd():
        return None
    argv = ["systemctl", "is-active", "--", str(config["unit"])]
    code, said = _short_command(argv, service, config, deadline)
    return code == 0, f"unit {config['unit']} is {said or 'unknown'}"


def _look_at_process(service, config, deadline):
    if config.get("pid_file"):
        pids, by = _pids_by_file(config), f"by pid file {config['pid_file']}"
    elif config.get("process"):
        pids, by = _pids_by_name(config), f"by name {config['process']}"
    else:
        return None
    runs = f"runs as {', '.join(map(str, pids[:5]))}" if pids else "does not run"
    return bool(pids), f"process {runs}, {by}"


def _look_at_port(service, config, deadline):
    if not config.get("port"):
        return None
    seconds = max(0.01, min(CONNECT_SECONDS, deadline - time.monotonic()))
    try:
        address = ("127.0.0.1", int(str(config["port"])))
        with socket.create_connection(address, timeout=seconds) as connection:
            # A high port that nobody listens on may, rarely, be connected to itself.
            up = connection.getsockname() != connection.getpeername()
    except (OSError, ValueError, OverflowError) as error:
        return False, f"port {config['port']} does not accept connections: {error}"
    return up, f"port {config['port']} accepts connections" if up else "nobody listens"


def _look_at_health(service, config, deadline):
    if not config.get("health"):
        return None
    argv = ["/bin/sh", "-c", str(config["health"])]
    code, said = _short_command(argv, service, config, deadline)
    return code == 0, f"health command returned {code}" + (f": {said}" if said else "")


LOOKS = {
    "unit": _look_at_unit,
    "process": _look_at_process,
    "port": _look_at_port,
    "health": _look_at_health,
}


def _short_command(argv, service, config, deadline):
    """(return code, last words) of a command that has ten seconds at most."""
    spool = Spool(_roomy(_root()))
    try:
        child = _started(argv, _environment(service, config), spool)
        ended = _supervise(child, spool, min(deadline, time.monotonic() + HEALTH_SECONDS))
        return _code(child, ended), spool.text().strip()[-500:]
    except (OSError, ValueError) as error:
        return 127, str(error)
    finally:
        spool.close()


def _pids(service, config, namesakes):
    by_name = _pids_by_name(config) if config.get("process") else []
    if config.get("unit") and _systemd():
        exact = _pids_by_unit(service, config)
    else:
        exact = _pids_by_file(config) if config.get("pid_file") else by_name
    return sorted({*exact, *(by_name if namesakes else [])})


def _pids_by_unit(service, config):
    argv = ["systemctl", "show", "--property=MainPID", "--", str(config["unit"])]
    _, said = _short_command(argv, service, config, time.monotonic() + HEALTH_SECONDS)
    main = said.rpartition("=")[2]
    return [int(main)] if main.isdigit() and _runs(main) else []


def _pids_by_file(config):
    """The pid in the pid file, if it runs and is what `process` says it should be."""
    try:
        with open(str(config["pid_file"]), encoding="ascii") as file:
            pid = int(file.read(64).split()[0])
    except (OSError, ValueError, IndexError):
        return []
    return [pid] if _runs(pid) and _is_called(pid, config.get("process")) else []


def _pids_by_name(config):
    return [pid for pid in _all_pids() if _is_called(pid, config["process"]) and _runs(pid)]


def _is_called(pid, process):
    """Exact name, of which the kernel keeps 15 bytes; any name when none is asked for."""
    wanted = str(process).encode("utf-8")[:15].decode("utf-8", "replace")
    return not process or (_stat(pid) or {}).get("name") == wanted


def _systemd():
    return os.path.isdir("/run/systemd/system")


def _moment(seconds):
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
