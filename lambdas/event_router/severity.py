"""How bad an event is, by severities.json: the same answer as the library's default rules give.

Invariant: every event has a severity; one that cannot be read has that of what is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .facts import items, line

KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "severities.json").read_text())
OTHERWISE: str = KNOWN["otherwise"]
GOOD = "info"

_CLAUSES = ("alarm", "metric", "namespace")
_TYPE = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")
_DETAIL_LENGTH = 4_000

Rule = tuple[tuple[tuple[str, re.Pattern[str]], ...], Mapping[str, str]]


def _compiled(rule: Mapping[str, str]) -> Rule:
    clauses = [(name, re.compile(rule[name], re.IGNORECASE)) for name in _CLAUSES if name in rule]
    return tuple(clauses), rule


_RULES: tuple[Rule, ...] = tuple(_compiled(rule) for rule in KNOWN["rules"])


def of_alarm(facts: Mapping[str, str], *, tags: Mapping[str, str]) -> str:
    """Of an alarm that is in ALARM: its tags, then the rules, then what its type suggests."""
    said = _tagged(tags)
    for clauses, rule in _RULES:
        if len(said) == 2:
            break
        news = {name: rule[name] for name in ("type", "severity") if name in rule}
        if news.keys() - said and all(pattern.search(facts[name]) for name, pattern in clauses):
            said = news | said
    return said.get("severity") or of_type(said.get("type", "alarm"))


def of_type(type_: str) -> str:
    """Of something of which no more is known than its type."""
    return str(KNOWN["types"].get(type_, OTHERWISE))


def of_instance(detail: Mapping[str, Any]) -> str:
    """Of ``EC2 Instance State-change Notification``."""
    state = line(detail.get("state")).strip()
    if not state:
        return OTHERWISE
    type_, recovery = KNOWN["instance_states"].get(state, ("", True))
    return GOOD if recovery else of_type(type_)


def of_database(detail: Mapping[str, Any]) -> str:
    """Of ``RDS DB Instance Event`` and ``RDS DB Cluster Event``."""
    categories = [line(one, 40) for one in items(detail.get("EventCategories"))[:20]]
    said = line(detail.get("Message"), _DETAIL_LENGTH).lower()
    if not said.strip():
        return OTHERWISE
    found = KNOWN["rds_events"].get(line(detail.get("EventID"), 40))
    if found is None:
        found = next(
            (
                (type_, recovery)
                for category, word, type_, recovery in KNOWN["rds_categories"]
                if category in categories and word in said
            ),
            ("db_notice", False),
        )
    return GOOD if found[1] else of_type(found[0])


def of_own(detail: Mapping[str, Any]) -> str:
    """Of an event in Rescue Bot's own words, which says it."""
    severity = line(detail.get("severity")).strip()
    return severity if severity in KNOWN["severities"] else OTHERWISE


def _tagged(tags: Mapping[str, str]) -> dict[str, str]:
    """What the alarm's owner has said with ``rescue:`` tags, as far as it is valid."""
    said = {}
    for name in ("type", "severity"):
        value = tags.get(f"rescue:{name}", "").strip().lower()
        valid = value in KNOWN["severities"] if name == "severity" else _TYPE.fullmatch(value)
        if valid:
            said[name] = value
    return said
