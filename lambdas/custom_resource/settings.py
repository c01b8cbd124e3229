"""What the environment of the function says, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping

_DEFAULT, _HIGHEST = 5, 60


def poll_seconds(environment: Mapping[str, str] | None = None) -> int:
    """How often the task is looked at. What is no number here must not keep a stack waiting."""
    given = os.environ if environment is None else environment
    text = given.get("POLL_SECONDS", "")
    sound = text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= _HIGHEST
    return int(text) if sound else _DEFAULT
