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


class Outdated(Conflict):
    """The change was made for a version that somebody else has replaced since."""

    code = "outdated"


class Forbidden(RescueError):
    """Whoever asks may not do this."""

    code = "forbidden"


class KeyReused(Conflict):
    """The key of a request was used for another request before."""

    code = "key_reused"


class Unreadable(RescueError):
    """A queue message cannot be understood. `reason` is a stable word for the dead letter."""

    code = "unreadable"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DatabaseUnavailable(RescueError):
    """The database did not answer; nothing was recorded, and trying again is safe."""

    code = "database_unavailable"


class TooSlow(RescueError):
    """A list or a figure would have to look at more rows than there is time for."""

    code = "too_slow"


class SchemaOutdated(RescueError):
    """The tables are not those of this version."""

    code = "schema_outdated"


class SchemaNewer(SchemaOutdated):
    """The tables are those of a newer version; only that one can take them back."""

    code = "schema_newer"


class MigrationFailed(RescueError):
    """The database has refused a step of a migration."""

    code = "migration_failed"


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


class Unauthorized(RescueError):
    """Who asks has not proved who they are. It never says which part was wrong."""

    code = "bad_credentials"


class SessionOver(Unauthorized):
    """The session has ended, by time or by a person; signing in again begins another."""

    code = "session_over"


class Wait(RescueError):
    """Not now; `retry_after` is in how many seconds."""

    code = "wait"

    def __init__(self, message: str, *, retry_after: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class Locked(Wait):
    """Too many wrong passwords in a row for this name, whether anybody has it or not."""

    code = "locked"


class Busy(Wait):
    """All who may do this at once are doing it."""

    code = "busy"


class ArchiveUnavailable(RescueError):
    """The place of the archive did not answer or refused; nothing was deleted for it."""

    code = "archive_unavailable"


class ArchiveRefused(RescueError):
    """A file of the archive is not what was written, or is not for these tables; it is not read."""

    code = "archive_refused"


class DeliveryRefused(RescueError):
    """A way will never take this notice; `reason` is its own word for it, such as is_archived."""

    code = "delivery_refused"

    def __init__(self, message: str, *, reason: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason


class DeliveryUnavailable(RescueError):
    """A way did not take the notice just now; it may later, `retry_after` seconds if it says so.

    `uncertain` means that it may have taken it nevertheless: nobody heard the answer.
    """

    code = "delivery_unavailable"

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        retry_after: float | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after
        self.uncertain = uncertain
