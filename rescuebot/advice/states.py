"""State drafts: an allow-list of state functions with the arguments that each may have.

Invariant: a function or an argument that is not named here is refused, and every text that a
minion would run is judged as a shell draft is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from rescuebot import scripts, yaml_text
from rescuebot.advice import shell
from rescuebot.advice.shell import Assessment, Findings, Risk, Touch
from rescuebot.advice.shell import bounds, services
from rescuebot.advice.shell.kinds import CHECKS, path_problem
from rescuebot.advice.shell.syntax import LONGEST
from rescuebot.runbooks import state_data

Complaints = Callable[[object], str | None]
_REQUISITES = re.compile(r"(require|watch|onchanges|onfail|prereq|listen)(_any|_all|_in)?")
_PLAIN_SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash")
_PROGRAM_OF = {
    "mysql": "mysql",
    "my.cnf": "mysql",
    "my.cnf.d": "mysql",
    "nginx": "nginx",
    "apache2": "apache",
    "httpd": "apache",
    "redis": "redis",
    "valkey": "redis",
    "php": "php-fpm",
    "php-fpm.d": "php-fpm",
    "haproxy": "haproxy",
    "postgresql": "postgresql",
}
_CONFIGURATION = re.compile(r"/etc/([a-z0-9.-]+)(/[A-Za-z0-9_.-]+)*")
# One setting whose value is a number or a size: no switch, and no text that could name a program.
_SETTING = re.compile(
    r"[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[ =][ \t]*([0-9]{1,12}[A-Za-z]{0,2});?\n?"
)
_SETTING_PATTERN = re.compile(
    r"\^(#\??|;\??|\[#;\][*?]?|\\s\*| )*([A-Za-z_](?:[A-Za-z0-9_.-]|\\\.)*)(\\s[*+]|[ =:])*"
    r"(\.\*|\\d\+|[0-9]+[KMGkmg]?)?;?\$?"
)
# How near a misspelt name has to be to the one that replaces it.
_NEAR = 0.9
_PACKAGES = frozenset("""
    ca-certificates chrony htop iotop jq logrotate lsof procps procps-ng psmisc sysstat tzdata
    """.split())


def _kind(name: str) -> Complaints:
    def _check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return "must be one plain text"
        return CHECKS[name](str(value))

    return _check


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _number(value: object) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 3600
    return None if fits else "must be a number from 0 to 3600"


def _fits(pattern: re.Pattern[str], words: str) -> Complaints:
    def _check(value: object) -> str | None:
        return None if isinstance(value, str) and pattern.fullmatch(value) else words

    return _check


def _setting(value: object) -> str | None:
    if not isinstance(value, str) or not _SETTING.fullmatch(value):
        return "may only be one setting with a number or a size, as in `a = 100`"
    return None


def _packages(value: object) -> str | None:
    names = value if isinstance(value, list) else [value]
    plain = re.compile(r"[a-z0-9][a-z0-9+.-]{1,60}")
    if all(isinstance(name, str) and plain.fullmatch(name) for name in names):
        return None
    return "must be plain names of packages, without versions and sources"


def _mode(value: object) -> str | None:
    return CHECKS["MODE"](str(value))


def _contents(value: object) -> str | None:
    fits = isinstance(value, str) and len(value) <= 4000 and not value.startswith("#!")
    return None if fits else "must be a plain text of at most 4,000 characters"


def _module(value: object) -> str | None:
    known = ("service.restart", "service.reload", "service.start", "service.status", "test.ping")
    return None if value in known else f"must be one of {', '.join(known)}"


def _configuration(value: object) -> str | None:
    found = _CONFIGURATION.fullmatch(value) if isinstance(value, str) else None
    if not isinstance(value, str) or found is None or found[1] not in _PROGRAM_OF:
        return "must be the configuration of a known service in /etc"
    return path_problem(value)


_TABLE: Mapping[str, tuple[Risk, Mapping[str, Complaints]]] = {
    "test.nop": (Risk.LOW, {"name": _kind("ANY")}),
    "service.running": (
        Risk.MEDIUM,
        {
            "name": _kind("UNITSTART"),
            "enable": lambda value: None if value is True else "may only be true",
            "reload": _flag,
            "full_restart": _flag,
            "timeout": _number,
            "init_delay": _number,
        },
    ),
    "service.enabled": (Risk.MEDIUM, {"name": _kind("UNIT")}),
    "service.dead": (Risk.HIGH, {"name": _kind("UNITSTOP"), "timeout": _number}),
    "file.absent": (Risk.MEDIUM, {"name": _kind("REMOVE")}),
    "file.touch": (Risk.MEDIUM, {"name": _kind("WRITE")}),
    "file.managed": (
        Risk.MEDIUM,
        {"name": _kind("WRITE"), "contents": _contents, "mode": _mode, "user": _kind("USER")},
    ),
    "file.directory": (
        Risk.MEDIUM,
        {
            "name": _kind("FOLDER"),
            "user": _kind("USER"),
            "group": _kind("USER"),
            "mode": _mode,
            "dir_mode": _mode,
            "makedirs": _flag,
        },
    ),
    "file.replace": (
        Risk.HIGH,
        {
            "name": _configuration,
            "pattern": _fits(_SETTING_PATTERN, r"must find one setting, as in ^name\s*=.*"),
            "repl": _setting,
            "append_if_not_found": _flag,
            "backup": lambda value: None if value == ".bak" else "may only be .bak",
        },
    ),
    "file.append": (Risk.HIGH, {"name": _configuration, "text": _setting}),
    "pkg.installed": (
        Risk.HIGH,
        {"name": _packages, "pkgs": _packages, "refresh": _flag},
    ),
    "sysctl.present": (
        Risk.HIGH,
        {"name": _kind("SYSCTL"), "value": _kind("RANGE")},
    ),
    "cmd.run": (
        Risk.LOW,  # as risky as its text
        {
            "name": lambda value: None if isinstance(value, str) else "must be text",
            "timeout": _number,
            "cwd": _kind("SEE"),
            "creates": _kind("SEE"),
            "runas": _kind("USER"),
            "shell": lambda v: None if v in _PLAIN_SHELLS else "must be /bin/sh or /bin/bash",
            "python_shell": _flag,
        },
    ),
    "module.run": (Risk.MEDIUM, {"name": _module, "m_name": _kind("UNIT")}),
}
FUNCTIONS: tuple[str, ...] = tuple(_TABLE)
"""The state functions that a draft may use."""

# What every state may have beside its own arguments.
_COMMON: Mapping[str, Complaints] = {
    "order": _number,
    "failhard": _flag,
}
_SCRIPTS = ("onlyif", "unless", "check_cmd")
_TOUCHES: Mapping[str, Touch] = {
    "file.absent": Touch.REMOVES,
    "file.touch": Touch.WRITES,
    "file.managed": Touch.WRITES,
    "file.directory": Touch.WRITES,
    "file.replace": Touch.WRITES,
    "file.append": Touch.WRITES,
    "service.running": Touch.SERVICES,
    "service.enabled": Touch.SERVICES,
    "service.dead": Touch.SERVICES,
    "pkg.installed": Touch.PACKAGES,
    "sysctl.present": Touch.KERNEL,
}


# What is the service's own, by what these kinds of an argument name.
_ACTS_ON: Mapping[str, Mapping[str, str]] = {
    "service.running": {"name": "UNITSTART"},
    "service.enabled": {"name": "UNIT"},
    "service.dead": {"name": "UNITSTOP"},
    "module.run": {"m_name": "UNIT"},
    "file.absent": {"name": "REMOVE"},
    "file.directory": {"name": "FOLDER", "user": "USER", "group": "USER"},
    "file.managed": {"user": "USER"},
}


def assess(
    text: str, *, service: str, minion_functions: Collection[str] | None = None
) -> Assessment:
    """How dangerous state data is, why, and what it would touch.

    It may act on what is of `service` alone, the service of the event.
    `minion_functions` are the state functions that the minion's own loader knows, where known.
    """
    findings = Findings()
    if len(text) > LONGEST:
        findings.refuse(1, f"must be at most {LONGEST:,} characters to be judged")
        return findings.assessment()
    for problem in state_data.problems_of(field="solution", text=text):
        findings.refuse(1, problem.message)
    if not findings.assessment().refusals:
        for line, function, arguments in _states(text):
            _State(findings, line, function, arguments, service).judge(minion_functions)
    return findings.assessment()


def _states(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Line, function and arguments of every state."""
    node = yaml_text.node_of(text, most=8 * LONGEST)
    assert node is not None
    lines = {key.value: yaml_text.line_of(key) for key, _ in node.value}
    found = []
    for name, body in yaml_text.value_of(node).items():
        for key, arguments in ({body: []} if isinstance(body, str) else body).items():
            words = [item for item in arguments if isinstance(item, str)]
            function = ".".join([key, *words])
            given = {"name": name}
            for item in arguments:
                given |= item if isinstance(item, dict) else {}
            found.append((lines[name], function, given))
    return found


class _State:
    """One state that is judged."""

    def __init__(
        self,
        findings: Findings,
        line: int,
        function: str,
        arguments: dict[str, Any],
        service: str,
    ) -> None:
        self._service = service
        self._findings = findings
        self._line = line
        self._function = function
        self._arguments = arguments

    def judge(self, minion_functions: Collection[str] | None) -> None:
        """Look at the function and at each argument."""
        known = _TABLE.get(self._function)
        if known is None:
            self._refuse(f"is not a state that a draft may use; these are: {', '.join(FUNCTIONS)}")
            return
        if minion_functions is not None and self._function not in minion_functions:
            self._refuse("is not known to the minion")
        risk, own = known
        for name, value in self._arguments.items():
            self._argument(name, value, own)
        self._as_a_whole()
        self._owned()
        what = str(self._arguments["name"])
        if self._function in _TOUCHES:
            self._findings.touch(_TOUCHES[self._function], what)
        if risk is not Risk.LOW:
            self._findings.say(risk, self._line, f"{self._function} {scripts.shown(what, 100)}")

    def _refuse(self, words: str) -> None:
        self._findings.refuse(self._line, f"{self._function} {words}")

    def _argument(self, name: str, value: object, own: Mapping[str, Complaints]) -> None:
        if name == "name" and self._function == "pkg.installed" and "pkgs" in self._arguments:
            return  # then its id is only a label
        check = own.get(name) or _COMMON.get(name)
        if name in _SCRIPTS:
            self._scripts(name, value)
        elif name == "retry":
            self._retry(value)
        elif check is not None:
            problem = check(value)
            if problem:
                self._refuse(f"{name}: {problem}")
        elif not _REQUISITES.fullmatch(name):
            self._refuse(f"{name}: is not an argument that a draft may give")

    def _scripts(self, name: str, value: object) -> None:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            self._refuse(f"{name}: must be commands, not functions")
            return
        for text in texts:
            self._script(str(text), most=Risk.LOW, where=name)

    def _script(self, text: str, *, most: Risk, where: str) -> None:
        found = shell.assess(text, service=self._service)
        for kind, touched in found.touched.items():
            for what in touched:
                self._findings.touch(kind, what)
        for reason in found.reasons:
            words = f"{self._function} {where}: {reason.words}"
            worse = reason.risk.rank > most.rank
            self._findings.say(Risk.REFUSED if worse else reason.risk, self._line, words)

    def _retry(self, value: object) -> None:
        fits = isinstance(value, list) and all(
            isinstance(item, dict)
            and set(item) <= {"attempts", "interval", "until"}
            and all(isinstance(v, bool) or _number(v) is None for v in item.values())
            for item in value
        )
        if not fits:
            self._refuse("retry: must be attempts and interval with numbers")

    def _owned(self) -> None:
        """Whether it acts on what is the service's own."""
        for name, kind in _ACTS_ON.get(self._function, {}).items():
            if name in self._arguments and self._arguments["name"] != "service.status":
                problem = services.foreign(kind, str(self._arguments[name]), self._service)
                if problem:
                    self._refuse(f"{name}: {problem}")

    def _configured(self) -> None:
        """One known setting of the service's own program, in place of the same one."""
        file = _CONFIGURATION.fullmatch(str(self._arguments["name"]))
        program = _PROGRAM_OF.get(file[1], "") if file else ""
        if not services.owns(self._service, program):
            self._refuse(f"name: must be the configuration of {self._service}")
        text = self._arguments.get("repl", self._arguments.get("text", ""))
        setting = _SETTING.fullmatch(str(text))
        if setting is None:
            return
        problem = bounds.setting_problem(program, setting[1], setting[2])
        if problem:
            self._refuse(problem)
        found = _SETTING_PATTERN.fullmatch(str(self._arguments.get("pattern", "")))
        name = found[2].replace("\\.", ".") if found else setting[1]
        if difflib.SequenceMatcher(None, name, setting[1]).ratio() < _NEAR:
            self._refuse("repl: must be the setting that the pattern finds")

    def _opened(self) -> None:
        """Data stays shut when the mode of its folder is told."""
        for name in {"mode", "dir_mode"} & set(self._arguments):
            problem = CHECKS["FOLDEROPENLY"](str(self._arguments["name"]))
            if problem and CHECKS["MODESHUT"](str(self._arguments[name])):
                self._refuse(f"{name}: {problem}")

    def _packages(self) -> None:
        """Tools to look with, or the service itself."""
        given = self._arguments.get("pkgs", self._arguments["name"])
        names = given if isinstance(given, list) else [given]
        for name in map(str, names):
            if name not in _PACKAGES and not services.owns(self._service, name):
                self._refuse(f"{scripts.shown(name, 60)} is not among the packages of a draft")

    def _as_a_whole(self) -> None:
        """What only several arguments together tell."""
        given = self._arguments
        if self._function == "cmd.run" and isinstance(given["name"], str):
            self._script(given["name"], most=Risk.HIGH, where="name")
        if self._function == "sysctl.present":
            problem = CHECKS["SYSCTLSET"](f"{given['name']}={given.get('value', '')}")
            if problem:
                self._refuse(problem)
        if self._function == "module.run" and str(given["name"]).startswith("service."):
            if "m_name" not in given:
                self._refuse("m_name: must name the service")
        if self._function == "file.replace" and not {"repl", "pattern"} <= set(given):
            self._refuse("pattern and repl: must be given")
        if self._function in ("file.replace", "file.append"):
            self._configured()
        if self._function == "file.directory":
            self._opened()
        if self._function == "pkg.installed":
            self._packages()
