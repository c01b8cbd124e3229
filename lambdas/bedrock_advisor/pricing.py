"""What a call has cost, by the prices of prices.json or of PRICES_JSON.

Invariant: a model whose price is not known costs None, never zero.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text())
AS_OF: str = _TABLE["as_of"]
_KINDS = ("input", "output", "cache_read", "cache_write")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were counted. `input_tokens` are those beside the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def as_dict(self) -> dict[str, int]:
        """As it stands in the response."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens, by model id."""

    models: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _TABLE["models"])

    @classmethod
    def read(cls, override: str) -> Prices:
        """The table with the models of `override` (JSON) in the place of its own; or ValueError."""
        if not override.strip():
            return cls()
        told = json.loads(override)
        if not isinstance(told, dict):
            raise ValueError("not an object")
        return cls(_TABLE["models"] | {model: _checked(prices) for model, prices in told.items()})

    def cost(self, usage: Usage, *, model_id: str) -> float | None:
        """What these tokens cost with this model; None when its price is not known."""
        prices = self.models.get(model_id) or self.models.get(model_id.rsplit("/", 1)[-1])
        if prices is None:
            return None
        tokens = usage.as_dict()
        return round(sum(tokens[f"{kind}_tokens"] * prices[kind] for kind in _KINDS) / _MILLION, 8)


def _checked(prices: object) -> dict[str, float]:
    if not isinstance(prices, dict) or set(prices) != set(_KINDS):
        raise ValueError("not the four prices")
    return {kind: _price(prices[kind]) for kind in _KINDS}


def _price(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    if not math.isfinite(value) or value < 0:
        raise ValueError("not a price")
    return float(value)
