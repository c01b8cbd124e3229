"""What an import would do and then does: compared item by item, all of it or nothing.

Invariant: what a person changed in the ledger since the files were exported or imported is never
overwritten unless it is forced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.as_code.content import (
    NOUNS,
    SERVICE,
    completed,
    fingerprint,
    key_of,
    told,
)
from rescuebot.as_code.reading import Documents, Item, parsed
from rescuebot.commands import service as commands
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict, Invalid, Problem
from rescuebot.runbooks import service as runbooks
from rescuebot.versions import service as kept
from rescuebot.versions.model import Kind

_VIA = "import"
_NAMED = 10
_SERVICES: dict[Kind, Any] = {Kind.COMMAND: commands, Kind.RUNBOOK: runbooks}
Base = Mapping[str, Any]


class Outcome(StrEnum):
    """What an import does with an item."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RESTORED = "restored"
    DELETED = "deleted"
    # Changed in the ledger alone: that stays until it is exported.
    KEPT = "kept"
    # Changed in the ledger and in the file.
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One item: what comes of it, and what differs.

    `diff` leads from the ledger to the file. `here` is what was changed in the ledger and `there`
    what was changed in the file, since both were the same.
    """

    kind: Kind
    name: str
    outcome: Outcome
    words: str
    file: str = ""
    line: int = 0
    diff: str = ""
    here: str = ""
    there: str = ""
    content: dict[str, Any] | None = None
    row_id: int | None = None
    version: int | None = None

    def told(self) -> dict[str, Any]:
        """For people and for JSON."""
        names = ("name", "words", "file", "line", "diff", "here", "there")
        plain = {name: getattr(self, name) for name in names}
        return {"kind": self.kind.value, "outcome": self.outcome.value, **plain}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All items of an import."""

    items: tuple[Planned, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many items come to what."""
        found = Counter(item.outcome for item in self.items)
        return {outcome.value: found[outcome] for outcome in Outcome}

    @property
    def conflicts(self) -> tuple[Planned, ...]:
        """The items that were changed on both sides."""
        return tuple(item for item in self.items if item.outcome is Outcome.CONFLICT)

    def told(self) -> dict[str, Any]:
        """For people and for JSON."""
        return {"counts": self.counts, "items": [item.told() for item in self.items]}


def plan(*, session: Session, documents: Documents, prune: bool = False) -> Plan:
    """What an import of these files would do; Invalid tells every problem of every file.

    With `prune`, what no file names is deleted: of all services for a directory, for a single
    file of the services in it.
    """
    items, problems = parsed(documents)
    ledger = _Ledger(session)
    planned: list[Planned] = []
    for item in items:
        row = ledger.row(item.kind, item.name)
        if row is None or NOUNS[item.kind].content(row) != item.content:
            problems += item.problems() or _renamed(item, row)
    if prune and not items:
        problems.append(Problem("prune", "the files hold nothing, so all would be deleted"))
    if problems:
        raise Invalid(problems, what="Nothing was imported")
    planned += [_planned(session, item, ledger.row(item.kind, item.name)) for item in items]
    return Plan(items=(*planned, *(_pruned(ledger, items, documents.whole) if prune else ())))


@repeat_on_contention
def take_over(
    documents: Documents,
    *,
    actor: str,
    database: Database,
    prune: bool = False,
    force: bool = False,
    now: clock.Clock = clock.now,
) -> Plan:
    """Import the files: all of it in one transaction, or nothing; returns what was done."""
    with database.transaction() as session:
        planned = plan(session=session, documents=documents, prune=prune)
        apply(session=session, plan=planned, actor=actor, now=now(), force=force)
    return planned


def apply(
    *, session: Session, plan: Plan, actor: str, now: datetime, force: bool = False
) -> dict[str, int]:
    """Do what the plan says, in the transaction of the session; tells how many came to what.

    Conflicts stop all of it. With `force` the files win, also over what was changed here alone.
    """
    if plan.conflicts and not force:
        raise _conflict(plan.conflicts)
    by = kept.By(actor=actor, now=now, via=_VIA)
    kept.require_actor(by=by)
    for item in plan.items:
        _do(session, item, by, force)
    return plan.counts


class _Ledger:
    """All commands and runbooks by name: those in use before those that are deleted."""

    def __init__(self, session: Session) -> None:
        self._rows: dict[tuple[Kind, str], Any] = {}
        for deleted in (False, True):
            for kind, rows in _rows(session, deleted):
                # Of several deleted ones the newest is the one that is restored.
                for row in sorted(rows, key=lambda row: -row.id):
                    name = key_of(getattr(row, NOUNS[kind].name))
                    self._rows.setdefault((kind, name), row)

    def row(self, kind: Kind, name: str) -> Any:
        """The row that a name means, deleted or not, or None."""
        return self._rows.get((kind, key_of(name)))

    def live(self) -> Iterator[tuple[Kind, str, Any]]:
        """What is in use."""
        for (kind, name), row in self._rows.items():
            if row.deleted_at is None:
                yield kind, name, row


def _rows(session: Session, deleted: bool) -> Iterator[tuple[Kind, Sequence[Any]]]:
    yield Kind.COMMAND, commands.list_(session=session, deleted=deleted, limit=None)
    yield Kind.RUNBOOK, runbooks.list_(session=session, deleted=deleted, limit=None)


def _renamed(item: Item, row: Any) -> list[Problem]:
    """A command's name stays as it was written first."""
    if item.kind is not Kind.COMMAND or row is None or row.command_name == item.name:
        return []
    return [item.problem("command_name", f"is registered as {row.command_name}; write it so")]


def _planned(session: Session, item: Item, row: Any) -> Planned:
    if row is None:
        words = "is new"
        return _of(item, None, Outcome.CREATED, words, _diff({}, item.content, item.kind))
    noun = NOUNS[item.kind]
    current = noun.content(row)
    diff = _diff(current, item.content, item.kind)
    if row.deleted_at is not None:
        return _of(item, row, Outcome.RESTORED, "was deleted and comes back", diff)
    if current == item.content:
        return _of(item, row, Outcome.UNCHANGED, "is the same", "")
    base = _base(session, item, row)
    outcome, words = _compared(item, row, current, base)
    here = there = ""
    if outcome is Outcome.CONFLICT and base is not None:
        here = _diff(base, current, item.kind, ("before", "here"))
        there = _diff(base, item.content, item.kind, ("before", "the file"))
    return _of(item, row, outcome, words, diff, here, there)


def _compared(
    item: Item, row: Any, current: Mapping[str, Any], base: Base | None
) -> tuple[Outcome, str]:
    who = f"{row.updated_by or 'somebody'} (version {row.version})"
    if base is None and item.based_on is None:
        return Outcome.UPDATED, "differs, and the file does not say what it was based on"
    if base is None:
        words = f"is based on {item.based_on}, a state that it never had in this ledger"
        return Outcome.CONFLICT, words
    of_base = fingerprint(item.kind, base)
    if fingerprint(item.kind, current) == of_base:
        return Outcome.UPDATED, "was changed in the file"
    if fingerprint(item.kind, item.content) == of_base:
        return Outcome.KEPT, f"was changed here alone, by {who}; export it to have it in the file"
    return Outcome.CONFLICT, f"was changed here by {who} and in the file"


def _base(session: Session, item: Item, row: Any) -> Base | None:
    """What file and ledger last had in common: what was imported last, or exported after that."""
    noun = NOUNS[item.kind]
    current = noun.content(row)
    if item.based_on == fingerprint(item.kind, current):
        return current
    for version in kept.with_content(session=session, noun=noun, row=row):
        content = completed(item.kind, kept.loaded(version=version))
        made_by_import = version.changed_by.endswith(f"({_VIA})")
        if made_by_import or fingerprint(item.kind, content) == item.based_on:
            return content
    return None


def _pruned(ledger: _Ledger, items: Sequence[Item], whole: bool) -> Iterator[Planned]:
    named = {(item.kind, key_of(item.name)) for item in items}
    services = {item.content[SERVICE[item.kind]] for item in items}
    for kind, name, row in ledger.live():
        content = NOUNS[kind].content(row)
        if (kind, name) not in named and (whole or content[SERVICE[kind]] in services):
            yield Planned(
                kind=kind,
                name=getattr(row, NOUNS[kind].name),
                outcome=Outcome.DELETED,
                words="is in no file",
                diff=_diff(content, {}, kind),
                row_id=row.id,
                version=row.version,
            )


def _of(
    item: Item,
    row: Any,
    outcome: Outcome,
    words: str,
    diff: str,
    here: str = "",
    there: str = "",
) -> Planned:
    return Planned(
        kind=item.kind,
        name=item.name,
        outcome=outcome,
        words=words,
        file=item.file,
        line=item.line,
        diff=diff,
        here=here,
        there=there,
        content=item.content,
        row_id=None if row is None else row.id,
        version=None if row is None else row.version,
    )


def _diff(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    kind: Kind,
    names: tuple[str, str] = ("the ledger", "the file"),
) -> str:
    return kept.compared(before=told(kind, before), after=told(kind, after), names=names)


def _do(session: Session, item: Planned, by: kept.By, force: bool) -> None:
    service, content = _SERVICES[item.kind], item.content
    about: dict[str, Any] = {"session": session, "actor": by.actor, "now": by.now, "via": by.via}
    overruled = force and item.outcome in (Outcome.CONFLICT, Outcome.KEPT)
    if item.outcome is Outcome.CREATED:
        who = {"created_by": by.actor} if item.kind is Kind.RUNBOOK else {}
        service.create(**about, **who, **(content or {}))
        return
    about |= {"which": item.row_id, "expected_version": item.version}
    if item.outcome is Outcome.DELETED:
        service.delete(**about)
    elif item.outcome is Outcome.RESTORED:
        version = about.pop("expected_version")
        service.restore(**about)
        service.update(**about, changes=content, expected_version=version + 1)
    elif item.outcome is Outcome.UPDATED or overruled:
        service.update(**about, changes=content)


def _conflict(items: Sequence[Planned]) -> Conflict:
    names = [f"{item.kind} {item.name!r} {item.words}" for item in items[:_NAMED]]
    more = f"; and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return Conflict(
        f"Changed here and in the files, so nothing was imported: {'; '.join(names)}{more}.",
        remedy=(
            "Look at both with dry_run=true; export, merge in git and import again, "
            "or force the files through."
        ),
    )
