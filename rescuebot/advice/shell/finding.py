"""What a `find` looks at and what it does with what it finds.

Invariant: an action is taken only as the last word of plain tests that all have to hold, so that
the files it would fall on can be told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rescuebot.advice.shell.kinds import CHECKS
from rescuebot.advice.shell.words import shown

_TESTS = frozenset("""
    -name -iname -path -type -size -mtime -mmin -atime -amin -ctime -cmin -newer -maxdepth
    -mindepth -user -group -perm -links
    """.split())
_PLAIN = frozenset(
    "-print -print0 -depth -xdev -mount -empty -daystart -a ! -not -o ( ) -ls".split()
)
_GROUP = re.compile(r"-i?name \S+( -o -i?name \S+)*")


@dataclass(frozen=True, slots=True)
class Find:
    """A `find` that could be read: `targets` are what its action falls on, as globs."""

    roots: tuple[str, ...]
    targets: tuple[str, ...] = ()
    only_files: bool = False
    deletes: bool = False
    runs: tuple[str, ...] = ()


def read(arguments: Sequence[str]) -> Find | str:
    """The find that these arguments mean, or why it is not taken."""
    start = next((n for n, w in enumerate(arguments) if w[:1] in ("-", "(", "!")), len(arguments))
    roots = tuple(arguments[:start])
    for root in roots:
        problem = CHECKS["SEE"](root)
        if problem:
            return problem
    if not roots:
        return "find must be told where to look"
    tests, action = _split(arguments[start:])
    problem = _tests_problem(tests) or (_unclear(tests) if action else None)
    if problem:
        return problem
    found = Find(
        roots=roots,
        targets=_targets(roots, tests),
        only_files="-type f" in " ".join(tests),
        deletes=action == ["-delete"],
        runs=tuple(action[1:-1]) if action[:1] == ["-exec"] else (),
    )
    return _action_problem(action) or found


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tests, and the action that ends them."""
    for place, word in enumerate(words):
        if word.startswith(("-exec", "-ok", "-delete", "-fprint", "-fls", "-printf")):
            return list(words[:place]), list(words[place:])
    return list(words), []


def _tests_problem(words: Sequence[str]) -> str | None:
    place = 0
    while place < len(words):
        word = words[place]
        if word in _TESTS:
            value = words[place + 1] if place + 1 < len(words) else ""
            if not re.fullmatch(r"[A-Za-z0-9_.*?\[\]+/:,@-]+", value) or ".." in value:
                return f"find {word} {shown(value)!r} is not clear"
            place += 2
        elif word in _PLAIN:
            place += 1
        else:
            return f"find {shown(word)} is not taken"
    return None


def _unclear(tests: Sequence[str]) -> str | None:
    """Before an action only tests that all must hold, or one group of names, are clear."""
    text = " ".join(tests)
    if "!" in tests or "-not" in tests or "-a" in tests:
        return "a find that acts must say what it wants, not what it does not want"
    if "(" in tests:
        before, _, rest = text.partition("( ")
        group, _, after = rest.partition(" )")
        if not _GROUP.fullmatch(group) or "-name" in before + after:
            return "in the brackets of a find that acts only names are clear"
        text = before + after
    if "-o" in text.split() or ")" in text.split() or "(" in text.split():
        return "-o in a find that acts is clear only between names in one pair of brackets"
    return None


def _targets(roots: Sequence[str], tests: Sequence[str]) -> tuple[str, ...]:
    names = [value for test, value in zip(tests, tests[1:]) if test in ("-name", "-iname")]
    return tuple(f"{root.rstrip('/')}/{name}" for root in roots for name in names or ["*"])


def _action_problem(action: Sequence[str]) -> str | None:
    if not action or action == ["-delete"]:
        return None
    if action[0] == "-printf" and len(action) == 2:
        return CHECKS["FORMAT"](action[1])
    if action[0] == "-exec" and len(action) > 3 and action[-1] in ("+", ";"):
        plain = [word for word in action[2:-1] if "{" in word or word == ";"]
        return None if plain == ["{}"] else "-exec must name {} once, as a word of its own"
    return f"find {shown(action[0])} is not taken"
