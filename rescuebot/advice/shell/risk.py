"""How dangerous a draft is, and why: plain values that shell and state drafts share.

Invariant: a risk only rises; whoever finds something tells it with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rescuebot import scripts


class Risk(StrEnum):
    """From what only looks to what must never run, not even with approval."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """What risks are compared by."""
        return list(Risk).index(self)


class Touch(StrEnum):
    """The kinds of things that a draft may touch."""

    COMMANDS = "commands"
    UNKNOWN = "unknown_commands"
    READS = "reads"
    WRITES = "writes"
    REMOVES = "removes"
    SERVICES = "services"
    PROCESSES = "processes"
    PACKAGES = "packages"
    USERS = "users"
    NETWORK = "network"
    KERNEL = "kernel"
    DATABASES = "databases"
    CONTAINERS = "containers"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the risk is at least this: in which line of the draft, in words for a person."""

    risk: Risk
    line: int
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """What was found: the risk, the reasons from the gravest down, and what would be touched."""

    risk: Risk
    reasons: tuple[Reason, ...]
    touched: Mapping[Touch, tuple[str, ...]]

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """Why it must never run; empty when a person may decide."""
        return tuple(reason for reason in self.reasons if reason.risk is Risk.REFUSED)


@dataclass(slots=True)
class Findings:
    """Collects what is found while a draft is read."""

    _reasons: dict[Reason, None] = field(default_factory=dict)
    _touched: dict[Touch, dict[str, None]] = field(default_factory=dict)

    def say(self, risk: Risk, line: int, words: str) -> None:
        """Note a reason; the same one counts once."""
        self._reasons[Reason(risk, line, words)] = None

    def refuse(self, line: int, words: str) -> None:
        """Note why it must never run."""
        self.say(Risk.REFUSED, line, words)

    def touch(self, kind: Touch, what: str) -> None:
        """Note that something would be touched."""
        self._touched.setdefault(kind, {})[scripts.shown(what, 100)] = None

    def assessment(self) -> Assessment:
        """All of it."""
        ranked = sorted(self._reasons, key=lambda reason: (-reason.risk.rank, reason.line))
        return Assessment(
            risk=ranked[0].risk if ranked else Risk.LOW,
            reasons=tuple(ranked),
            touched={kind: tuple(found) for kind, found in self._touched.items()},
        )
