"""What a halt or a maintenance window is about: everything, a service, a server, a minion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rescuebot.errors import Invalid, Problem

_FORM = re.compile(r"(service|server|minion):([A-Za-z0-9_.:*?-]{1,255})")
EVERYTHING = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """``*``, or a kind and a name in which ``*`` and ``?`` stand for any letters, or one."""

    kind: str
    name: str

    def __str__(self) -> str:
        return EVERYTHING if self.kind == EVERYTHING else f"{self.kind}:{self.name}"

    def covers(self, *, service_type: str, server_id: str, minion_id: str) -> bool:
        """Whether a run for this service, on this server by this minion, is meant."""
        if self.kind == EVERYTHING:
            return True
        name = {"service": service_type, "server": server_id, "minion": minion_id}[self.kind]
        return fnmatchcase(name, self.name)


def parse(text: object) -> Target:
    """The target, or Invalid."""
    if text == EVERYTHING:
        return Target(kind=EVERYTHING, name=EVERYTHING)
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        words = "must be * (everything), service:<name>, server:<id> or minion:<id>"
        raise Invalid([Problem("target", words)])
    return Target(kind=found[1], name=found[2])
