"""One command line: what stands behind its wrappers, and whether it has a form that is known.

Invariant: each line ends in a form of the table, in a refusal, or as unknown with high risk.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from rescuebot.advice.shell import finding, forms, services
from rescuebot.advice.shell.commands import ALLOWED
from rescuebot.advice.shell.denied import DENIED
from rescuebot.advice.shell.kinds import CHECKS
from rescuebot.advice.shell.risk import Findings, Risk, Touch
from rescuebot.advice.shell.words import MANY, UNKNOWN, shown

_MOST = 64
_DEEPEST = 5
_BINARIES = ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_UNKNOWN_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,60}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@%+-]*")
_VERSION = re.compile(r"[-.0-9]+$")
_SHELLS = ("sh", "bash", "dash")
_SIGNALS = ("EXIT", "INT", "TERM", "HUP", "QUIT", "0", "1", "2", "15")
_SAFE_ENVIRONMENT = {
    "LC_ALL": r"C(\.UTF-8)?|POSIX|en_US\.UTF-8",
    "LANG": r"C(\.UTF-8)?|POSIX|en_US\.UTF-8",
    "TZ": r"UTC|[A-Z][a-z]+/[A-Z][a-z]+",
    "DEBIAN_FRONTEND": r"noninteractive",
    "SYSTEMD_PAGER": r"|cat",
    "PAGER": r"cat",
    "SYSTEMD_COLORS": r"0",
}

Stdin = tuple[tuple[str, ...], ...] | str


class Nested(Protocol):
    """Judges a text that would be run as a script."""

    def __call__(self, text: str, line: int, *, frozen: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A command as it stands: its name, what each argument can be, what is piped into it."""

    name: str
    arguments: tuple[tuple[str, ...], ...]
    stdin: Stdin = UNKNOWN


@dataclass(slots=True)
class Judge:
    """Judges the command lines of one place."""

    findings: Findings
    functions: Collection[str]
    nested: Nested
    line: int
    service: str

    @staticmethod
    def is_known(name: str) -> bool:
        """Whether a name means something already."""
        return name in ALLOWED or name in DENIED or name in _WRAPPERS

    def command(self, line: Line) -> None:
        """All that the line can be, each by itself."""
        choices = 1
        for values in line.arguments:
            choices *= len(values)
        if choices > _MOST:
            self._refuse(f"{line.name} could mean too many things; write it plainer")
            return
        for arguments in itertools.product(*line.arguments):
            self._judge(line.name, list(arguments), line.stdin, 0)

    def _refuse(self, words: str) -> None:
        self.findings.refuse(self.line, words)

    def _judge(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        if depth > _DEEPEST:
            self._refuse("commands within commands are nested too deeply")
            return
        if name in self.functions and "/" not in name:
            return
        if "/" in name:
            name, arguments = _without_path(name, arguments)
        self.findings.touch(Touch.COMMANDS, name)
        wrapper = _WRAPPERS.get(name)
        if wrapper is not None and not (name in ALLOWED and self._fits(name, arguments)):
            wrapper(self, name, arguments, stdin, depth)
        elif name in ALLOWED:
            self._known(name, arguments)
        else:
            self._other(name, arguments)

    def _fits(self, name: str, arguments: Sequence[str]) -> bool:
        return any(isinstance(form.fit(arguments), forms.Match) for form in ALLOWED[name])

    def _known(self, name: str, arguments: Sequence[str]) -> None:
        results = [form.fit(arguments) for form in ALLOWED[name]]
        matches = [result for result in results if isinstance(result, forms.Match)]
        if not matches:
            failures = [result for result in results if isinstance(result, forms.Failure)]
            words = max(failures, key=lambda failure: failure.reached).words
            self._refuse(f"{name}: {words}")
            return
        match = min(matches, key=lambda match: match.risk.rank)
        if match.risk is not Risk.LOW:
            self._owned(name, match)
        for kind, what in match.touched:
            self.findings.touch(kind, what)
        if match.risk is not Risk.LOW:
            words = " ".join([name, *map(shown, arguments)])
            self.findings.say(match.risk, self.line, f"runs {words[:120]}")

    def _owned(self, name: str, match: forms.Match) -> None:
        """What only looks may look at all; what acts, acts on what is the service's own."""
        program = services.PROGRAMS.get(name)
        if program is not None and not services.owns(self.service, program):
            self._refuse(f"{name}: {program} is not of {self.service or 'the service'}")
        for kind, value in match.given:
            problem = services.foreign(kind, value, self.service)
            if problem:
                self._refuse(f"{name}: {problem}")

    def _other(self, name: str, arguments: Sequence[str]) -> None:
        """Not in the table: known as too much, or unknown and for a person to judge."""
        base = posixpath.basename(name)
        reason = DENIED.get(base) or DENIED.get(_VERSION.sub("", base))
        if reason or base.startswith(("mkfs", "python", "perl", "ruby", "php", "lua", "salt")):
            self._refuse(f"{base}: {reason or 'it would run a program of its own'}")
        elif any(services.speaks_of_guard(word) for word in (base, *arguments)):
            self._refuse(f"{base} is not known here, and speaks of what guards the server")
        elif not _UNKNOWN_NAME.fullmatch(base) or not _is_fixed(name):
            self._refuse(f"{shown(name)[:60]!r} is no program whose place is certain")
        elif any(word in DENIED or word in _SHELLS for word in arguments):
            self._refuse(f"{base} is not known here, and may run what it is given")
        elif not all(_PLAIN.fullmatch(word) and not _reaches(word) for word in arguments):
            self._refuse(f"{base} is not known here, and its arguments are not plain")
        else:
            self.findings.touch(Touch.UNKNOWN, name)
            self.findings.say(Risk.HIGH, self.line, f"runs {base}, which is not known here")

    # What runs another command: each looks at its own options and goes on with what it runs.

    def _sudo(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        rest = _skip(arguments, flags=("-n", "--"), valued={"-u": "USER"})
        if not rest or "=" in rest[0]:
            self._refuse("sudo: only sudo [-n] [-u the user of a service] command is taken")
            return
        self.findings.say(Risk.MEDIUM, self.line, "runs a command through sudo")
        self._inner(rest, stdin, depth)

    def _env(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        rest = list(arguments)
        while rest and "=" in rest[0]:
            variable, _, value = rest.pop(0).partition("=")
            problem = environment_problem(variable, value)
            if problem:
                self._refuse(problem)
        if not rest or rest[0].startswith("-"):
            self._refuse("env: would show the environment, or takes options that are not taken")
            return
        self._inner(rest, stdin, depth)

    def _timeout(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        valued = {"-k": "SECONDS", "-s": "SIGNAL", "--kill-after": "SECONDS", "--signal": "SIGNAL"}
        flags = ("--preserve-status", "-v")
        rest = _skip(arguments, flags=flags, valued={**valued, "-s": "ANYSIGNAL"})
        if len(rest) < 2 or CHECKS["SECONDS"](rest[0]):
            self._refuse("timeout: only timeout [-k time] time command is taken")
            return
        self._inner(rest[1:], stdin, depth)

    def _plain_wrapper(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        """nice, ionice, time, command, exec: numbers as options, then a command."""
        rest = _skip(arguments, flags=("-p", "--", "-t"), valued={"-n": "NUM", "-c": "NUM"})
        if name == "exec" and not rest:
            return
        if not rest or rest[0].startswith("-"):
            self._refuse(f"{name}: is not taken with these options")
            return
        self._inner(rest, stdin, depth)

    def _inner(self, words: list[str], stdin: Stdin, depth: int) -> None:
        name = words[0]
        if forms.has_hole(name) or not re.fullmatch(r"[A-Za-z0-9_./+-]+", name):
            self._refuse(f"{shown(name)[:60]!r} is no plain name of a command")
            return
        self._judge(name, words[1:], stdin, depth + 1)

    def _shell(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        if len(arguments) != 2 or arguments[0] not in ("-c", "-ec", "-euc"):
            self._refuse(f"{name}: runs what is not judged; write the commands themselves")
        elif forms.has_hole(arguments[1]):
            self._refuse(f"{name} -c: its text is not known beforehand")
        else:
            self.nested(arguments[1], self.line, frozen=False)

    def _trap(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        signals = [word.removeprefix("SIG") for word in arguments[1:]]
        if not signals or any(signal not in _SIGNALS for signal in signals):
            self._refuse("trap: only EXIT, INT, TERM, HUP and QUIT are taken")
        elif forms.has_hole(arguments[0]):
            self._refuse("trap: its text is not known beforehand; put it in single quotes")
        elif arguments[0] not in ("", "-"):
            self.nested(arguments[0], self.line, frozen=True)

    def _xargs(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        valued = {"-n": "NUM", "-L": "NUM"}
        flags = ("-r", "-0", "-r0", "-0r", "-t", "--no-run-if-empty", "--null")
        rest = _skip(arguments, flags=flags, valued=valued)
        if not rest:
            self._refuse("xargs: must name its command")
            return
        for given in self._piped(stdin):
            self._inner([*rest, given], UNKNOWN, depth)

    def _piped(self, stdin: Stdin) -> list[str]:
        """What xargs gets: the files of a find, process ids, or anything at all."""
        if isinstance(stdin, str):
            return [MANY if stdin == UNKNOWN else stdin]
        found = finding.read([values[0] for values in stdin if len(values) == 1])
        known = all(len(values) == 1 for values in stdin) and isinstance(found, finding.Find)
        if not known or not isinstance(found, finding.Find) or not found.only_files:
            return [MANY]
        return list(found.targets)

    def _find(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        found = finding.read(arguments)
        if isinstance(found, str):
            self._refuse(f"find: {found}")
            return
        if (found.deletes or found.runs) and not found.only_files:
            self._refuse("find: with an action it must say -type f")
        for target in found.targets:
            if found.deletes:
                self._judge("rm", ["-f", target], UNKNOWN, depth + 1)
            elif found.runs:
                words = [target if word == "{}" else word for word in found.runs]
                self._inner(words, UNKNOWN, depth)

    def _move(self, name: str, arguments: list[str], stdin: Stdin, depth: int) -> None:
        """Only a log to its rotated name beside it, or one thing in scratch places to another."""
        rest = _skip(arguments, flags=("-f", "-v", "-p", "-a", "-n", "--"), valued={})
        if len(rest) != 2:
            self._refuse(f"{name}: takes one file and its new name here")
            return
        source, target = rest
        rotates = source.startswith("/var/log/") and re.fullmatch(
            r"(\.[1-9][0-9]?|\.old|\.bak|[-.][0-9\ue002\ue004-]+)", target.removeprefix(source)
        )
        problem = None
        if not (rotates and not CHECKS["LOG"](source)):
            foreign = services.foreign("REMOVE", source, self.service)
            problem = CHECKS["REMOVE"](source) or CHECKS["WRITE"](target) or foreign
        if problem:
            self._refuse(f"{name}: {problem}")
            return
        self.findings.touch(Touch.WRITES, shown(target))
        self.findings.say(Risk.MEDIUM, self.line, f"runs {name} {shown(source)} {shown(target)}")


def environment_problem(name: str, value: str) -> str | None:
    """Why a variable may not be given to a command."""
    allowed = _SAFE_ENVIRONMENT.get(name)
    if allowed is not None and re.fullmatch(allowed, value):
        return None
    return f"{shown(name)} may not be set for a command"


def _skip(words: Sequence[str], *, flags: Collection[str], valued: dict[str, str]) -> list[str]:
    """What follows the options; an option that is not taken is left standing, and refused then."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        name, equals, value = rest[0].partition("=")
        if rest[0] in flags:
            rest.pop(0)
        elif name in valued and equals and CHECKS[valued[name]](value) is None:
            rest.pop(0)
        elif rest[0] in valued and len(rest) > 1 and CHECKS[valued[rest[0]]](rest[1]) is None:
            del rest[:2]
        else:
            break
    return rest


def _without_path(name: str, arguments: list[str]) -> tuple[str, list[str]]:
    folder, base = posixpath.split(name)
    if folder in _BINARIES:
        return base, arguments
    if folder == "/etc/init.d":
        return "service", [base, *arguments]
    return name, arguments


def _is_fixed(name: str) -> bool:
    """Whether a program stands where a draft cannot write."""
    if "/" not in name:
        return True
    return bool(re.fullmatch(r"/(opt|usr)/[A-Za-z0-9_./-]+", name)) and ".." not in name


def _reaches(word: str) -> bool:
    """Whether an argument of an unknown program is a URL, or a place that is nobody's business."""
    return bool(re.search(r"://|/dev/|\.\.|^/(etc|root|home|proc|boot|sys)(/|$)|^/$", word))


_Wrapper = Callable[[Judge, str, list[str], Stdin, int], None]
_WRAPPERS: dict[str, _Wrapper] = {
    "sudo": Judge._sudo,
    "env": Judge._env,
    "timeout": Judge._timeout,
    "nice": Judge._plain_wrapper,
    "ionice": Judge._plain_wrapper,
    "time": Judge._plain_wrapper,
    "command": Judge._plain_wrapper,
    "exec": Judge._plain_wrapper,
    **dict.fromkeys(_SHELLS, Judge._shell),
    "trap": Judge._trap,
    "xargs": Judge._xargs,
    "find": Judge._find,
    "mv": Judge._move,
    "cp": Judge._move,
}
