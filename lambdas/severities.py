"""``python -m lambdas.severities``: what event_router knows of severities, out of the library.

Invariant: the file says what the library's default rules say, so that an event has one severity
whoever reads it; a test compares them. It is written here and not at the build, for people to read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rescuebot.events import rules
from rescuebot.events.parse import aws_events
from rescuebot.events.reported import Severity
from rescuebot.settings import IntakeSettings, RuleSettings

PAGE = Path(__file__).parent / "event_router" / "severities.json"

_CLAUSES = ("alarm", "metric", "namespace")
# RE2's \W knows ASCII only, and Python's all letters: it is written out.
_NO_WORD = "[^0-9A-Za-z_]"
_CLASSES = re.compile(r"\\[dDwWsSbB]")


def known() -> dict[str, Any]:
    """All that decides a severity, as plain values."""
    deciding = [rule for rule in rules.DEFAULT_RULES if rule.type or rule.severity]
    return {
        "severities": [severity.value for severity in Severity],
        "otherwise": Severity.WARNING.value,
        "rules": [_rule(rule) for rule in deciding],
        "types": {type_: severity.value for type_, severity in rules.SEVERITIES.items()},
        "instance_states": aws_events.INSTANCE_STATES,
        "rds_events": aws_events.RDS_EVENTS,
        "rds_categories": aws_events.RDS_CATEGORIES,
        "server_dimensions": IntakeSettings().server_dimensions,
    }


def written() -> str:
    """The same as the text of the file."""
    return json.dumps(known(), indent=2) + "\n"


def _rule(rule: RuleSettings) -> dict[str, str]:
    given = rule.model_dump(exclude_none=True, exclude_defaults=True, exclude={"service"})
    unknown = set(given) - {*_CLAUSES, "type", "severity"}
    if unknown:
        raise ValueError(f"event_router does not know these clauses of a rule: {unknown}")
    return {name: _pattern(value) if name in _CLAUSES else value for name, value in given.items()}


def _pattern(pattern: str) -> str:
    plain = pattern.replace(r"\W", _NO_WORD)
    if _CLASSES.search(plain):
        raise ValueError(f"Python and RE2 do not mean the same by this pattern: {pattern}")
    return plain


if __name__ == "__main__":
    PAGE.write_text(written())
