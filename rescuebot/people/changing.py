"""How the rows of people are changed: by statements whose count says whether they were first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session


def changed(session: Session, statement: Any) -> int:
    """How many rows an UPDATE or DELETE has changed; what was loaded of them stays as it was."""
    done = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return done.rowcount
