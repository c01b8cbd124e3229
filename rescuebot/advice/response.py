"""What the Lambda returned, checked: its shape only; what it proposes is for the validator."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rescuebot.advice.service import Usage

_MICROS = 1_000_000
# US dollars a token, more than any model on Bedrock took on 2026-11-22.
_DEAR = 75 / 1_000_000


class _Tokens(BaseModel):
    model_config = ConfigDict(extra="ignore")

    input_tokens: int = Field(default=0, ge=0, le=10**8)
    output_tokens: int = Field(default=0, ge=0, le=10**8)
    cache_read_tokens: int = Field(default=0, ge=0, le=10**8)
    cache_write_tokens: int = Field(default=0, ge=0, le=10**8)


class _Figures(BaseModel):
    model_config = ConfigDict(extra="ignore")

    usage: _Tokens = Field(default_factory=_Tokens)
    model_id: str = Field(default="", max_length=200)
    latency_ms: int = Field(default=0, ge=0, le=10**7)
    # Empty where nobody knows the model's price.
    cost_usd: float | None = Field(default=0.0, ge=0, le=1000)

    def spent(self) -> Usage:
        """The same as the ledger keeps it."""
        return Usage(
            model_id=self.model_id,
            latency_ms=self.latency_ms,
            cost_micros=round(self._dollars() * _MICROS),
            **self.usage.model_dump(),
        )

    def _dollars(self) -> float:
        """What is not known is taken to be dear, so that the budget holds."""
        if self.cost_usd is not None:
            return self.cost_usd
        usage = self.usage
        tokens = usage.input_tokens + usage.output_tokens
        return (tokens + usage.cache_read_tokens + usage.cache_write_tokens) * _DEAR


class _Answered(_Figures):
    ok: Literal[True]
    answer: dict[str, Any]


class _Error(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str = Field(pattern=r"^[a-z_]{1,30}$")
    message: str = Field(default="", max_length=2000)
    retry: bool = False


class _Failed(_Figures):
    ok: Literal[False]
    error: _Error


class Response(BaseModel):
    """An answer, or a coded failure in words for people; what it has cost in both cases."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    ok: bool
    answer: dict[str, Any] = Field(default_factory=dict)
    code: str = ""
    words: str = ""
    retry: bool = False
    usage: Usage = Field(default_factory=Usage)


def read(value: Any) -> Response:
    """The response; what is of no known shape is a failure, too."""
    try:
        if isinstance(value, dict) and value.get("ok") is True:
            found = _Answered.model_validate(value)
            return Response(ok=True, answer=found.answer, usage=found.spent())
        failed = _Failed.model_validate(value)
    except ValidationError:
        words = "The function returned something of no known shape."
        return Response(ok=False, code="invalid_answer", words=words)
    return Response(
        ok=False,
        code=failed.error.code,
        words=failed.error.message,
        retry=failed.error.retry,
        usage=failed.spent(),
    )
