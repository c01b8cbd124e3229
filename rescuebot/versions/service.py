"""What can be done with versions: create and change a thing so that each state of it is kept.

Invariant: a change is one UPDATE that names the version it was made for, and stands together with
its version row and its audit entry in one transaction.
"""

from __future__ import annotations

import difflib
import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session, defer

from rescuebot import yaml_text
from rescuebot.audit import service as audit
from rescuebot.clock import isoformat
from rescuebot.errors import Conflict, Invalid, NotFound, Outdated, Problem
from rescuebot.scripts import shown
from rescuebot.versions.model import Change, Kind, Version

_ACTOR = 100
_SHORT = 60  # what is longer is named in the audit, not quoted
_COMPARED_LINES = 2_000  # difflib takes the square of it at worst


class Row(Protocol):
    """What a thing with versions has."""

    id: Any
    version: Any
    updated_at: Any
    updated_by: Any
    deleted_at: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Noun:
    """A table whose rows have versions, and which of its columns are their content."""

    kind: Kind
    table: type[Any]
    name: str
    fields: tuple[str, ...]

    def words(self, row: Row) -> str:
        """How people call a row: ``runbook 3 'Start MySQL'``."""
        return f"{self.kind} {row.id} {getattr(row, self.name)!r}"

    def content(self, row: Row) -> dict[str, Any]:
        """The content of a row as plain values."""
        values = {field: getattr(row, field) for field in self.fields}
        return {
            field: value.value if isinstance(value, enum.Enum) else value
            for field, value in values.items()
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class By:
    """Who changes something, when, and by what if not by hand (``import``)."""

    actor: str
    now: datetime
    via: str = ""

    @property
    def told(self) -> str:
        """For the list of versions."""
        suffix = f" ({self.via})" if self.via else ""
        return self.actor[: _ACTOR - len(suffix)] + suffix


def create(*, session: Session, noun: Noun, values: Mapping[str, Any], by: By) -> Any:
    """Insert a thing as its version 1. A key that is taken raises IntegrityError.

    By Core, because a flush that fails would take the whole transaction with it.
    """
    require_actor(by=by)
    stamps = {"created_at": by.now, "updated_at": by.now, "updated_by": by.actor[:_ACTOR]}
    done = session.execute(insert(noun.table).values(**values, **stamps, version=1))
    assert isinstance(done, CursorResult) and done.inserted_primary_key
    row = session.get_one(noun.table, done.inserted_primary_key[0])
    _record(session, noun, row.id, 1, Change.CREATED, noun.content(row), by)
    _note(session, noun, row, "created", _told({}, noun.content(row)), by)
    return row


def change(
    *,
    session: Session,
    noun: Noun,
    row: Any,
    values: Mapping[str, Any],
    expected_version: int,
    by: By,
    kind: Change = Change.UPDATED,
    action: str = "",
) -> None:
    """Change a row if it still has the expected version; Conflict says who was faster.

    Without any value to change it stays as it is, without a new version.
    """
    require_actor(by=by)
    _require_number("expected_version", expected_version)
    if not values and row.version == expected_version and row.deleted_at is None:
        return
    before, earlier = noun.content(row), _by_last(row)
    table = noun.table
    deleted = (
        table.deleted_at.is_not(None) if kind is Change.RESTORED else table.deleted_at.is_(None)
    )
    stamps = {
        "updated_at": by.now,
        "updated_by": by.actor[:_ACTOR],
        "version": expected_version + 1,
    }
    changed = session.execute(
        update(table)
        .where(table.id == row.id, table.version == expected_version, deleted)
        .values(**values, **stamps)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    assert isinstance(changed, CursorResult)
    if not changed.rowcount:
        raise _lost(noun, row, expected_version, kind)
    _keep_earlier(session, noun, row, before, earlier)
    _record(session, noun, row.id, row.version, kind, noun.content(row), by)
    _note(session, noun, row, action or kind.value, _told(before, noun.content(row)), by)


def list_(*, session: Session, noun: Noun, row: Row) -> Sequence[Version]:
    """The versions of a thing without their content, newest first."""
    query = _of(noun, row).options(defer(Version.content)).order_by(Version.number.desc())
    return session.scalars(query).all()


def with_content(*, session: Session, noun: Noun, row: Row) -> Sequence[Version]:
    """The same with their content."""
    return session.scalars(_of(noun, row).order_by(Version.number.desc())).all()


def content(*, session: Session, noun: Noun, row: Row, number: int) -> dict[str, Any]:
    """What the thing was at that version."""
    _require_number("version", number)
    found = session.scalars(_of(noun, row).where(Version.number == number)).one_or_none()
    if found is not None:
        return loaded(version=found)
    if number == row.version:  # older than versions are; nothing has changed it since
        return noun.content(row)
    raise NotFound(
        f"{noun.words(row).capitalize()} has no version {number}; the newest is {row.version}.",
        remedy="List its versions to see which are kept.",
    )


def loaded(*, version: Version) -> dict[str, Any]:
    """The content that a version holds."""
    values: dict[str, Any] = json.loads(version.content)
    return values


def diff(*, session: Session, noun: Noun, row: Row, before: int | None, after: int | None) -> str:
    """What differs between two versions; the newest and the one before it unless said."""
    after = row.version if after is None else after
    _require_number("after", after)
    before = max(1, after - 1) if before is None else before
    olds = content(session=session, noun=noun, row=row, number=before)
    news = content(session=session, noun=noun, row=row, number=after)
    return compared(before=olds, after=news, names=(f"version {before}", f"version {after}"))


def compared(*, before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str]) -> str:
    """A unified diff of two contents, field by field; empty when they are the same."""
    olds, news = yaml_text.fields(before), yaml_text.fields(after)
    lines: list[str] = []
    for field in dict.fromkeys([*olds, *news]):
        if before.get(field) != after.get(field) or (field in before) != (field in after):
            lines += _field_diff(field, olds.get(field, []), news.get(field, []))
    if not lines:
        return ""
    return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *lines]) + "\n"


def require_actor(*, by: By) -> None:
    """Nothing is changed by nobody."""
    if not isinstance(by.actor, str) or not by.actor.strip():
        raise Invalid([Problem("actor", "must say who makes the change")])


def _of(noun: Noun, row: Row) -> Any:
    return select(Version).where(Version.kind == noun.kind, Version.subject_id == row.id)


def _require_number(field: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**31:
        raise Invalid([Problem(field, "must be the number of a version, 1 or more")])


def _record(
    session: Session,
    noun: Noun,
    subject_id: int,
    number: int,
    kind: Change,
    content_of: Mapping[str, Any],
    by: By,
) -> None:
    session.add(
        Version(
            kind=noun.kind,
            subject_id=subject_id,
            number=number,
            change=kind,
            content=json.dumps(content_of, ensure_ascii=False),
            changed_by=by.told,
            changed_at=by.now,
        )
    )
    session.flush()


def _by_last(row: Any) -> By:
    return By(
        actor=row.updated_by or getattr(row, "created_by", "") or "unknown", now=row.updated_at
    )


def _keep_earlier(
    session: Session, noun: Noun, row: Row, before: Mapping[str, Any], by: By
) -> None:
    """Write down a state that is older than versions are, now that it has been changed."""
    number = row.version - 1
    query = _of(noun, row).where(Version.number == number)
    if session.scalars(query.with_only_columns(Version.id)).first() is None:
        _record(session, noun, row.id, number, Change.CREATED, before, by)


def _lost(noun: Noun, row: Row, expected: int, kind: Change) -> Conflict:
    what, who, at = noun.words(row), row.updated_by or "unknown", isoformat(row.updated_at)
    if kind is Change.RESTORED and row.deleted_at is None:
        return Conflict(f"The {what} is not deleted.", remedy="There is nothing to restore.")
    if kind is not Change.RESTORED and row.deleted_at is not None:
        return Conflict(f"The {what} was deleted by {who} at {at}.", remedy="Restore it first.")
    return Outdated(
        f"The {what} has version {row.version} now: {who} changed it at {at}; "
        f"this change was made for version {expected}.",
        remedy=f"Look at what has changed, then try again with version {row.version}.",
    )


def _note(session: Session, noun: Noun, row: Row, action: str, detail: str, by: By) -> None:
    audit.note(
        session=session,
        actor=by.actor,
        action=f"{noun.kind}_{action}",
        subject=noun.words(row),
        detail=f"version {row.version}: {detail}" + (f" (by {by.via})" if by.via else ""),
        now=by.now,
    )


def _told(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The changed fields for the audit: short values in full, long ones by name."""
    parts = []
    for field, value in after.items():
        if before.get(field) == value and before:
            continue
        texts = [repr(values[field]) for values in (before, after) if field in values]
        long = any(len(text) > _SHORT or "\\n" in text for text in texts)
        parts.append(f"{field} changed" if long and before else f"{field} {' -> '.join(texts)}")
        if long and not before:
            parts[-1] = field
    return shown("; ".join(parts) or "content unchanged", 4000)


def _field_diff(field: str, before: list[str], after: list[str]) -> Iterator[str]:
    if len(before) + len(after) > _COMPARED_LINES:
        yield f"@@ {field}: {len(before)} lines before, {len(after)} after; too long to show @@"
        return
    hunks = difflib.unified_diff(before, after, lineterm="")
    for number, line in enumerate(hunks):
        if number >= 2:  # the first two name files
            yield f"{line} {field}" if line.startswith("@@") else line
