"""What all blocks of settings are."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict


class Source(enum.StrEnum):
    """Where a setting comes from; a later one wins."""

    DEFAULT = "default"
    FILE = "file"
    # The ``rescue:`` block of the master's config.
    MASTER = "master"
    ENVIRONMENT = "environment"


class Section(BaseModel):
    """A block of settings: unknown keys are refused and values cannot change later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
