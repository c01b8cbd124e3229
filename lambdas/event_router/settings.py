"""What the environment of the function says, checked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .failure import SettingInvalid

SEVERITIES = ("info", "warning", "critical", "fatal")
LANGUAGES = ("ko", "en", "ja")
# Whom the router tells of: every event that is new, or only what Rescue Bot could not take.
TELL = ("all", "unreached")

# A key goes there, so TLS always, but for an API on the same machine.
_ADDRESS = re.compile(r"(https://[^\s/@?#]+|http://127\.0\.0\.1:[0-9]{1,5})(/[^\s@?#]*)?")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, with its defaults."""

    api_url: str
    secret: str
    topics: Mapping[str, str] = field(default_factory=dict)
    tell: str = "all"
    language: str = "en"
    console_url: str = ""
    secret_seconds: int = 300
    # Of one try. The API answers in milliseconds; the queue brings the event besides.
    timeout: int = 4
    attempts: int = 2

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this environment; SettingInvalid names the variable that is at fault."""
        given = os.environ if environment is None else environment
        secret = given.get("API_KEY_SECRET", "").strip()
        if not secret:
            raise SettingInvalid("bad_setting", "API_KEY_SECRET must name the secret of the key.")
        return cls(
            api_url=_address(given, "API_URL"),
            secret=secret,
            topics=_topics(given.get("TOPICS_JSON", "")),
            tell=_one_of(given, "TELL", TELL, default="all"),
            language=_one_of(given, "LANGUAGE", LANGUAGES, default="en"),
            console_url=_address(given, "CONSOLE_URL") if given.get("CONSOLE_URL") else "",
            secret_seconds=_number(given, "SECRET_SECONDS", default=300, highest=86_400),
            timeout=_number(given, "TIMEOUT", default=4, highest=60),
            attempts=_number(given, "ATTEMPTS", default=2, highest=5),
        )


def _address(given: Mapping[str, str], name: str) -> str:
    address = given.get(name, "").strip().rstrip("/")
    if not _ADDRESS.fullmatch(address):
        raise SettingInvalid("bad_setting", f"{name} must be an https address without a query.")
    return address


def _topics(text: str) -> dict[str, str]:
    try:
        told = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and set(told) <= set(SEVERITIES):
        if all(isinstance(arn, str) and _TOPIC.fullmatch(arn) for arn in told.values()):
            return told
    words = 'TOPICS_JSON must map severities to topics: {"critical": "arn:aws:sns:…"}.'
    raise SettingInvalid("bad_setting", words)


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = given.get(name) or default
    if value not in allowed:
        raise SettingInvalid("bad_setting", f"{name} must be one of {', '.join(allowed)}.")
    return value


def _number(given: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = given.get(name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest:
        return int(text)
    raise SettingInvalid("bad_setting", f"{name} must be a whole number from 1 to {highest}.")
