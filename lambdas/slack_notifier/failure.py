"""What can go wrong on the way to Slack; the name of the class is what AWS shows as errorType.

Invariant: words of our own only. What Slack, AWS or a message has said is told by a code.
"""

from __future__ import annotations


class Failure(Exception):
    """A notice was not posted. `again` says whether a later try may end otherwise."""

    again = False

    def __init__(self, code: str, words: str, *, status: int = 0, retry_after: int | None = None):
        self.code = code
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"{code}: {words}")


class SlackUnavailable(Failure):
    """Slack is busy, broken or out of reach: AWS calls the function again."""

    again = True


class SlackRefused(Failure):
    """Slack will never take this: it belongs into the dead-letter queue."""


class SecretUnavailable(Failure):
    """The addresses of the webhooks cannot be read just now."""

    again = True


class SecretInvalid(Failure):
    """The secret is not what it should be, or names no webhook for this severity."""


class EventRefused(Failure):
    """The function was called with something that did not come from SNS."""


class SettingInvalid(Failure):
    """A variable of the environment is missing or wrong."""
