"""What commands and runbooks have in common when they are files: their form and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from rescuebot.commands import service as commands
from rescuebot.commands.validation import problems_of as problems_of_command
from rescuebot.errors import Problem
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks import validation
from rescuebot.runbooks.validation import problems_of as problems_of_runbook
from rescuebot.versions.model import Kind

# In a file's first line; a file without it was not written by us.
HEADER = "# Rescue Bot"
BASED_ON = "based_on"
FINGERPRINT = re.compile(r"sha256:[0-9a-f]{12}")
NOUNS = {Kind.COMMAND: commands.NOUN, Kind.RUNBOOK: runbooks.NOUN}
LISTS = {Kind.COMMAND: "commands", Kind.RUNBOOK: "runbooks"}
SERVICE = {Kind.COMMAND: "target_service", Kind.RUNBOOK: "service_type"}
SCRIPT = {Kind.COMMAND: "command_script", Kind.RUNBOOK: "solution_script"}
_DEFAULTS: dict[Kind, Mapping[str, Any]] = {Kind.COMMAND: {}, Kind.RUNBOOK: validation.DEFAULTS}


def key_of(name: str) -> str:
    """What is the same for two names that count as one."""
    return validation.title_key(name)


def completed(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what it need not say."""
    return {**_DEFAULTS[kind], **content}


def told(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content in its order, without what it need not say."""
    defaults = _DEFAULTS[kind]
    return {
        field: content[field]
        for field in NOUNS[kind].fields
        if field in content and not (field in defaults and content[field] == defaults[field])
    }


def fingerprint(kind: Kind, content: Mapping[str, Any]) -> str:
    """Twelve digits that are the same for the same content, also when fields come to be added."""
    text = json.dumps(told(kind, content), sort_keys=True, ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def problems_of(kind: Kind, content: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with the content."""
    check = problems_of_command if kind is Kind.COMMAND else problems_of_runbook
    return check(content)
