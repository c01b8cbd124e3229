"""What all blocks of settings are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A block of settings: unknown keys are refused and values cannot change later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
