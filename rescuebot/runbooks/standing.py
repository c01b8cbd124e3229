"""How a runbook stands now, for whoever planned a run by it earlier. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a runbook says now, whether it may run at all, and whether a person is asked first."""

    kind: SolutionKind
    solution: str
    version: int
    updated_by: str
    usable: bool
    asks: bool


def standing(*, session: Session, runbook_id: int) -> Standing | None:
    """How the runbook stands, deleted or not; None when there is no such row."""
    runbook = session.get(RunbookScript, runbook_id, populate_existing=True)
    if runbook is None:
        return None
    return Standing(
        kind=runbook.solution_kind,
        solution=runbook.solution_script,
        version=runbook.version,
        updated_by=runbook.updated_by or runbook.created_by,
        usable=(
            runbook.deleted_at is None
            and runbook.enabled
            and runbook.mode is not RunbookMode.SHADOW
        ),
        asks=runbook.mode is RunbookMode.ASK,
    )


def chosen(*, session: Session, runbook_id: int) -> RunbookScript:
    """The runbook that the index has chosen in this transaction."""
    return session.get_one(RunbookScript, runbook_id, populate_existing=True)


def edited_at(*, session: Session, runbook_id: int) -> datetime | None:
    """When the runbook was changed last."""
    query = select(RunbookScript.updated_at).where(RunbookScript.id == runbook_id)
    return session.scalar(query)
