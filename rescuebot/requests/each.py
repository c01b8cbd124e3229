"""What became of each thing that one request named: many are asked for, some may be refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from rescuebot.errors import Conflict, Halted, Invalid, NotFound, Problem, RescueError

_REFUSALS: dict[str, type[RescueError]] = {
    error.code: error for error in (Conflict, Halted, NotFound)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Became:
    """What became of one: a word, or the code of the error that refused it; and why.

    `made` is the id of what was made for it, if something was.
    """

    id: int
    became: str
    words: str = ""
    remedy: str = ""
    made: int | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing was done because it could not be."""
        return self.became in _REFUSALS

    def insist(self) -> Became:
        """The same, for who asked for this one only: a refusal is raised as its error."""
        if self.refused:
            raise _REFUSALS[self.became](self.words, remedy=self.remedy)
        return self


def of(
    ids: Sequence[int], *, session: Session, work: Callable[[int], Became]
) -> tuple[Became, ...]:
    """Do `work` for each id, each once and in their order; one that is refused stays as it was."""
    return tuple(_one(session, each, work) for each in sorted(set(ids)))


def check(ids: Sequence[int], *, field: str, most: int) -> None:
    """Invalid unless `ids` are 1 to `most` ids."""
    if not 1 <= len(ids) <= most:
        raise Invalid([Problem(field, f"must be 1 to {most} ids, not {len(ids)}")])
    bad = [each for each in ids if not _is_id(each)]
    if bad:
        raise Invalid([Problem(field, f"must be ids, which {bad[0]!r:.40} is not")])


def check_reason(reason: str, *, least: int = 1) -> None:
    """Invalid unless `reason` is a text of a length that a person reads."""
    if not isinstance(reason, str) or not least <= len(reason.strip()) or len(reason) > 1000:
        words = f"must be a text of {least} to 1000 characters that says why"
        raise Invalid([Problem("reason", words)])


def answer(found: Sequence[Became]) -> dict[str, Any]:
    """As plain values, for the answer that is kept of a request."""
    return {"each": [asdict(item) for item in found]}


def answered(kept: dict[str, Any]) -> tuple[Became, ...]:
    """Out of the answer that was kept."""
    return tuple(Became(**item) for item in kept["each"])


def _one(session: Session, each: int, work: Callable[[int], Became]) -> Became:
    try:
        with session.begin_nested():
            return work(each)
    except (Conflict, Halted, NotFound) as error:
        return Became(id=each, became=error.code, words=error.message, remedy=error.remedy)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
