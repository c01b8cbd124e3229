"""Carry out one remediation on this minion: check, fix, verify, and remember that it was done.

Invariant: the claim of a dispatch is on disk before its first step, and is taken away only when
nothing was done; so whatever is repeated or crashes, a dispatch runs at most once.

Needs only the standard library, Salt's dunders and PyYAML (which Salt needs too): a minion gets
this one file. In order: what can be called, the run, the preview, the work, the steps, what a state
renders to, processes, their output, the ledger, the halt, the built-in check.
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
PREVIEW_KEPT = MIB // 4 - 1024
ROOM_WANTED = 32 * MIB
MEMORY = "/dev/shm"
GRACE_SECONDS = 2.0
HEALTH_SECONDS = 10.0
CONNECT_SECONDS = 3.0
ASK_AGAIN_SECONDS = (1.0, 2.0, 4.0, 0.0)
KEEP_SECONDS = 30 * 86400
REMOVED_AT_ONCE = 20
WORDS_KEPT = 500
# Others could be anything: a preview starts no program that only the script has named.
SHELLS = ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash")

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
PREVIEWS = {
    "would_change": ("previewed", "The fix would make the changes that the output shows."),
    "would_not_change": ("previewed", "As things are now, the fix would change nothing."),
    "would_fail": ("previewed", "A part of the fix would fail; the output tells which."),
    "only_checks": ("previewed", "This work only checks, so there is nothing to change."),
    "not_run": ("previewed", "What a script would change is not known without running it."),
    "syntax_error": ("failed", "The script has a syntax error; the output tells where."),
    "not_tried": ("failed", "The states could not be tried; the output tells why."),
    "limit": ("timeout", "The limit was reached; what the preview had started was ended."),
    "state_running": ("busy", "Another state run is active on this minion; preview again later."),
    "internal_error": ENDINGS["internal_error"],
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


def preview(dispatch, sha256):
    """
    Show what the work of a dispatch would do, and change nothing; it may be repeated.

    States are run with ``test=True``, so their ``unless`` and ``onlyif`` conditions are really run,
    as Salt always does; so is the check of the service, which only looks. Of a script the text is
    shown; at most its syntax is checked. Always returns one dictionary and never raises.

    ``rendered_sha256`` stands for all that the state renders to on this minion now. Work that holds
    it as ``fix:rendered_sha256`` is refused when the state has come to render to anything else.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.preview <dispatch: 32 hex digits> <sha256: 64 hex digits>
    """
    run = Run(str(dispatch))
    try:
        result = _preview(run, str(sha256))
    except Refused as refused:
        result = _preview_result(run, "refused", refused.reason, refused.message)
    except Exception:  # the master must get an answer, whatever is wrong here
        log.exception("rescue: the preview of %s met an internal error", run.dispatch)
        result = _preview_result(run, *_preview_ending("internal_error"))
    __context__["retcode"] = 0 if result["verdict"] == "previewed" else 1
    return result


def halt(reason=""):
    """
    Let no fix begin on this minion; one that has begun is finished and verified.

    The master is the authority: work that it hands out later lifts this halt again. To halt
    minions until further notice use ``salt-run rescue.halt``, which calls this too.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.halt reason="we are moving the database"
    """
    flag = {"since": _moment(time.time()), "reason": _words(reason)}
    with _halt_lock():
        try:
            _write(_halt_path(), flag)
        except OSError:  # a full disk: an empty flag takes no room, and halts as well
            log.exception("rescue: the reason of the halt could not be stored")
            os.close(os.open(_halt_path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return halted()


def resume():
    """
    Lift the halt of this minion, if there is one.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.resume
    """
    with _halt_lock(), contextlib.suppress(FileNotFoundError):
        os.unlink(_halt_path())
    return halted()


def halted():
    """
    Whether this minion is halted, since when, and the reason given.

    CLI Example:

    .. code-block:: bash

        salt web-1 rescue.halted
    """
    if _halt_mark() is None:
        return {"halted": False, "since": None, "reason": ""}
    flag = _read(_halt_path()) or {}
    return {"halted": True, "since": flag.get("since"), "reason": _words(flag.get("reason") or "")}


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
    about = {"rescue": 1, "module": __version__, "halted": halted()["halted"]}
    return {**about, "pillar": echoed, "services": names}


# --- the run -------------------------------------------------------------------------------------


class Refused(Exception):
    """The run does not begin, or ends before its fix; nothing was changed."""

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
        told = {key: value for key, value in outcome.items() if key != "ended"}
        command = self.work["fix" if step == "fix" else "check"] or {}
        ids = {"step": step, "command_id": command.get("command_id")}
        times = {"started_at": _moment(started_at), "seconds": round(seconds, 3)}
        self.steps.append({**ids, **times, **told})

    def ending(self, reason):
        """The result that belongs to the word for how it ended."""
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
    _lift_older_halt(_fetch(run, sha256))
    _sweep()
    if not entry.claim():
        raise Refused("already_running", "This dispatch has just been taken by another process.")
    result = _claimed(run, entry)
    if result["reason"] in ("state_running", "halted"):
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
    except Refused as refused:
        return run.result("refused", refused.reason, refused.message)
    except Exception:  # the ledger must learn how it ended
        log.exception("rescue: dispatch %s met an internal error", run.dispatch)
        return run.ending("internal_error")


def _run_steps(run, entry):
    """Check, fix, verify, as far as asked and needed; the word for how it ended."""
    codes, place = {}, _roomy(entry.path)
    for step in run.work["steps"]:
        if step == "fix":
            _refuse_when_halted()
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


# --- the preview ---------------------------------------------------------------------------------


def _preview(run, sha256):
    """Fetch, look at the service, try the fix; everything in a folder that does not stay."""
    _require_name(run.dispatch)
    _fetch(run, sha256, only_look=True)
    place = tempfile.mkdtemp(prefix="preview-", dir=_roomy(_root()))
    try:
        up = _up_now(run, place)
        reason, told = _foreseen(run, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return _preview_result(run, *_preview_ending(reason), service_up=up, **told)


def _up_now(run, place):
    """Whether the service is up; None when nothing says how to look, or looking took too long."""
    if not run.work["check"] and not _checkable(run.config):
        return None
    outcome = _check(run, place)
    return None if outcome["ended"] else outcome["retcode"] == 0


def _foreseen(run, place):
    """The word for what the fix would do, and what there is to show for it."""
    if "fix" not in run.work["steps"]:
        return "only_checks", {}
    if run.work["fix"]["kind"] == "shell":
        return _foreseen_of_script(run, place)
    outcome = _in_child(run, place, lambda: _try_states(run), PREVIEW_KEPT)
    told = {key: outcome[key] for key in ("output", "changes", "rendered_sha256") if key in outcome}
    return outcome["ended"] or _foreseen_of_states(told.get("changes")), told


def _foreseen_of_states(changes):
    if not changes:
        return "not_tried"
    if changes["would_fail"]:
        return "would_fail"
    return "would_change" if changes["would_change"] else "would_not_change"


def _foreseen_of_script(run, place):
    script, argv = run.work["fix"]["solution"], _interpreter(run.work["fix"]["solution"])
    reason, syntax = _syntax(run, script, argv, place)
    head = [f"interpreter: {' '.join(argv)}", f"syntax: {syntax}"]
    head += [f"{name}={value!r}" for name, value in run.work["fix"]["environment"].items()]
    text = "\n".join([*head, "", script])
    return reason, {"output": _cut(text, PREVIEW_KEPT)[0]}


def _syntax(run, script, argv, place):
    """Have the shell read the script without running it.

    Without the options that the script asks for: after its ``-`` a shell takes ours for a name.
    """
    shell = _plain_shell(argv)
    if not shell:
        return "not_run", f"not checked, because {argv[0]} is no sh or bash that is here"
    outcome = _run_script(run, script, {}, place, run.deadline, argv=[shell, "-n"])
    if outcome["ended"]:
        return outcome["ended"], "not checked to the end"
    if outcome["retcode"]:
        return "syntax_error", _words(outcome["output"])
    return "not_run", "no error found"


def _plain_shell(argv):
    """The shell that ``#!`` means, where it is one of the system's own; else None."""
    path, *rest = " ".join(argv).split()
    if path in ("/usr/bin/env", "/bin/env"):
        name = next((word for word in rest if not word.startswith("-")), "")
        path = name in ("sh", "bash") and shutil.which(name)
    return path if path in SHELLS and os.access(path, os.X_OK) else None


def _preview_ending(reason):
    verdict, message = PREVIEWS[reason]
    return verdict, reason, message


def _preview_result(run, verdict, reason, message, **told):
    """The one shape in which a preview is reported."""
    return {
        "rescue": 1,
        "dispatch": run.dispatch,
        "execution_id": run.execution_id,
        "verdict": verdict,
        "reason": reason,
        "message": message,
        "seconds": round(time.monotonic() - run.started, 3),
        "service_up": None,
        "changes": {"total": 0, "would_change": 0, "would_fail": 0, "unchanged": 0},
        "rendered_sha256": None,
        "output": "",
        **told,
    }


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


def _fetch(run, sha256, only_look=False):
    """Get the work, and refuse it unless it is what the job meant and can be done here.

    Returns the mark of the halt that stood when the master was asked.
    """
    question = {"dispatch": run.dispatch, **({"preview": True} if only_look else {})}
    try:
        answer, halt_before = _ask_for_work(question)
    except Exception as error:  # the master is away, or its pillar is broken
        log.exception("rescue: the work of %s could not be fetched", run.dispatch)
        raise Refused("no_work", "The master's pillar could not be asked for the work.") from error
    if not isinstance(answer.get("work"), dict):
        why = answer.get("refused") or "it did not answer; is on_demand_ext_pillar: [rescue] set?"
        reason = "halted" if answer.get("halted") is True else "no_work"
        raise Refused(reason, f"The master has no work for this minion: {_words(why)}")
    fresh = answer.get("services")
    work = _understood(answer["work"], run.dispatch, sha256)
    # Work for a preview has not been begun in the master's ledger, so it must not be run.
    _require((answer["work"].get("preview") is True) is only_look, "`preview` is not as asked")
    run.take(work, fresh if isinstance(fresh, dict) else _services())
    looks = "check" in work["steps"] or "verify" in work["steps"]
    if looks and not work["check"] and not _checkable(run.config):
        raise Refused("no_check", _how_to_configure(run.service))
    return halt_before


def _ask_for_work(question):
    """The answer, and the mark of the halt that stood before it was asked for.

    Ask again, a little later, when the master says that it cannot look it up just now.
    """
    for pause in ASK_AGAIN_SECONDS:
        halt_before, answer = _halt_mark(), _ask_master(question)
        if not answer.get("again"):
            break
        time.sleep(pause)
    return answer, halt_before


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


def _require_name(dispatch):
    if not re.fullmatch(r"[0-9a-f]{32}", dispatch):
        raise Refused("malformed_work", "A dispatch is named by 32 lower-case hex digits.")


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
        _require(_binds(fix), "`rendered_sha256` is not the hash of what a state renders to")


def _binds(fix):
    """Nothing, or the hash of a preview; to ignore one on another kind would be to lose it."""
    sha256 = fix.setdefault("rendered_sha256", None)
    of_state = fix["kind"] == "state" and isinstance(sha256, str)
    return sha256 is None or (of_state and re.fullmatch(r"[0-9a-f]{64}", sha256))


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
    except (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, OverflowError):
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
    return _in_child(run, place, lambda: _reported(_apply(run), OUTPUT_KEPT))


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


def _run_script(run, script, extra, place, deadline, keep=False, argv=None):
    """Run a script in its own session; a daemon that it leaves behind lives on."""
    environment = {**_environment(run.service, run.config), **extra}
    path, spool = _written(script, place), Spool(place)
    try:
        child = _started([*(argv or _interpreter(script)), path], environment, spool)
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


def _in_child(run, place, work, kept=OUTPUT_KEPT):
    """The outcome of work with states, done in a child of its own session.

    So all that they start can be ended with it. A refusal there is one here.
    """
    lock = _state_lock()
    if lock is None:
        return _outcome(1, "", ended="state_running")
    path, spool = _written("", place), Spool(place)
    try:
        child = Forked(lambda: _write(path, _answered(work)), spool)
        ended, told = _supervise(child, spool, run.deadline), _read(path)
        if told and "refused" in told:
            raise Refused(*told["refused"])
        if not ended and told:
            return told
        return _outcome(_code(child, ended) or 1, spool.text(kept), ended=ended)
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


def _answered(work):
    """In the child: do the work; a refusal goes to the parent as data."""
    # A client that the parent has connected must not be shared; and pids are not the parent's.
    for key in [key for key in __context__ if "fileclient" in key or key == "auth"]:
        __context__.pop(key)
    __opts__["multiprocessing"] = True
    try:
        return work()
    except Refused as refused:
        return {"refused": [refused.reason, refused.message]}


def _apply(run):
    """In the child: run the states."""
    fix = run.work["fix"]
    # `queue=False` even where the minion has `state_queue: True`: a queued run is lost to us.
    if fix["kind"] == "sls":
        return __salt__["state.high"](fix["states"], queue=False)
    if fix["rendered_sha256"]:
        return _apply_approved(run)
    return __salt__["state.apply"](fix["solution"].strip(), pillar=_asked(run), queue=False)


def _apply_approved(run):
    """Run what the state renders to if it is what was approved.

    The very data that was compared: rendered again, it might have become something else.
    """
    states = _rendered(run)
    if _says_busy(states):
        return states
    if not isinstance(states, dict):
        said = "; ".join(map(str, states)) if isinstance(states, list) else states
        why = f"it cannot be rendered: {_words(said)}"
        raise Refused("rendered_mismatch", f"What was approved cannot be run, as {why}")
    if _fingerprint(states) != run.work["fix"]["rendered_sha256"]:
        words = "What the state renders to is not what was approved."
        raise Refused("rendered_mismatch", f"{words} Preview it again, and approve that.")
    _refuse_when_halted()
    return __salt__["state.high"](states, queue=False, pillar=_asked(run))


def _try_states(run):
    """In the child: what the states would change, and the hash of what they render to."""
    fix, sha256, extra = run.work["fix"], None, {}
    states = fix["states"]
    if fix["kind"] == "state":
        states, extra = _rendered(run), {"pillar": _asked(run)}
        sha256 = _fingerprint(states) if isinstance(states, dict) else None
    answer = states
    if isinstance(states, dict):
        answer = __salt__["state.high"](states, test=True, queue=False, **extra)
    outcome = _reported(answer, PREVIEW_KEPT)
    changes = {"changes": _counted(answer)} if _is_of_states(answer) else {}
    return {**outcome, **changes, "rendered_sha256": sha256}


def _counted(answer):
    """How many states would do what; in a test None means that something would change."""
    failing = sum(state.get("result") is False for state in answer.values())
    same = sum(
        state.get("result") is True and not state.get("changes") for state in answer.values()
    )
    change = len(answer) - failing - same
    total = {"total": len(answer), "would_change": change}
    return {**total, "would_fail": failing, "unchanged": same}


def _asked(run):
    """The pillar that tells a runbook state what it is run for."""
    return {"rescue_run": {"service": run.service, "arguments": run.work["fix"]["arguments"]}}


def _reported(answer, kept):
    """The outcome of a state run, with the text that Salt's users know."""
    shown, opts = {"local": answer or "No state was run."}, {**__opts__, "output": "highstate"}
    text, size = _cut(__salt__["out.string_format"](shown, out="highstate", opts=opts), kept)
    if _is_of_states(answer):
        failed = any(state.get("result") is False for state in answer.values())
        return _outcome(2 if failed else 0, text, size)
    return _outcome(1, text, size, "state_running" if _says_busy(answer) else None)


def _is_of_states(answer):
    """Whether states were run; complaints come as a list."""
    told = isinstance(answer, dict) and bool(answer)
    return told and all(isinstance(state, dict) for state in answer.values())


def _says_busy(answer):
    return isinstance(answer, list) and "is running as PID" in str(answer)


# --- what a state renders to ---------------------------------------------------------------------


def _rendered(run):
    """The states as the master's files and the pillar have them now; a list when there are none.

    By `show_sls`: `show_low_sls` leaves out what ``extend`` adds. Not in test mode, so that a state
    cannot render to something harmless for those who look at it.
    """
    name = run.work["fix"]["solution"].strip()
    for off in __salt__["state.list_disabled"]() or []:
        # As `state.apply` understands it, which would not run it either.
        if off == name or (".*" in off and name.startswith(off.partition(".")[0] + ".")):
            return [f"The state {name} is disabled here: run state.enable {off}"]
    return __salt__["state.show_sls"](name, queue=False, pillar=_asked(run))


def _fingerprint(states):
    """SHA-256 of rendered states and of the master's files that they name as ``salt://…``.

    What is looked up only while they run is not in it: what the template of a managed file
    imports, the code of Salt's modules, pillar that no template puts into the states.
    """
    files = {url: _hashes(url) for url in sorted(set(_urls(states)))}
    text = json.dumps(_plain([states, files]), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(value):
    """As JSON can hold it; YAML has keys and values that JSON does not know."""
    if isinstance(value, dict):
        return {repr(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    known = value is None or isinstance(value, (str, int, float))
    return value if known else {"repr": repr(value)}


def _urls(value):
    """Every text in the states that names something on the master's file server."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _urls(key)
            yield from _urls(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _urls(item)
    elif isinstance(value, str) and value.startswith("salt://"):
        yield value


def _hashes(url):
    """What the master says that a file holds, or each file of a folder."""
    if found := __salt__["cp.hash_file"](url):
        return found
    path, mark, saltenv = url[len("salt://") :].partition("?saltenv=")
    folder, where = path.strip("/") + "/", {"saltenv": saltenv} if mark else {}
    below = __salt__["cp.list_master"](prefix=folder, **where)
    hashed = __salt__["cp.hash_file"]
    return {name: hashed(f"salt://{name}{mark}{saltenv}") for name in below}


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
        # Stopped first: a shell that outlives its child by an instant would print "Killed".
        _signal(child.pid, left, signal.SIGSTOP)
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

    def text(self, kept=OUTPUT_KEPT):
        """What was written, or its head and its tail, as text of at most the limit."""
        return _bounded(self.size(), self._read, kept)

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


def _cut(text, kept):
    """(text of at most so many bytes and a marker, how many bytes it had)."""
    raw = text.encode("utf-8", "replace")
    return _bounded(len(raw), lambda length, offset: raw[offset : offset + length], kept), len(raw)


def _bounded(total, read, kept=OUTPUT_KEPT):
    """Text of at most the limit, out of `total` bytes that `read(length, offset)` gives."""
    if total <= kept:
        text = read(total, 0).decode("utf-8", "replace")
        # What is not UTF-8 becomes a character of three bytes, so it may have grown too long.
        if len(text.encode("utf-8")) <= kept:
            return text
    half = kept // 2
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
        _require_name(dispatch)
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
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
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
            old = [e.path for e in found if _passes(e.name) and e.stat().st_mtime < limit]
        for path in old[:REMOVED_AT_ONCE]:
            shutil.rmtree(path, ignore_errors=True)
        for name in ("*/output-*", "start-*.log"):
            for path in glob.glob(os.path.join(glob.escape(root), name)):
                if os.path.getsize(path) > OUTPUT_LIMIT:
                    os.truncate(path, 0)
    except OSError:
        log.exception("rescue: the ledger could not be swept")


def _passes(name):
    """Entries, and what a preview that was killed has left behind."""
    return len(name) == 32 or name.startswith("preview-")


# --- the halt ------------------------------------------------------------------------------------


def _halt_path():
    return os.path.join(_root(), "halted")


@contextlib.contextmanager
def _halt_lock():
    """Keeps those apart who write and remove the flag."""
    handle = os.open(os.path.join(_root(), "halt.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        # Not only closed: a process that another thread has forked off may hold a copy of it.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _halt_mark():
    """What tells this flag from an earlier or later one, whatever the clock says; None without."""
    try:
        found = os.stat(_halt_path())
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _lift_older_halt(mark):
    """The master has handed out work, so a halt that stood when it was asked stands no more.

    One that has come since is not touched: the master may have answered before it.
    """
    if mark is None:
        return
    with _halt_lock(), contextlib.suppress(FileNotFoundError):
        if _halt_mark() == mark:
            os.unlink(_halt_path())


def _refuse_when_halted():
    found = halted()
    if found["halted"]:
        why = f" The reason given: {found['reason']}" if found["reason"] else ""
        raise Refused("halted", f"This minion is halted, so nothing was changed.{why}")


def _words(said):
    """Somebody's words as one line of bounded length."""
    kept = str(said).strip()[:WORDS_KEPT]
    return "".join(letter if letter.isprintable() else " " for letter in kept)


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
