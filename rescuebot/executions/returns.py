"""What a minion returned, checked: nothing of it is taken on trust.

A return is data of the fleet. Its shape is validated, its texts are only ever stored, and which
command a step ran is read from our own pinned text, not from the return.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from rescuebot.executions.model import ExecutionState, LogStatus, Step

Verdict = Literal[
    "fixed",
    "nothing_to_fix",
    "changed_not_fixed",
    "done",
    "failed",
    "timeout",
    "busy",
    "refused",
    "interrupted",
]

STATE_OF: dict[str, ExecutionState] = {
    "fixed": ExecutionState.SUCCESS,
    "nothing_to_fix": ExecutionState.SUCCESS,
    "done": ExecutionState.SUCCESS,
    "changed_not_fixed": ExecutionState.FAILED,
    "failed": ExecutionState.FAILED,
    "busy": ExecutionState.FAILED,
    "refused": ExecutionState.FAILED,
    "timeout": ExecutionState.TIMEOUT,
    "interrupted": ExecutionState.LOST,
}


class ReturnedStep(BaseModel):
    """What one step did."""

    model_config = ConfigDict(extra="ignore")

    step: Step
    status: LogStatus
    retcode: int | None = Field(default=None, ge=-(2**31), le=2**31 - 1)
    started_at: AwareDatetime
    seconds: float = Field(ge=0, le=86_400)
    output: str = ""


class Returned(BaseModel):
    """The one structured result of `rescue.execute`."""

    model_config = ConfigDict(extra="ignore")

    rescue: Literal[1]
    dispatch: str = Field(min_length=1, max_length=32)
    verdict: Verdict
    reason: str = Field(default="", max_length=100)
    message: str = Field(default="", max_length=4000)
    finished_at: AwareDatetime
    steps: list[ReturnedStep] = Field(default_factory=list, max_length=8)

    @property
    def still_runs(self) -> bool:
        """Whether the dispatch is being run just now, by an earlier job."""
        return self.verdict == "refused" and self.reason == "already_running"

    @property
    def was_halted(self) -> bool:
        """Whether a halt kept it from changing anything."""
        return self.verdict == "refused" and self.reason == "halted"

    @property
    def was_tampered_with(self) -> bool:
        """Whether the minion refused it, because it was not what was meant to run."""
        return self.verdict == "refused" and self.reason in ("hash_mismatch", "rendered_mismatch")

    @property
    def did_nothing(self) -> bool:
        """Whether nothing was begun, for a reason that passes: the run may be planned again."""
        return self.verdict == "busy" or (self.verdict == "refused" and self.reason == "no_work")


def read(value: Any) -> Returned | None:
    """The result, or None when it is not of the agreed shape."""
    if not isinstance(value, dict):
        return None
    try:
        return Returned.model_validate(value)
    except ValidationError:
        return None


def lacks_module(value: Any) -> bool:
    """Whether the minion says that it does not know `rescue.execute` (yet)."""
    return isinstance(value, str) and "rescue.execute" in value and "is not available" in value


def was_trimmed(value: Any) -> bool:
    """Whether the bus left values out, because the return was larger than an event may be."""
    if isinstance(value, str):
        return value == "VALUE_TRIMMED"
    if isinstance(value, dict):
        return any(was_trimmed(item) for item in value.values())
    return isinstance(value, list) and any(was_trimmed(item) for item in value)
