"""Which runbook fits a message, and why: plain values and pure functions.

Invariant: the order of choice is one for all that ask: priority, then specific before general (a
longer pattern), then newest.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import Any

from rescuebot.runbooks.model import RunbookMode, RunbookScript
from rescuebot.runbooks.patterns import parts_of, problems_of

# How many that nearly matched are told, how many of these places are kept for other services when
# one of theirs is found, and how many stand in the sentence.
NEAR = 5
_KEPT_FOR_OTHERS = 2
_IN_WORDS = 3
_SHOWN = 60


class Clause(StrEnum):
    """What kept a runbook from matching."""

    SERVICE = "service"
    DISABLED = "disabled"
    PATTERN = "pattern"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What of a runbook counts for the choice."""

    id: int
    title: str
    service_type: str
    error_pattern: str
    priority: int = 0
    enabled: bool = True
    mode: RunbookMode = RunbookMode.ASK
    version: int = 1

    @classmethod
    def of(cls, runbook: RunbookScript) -> Candidate:
        """The candidate that a row is."""
        return cls(
            id=runbook.id,
            title=runbook.title,
            service_type=runbook.service_type,
            error_pattern=runbook.error_pattern,
            priority=runbook.priority,
            enabled=runbook.enabled,
            mode=runbook.mode,
            version=runbook.version,
        )

    @property
    def name(self) -> str:
        """As sentences name it."""
        return f"{self.id} '{self.title}'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """One that matched, and why it stands where it stands."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """One that nearly matched: the clauses that failed, and the same as words."""

    candidate: Candidate
    failed: tuple[Clause, ...]
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Which runbook is chosen and why: all that matched in order of choice, the nearest others."""

    service_type: str
    matched: tuple[Fit, ...]
    near: tuple[Miss, ...]
    words: str

    @property
    def winner(self) -> Candidate | None:
        """The first that matched and acts: one in mode shadow takes the place of no other."""
        acting = (fit.candidate for fit in self.matched if not _is_shadow(fit.candidate))
        return next(acting, None)

    @property
    def shadows(self) -> tuple[Candidate, ...]:
        """Those in mode shadow that would come before the winner."""
        first = (fit.candidate for fit in self.matched)
        return tuple(takewhile(_is_shadow, first))

    @property
    def winner_id(self) -> int | None:
        """Its id."""
        return None if self.winner is None else self.winner.id

    def plain(self) -> dict[str, Any]:
        """The same as values that JSON knows."""
        return {
            "service_type": self.service_type,
            "winner": self.winner_id,
            "shadows": [candidate.id for candidate in self.shadows],
            "words": self.words,
            "matched": [{**_plain(fit.candidate), "reason": fit.reason} for fit in self.matched],
            "near": [
                {**_plain(miss.candidate), "failed": list(miss.failed), "words": miss.words}
                for miss in self.near
            ],
        }


def rank(candidate: Candidate) -> tuple[int, int, int]:
    """What candidates are sorted by: the first is chosen."""
    return (-candidate.priority, -len(candidate.error_pattern), -candidate.id)


def explanation_of(
    *, service_type: str, found: Iterable[Candidate], near: Sequence[Miss] = (), enabled: int
) -> Explanation:
    """The explanation, from the candidates of a service that are enabled and found.

    `enabled` is how many of that service there were to choose from.
    """
    ordered = sorted(found, key=rank)
    words = _words(ordered) if ordered else _none(service_type, enabled, near)
    return Explanation(
        service_type=service_type, matched=_reasoned(ordered), near=tuple(near), words=words
    )


def nearest(
    *,
    service_type: str,
    disabled: Iterable[Candidate],
    missed: Iterable[Candidate],
    elsewhere: Iterable[Candidate],
    parts: Collection[str],
) -> tuple[Miss, ...]:
    """The few that nearly matched, those of the same service first.

    `disabled` are of that service and found, `missed` enabled but not found, `elsewhere` found but
    of other services; `parts` are the parts of the missed ones that are found.
    """
    others = heapq.nsmallest(NEAR, elsewhere, key=rank)
    room = NEAR - min(len(others), _KEPT_FOR_OTHERS)
    own = [_disabled(one) for one in heapq.nsmallest(room, disabled, key=rank)]
    closest = heapq.nsmallest(
        room - len(own), missed, key=lambda one: (-_share(one.error_pattern, parts), rank(one))
    )
    own += [_not_found(one, parts) for one in closest]
    return (*own, *(_of_another(one, service_type) for one in others[: NEAR - len(own)]))


def _plain(candidate: Candidate) -> dict[str, Any]:
    return {
        "id": candidate.id,
        "title": candidate.title,
        "service_type": candidate.service_type,
        "error_pattern": candidate.error_pattern,
        "priority": candidate.priority,
        "enabled": candidate.enabled,
        "mode": candidate.mode.value,
        "version": candidate.version,
    }


def _reasoned(ordered: Sequence[Candidate]) -> tuple[Fit, ...]:
    if len(ordered) == 1:
        return (Fit(candidate=ordered[0], reason="It is the only one that fits."),)
    fits = []
    for place, one in enumerate(ordered):
        before, after = ordered[max(place - 1, 0)], ordered[max(place, 1)]
        start = f"Before {after.id}" if place == 0 else f"After {before.id}"
        fits.append(Fit(candidate=one, reason=f"{start}: {_precedence(before, after)}."))
    return tuple(fits)


def _precedence(before: Candidate, after: Candidate) -> str:
    if before.priority != after.priority:
        return f"priority {before.priority} comes before {after.priority}"
    longer, shorter = len(before.error_pattern), len(after.error_pattern)
    if longer != shorter:
        return (
            f"of the same priority, a pattern of {longer} characters comes before one of {shorter}"
        )
    return f"of the same priority and length of pattern, the newer {before.id} comes first"


def _is_shadow(candidate: Candidate) -> bool:
    return candidate.mode is RunbookMode.SHADOW


def _words(found: Sequence[Candidate]) -> str:
    acting = [one for one in found if not _is_shadow(one)]
    if acting:
        return _won(acting)
    names = ", ".join(one.name for one in found[:NEAR])
    return f"Only runbooks in mode shadow fit, and those never act: {names}."


def _won(found: Sequence[Candidate]) -> str:
    winner, others = found[0], found[1:]
    pattern = winner.error_pattern
    why = (
        f"its pattern {_quoted(pattern)} is found in the message"
        if pattern
        else "it has no pattern"
    )
    words = (
        f"Runbook {winner.name} fits: it is for service {winner.service_type}, {why}, "
        f"and its priority is {winner.priority}."
    )
    if others:
        words += f" After it would come {', '.join(one.name for one in others[:NEAR])}."
    return words


def _none(service_type: str, enabled: int, near: Sequence[Miss]) -> str:
    if not service_type:
        words = "No rule of intake tells the service, so no runbook can be looked up."
    elif not enabled:
        words = f"There is no enabled runbook for service {service_type}."
    else:
        which = "The one runbook" if enabled == 1 else f"None of the {enabled} runbooks"
        has = "has no pattern that is" if enabled == 1 else "has a pattern that is"
        words = f"{which} for service {service_type} {has} found in the message."
    if near:
        told = "; ".join(f"{miss.candidate.name} ({miss.words})" for miss in near[:_IN_WORDS])
        words += f" Nearest: {told}."
    return words


def _disabled(candidate: Candidate) -> Miss:
    words = f"it is disabled; {_found(candidate)}"
    return Miss(candidate=candidate, failed=(Clause.DISABLED,), words=words)


def _of_another(candidate: Candidate, service_type: str) -> Miss:
    service = f"not {service_type}" if service_type else "and the event's service is not known"
    words = f"it is for service {candidate.service_type}, {service}; {_found(candidate)}"
    return Miss(candidate=candidate, failed=(Clause.SERVICE,), words=words)


def _found(candidate: Candidate) -> str:
    pattern = candidate.error_pattern
    return f"its pattern {_shown(pattern)} is found" if pattern else "it has no pattern"


def _not_found(candidate: Candidate, parts: Collection[str]) -> Miss:
    words = _why_not_found(candidate.error_pattern, parts)
    return Miss(candidate=candidate, failed=(Clause.PATTERN,), words=words)


def _why_not_found(pattern: str, parts: Collection[str]) -> str:
    """Which parts of the alternative that comes nearest are in the message and which are not."""
    refusal = problems_of(pattern)
    if refusal:
        return f"its pattern {_shown(pattern)} is refused: it {refusal}"
    alternatives = parts_of(pattern)
    best = max(alternatives, key=lambda wanted: _found_of(wanted, parts))
    here = [part for part in best if part in parts]
    if not here:
        return _absent([part for wanted in alternatives for part in wanted])
    if len(here) == len(best):
        order = "but not as the pattern asks for"
        return f"{_list(here)} {_is(here)} in the message, {order}: {_shown(pattern)}"
    gone = [part for part in best if part not in parts]
    return f"{_list(here)} {_is(here)} in the message, {_list(gone)} {_is(gone)} not"


def _absent(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return f"{_list(parts)} is not in the message"
    return f"none of {_list(parts)} is in the message"


def _share(pattern: str, parts: Collection[str]) -> float:
    """How much of the alternative that comes nearest is found."""
    return max(_found_of(wanted, parts) for wanted in parts_of(pattern))


def _found_of(wanted: Sequence[str], parts: Collection[str]) -> float:
    return sum(part in parts for part in wanted) / len(wanted)


def _list(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - NEAR} more" if len(parts) > NEAR else ""
    return ", ".join(_shown(part) for part in parts[:NEAR]) + more


def _is(parts: Sequence[str]) -> str:
    return "is" if len(parts) == 1 else "are"


def _shown(pattern: str) -> str:
    return _quoted(pattern if len(pattern) <= _SHOWN else pattern[:_SHOWN] + "…")


def _quoted(pattern: str) -> str:
    """As it was written, but for what cannot be printed; with doubled backslashes it would be
    another pattern.
    """
    letters = (one if one.isprintable() else repr(one)[1:-1] for one in pattern)
    return f"'{''.join(letters)}'"
