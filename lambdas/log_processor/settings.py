"""What the environment of the function says, checked."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .failure import SettingInvalid

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,60}(/[A-Za-z0-9_-]{1,60}){0,3}")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, with its defaults."""

    bucket: str
    prefix: str = "logs"
    # Payloads that cannot be read, as they came.
    poison_prefix: str = "poison"
    # Of KMS; without it the bucket's own encryption counts.
    key: str = ""
    # What a payload may unpack to. CloudWatch sends a few; a bomb would unpack to thousands.
    most_bytes: int = 32 * 2**20
    attempts: int = 3

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this environment; SettingInvalid names the variable that is at fault."""
        given = os.environ if environment is None else environment
        prefix = _matching(given, "PREFIX", _PREFIX, default="logs")
        poison = _matching(given, "POISON_PREFIX", _PREFIX, default="poison")
        if prefix == poison:
            words = "PREFIX and POISON_PREFIX must differ: what lies there is kept for other times."
            raise SettingInvalid("bad_setting", words)
        return cls(
            bucket=_matching(given, "BUCKET", _BUCKET),
            prefix=prefix,
            poison_prefix=poison,
            key=_matching(given, "KMS_KEY", _KEY) if given.get("KMS_KEY") else "",
            most_bytes=_number(given, "MAX_MIB", default=32, highest=128) * 2**20,
            attempts=_number(given, "ATTEMPTS", default=3, highest=10),
        )


def _matching(
    given: Mapping[str, str], name: str, pattern: re.Pattern[str], *, default: str = ""
) -> str:
    value = given.get(name, "").strip() or default
    if not pattern.fullmatch(value):
        raise SettingInvalid("bad_setting", f"{name} is missing or not what it should be.")
    return value


def _number(given: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = given.get(name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest:
        return int(text)
    raise SettingInvalid("bad_setting", f"{name} must be a whole number from 1 to {highest}.")
