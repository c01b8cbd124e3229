"""The one error tree: a stable code for programs, a sentence and a remedy for people.

Messages are written here or where the error is raised and never quote a foreign exception,
so that no secret and no stack trace can leak through them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field: its name, what it should be, and what was seen of it."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class RescueError(Exception):
    """Root of every error that Rescue Bot raises on purpose."""

    code = "rescue_error"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class Invalid(RescueError):
    """Input was refused; `problems` names every field at fault, not only the first."""

    code = "invalid"

    def __init__(self, problems: list[Problem], *, what: str = "The input is not valid") -> None:
        super().__init__(f"{what}: " + "; ".join(str(problem) for problem in problems) + ".")
        self.what = what
        self.problems = problems


class SettingsInvalid(Invalid):
    """The settings hold an unknown key or a bad value."""

    code = "settings_invalid"


class NotFound(RescueError):
    """No row has this id or name."""

    code = "not_found"


class Conflict(RescueError):
    """The change does not fit the present state (a name is taken, a state has moved on)."""

    code = "conflict"


class Unreadable(RescueError):
    """A queue message cannot be understood. `reason` is a stable word for the dead letter."""

    code = "unreadable"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DatabaseUnavailable(RescueError):
    """The database did not answer; nothing was recorded, and trying again is safe."""

    code = "database_unavailable"


class SchemaOutdated(RescueError):
    """The tables are not those of this version."""

    code = "schema_outdated"


class QueueUnavailable(RescueError):
    """SQS did not answer or refused; nothing was received or removed."""

    code = "queue_unavailable"


class FleetUnavailable(RescueError):
    """The Salt master did not take a job; it may be published again with the same jid."""

    code = "fleet_unavailable"


class Halted(RescueError):
    """A person has halted it; nothing is handed out or started."""

    code = "halted"


class FunctionUnavailable(RescueError):
    """A Lambda could not be called, or failed; it may or may not have done its work."""

    code = "function_unavailable"
