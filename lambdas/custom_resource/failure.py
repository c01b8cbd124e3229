"""What can go wrong between a stack and its tables; the name of the class is what AWS shows.

Invariant: words of our own only, for they are shown in the events of the stack. What AWS, a task
or a request has said is told by a code.
"""

from __future__ import annotations


class Failure(Exception):
    """The tables were not migrated, or nobody was told. `again`: not now, but perhaps later."""

    again = False

    def __init__(self, code: str, words: str, *, task: str = "", container: str = "") -> None:
        self.code = code
        self.words = words
        self.task = task
        # Whose log tells more, where it is not that of the container that migrates.
        self.container = container
        super().__init__(f"{code}: {words}")


class RequestRefused(Failure):
    """The function was called by somebody who cannot be answered, so not by CloudFormation."""


class PropertyInvalid(Failure):
    """A property of the custom resource is missing or wrong."""


class TaskUnavailable(Failure):
    """ECS is busy, broken, out of reach or without capacity."""

    again = True


class TaskRefused(Failure):
    """ECS will not start the task, or tell of it, as long as nobody changes something."""


class TaskFailed(Failure):
    """The task has ended and the tables are not migrated."""


class TimeShort(Failure):
    """The task goes on, but the function cannot wait any longer."""


class AnswerUnavailable(Failure):
    """The place of the answer is busy, broken or out of reach."""

    again = True


class AnswerRefused(Failure):
    """The place of the answer will never take it."""
