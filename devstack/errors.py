"""The one error of the embedded world."""

from __future__ import annotations

from rescuebot.errors import RescueError


class WorldError(RescueError):
    """Something of the embedded world did not come up, did not answer or did not happen."""

    code = "world_error"
