"""Patterns that people write: which are refused and why, and searching many of them in one pass.

Invariant: RE2 searches in time proportional to the message whatever the pattern, the size of a
pattern's automaton is bounded, and a `PatternSet` finds what searching one by one would find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import re2

LONGEST = 500
# Steps of the automaton. 500 characters of any script take at most about 1,500; what takes more
# is a counted repetition of something wide, and a step more is time more on every message.
LARGEST = 2000
# For each compiled pattern, its cached states included. Room for eight times LARGEST.
_MEMORY = 1 << 20


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True  # only whether it is found is asked; groups cost time
    options.max_mem = _MEMORY
    return options


_OPTIONS = _options()
_REFUSALS = (re2.error, UnicodeEncodeError)


def problems_of(pattern: str) -> str | None:
    """Why a pattern is refused, as what it must be; None when it may be registered.

    An empty one is no pattern and is accepted: it fits every message.
    """
    if not pattern:
        return None
    if len(pattern) > LONGEST:
        return f"must be at most {LONGEST} characters, and has {len(pattern)}"
    try:
        compiled = re2.compile(pattern, _OPTIONS)
    except UnicodeEncodeError:
        return "must be text, and holds half a character (a lone surrogate)"
    except re2.error as error:
        return _refused(pattern, error)
    if compiled.programsize > LARGEST:
        return _too_large(compiled.programsize)
    if compiled.search(b""):
        return (
            "must ask for something that a message may lack: this one is found even in an empty "
            "text; leave the pattern empty if every message is meant"
        )
    return None


def search(pattern: str, message: str) -> bool:
    """Whether the pattern is found; an empty one is found everywhere.

    One that is stored although it would be refused (it was written past the checks) is found
    nowhere, unless all that is wrong with it is that an empty text fits it too.
    """
    if not pattern:
        return True
    try:
        compiled = re2.compile(pattern, _OPTIONS)
    except _REFUSALS:
        return False
    return _is_found(compiled, _encoded(message))


class PatternSet:
    """Many patterns, immutable: which of them are found in a message.

    RE2's filter looks for the literals that each pattern needs, all in one pass; only patterns
    whose literals occur are searched themselves. Built in chunks, so that a set that differs from
    `like` in a few patterns compiles little: chunks that are the same are shared.
    """

    def __init__(self, patterns: Sequence[str], *, like: PatternSet | None = None) -> None:
        known = {} if like is None else like._known
        self._empty = [place for place, pattern in enumerate(patterns) if not pattern]
        self._known: dict[tuple[str, ...], list[_Chunk]] = {}
        self._chunks: list[tuple[int, _Chunk]] = []
        for start in range(0, len(patterns), _CHUNK):
            part = tuple(patterns[start : start + _CHUNK])
            chunks = known.get(part) or list(_chunks(part))
            self._known[part] = chunks
            for chunk in chunks:
                self._chunks.append((start, chunk))
                start += chunk.length

    def find(self, message: str) -> list[int]:
        """The places of the patterns that are found, in no order; empty patterns among them."""
        text = _encoded(message)
        ended = text + _END
        found = list(self._empty)
        for start, chunk in self._chunks:
            found.extend(start + place for place in chunk.find(text, ended))
        return found


# So many patterns are compiled anew when one of them changes: some 50 ms.
_CHUNK = 2000
# The filter tells that its automaton ran out of memory by finding nothing. So one more pattern
# stands in every filter and is in every text that is given to it: if not even that is found, the
# answer is none. Control characters, because patterns hardly ever ask for them.
_CANARY = "\x02\x1a\x03\x1a\x02"
_END = f"\n{_CANARY}".encode()


class _Chunk:
    """Patterns that are filtered together, or not at all where their literals are too much."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.length = len(patterns)
        self._filter = re2.Filter()
        self._places = [
            place
            for place, pattern in enumerate(patterns)
            if pattern and _add(self._filter, pattern)
        ]
        self._compiled = [self._filter.re(number) for number in range(len(self._places))]
        _add(self._filter, _CANARY)
        self.is_filtered = _compile(self._filter)

    def find(self, text: bytes, ended: bytes) -> Iterator[int]:
        """The places of the patterns that are found in `text`; `ended` has the canary behind it."""
        for number in self._possible(ended):
            if _is_found(self._compiled[number], text):
                yield self._places[number]

    def _possible(self, ended: bytes) -> Iterable[int]:
        """Those whose literals occur; all, when the filter cannot tell."""
        canary = len(self._places)
        possible = (self._filter.Match(ended, True) or ()) if self.is_filtered else ()
        if canary not in possible:
            return range(canary)
        return [number for number in possible if number != canary]


def _chunks(patterns: tuple[str, ...]) -> Iterator[_Chunk]:
    """One chunk, or more where the literals are too many for the memory of one filter."""
    chunk = _Chunk(patterns)
    if chunk.is_filtered or len(patterns) == 1:
        yield chunk
        return
    half = len(patterns) // 2
    yield from _chunks(patterns[:half])
    yield from _chunks(patterns[half:])


def _compile(which: re2.Filter) -> bool:
    try:
        which.Compile()
    except re2.error:
        return False
    return True


def _add(to: re2.Filter, pattern: str) -> bool:
    try:
        to.Add(pattern, _OPTIONS)
    except _REFUSALS:
        return False
    return True


def _is_found(compiled: Any, text: bytes) -> bool:
    return compiled.programsize <= LARGEST and compiled.search(text) is not None


def _encoded(message: str) -> bytes:
    return message.encode(errors="replace")


_CAUSES = (
    ("invalid perl operator: (?=", "look-ahead is not supported"),
    ("invalid perl operator: (?!", "negative look-ahead is not supported"),
    ("invalid perl operator: (?<", "look-behind is not supported"),
    ("invalid perl operator: (?>", "an atomic group is not supported, and not needed: use (?:…)"),
    ("invalid perl operator: (?P", "only (?P<name>…) may begin so; references are not supported"),
    ("invalid perl operator: (?R", "recursion is not supported"),
    ("invalid perl operator: (?#", "a comment is not supported"),
    ("invalid perl operator: (?(", "a condition is not supported"),
    ("invalid perl operator", "the group begins with something unknown; only i, m, s, U are flags"),
    ("invalid named capture", "the group has no proper name; write (?P<name>…) or (…)"),
    ("invalid escape sequence: \\k", "a back-reference is not supported"),
    ("invalid escape sequence: \\Z", "\\Z is unknown; the end of the text is \\z or $"),
    ("invalid escape sequence: \\u", "\\u is unknown; write the character itself, or \\x{…}"),
    ("invalid escape sequence", "the escape is unknown; a backslash itself is \\\\"),
    ("invalid repetition size", "counts go up to 1000, nested ones multiplied, the smaller first"),
    ("no argument for repetition", "nothing stands before * + ? or {…}; a star itself is \\*"),
    ("missing argument to repetition", "nothing stands before * + ? or {…}; a star itself is \\*"),
    ("missing ]", "a [ is not closed; a bracket itself is \\["),
    ("missing )", "a ( is not closed; a bracket itself is \\("),
    ("unexpected )", "a ) closes nothing; a bracket itself is \\)"),
    ("trailing \\", "it ends in a lone backslash; a backslash itself is \\\\"),
    ("invalid character class", "a character class or a range in it is unknown or upside down"),
    ("bad repetition operator", "possessive or doubled repetition is not supported: drop a sign"),
    ("expression nests too deeply", "its brackets are nested too deeply"),
)
_BACK_REFERENCE = re.compile(r"invalid escape sequence: \\[0-9]")


def _refused(pattern: str, error: Exception) -> str:
    """RE2's reason in words of ours; of its own words only a piece of the pattern is shown."""
    said = error.args[0] if error.args else b""
    reason = said.decode(errors="replace") if isinstance(said, bytes) else ""
    if "pattern too large" in reason:
        return _too_large(None)
    cause = next((words for start, words in _CAUSES if reason.startswith(start)), "")
    if _BACK_REFERENCE.match(reason):
        cause = "a back-reference is not supported"
    where = _where(pattern, reason)
    colon = ": " if cause or where else ""
    return f"must be a regular expression as RE2 reads them{colon}{cause}{where}"


def _where(pattern: str, reason: str) -> str:
    """Where the piece stands that RE2 stumbled over."""
    piece = reason.partition(": ")[2]
    # Where something is not closed RE2 gives all of the rest, or all of the pattern: no help.
    if piece == pattern or not piece or pattern.count(piece) != 1:
        return ""
    shown = piece if len(piece) <= 20 else piece[:20] + "…"
    return f" ({shown!r} at character {pattern.index(piece) + 1})"


def _too_large(steps: int | None) -> str:
    size = "far more" if steps is None else f"{steps:,}"
    return (
        f"must need at most {LARGEST:,} steps of RE2, and needs {size}: write smaller counts in "
        "{…}, or narrower classes than . \\w or \\pL inside of them"
    )


_TOKEN = re.compile(
    r"""
      (?P<quoted>\\Q.*?(?:\\E|\Z))
    | (?P<literal>\\[^A-Za-z0-9])
    | (?P<escape>\\(?:[pP]\{[^}]*\}|[pP].|x\{[^}]*\}|x..|[0-7]{1,3}|.))
    | (?P<wide>\[\^?\]?(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]|[.^$])
    | (?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??)
    | (?P<flags>\(\?[A-Za-z-]+\))
    | (?P<sign>[()|])
    | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Reader:
    """Reads a pattern from left to right and collects what each alternative cannot do without."""

    def __init__(self) -> None:
        self._alternatives: list[tuple[str, ...]] = []
        self._parts: list[str] = []  # of the alternative that is being read
        self._source = self._flags = self._group = ""
        self._run: list[str] = []  # literal characters that stand side by side
        self._depth = 0
        self._last_is_part = False

    def read(self, kind: str, token: str) -> None:
        """Take one token."""
        if token == "|" and not self._depth:
            self._end_alternative()
            return
        self._source += token
        if self._depth or token == "(":
            self._read_group(kind, token)
        elif kind in ("literal", "plain"):
            self._run.append(token)
            self._last_is_part = False
        elif kind == "repeat":
            self._repeat(optional=token[0] in "*?" or token.startswith(("{0,", "{0}")))
        else:
            self._end_run()
            if kind == "quoted":
                self._add(token)
            self._flags += token if kind == "flags" else ""

    def finish(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives that were read."""
        self._end_alternative()
        return tuple(self._alternatives)

    def _read_group(self, kind: str, token: str) -> None:
        if not self._depth:
            self._end_run()
        self._group += token
        if kind == "sign":
            self._depth += {"(": 1, ")": -1}.get(token, 0)
        if not self._depth:
            self._add(self._flags + self._group)
            self._group = ""

    def _repeat(self, *, optional: bool) -> None:
        """What may be absent is nothing that a message must hold."""
        if optional and self._run:
            self._run.pop()
        elif optional and self._last_is_part:
            self._parts.pop()
        self._end_run()

    def _add(self, part: str) -> None:
        self._parts.append(part)
        self._last_is_part = True

    def _end_run(self) -> None:
        run = [" " if token == "\\ " else token for token in self._run]
        words = "".join(run).strip()
        if len(words) > 1:
            self._parts.append(words)
        self._run, self._last_is_part = [], False

    def _end_alternative(self) -> None:
        self._end_run()
        self._alternatives.append(tuple(dict.fromkeys(self._parts)) or (self._source,))
        self._parts, self._source = [], self._flags


@lru_cache(maxsize=20_000)
def parts_of(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives of a pattern, each as the parts that must all be found for it to be found.

    A part is itself a pattern: literal text, or a group. An alternative without such parts is
    one part as a whole. That all parts are found does not mean that the pattern is: order, place
    and what stands between them are left out.
    """
    reader = _Reader()
    for token in _TOKEN.finditer(pattern):
        reader.read(token.lastgroup or "", token.group())
    return reader.finish()
