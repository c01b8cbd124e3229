"""The stand that the minion's module is tried on: the real file, fake dunders, real processes.

The fakes answer as Salt does; what Salt itself does with the module is tried in
tests/integration/test_minion_module.py.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

REPOSITORY = Path(__file__).parents[2]
MODULE = REPOSITORY / "salt" / "_modules" / "rescue.py"


class Minion:
    """One minion: a cache directory, a pillar, and a master that hands out work."""

    def __init__(self, folder: Path, services: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.services = services or {}
        self.answers: dict[str, Any] = {}
        self.asked: list[Any] = []
        self.states: Callable[..., Any] = lambda *args, **kwargs: {}
        self.module = self.restarted()

    def restarted(self) -> ModuleType:
        """The module as a new process of the minion would load it."""
        spec = importlib.util.spec_from_file_location(f"rescue_{uuid.uuid4().hex}", MODULE)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        vars(module).update(
            __opts__={"cachedir": str(self.folder), "id": "web-1", "multiprocessing": False},
            __context__={"cp.fileclient_1": "a client", "auth": "a key", "other": 1},
            __salt__={
                "pillar.ext": self.pillar_ext,
                "pillar.get": self.pillar_get,
                "state.apply": lambda *args, **kwargs: self.states("apply", *args, **kwargs),
                "state.high": lambda *args, **kwargs: self.states("high", *args, **kwargs),
                "out.string_format": lambda data, out, opts: f"{out}: {json.dumps(data)}",
            },
        )
        return module

    def pillar_ext(self, external: Any, unmask: bool | None = None) -> Any:
        """What the master's on-demand pillar gives; masked unless plain text is asked for."""
        self.asked.append(external)
        if not unmask:
            return {"rescue": "**********"}
        answer = self.answers.get(external["rescue"].get("dispatch"))
        if isinstance(answer, list):
            answer = answer.pop(0)
        return {"rescue": answer or {"refused": "no active execution"}}

    def pillar_get(self, key: str, default: Any = None, unmask: bool | None = None) -> Any:
        assert key == "rescue:services"
        return self.services if unmask else dict.fromkeys(self.services, "**********")

    def prepare(
        self,
        *,
        steps: list[str],
        check: str | None = None,
        fix: dict[str, Any] | str | None = None,
        service: str = "svc",
        **work: Any,
    ) -> tuple[str, str]:
        """Put work on the master; the arguments of the job that asks for it."""
        dispatch = uuid.uuid4().hex
        if isinstance(fix, str):
            fix = {"kind": "shell", "solution": fix, "arguments": {}, "command_id": 5}
        plan = {
            "service": service,
            "steps": steps,
            "check": None if check is None else {"command_id": 3, "script": check},
            "fix": fix,
        }
        pinned = json.dumps(plan, sort_keys=True, separators=(",", ":"))
        defaults = {"execution_id": 17, "server_id": "i-0abc", "limit_seconds": 30}
        handed = {"dispatch": dispatch, "verify_seconds": 3, "pinned": pinned, **defaults, **work}
        self.answers[dispatch] = {"work": handed}
        return dispatch, hashlib.sha256(handed["pinned"].encode()).hexdigest()

    def run(self, **work: Any) -> dict[str, Any]:
        """Prepare work and execute it."""
        return self.execute(*self.prepare(**work))

    def execute(self, dispatch: str, sha256: str) -> dict[str, Any]:
        """Execute as a job does; the result must be something that JSON can hold."""
        result: dict[str, Any] = self.module.execute(dispatch, sha256)
        assert json.loads(json.dumps(result)) == result
        return result

    def entry(self, dispatch: str) -> Path:
        """Where the ledger keeps a dispatch."""
        return self.folder / "rescue" / dispatch


def refused(result: dict[str, Any]) -> str:
    """The reason of a refusal; nothing may have been done."""
    assert result["verdict"] == "refused" and result["steps"] == []
    reason: str = result["reason"]
    return reason


def steps_of(result: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Of every step its name, status and return code."""
    return [(step["step"], step["status"], step["retcode"]) for step in result["steps"]]


def in_a_fork(work: Callable[[], Any]) -> int:
    """Do the work in a process of its own; its pid."""
    if pid := os.fork():
        return pid
    try:
        work()
    finally:
        os._exit(0)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition, ten seconds at most."""
    for _ in range(1000):
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"never: {what}")


def test_the_module_needs_only_the_standard_library_and_yaml() -> None:
    tree = ast.parse(MODULE.read_text(encoding="utf-8"), feature_version=(3, 10))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names} | set(froms)
    assert names - set(sys.stdlib_module_names) == {"yaml"}


def test_minions_can_sync_the_module_from_the_states_folder() -> None:
    synced = REPOSITORY / "salt" / "states" / "_modules" / "rescue.py"
    assert synced.is_symlink() and not Path(synced.readlink()).is_absolute()
    assert synced.samefile(MODULE)


def test_every_function_that_salt_offers_shows_how_to_call_it(tmp_path: Path) -> None:
    module = Minion(tmp_path).module
    functions = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and type(value).__name__ == "function"
    }
    offered = {
        "execute",
        "status",
        "processes",
        "wait_until_up",
        "hangs",
        "self_test",
        "preview",
        "halt",
        "resume",
        "halted",
    }
    assert set(functions) == offered
    assert all("CLI Example:" in function.__doc__ for function in functions.values())
