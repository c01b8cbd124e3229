"""Salt's programs: configuration files for the daemons, and the command line that people use."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from devstack.errors import WorldError
from devstack.place import Place, tool, user

_COMPLAINTS = ("' is not available.", "Passed invalid arguments", "Exception occurred in runner")


def write_config(folder: Path, name: str, content: Mapping[str, Any]) -> Path:
    """Write a configuration, readable by us alone: the master's holds the ledger's password."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
    return path


def common(*, home: Path, sockets: Path, log: Path) -> dict[str, Any]:
    """What master and minion have in common: everything in one folder, as the current user."""
    sockets.mkdir(mode=0o700, exist_ok=True)
    return {
        "user": user(),
        # Salt puts root_dir before every path that does not begin with it already.
        "root_dir": "/",
        "pki_dir": str(home / "pki"),
        "cachedir": str(home / "cache"),
        # The defaults of these are the machine's own folders, whatever cachedir is.
        "extension_modules": str(home / "cache" / "extmods"),
        "sqlite_queue_dir": str(home / "cache" / "queues"),
        "sock_dir": str(sockets),
        "pidfile": str(home / "salt.pid"),
        "log_file": str(log),
        # For what goes to the terminal: Salt's programs warn about their own housekeeping.
        "log_level": "error",
        "log_level_logfile": "info",
        "ipv6": False,
        "enable_gpu_grains": False,
        "enable_fqdns_grains": False,
    }


def forget_instance(home: Path) -> None:
    """Let a daemon start although the last one was killed.

    Salt takes a zombie for a running instance, and where process 1 does not care for orphans, a
    killed daemon remains one. That ours does not run is known from its record.
    """
    for name in ("salt.pid", "process_responsibility_salt.pid"):
        (home / name).unlink(missing_ok=True)


def ask(
    program: str, *words: str, config: Path, place: Place, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run ``salt`` or ``salt-run`` as a person would; raises WorldError when it takes too long."""
    try:
        return subprocess.run(
            [str(tool(program)), "-c", str(config), *words],
            env=place.environment(),
            cwd=place.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        said = " ".join([program, *words])
        raise WorldError(f"`{said}` did not end within {seconds:g} s.") from None


def as_words(arguments: Sequence[Any], named: Mapping[str, Any]) -> list[str]:
    """Arguments of a function as Salt's command line takes them."""
    return [_word(value) for value in arguments] + [
        f"{name}={_word(value)}" for name, value in named.items()
    ]


def decode(done: subprocess.CompletedProcess[str]) -> Any:
    """The object that ``--out=json`` printed, or WorldError with what was said instead."""
    try:
        return json.loads(done.stdout)
    except ValueError:
        said = (done.stderr + done.stdout).strip()[-4000:]
        called = " ".join(done.args[3:])
        raise WorldError(
            f"`{Path(done.args[0]).name} {called}` ended with {done.returncode}.", remedy=said
        ) from None


def is_complaint(answer: str) -> bool:
    """Whether Salt says that it could not call a function; its exit code is 0 all the same."""
    return any(words in answer for words in _COMPLAINTS)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
