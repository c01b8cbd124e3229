"""Work in many parts, of which one that goes wrong does not keep the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from rescuebot.errors import DatabaseUnavailable
from rescuebot.logs import logger

T = TypeVar("T")

log = logger(__name__)


def one_by_one(rows: Iterable[T], work: Callable[[T], int], *, trouble: str) -> int:
    """The sum of what `work` gives for each row; what goes wrong is logged as `trouble`.

    Without a database it ends with DatabaseUnavailable: no other row would fare better.
    """
    return sum(by_itself(partial(work, row), trouble=trouble) for row in rows)


def by_itself(work: Callable[[], int], *, trouble: str) -> int:
    """The same for work on no row in particular."""
    try:
        return work()
    except DatabaseUnavailable:
        raise
    except Exception:
        log.exception("left_out", trouble=trouble)
        return 0
