"""What can go wrong with a payload of log lines; the name of the class is what AWS shows.

Invariant: words of our own only. What AWS or a payload has said is told by a code.
"""

from __future__ import annotations


class Failure(Exception):
    """A payload was not kept. `again` says whether a later try may end otherwise."""

    again = False

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(f"{code}: {words}")


class BucketUnavailable(Failure):
    """S3 is busy, broken or out of reach: the payload comes again."""

    again = True


class BucketRefused(Failure):
    """S3 will not take it as long as nobody changes the bucket, its key or the role."""


class TimeShort(Failure):
    """The call is about to end: what is left of the batch comes again."""

    again = True


class Broken(Failure):
    """A mistake of ours; the log says of which kind."""


class EventRefused(Failure):
    """The function was called with something that holds no log lines."""


class SettingInvalid(Failure):
    """A variable of the environment is missing or wrong."""


class Poison(Exception):
    """A payload that nobody can read, now or later; `code` says why. It is put aside as it is."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)
