"""What the environment of the function says, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .failure import SettingInvalid

SEVERITIES = ("info", "warning", "critical", "fatal")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, with its defaults."""

    secret: str
    # How long the addresses are taken from memory before the secret is read again.
    secret_seconds: int = 300
    # Slack answers within one second, or not at all.
    timeout: int = 5
    # The channel of messages that come by a topic whose name does not end in a severity.
    otherwise: str = "warning"

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this environment; SettingInvalid names the variable that is at fault."""
        given = os.environ if environment is None else environment
        secret = given.get("WEBHOOK_SECRET", "").strip()
        if not secret:
            raise SettingInvalid("bad_setting", "WEBHOOK_SECRET must name the secret of webhooks.")
        otherwise = given.get("DEFAULT_SEVERITY") or "warning"
        if otherwise not in SEVERITIES:
            words = f"DEFAULT_SEVERITY must be one of {', '.join(SEVERITIES)}."
            raise SettingInvalid("bad_setting", words)
        return cls(
            secret=secret,
            secret_seconds=_number(given, "SECRET_SECONDS", default=300, highest=86_400),
            timeout=_number(given, "TIMEOUT", default=5, highest=60),
            otherwise=otherwise,
        )


def _number(given: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = given.get(name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest:
        return int(text)
    raise SettingInvalid("bad_setting", f"{name} must be a whole number from 1 to {highest}.")
