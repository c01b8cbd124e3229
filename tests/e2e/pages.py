"""The pages of the console: one of each kind that its router knows, and some besides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.e2e.browser import CONSOLE
from tests.e2e.day import FLEET

ROUTER = CONSOLE / "src/app/router.tsx"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """Something to be seen at an address. `route` is what the router calls it."""

    name: str
    path: str
    route: str
    # Where the picture has a name of its own.
    tab: str = ""


def _sight(name: str, path: str, route: str = "", tab: str = "") -> Sight:
    return Sight(name=name, path=path, route=route or path.partition("?")[0], tab=tab)


PAGES = (
    _sight("dashboard", "/"),
    _sight("events", "/events?range=24h"),
    _sight("events-beside", "/events?severity=fatal&id=5"),
    _sight("event", "/events/57", "/events/$id"),
    _sight("executions", "/executions"),
    _sight("execution", "/executions/57", "/executions/$id"),
    _sight("approvals", "/approvals"),
    _sight("approvals-answered", "/approvals?state=spent"),
    _sight("runbooks", "/runbooks"),
    _sight("runbook", "/runbooks/1", "/runbooks/$id"),
    _sight("runbook-pattern", "/runbooks/1", "/runbooks/$id", tab="pattern"),
    _sight("runbook-versions", "/runbooks/1", "/runbooks/$id", tab="versions"),
    _sight("runbook-new", "/runbooks/new", "/runbooks/$id"),
    _sight("commands", "/commands"),
    _sight("command", "/commands/1", "/commands/$id"),
    _sight("drafts", "/drafts?id=1"),
    _sight("advice", "/advice"),
    _sight("advice-one", "/advice/1", "/advice/$id"),
    _sight("servers", "/servers"),
    _sight("server", f"/servers/{FLEET['db-1'][0]}", "/servers/$id"),
    _sight("halts", "/halts"),
    _sight("windows", "/windows"),
    _sight("letters", "/dead-letters?id=1"),
    _sight("audit", "/audit"),
    _sight("archive", "/archive"),
    _sight("users", "/users"),
    _sight("keys", "/keys"),
    _sight("notices", "/notices?id=1"),
    _sight("health", "/health-check"),
    _sight("me", "/me"),
    _sight("nowhere", "/nowhere"),
)


def routes() -> set[str]:
    """The addresses of the router, as its source has them."""
    return set(re.findall(r"\bpage\(\s*'([^']+)'", ROUTER.read_text("utf-8")))
