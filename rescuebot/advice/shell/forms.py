"""The forms in which commands are known, and whether a command line has one of them.

Invariant: an option or operand that no form names makes the form fail; nothing is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rescuebot.advice.shell import kinds
from rescuebot.advice.shell.risk import Risk, Touch
from rescuebot.advice.shell.words import HOLES, shown

# A form whose options fit is nearer to what was meant than one that stumbles over an option.
_PASSED = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """A form that fits: how risky it is, and what was given to it, each with its kind."""

    risk: Risk
    given: tuple[tuple[str, str], ...]

    @property
    def touched(self) -> tuple[tuple[Touch, str], ...]:
        """What it touches, for a person."""
        return tuple(
            (kinds.TOUCHES[kind], shown(value))
            for kind, value in self.given
            if kind in kinds.TOUCHES and value != "/dev/null"
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a form does not fit, and how far it did."""

    words: str
    reached: int


@dataclass(slots=True)
class Form:
    """One line of the table: `risk name options : operands`."""

    risk: Risk
    name: str
    is_raw: bool
    needed: str = ""
    flags: set[str] = field(default_factory=set)
    valued: dict[str, str] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def fit(self, arguments: Sequence[str]) -> Match | Failure:
        """Whether these arguments have this form."""
        given: list[tuple[str, str]] = []
        operands, place = [], 0
        is_option = not self.is_raw
        while place < len(arguments):
            word = arguments[place]
            place += 1
            if is_option and word == "--":
                is_option = False
            elif is_option and len(word) > 1 and word[0] == "-":
                taken = self._option(word, arguments[place:], given)
                if isinstance(taken, str):
                    return Failure(taken, place)
                place += taken
            else:
                operands.append(word)
        failed = self._operands(operands, given)
        if self.needed and self.needed not in (kind for kind, _ in given):
            words = f"{self.needed} is needed" if self.needed[0] == "-" else "it would read stdin"
            return Failure(words, place)
        return failed or Match(self.risk, tuple(given))

    def _option(self, word: str, rest: Sequence[str], given: list[tuple[str, str]]) -> int | str:
        """How many of the following words belong to the option, or why it is refused."""
        if word in self.flags or (word[1:].isdigit() and "-#" in self.flags):
            given.append((word, ""))
            return 0
        name, equals, value = word.partition("=")
        if equals and word.startswith("-") and name in self.valued and len(name) > 2:
            return _checked(self.valued[name], value, given) or 0
        if word in self.valued:
            if not rest:
                return f"{word} lacks its value"
            return _checked(self.valued[word], rest[0], given) or 1
        return self._cluster(word, rest, given)

    def _cluster(self, word: str, rest: Sequence[str], given: list[tuple[str, str]]) -> int | str:
        if not word.startswith("--"):
            for place, letter in enumerate(word[1:], start=2):
                if f"-{letter}" in self.valued:
                    kind, value = self.valued[f"-{letter}"], word[place:]
                    if not value and not rest:
                        return f"-{letter} lacks its value"
                    problem = _checked(kind, value or rest[0], given)
                    return problem or (0 if value else 1)
                if f"-{letter}" not in self.flags:
                    break
                given.append((f"-{letter}", ""))
            else:
                return 0
        return f"{shown(word)!r} is not taken as its option"

    def _operands(self, words: list[str], given: list[tuple[str, str]]) -> Failure | None:
        place = 0
        for number, operand in enumerate(self.operands):
            kind, many = operand.rstrip("*+?"), operand[-1] if operand[-1] in "*+?" else ""
            least = 0 if many in ("*", "?") else 1
            after = len(self.operands) - number - 1
            most = len(words) - after if many in ("*", "+") else 1
            taken = 0
            while taken < most and place < len(words):
                problem = _checked(kind, words[place], given)
                if problem:
                    return Failure(problem, _PASSED + place + 1)
                place, taken = place + 1, taken + 1
            if taken < least:
                return Failure("it lacks an operand that would make it clear", _PASSED + place)
        if place < len(words):
            return Failure(f"{shown(words[place])!r} is not taken here", _PASSED + place + 1)
        return None


def _checked(kind: str, value: str, given: list[tuple[str, str]]) -> str | None:
    if kind in kinds.CHECKS:
        problem = kinds.CHECKS[kind](value)
        if problem is None:
            given.append((kind, value))
        return problem
    if value in kind.split("|"):
        return None
    return f"{shown(value)!r} is not taken here"


_TOKEN = re.compile(r"\[[A-Za-z0-9#]+\]|[^\s]+")


def read(table: str) -> dict[str, list[Form]]:
    """The forms of a table by the names of their commands."""
    forms: dict[str, list[Form]] = {}
    for line in table.replace("\\\n", "").strip().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        left, _, right = line.partition(" :")
        risk, names, *options = _TOKEN.findall(left)
        for name in names.split("|"):
            form = Form(Risk(risk), name, "raw" in options, operands=right.split())
            for option in options:
                _add(form, option)
            forms.setdefault(name, []).append(form)
    return forms


def _add(form: Form, option: str) -> None:
    if option.startswith("["):
        form.flags |= {f"-{letter}" for letter in option[1:-1]}
    elif option.startswith("needs="):
        form.needed = option.removeprefix("needs=")
    elif "=" in option:
        name, _, kind = option.partition("=")
        form.valued[name] = kind
    elif option != "raw":
        form.flags.add(option)


def has_hole(text: str) -> bool:
    """Whether not all of a text is known beforehand."""
    return any(hole in text for hole in HOLES)
