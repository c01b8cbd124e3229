"""What can be done with runbooks: create, change, find those of a service, list, take back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from rescuebot.commands.validation import choice_problems
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.runbooks import validation
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.versions import service as kept
from rescuebot.versions.model import Change, Kind, Version

NOUN = kept.Noun(kind=Kind.RUNBOOK, table=RunbookScript, name="title", fields=validation.FIELDS)

Column = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
STATE_NAME = validation.STATE_NAME
_CREATED_BY = 50


def create(
    *,
    session: Session,
    created_by: str,
    now: datetime,
    actor: str | None = None,
    via: str = "",
    **fields: Any,
) -> RunbookScript:
    """Register a runbook; Invalid names every field that is at fault, Conflict a taken title."""
    values = validation.completed(fields)
    _require_valid(values)
    values |= {"created_by": created_by[:_CREATED_BY], "live_title": values["title"]}
    by = kept.By(actor=created_by if actor is None else actor, now=now, via=via)
    with _title_kept_free(session, values["title"], None):
        runbook: RunbookScript = kept.create(session=session, noun=NOUN, values=values, by=by)
    return runbook


def get(*, session: Session, which: int | str) -> RunbookScript:
    """The runbook of that id or title, deleted or not, or NotFound.

    A title that was used again and again means the one that has it now, or had it last.
    """
    runbook = None
    if isinstance(which, str):
        runbook = get_by_title(session=session, title=which)
        runbook = runbook or _newest_titled(session, RunbookScript.title, which)
        if runbook is None and which.isdecimal() and len(which) < 10:
            runbook = session.get(RunbookScript, int(which))
    else:
        runbook = session.get(RunbookScript, which)
    if runbook is None:
        raise NotFound(
            f"There is no runbook {which}.", remedy="salt-run rescue.runbooks lists them."
        )
    return runbook


def get_by_title(*, session: Session, title: str) -> RunbookScript | None:
    """The runbook that has this title now, whatever its case and accents, or None."""
    return _newest_titled(session, RunbookScript.live_title, title)


def update(
    *,
    session: Session,
    which: int | str,
    changes: Mapping[str, Any],
    expected_version: int,
    actor: str,
    now: datetime,
    via: str = "",
) -> RunbookScript:
    """Change some fields; without a real change it stays as it is, without a new version."""
    runbook = get(session=session, which=which)
    by = kept.By(actor=actor, now=now, via=via)
    _put(session, runbook, changes, expected_version, by, action="updated")
    return runbook


def delete(
    *,
    session: Session,
    which: int | str,
    expected_version: int,
    actor: str,
    now: datetime,
    via: str = "",
) -> RunbookScript:
    """Take a runbook out of use. Its row stays, and what was planned with it is pinned."""
    runbook = get(session=session, which=which)
    kept.change(
        session=session,
        noun=NOUN,
        row=runbook,
        values={"deleted_at": now, "live_title": None},
        expected_version=expected_version,
        by=kept.By(actor=actor, now=now, via=via),
        kind=Change.DELETED,
    )
    return runbook


def restore(
    *, session: Session, which: int | str, actor: str, now: datetime, via: str = ""
) -> RunbookScript:
    """Bring a deleted runbook back as it was; Conflict when another one has its title by now."""
    runbook = get(session=session, which=which)
    with _title_kept_free(session, runbook.title, runbook.id):
        kept.change(
            session=session,
            noun=NOUN,
            row=runbook,
            values={"deleted_at": None, "live_title": runbook.title},
            expected_version=runbook.version,
            by=kept.By(actor=actor, now=now, via=via),
            kind=Change.RESTORED,
        )
    return runbook


def revert(
    *,
    session: Session,
    which: int | str,
    to: int,
    expected_version: int,
    actor: str,
    now: datetime,
) -> RunbookScript:
    """Make a new version with the content of an old one, if that is still valid."""
    runbook = get(session=session, which=which)
    content = kept.content(session=session, noun=NOUN, row=runbook, number=to)
    by = kept.By(actor=actor, now=now)
    _put(session, runbook, validation.completed(content), expected_version, by, action="reverted")
    return runbook


def versions(*, session: Session, which: int | str) -> Sequence[Version]:
    """What was made of a runbook, by whom and when, newest first."""
    runbook = get(session=session, which=which)
    return kept.list_(session=session, noun=NOUN, row=runbook)


def diff(
    *, session: Session, which: int | str, before: int | None = None, after: int | None = None
) -> str:
    """What differs between two versions; the newest and the one before it unless said."""
    runbook = get(session=session, which=which)
    return kept.diff(session=session, noun=NOUN, row=runbook, before=before, after=after)


def for_service(*, session: Session, service_type: str) -> Sequence[RunbookScript]:
    """The runbooks that may be chosen for a service."""
    query = select(RunbookScript).where(
        RunbookScript.service_type == service_type,
        RunbookScript.enabled.is_(True),
        RunbookScript.deleted_at.is_(None),
    )
    return session.scalars(query).all()


def list_(
    *,
    session: Session,
    service: str | None = None,
    text: str | None = None,
    mode: str | None = None,
    kind: str | None = None,
    enabled: bool | None = None,
    deleted: bool = False,
    limit: int | None = 50,
) -> Sequence[RunbookScript]:
    """The runbooks, or with `deleted` only those that are deleted, by service and title."""
    _require_filters(mode, kind)
    table = RunbookScript
    wanted = {
        table.service_type: service,
        table.mode: mode,
        table.solution_kind: kind,
        table.enabled: enabled,
    }
    query = select(table).where(
        table.deleted_at.is_not(None) if deleted else table.deleted_at.is_(None),
        *(column == value for column, value in wanted.items() if value is not None),
    )
    if text:
        columns = (table.title, table.description, table.error_pattern)
        query = query.where(or_(*(c.icontains(text, autoescape=True) for c in columns)))
    query = query.order_by(table.service_type, table.title, table.id)
    return session.scalars(query.limit(limit)).all()


def _put(
    session: Session,
    runbook: RunbookScript,
    changes: Mapping[str, Any],
    expected_version: int,
    by: kept.By,
    *,
    action: str,
) -> None:
    content = NOUN.content(runbook)
    _require_valid({**content, **changes})
    changed = {field: value for field, value in changes.items() if content[field] != value}
    if "title" in changed:
        changed["live_title"] = changed["title"]
    with _title_kept_free(session, changed.get("title"), runbook.id):
        kept.change(
            session=session,
            noun=NOUN,
            row=runbook,
            values=changed,
            expected_version=expected_version,
            by=by,
            action=action,
        )


@contextmanager
def _title_kept_free(session: Session, title: str | None, own_id: int | None) -> Iterator[None]:
    """Conflict when another runbook has the title, now or while this one is written."""
    if title is not None:
        _require_free(session, title, own_id)
    try:
        yield
    except IntegrityError:
        if title is not None:
            _require_free(session, title, own_id)
        raise


def _require_free(session: Session, title: str, own_id: int | None) -> None:
    holder = get_by_title(session=session, title=title)
    if holder is not None and holder.id != own_id:
        raise Conflict(
            f"The title is taken by {NOUN.words(holder)}.",
            remedy="Change that one, or take another title; case and accents do not count.",
        )


def _newest_titled(session: Session, column: Column, title: str) -> RunbookScript | None:
    """By the collation of MySQL, which has an index; in SQLite Python has to compare."""
    query = select(RunbookScript.id, column).order_by(RunbookScript.id.desc())
    if session.get_bind().dialect.name != "sqlite":
        runbook_id = session.scalar(query.where(column == title).limit(1))
        return None if runbook_id is None else session.get(RunbookScript, runbook_id)
    query = query.where(column.is_not(None))
    if title.isascii():  # SQLite finds these itself; what is not ASCII is left for Python
        beyond = column.op("GLOB")("*[^ -~]*")
        query = query.where(or_(func.lower(column) == title.lower(), beyond))
    key = validation.title_key(title)
    for runbook_id, other in session.execute(query):
        if validation.title_key(str(other)) == key:
            return session.get(RunbookScript, runbook_id)
    return None


def _require_valid(fields: Mapping[str, Any]) -> None:
    if problems := validation.problems_of(fields):
        raise Invalid(problems, what="The runbook is not valid")


def _require_filters(mode: str | None, kind: str | None) -> None:
    problems = [] if mode is None else choice_problems("mode", mode, RunbookMode)
    problems += [] if kind is None else choice_problems("kind", kind, SolutionKind)
    if problems:
        raise Invalid(problems, what="The filter is not valid")
