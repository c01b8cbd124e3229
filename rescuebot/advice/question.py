"""What is asked when no runbook fits: the facts, what they are known by again, and the request.

Invariant: the same trouble has the same hash on every server at every time, and another trouble,
or another choice of answers, has another; a request is never longer than its limit.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import re2

from rescuebot.advice.redact import Redactor

LONGEST = 60_000
"""The characters of a request, as JSON, when nothing else is said."""

VERSION = 1
_LINE = 200
_MESSAGE = 4_000
_WHY = 300
_SIGNS = 400  # lines of evidence that count for the hash


class EvidenceKind(StrEnum):
    """Where a piece of evidence comes from."""

    LOG_CHECK = "log_check"
    CHECK = "check"
    RECENT_EVENTS = "recent_events"
    SIBLINGS = "siblings"
    SIMILAR = "similar"
    CHANGES = "changes"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFacts:
    """What of the event counts; `message` is foreign text."""

    source: str
    type: str
    severity: str
    service: str
    server: str
    message: str
    time: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One piece of evidence; its text is foreign."""

    kind: EvidenceKind
    title: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunbookOnOffer:
    """A runbook that may be chosen."""

    id: int
    version: int
    title: str
    description: str
    solution_kind: str
    mode: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandOnOffer:
    """A command that may be chosen."""

    id: int
    version: int
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A draft that a person has rejected."""

    title: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """All that an answer may rest on, and all that it may choose from."""

    event: EventFacts
    evidence: tuple[Evidence, ...] = ()
    runbooks: tuple[RunbookOnOffer, ...] = ()
    commands: tuple[CommandOnOffer, ...] = ()
    state_functions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def hash(self) -> str:
        """What the same question is known by again."""
        return hashlib.sha256(normalised(self).encode()).hexdigest()


def without_secrets(
    question: Question, *, also: Sequence[str] = ()
) -> tuple[Question, Mapping[str, int]]:
    """The question as it may leave the network, and how often what kind was taken out."""
    redactor = Redactor(also=also)
    found: Counter[str] = Counter()

    def _clean(text: str) -> str:
        result = redactor.redacted(text)
        found.update(result.found)
        return result.text

    clean = replace(
        question,
        event=replace(question.event, message=_clean(question.event.message)),
        evidence=tuple(
            replace(item, title=_clean(item.title), text=_clean(item.text))
            for item in question.evidence
        ),
        rejected=tuple(
            replace(item, title=_clean(item.title), why=_clean(item.why))
            for item in question.rejected
        ),
    )
    return clean, dict(found)


def normalised(question: Question) -> str:
    """The question without server, time and numbers that only tell one occurrence from another.

    Of the evidence only what the server itself says counts, and of that only lines that speak of a
    trouble, each once: order, how many there are and what else was logged differ between servers.
    """
    event = question.event
    signs = {
        template(line, server=event.server)
        for item in question.evidence
        if item.kind in (EvidenceKind.LOG_CHECK, EvidenceKind.CHECK)
        for line in item.text.splitlines()
        if _TROUBLE.search(_plain(line))
    }
    asked = {
        "version": VERSION,
        "source": event.source,
        "type": event.type,
        "service": event.service,
        "message": template(event.message, server=event.server),
        "signs": sorted(signs)[:_SIGNS],
        "runbooks": sorted([item.id, item.version] for item in question.runbooks),
        "commands": sorted([item.id, item.version] for item in question.commands),
        "state_functions": sorted(question.state_functions),
        "notes": list(question.notes),
        "rejected": sorted(item.title for item in question.rejected),
    }
    return json.dumps(asked, ensure_ascii=False, sort_keys=True)


def template(text: str, *, server: str = "") -> str:
    """A text with what differs from one occurrence to the next taken out; error codes stay."""
    text = _plain(text)
    if len(server) > 1:
        text = text.replace(server, " <server> ")
    for pattern, word in _IDENTITIES:
        text = pattern.sub(word, text)
    text = _CODES.sub(lambda found: _shielded(found.group()), text)
    for pattern, word in _VARIABLE:
        text = pattern.sub(word, text)
    return " ".join(text.translate(_BARE).casefold().split())


def request(question: Question, *, limit: int = LONGEST) -> dict[str, Any]:
    """The question as the Lambda takes it: of long evidence head and tail, the same for each."""
    build = _Builder(question)
    most = max((len(item.text) for item in question.evidence), default=0)
    least = 0
    if _size(build.request(most)) <= limit:
        return build.request(most)
    while _size(build.request(0)) > limit and build.shrink():
        pass
    # The largest share that fits: who needs less than the share leaves the rest to the others.
    most = min(most, limit)
    while least < most:
        middle = (least + most + 1) // 2
        if _size(build.request(middle)) <= limit:
            least = middle
        else:
            most = middle - 1
    return build.request(least)


def cut(text: str, most: int) -> str:
    """Head and tail of a text that is too long, with a word about what is missing."""
    if len(text) <= most:
        return text
    marker = f"\n[… {len(text) - most:,} characters left out …]\n"
    room = most - len(marker)
    if room < 40:
        return ""
    head = room // 3
    return f"{text[:head]}{marker}{text[len(text) - (room - head):]}"


class _Builder:
    """Builds requests of one question with more or less of the evidence."""

    def __init__(self, question: Question) -> None:
        self._hash = question.hash
        self._question = question

    def shrink(self) -> bool:
        """Leave away half of what may be chosen from; tells whether there was any."""
        now = self._question
        lists = (now.runbooks, now.commands, now.rejected, now.notes, now.evidence)
        if not any(lists):
            return False
        self._question = replace(
            now,
            runbooks=now.runbooks[: len(now.runbooks) // 2],
            commands=now.commands[: len(now.commands) // 2],
            rejected=now.rejected[: len(now.rejected) // 2],
            notes=now.notes[: len(now.notes) // 2],
            evidence=now.evidence[: len(now.evidence) // 2],
        )
        return True

    def request(self, share: int) -> dict[str, Any]:
        """The request with at most `share` characters of each piece of evidence."""
        now = self._question
        event = {name: _line(value) for name, value in asdict(now.event).items()}
        return {
            "version": VERSION,
            "question_id": self._hash,
            "event": {**event, "message": cut(_shown(now.event.message), _MESSAGE)},
            "evidence": [
                {
                    "id": f"E{number}",
                    "kind": item.kind.value,
                    "title": _line(item.title),
                    "text": cut(_shown(item.text), share),
                }
                for number, item in enumerate(now.evidence, start=1)
            ],
            "runbooks": [_offered(asdict(item)) for item in now.runbooks],
            "commands": [_offered(asdict(item)) for item in now.commands],
            "allowed": {
                "state_functions": list(now.state_functions),
                "notes": [_line(note, _WHY) for note in now.notes],
            },
            "rejected": [
                {"title": _line(item.title), "why": _line(item.why, _WHY)} for item in now.rejected
            ],
        }


def _offered(fields: dict[str, Any]) -> dict[str, Any]:
    del fields["version"]
    return {k: _line(v, _WHY) if isinstance(v, str) else v for k, v in fields.items()}


def _line(text: str, most: int = _LINE) -> str:
    return cut(" ".join(_shown(text).split()), most)


def _shown(text: str) -> str:
    """Without controls, which JSON would write six times as long and a model reads as nothing."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def _size(request_: Mapping[str, Any]) -> int:
    return len(json.dumps(request_, ensure_ascii=False))


def _plain(text: str) -> str:
    return text.encode(errors="replace").decode()


# Digits of error codes are put into private use while all other digits are taken out.
_SHIELD = {ord("0") + n: 0xE100 + n for n in range(10)}
_BARE = {0xE100 + n: ord("0") + n for n in range(10)}


def _shielded(text: str) -> str:
    return text.translate(_SHIELD)


def _any_case() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    return options


_TROUBLE = re2.compile(
    r"error|fail|fatal|panic|denied|refused|no space|cannot|can't|unable|time[d -]*out|crash|"
    r"kill|\boom\b|out of|corrupt|exception|not found|no such|invalid|unknown|missing|too many|"
    r"exceed|full\b|abort|emerg|crit\b|alert\b|broken|bad |expired|unreachable|segfault|deadlock|"
    r"read-only|already in use|inactive|dead\b|실패|오류|エラー|失敗",
    _any_case(),
)
_CODES = re2.compile(
    r"\b(?:errno|error|err|code|status|sqlstate|exit(?:ed)?|signal|rc|retcode)"
    r"(?:\s*(?:code|status|number|no\.?))?\s*[:=#(\[]*\s*\d{1,6}\b"
    r"|\b(?-i:[A-Z]{1,8}-?\d{3,6})\b|\bHTTP\S*\"? [1-5]\d\d\b|\b[45]\d\d (?:[A-Z][a-z]+ )+"
    r"|\bHTTPCode_\w+|\b0x8[0-9a-f]{7}\b|\(\d{5}\)",
    _any_case(),
)
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAYS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"
_ZONE = r"(?:\s*(?:z|utc|gmt|jst|kst|[+-]\d{2}:?\d{2}))?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?"
# Taken out first: parts of them look like error codes.
_IDENTITIES: tuple[tuple[Any, str], ...] = tuple(
    (re2.compile(pattern, _any_case()), word)
    for pattern, word in (
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", " <id> "),
        (r"\barn:aws[a-z-]*:[^\s\",]+", " <arn> "),
        (r"\b(?:i|vol|eni|snap|sg|subnet|vpc|ami|lt|db)-[0-9a-f]{8,17}\b", " <id> "),
    )
)
_VARIABLE: tuple[tuple[Any, str], ...] = tuple(
    (re2.compile(pattern, _any_case()), word)
    for pattern, word in (
        (r"<[a-z-]+-\d+>", " <redacted> "),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b", " <address> "),
        (rf"\b\d{{2,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}(?:[ t:]+{_CLOCK}{_ZONE})?", " <time> "),
        (rf"\b\d{{1,2}}[ /-]{_MONTHS}[ /-]\d{{2,4}}(?:[ :t]+{_CLOCK}{_ZONE})?", " <time> "),
        (rf"\b{_DAYS}{_MONTHS} +\d{{1,2}}(?: +{_CLOCK})?(?: +\d{{4}})?{_ZONE}\b", " <time> "),
        (rf"\b\d{{2}}:\d{{2}}:\d{{2}}(?:[.,]\d+)?{_ZONE}", " <time> "),
        (r"\bip-\d{1,3}(?:-\d{1,3}){3}[a-z0-9.-]*", " <server> "),
        (r"\b[0-9a-f]{1,4}(?::{1,2}[0-9a-f]{1,4}){2,7}\b", " <address> "),
        (r"\b0x[0-9a-f]+\b", " <id> "),
        (r"\b[0-9a-f]{7,128}\b", " <id> "),
        (
            r"[+-]?\b\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?:\s*(?:ns|us|µs|ms|s|sec|secs|seconds?|"
            r"m|min|mins|minutes?|h|hours?|d|days?|[kmgtp]i?b?|bytes?|%))?(?:\b|%|$)",
            " # ",
        ),
        (r"\d+", "#"),
        (r"(?:#\s*[:,;/x]?\s*){2,}", " # "),
    )
)
