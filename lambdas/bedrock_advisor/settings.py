"""What the environment of the function says, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .failure import Failure
from .pricing import Prices

# Through Tokyo and Osaka only, so the data stays in Japan.
DEFAULT_MODEL = "jp.anthropic.claude-sonnet-5-5"
DEFAULT_REGION = "ap-northeast-1"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, with its defaults."""

    model_id: str = DEFAULT_MODEL
    region: str = DEFAULT_REGION
    guardrail_id: str = ""
    guardrail_version: str = "DRAFT"
    # The model's thinking counts too, so this is far above the length of an answer.
    max_tokens: int = 8_000
    read_timeout: int = 80
    prices: Prices = Prices()

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this environment; Failure names the variable that is at fault."""
        given = os.environ if environment is None else environment
        return cls(
            model_id=given.get("BEDROCK_MODEL_ID") or DEFAULT_MODEL,
            region=given.get("BEDROCK_REGION") or given.get("AWS_REGION") or DEFAULT_REGION,
            guardrail_id=given.get("GUARDRAIL_ID", ""),
            guardrail_version=given.get("GUARDRAIL_VERSION") or "DRAFT",
            max_tokens=_number(given, "MAX_TOKENS", default=8_000, highest=128_000),
            read_timeout=_number(given, "READ_TIMEOUT", default=80, highest=880),
            prices=_prices(given.get("PRICES_JSON", "")),
        )


def _number(given: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = given.get(name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= highest:
        return int(text)
    raise Failure("bad_request", f"{name} must be a whole number from 1 to {highest}.")


def _prices(text: str) -> Prices:
    try:
        return Prices.read(text)
    except ValueError:
        raise Failure(
            "bad_request",
            "PRICES_JSON must map model ids to prices per million tokens: "
            '{"<model id>": {"input": 2, "output": 10, "cache_read": 0.1, "cache_write": 2.5}}.',
        ) from None
