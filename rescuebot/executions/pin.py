"""What exactly a run does, as one text that is fixed when the run is planned.

Invariant: the minion does what this text says and nothing else; its SHA-256 travels separately.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from rescuebot.commands.model import SaltStackCommand
from rescuebot.executions.model import Step
from rescuebot.runbooks.model import SolutionKind

_EDITED = "edited"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """The part of a run that changes something (or, for a log check, only looks)."""

    kind: SolutionKind
    solution: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    runbook_id: int | None = None
    command_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """The text and its hash."""

    text: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """What people made of a proposal: the hash of the text that was pinned at first, the runbook
    that this came from, and everybody who has changed it since, in their order.
    """

    of: str
    runbook_id: int | None
    by: tuple[str, ...]


def pin(
    *, service: str, steps: tuple[Step, ...], check: SaltStackCommand | None, fix: Fix | None
) -> Pinned:
    """The canonical JSON of a run; equal runs give equal texts, so they can go out as one job."""
    content = {
        "service": service,
        "steps": [step.value for step in steps],
        "check": None if check is None else _script(check),
        "fix": None if fix is None else _solution(fix),
    }
    return _pinned(content)


def is_whole(*, text: str, sha256: str) -> bool:
    """Whether the text still has the hash that it was pinned with."""
    return _hash(text) == sha256


def fix_of(text: str) -> dict[str, Any] | None:
    """The fix in a pinned text: ``{"kind", "solution", "arguments", …}``, None for a mere check."""
    fix = json.loads(text)["fix"]
    return fix if isinstance(fix, dict) else None


def bound_to(text: str, *, rendered_sha256: str) -> Pinned:
    """The same run, bound to what its runbook state renders to as well as to its name."""
    content = json.loads(text)
    content["fix"] = {**content["fix"], "rendered_sha256": rendered_sha256}
    return _pinned(content)


def edited(
    text: str, *, solution: str, arguments: dict[str, Any], by: str, runbook_id: int | None
) -> Pinned:
    """The same run with a solution that a person wrote, bound to who did and to what it was.

    It is no longer what its command says, nor what its state rendered to.
    """
    content = json.loads(text)
    fix = content["fix"]
    before = fix.get(_EDITED) or {"of": _hash(text), "runbook_id": runbook_id, "by": []}
    content["fix"] = {
        "kind": fix["kind"],
        "solution": solution,
        "arguments": arguments,
        "command_id": None,
        _EDITED: {**before, "by": [*before["by"], by]},
    }
    return _pinned(content)


def edit_of(text: str) -> Edit | None:
    """Who has edited a pinned text, and what they began with; None if nobody has."""
    found = (fix_of(text) or {}).get(_EDITED)
    if not isinstance(found, dict):
        return None
    return Edit(of=found["of"], runbook_id=found["runbook_id"], by=tuple(found["by"]))


def command_of(pinned: str, step: Step) -> int | None:
    """Which command the step of a pinned text runs, for its log row."""
    part = json.loads(pinned)["fix" if step is Step.FIX else "check"]
    command_id = None if part is None else part["command_id"]
    return command_id if isinstance(command_id, int) else None


def _pinned(content: dict[str, Any]) -> Pinned:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Pinned(text=text, sha256=_hash(text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _script(command: SaltStackCommand) -> dict[str, Any]:
    return {"command_id": command.id, "script": command.command_script}


def _solution(fix: Fix) -> dict[str, Any]:
    return {
        "kind": fix.kind.value,
        "solution": fix.solution,
        "arguments": fix.arguments,
        "command_id": fix.command_id,
    }
