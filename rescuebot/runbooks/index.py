"""All live runbooks compiled for matching, kept per process and true to the newest state.

Invariant: an index answers for exactly one state of the table. Before each use the fingerprint of
the table is read in the caller's own session; what a transaction has changed and not committed is
seen by that transaction alone.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Row, TextClause, UpdateBase, case, event, func, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction
from sqlalchemy.pool import Pool

from rescuebot.runbooks.match import (
    NEAR,
    Candidate,
    Explanation,
    Miss,
    explanation_of,
    nearest,
    rank,
)
from rescuebot.runbooks.model import RunbookScript
from rescuebot.runbooks.patterns import PatternSet, parts_of

Fingerprint = tuple[Any, ...]


class Index:
    """An immutable snapshot of runbooks that answers which of them fits a message."""

    def __init__(self, candidates: Iterable[Candidate], *, like: Index | None = None) -> None:
        """`like` is an index of much the same runbooks: what did not change is not compiled."""
        by_service: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            by_service.setdefault(candidate.service_type, []).append(candidate)
        known: Mapping[str, _Shelf] = {} if like is None else like._shelves
        self._shelves: dict[str, _Shelf] = {
            service: _shelf(rows, known.get(service)) for service, rows in by_service.items()
        }

    def __len__(self) -> int:
        return sum(len(shelf.candidates) for shelf in self._shelves.values())

    def look_up(self, service_type: str, message: str, *, explain: bool = False) -> Explanation:
        """Which runbook is chosen and why.

        What nearly matched is sought only where nothing does, or where `explain` asks for it.
        """
        shelf = self._shelves.get(service_type, _EMPTY)
        found = shelf.found(message)
        chosen = [candidate for candidate in found if candidate.enabled]
        near: tuple[Miss, ...] = ()
        if explain or not chosen:
            near = self._nearest(service_type, message, shelf, found)
        return explanation_of(
            service_type=service_type, found=chosen, near=near, enabled=shelf.enabled
        )

    def _nearest(
        self, service_type: str, message: str, shelf: _Shelf, found: list[Candidate]
    ) -> tuple[Miss, ...]:
        parts = shelf.parts_found(message)
        return nearest(
            service_type=service_type,
            disabled=(one for one in found if not one.enabled),
            missed=shelf.missed(parts, {candidate.id for candidate in found}),
            elsewhere=self._elsewhere(service_type, message),
            parts=parts,
        )

    def _elsewhere(self, service_type: str, message: str) -> Iterator[Candidate]:
        """Those of other services that have a pattern, and it is found."""
        for service, shelf in self._shelves.items():
            if service != service_type:
                found = shelf.found(message)
                yield from (one for one in found if one.enabled and one.error_pattern)


class _Shelf:
    """The runbooks of one service by id; their patterns are compiled when first asked for."""

    def __init__(self, candidates: tuple[Candidate, ...], *, like: PatternSet | None) -> None:
        self.candidates = candidates
        self.enabled = sum(candidate.enabled for candidate in candidates)
        self._like = like

    def found(self, message: str) -> list[Candidate]:
        """Those whose pattern is found, disabled ones among them."""
        return [self.candidates[place] for place in self._patterns.find(message)]

    def parts_found(self, message: str) -> set[str]:
        """The parts of the patterns that are found."""
        parts, patterns = self._parts
        return {parts[place] for place in patterns.find(message)}

    def missed(self, parts: Collection[str], found: Collection[int]) -> list[Candidate]:
        """The enabled ones that are not among the found: all that have one of the parts, and a few
        of those that have none."""
        close = {one.id: one for part in parts for one in self._holders[part]}
        far = (one for one in self._by_rank if one.id not in close and one.id not in found)
        return [*(one for one in close.values() if one.id not in found), *islice(far, NEAR)]

    @property
    def compiled(self) -> PatternSet | None:
        """The newest set that was compiled for this service, if any was."""
        return self.__dict__.get("_patterns", self._like)

    @cached_property
    def _patterns(self) -> PatternSet:
        return PatternSet([one.error_pattern for one in self.candidates], like=self._like)

    @cached_property
    def _by_rank(self) -> list[Candidate]:
        return sorted((one for one in self.candidates if one.enabled), key=rank)

    @cached_property
    def _holders(self) -> dict[str, list[Candidate]]:
        """Which candidates have a part in their pattern."""
        holders: dict[str, list[Candidate]] = {}
        for one in self._by_rank:
            for part in {part for wanted in parts_of(one.error_pattern) for part in wanted}:
                holders.setdefault(part, []).append(one)
        return holders

    @cached_property
    def _parts(self) -> tuple[list[str], PatternSet]:
        parts = list(self._holders)
        return parts, PatternSet(parts)


_EMPTY = _Shelf((), like=None)


def _shelf(rows: list[Candidate], known: _Shelf | None) -> _Shelf:
    candidates = tuple(sorted(rows, key=lambda candidate: candidate.id))
    if known is None:
        return _Shelf(candidates, like=None)
    return known if known.candidates == candidates else _Shelf(candidates, like=known.compiled)


class Follower:
    """Keeps one index and makes a new one when the table is not as it was."""

    def __init__(self, *, like: Index | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Fingerprint | None, Index] = (None, like or Index([]))

    @property
    def newest(self) -> Index:
        """The index that was made last, whatever the table is like by now."""
        return self._kept[1]

    def index(self, *, session: Session, fingerprint: Fingerprint) -> Index:
        """The index for the state with that fingerprint, which the session has just read."""
        seen, index = self._kept
        if seen == fingerprint:
            return index
        with self._lock:
            seen, index = self._kept
            if seen != fingerprint:
                # Read after the fingerprint: it can only be newer, and then the next look tells.
                index = Index(_candidates(session), like=index)
                self._kept = (fingerprint, index)
            return index


# By connection pool: one for each database and, as no pool outlives a fork, for each process.
_followers: WeakKeyDictionary[Pool, Follower] = WeakKeyDictionary()
_TABLE = RunbookScript.__tablename__
# In `session.info`, from the first change of a runbook to the end of the transaction.
_OWN = "rescuebot_runbooks_of_this_transaction"


def current(*, session: Session) -> Index:
    """The index of the runbooks as this session sees them now.

    A session that has changed runbooks gets an index of its own, which ends with its transaction.
    """
    fingerprint = _fingerprint(session)
    pool = session.get_bind().engine.pool
    shared = _followers.get(pool) or _followers.setdefault(pool, Follower())
    if _OWN not in session.info:
        return shared.index(session=session, fingerprint=fingerprint)
    own = session.info[_OWN] = session.info[_OWN] or Follower(like=shared.newest)
    return own.index(session=session, fingerprint=fingerprint)


def _fingerprint(session: Session) -> Fingerprint:
    """Changes with every change of a live runbook; one query, no pattern is read."""
    live = case((RunbookScript.enabled, RunbookScript.id), else_=0)
    query = select(
        func.count(),
        func.max(RunbookScript.updated_at),
        # Times the ids: what is done to one runbook and undone to another does not cancel out.
        func.sum(RunbookScript.version * RunbookScript.id),
        func.sum(live),
    ).where(RunbookScript.deleted_at.is_(None))
    return tuple(session.execute(query).one())


def _candidates(session: Session) -> Iterator[Candidate]:
    columns = (getattr(RunbookScript, name) for name in Candidate.__dataclass_fields__)
    query = select(*columns).where(RunbookScript.deleted_at.is_(None))
    return map(_candidate, session.execute(query))


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(**row._mapping)


@event.listens_for(Session, "after_flush")
def _note_flush(session: Session, context: UOWTransaction) -> None:
    for changed in (session.new, session.dirty, session.deleted):
        if any(isinstance(row, RunbookScript) for row in changed):
            session.info[_OWN] = None


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    """Statements that change runbooks, and such as are text: of them nothing is known."""
    statement = state.statement
    changes = isinstance(statement, UpdateBase) and _table_of(statement) == _TABLE
    if changes or isinstance(statement, TextClause):
        state.session.info[_OWN] = None


def _table_of(statement: UpdateBase) -> str | None:
    return getattr(statement.table, "name", None)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_OWN, None)
