"""What can go wrong in routing an event; the name of the class is what AWS shows as errorType.

Invariant: words of our own only. What the API, AWS or an event has said is told by a code.
"""

from __future__ import annotations


class Failure(Exception):
    """An event did not reach all that it should; AWS calls again, then keeps it in the queue."""

    def __init__(self, code: str, words: str, *, status: int = 0) -> None:
        self.code = code
        self.status = status
        super().__init__(f"{code}: {words}")


class ApiUnavailable(Failure):
    """The API is busy, broken or out of reach."""


class ApiDenied(Failure):
    """The API does not let us in: the key or its role is wrong."""


class ApiMisplaced(Failure):
    """What answers at API_URL is not the API."""


class SecretUnavailable(Failure):
    """The key of the API cannot be read just now."""


class SecretInvalid(Failure):
    """The secret holds no key."""


class TopicUnavailable(Failure):
    """SNS did not take a notice."""


class EventRefused(Failure):
    """The function was called with something that is no event."""


class SettingInvalid(Failure):
    """A variable of the environment is missing or wrong."""
