"""What can be done with runbooks: register, find those of a service, list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.commands.service import SERVICE, script_problems
from rescuebot.errors import Invalid, Problem
from rescuebot.runbooks.match import compiles
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind

STATE_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def create(
    *,
    session: Session,
    title: str,
    service_type: str,
    error_pattern: str,
    solution_kind: str,
    solution_script: str,
    created_by: str,
    now: datetime,
    description: str = "",
    priority: int = 0,
    mode: str = RunbookMode.ASK,
) -> RunbookScript:
    """Register a runbook; Invalid names every field that is at fault."""
    problems = [
        *_heading_problems(title, service_type, error_pattern),
        *_mode_problems(mode, priority),
        *solution_problems(kind=solution_kind, script=solution_script),
    ]
    if problems:
        raise Invalid(problems, what="The runbook is not valid")
    runbook = RunbookScript(
        title=title,
        service_type=service_type,
        error_pattern=error_pattern,
        solution_kind=SolutionKind(solution_kind),
        solution_script=solution_script,
        description=description,
        created_by=created_by[:50],
        priority=priority,
        mode=RunbookMode(mode),
        created_at=now,
        updated_at=now,
    )
    session.add(runbook)
    session.flush()
    return runbook


def solution_problems(*, kind: str, script: str) -> list[Problem]:
    """What is wrong with a solution of that kind."""
    if kind not in list(SolutionKind):
        return [Problem("solution_kind", "must be state, sls or shell")]
    problems = script_problems(field="solution_script", script=script)
    if problems:
        return problems
    if kind == SolutionKind.STATE and not STATE_NAME.fullmatch(script.strip()):
        return [Problem("solution_script", "must be the name of a state, such as rescue.mysql")]
    if kind == SolutionKind.SLS and not _is_state_data(script):
        return [Problem("solution_script", "must be state data: YAML, a mapping, without Jinja")]
    return []


def for_service(*, session: Session, service_type: str) -> Sequence[RunbookScript]:
    """The runbooks that may be chosen for a service."""
    query = select(RunbookScript).where(
        RunbookScript.service_type == service_type,
        RunbookScript.enabled.is_(True),
        RunbookScript.deleted_at.is_(None),
    )
    return session.scalars(query).all()


def get_by_title(*, session: Session, title: str) -> RunbookScript | None:
    """The oldest runbook of that title that is not deleted, or None."""
    query = select(RunbookScript).where(
        RunbookScript.title == title, RunbookScript.deleted_at.is_(None)
    )
    return session.scalars(query.order_by(RunbookScript.id).limit(1)).first()


def list_(
    *, session: Session, service: str | None = None, limit: int = 50
) -> Sequence[RunbookScript]:
    """The runbooks that are not deleted, by service and title."""
    query = select(RunbookScript).where(RunbookScript.deleted_at.is_(None))
    if service is not None:
        query = query.where(RunbookScript.service_type == service)
    query = query.order_by(RunbookScript.service_type, RunbookScript.title)
    return session.scalars(query.limit(limit)).all()


def _heading_problems(title: str, service_type: str, error_pattern: str) -> list[Problem]:
    problems = []
    if not 1 <= len(title.strip()) or len(title) > 200:
        problems.append(Problem("title", "must be 1 to 200 characters"))
    if not SERVICE.fullmatch(service_type):
        problems.append(
            Problem("service_type", "must be 1 to 50 lower-case letters, digits, . _ or -")
        )
    if len(error_pattern) > 500:
        problems.append(Problem("error_pattern", "must be at most 500 characters"))
    elif not compiles(error_pattern):
        problems.append(Problem("error_pattern", "is not a regular expression that RE2 accepts"))
    return problems


def _mode_problems(mode: str, priority: int) -> list[Problem]:
    problems = []
    if mode not in list(RunbookMode):
        problems.append(Problem("mode", "must be shadow, ask or auto"))
    if not -1000 <= priority <= 1000:
        problems.append(Problem("priority", "must be between -1000 and 1000"))
    return problems


def _is_state_data(script: str) -> bool:
    if "{{" in script or "{%" in script:
        return False
    try:
        data = yaml.safe_load(script)
    except yaml.YAMLError:
        return False
    return isinstance(data, dict) and bool(data) and all(isinstance(key, str) for key in data)
