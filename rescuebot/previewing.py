"""What an approver sees: ask the minion what the fix would change, and keep its answer.

Invariant: a preview changes nothing on the minion, so it may be asked for again; what it binds
(the content of a runbook state) is exchanged only while nobody has answered yet.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from rescuebot import approving, clock
from rescuebot.advice import drafts
from rescuebot.approvals import previews
from rescuebot.approvals import service as approvals
from rescuebot.approvals import telling
from rescuebot.approvals.model import Approval
from rescuebot.database import Contention, Database, repeat_on_contention
from rescuebot.dispatching import Fleet
from rescuebot.errors import FleetUnavailable
from rescuebot.executions import service, waiting
from rescuebot.executions.model import Execution
from rescuebot.executions.pin import bound_to, edit_of
from rescuebot.logs import logger
from rescuebot.tracking import Return

log = logger(__name__)

FUNCTION = "rescue.preview"
_AT_ONCE = 50


class Preview(BaseModel):
    """What the minion says that a fix would do; data of the fleet, so its shape is checked."""

    model_config = ConfigDict(extra="ignore")

    rescue: Literal[1]
    dispatch: str = Field(min_length=1, max_length=32)
    verdict: Literal["previewed", "refused", "failed", "timeout", "busy"]
    reason: str = Field(default="", max_length=100)
    message: str = Field(default="", max_length=4000)
    changes: dict[str, int] = Field(default_factory=dict, max_length=10)
    output: str = Field(default="", max_length=1_000_000)
    rendered_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    service_up: bool | None = None

    @property
    def shows_failure(self) -> bool:
        """Whether the fix could not do its work here, whoever approves it."""
        return self.verdict in ("refused", "failed") or bool(self.changes.get("would_fail"))


def ask_due(*, database: Database, fleet: Fleet, now: clock.Clock = clock.now) -> int:
    """Ask minions for the previews that are missing; returns how many were asked."""
    with database.reading() as session:
        due = previews.due(session=session, now=now(), limit=_AT_ONCE)
    return sum(_ask(approval, database=database, fleet=fleet, now=now) for approval in due)


@repeat_on_contention
def hand_out(*, dispatch_id: str, minion_id: str, database: Database) -> dict[str, Any] | None:
    """What a minion is to look at under a preview's dispatch id; None if it is not its own."""
    with database.reading() as session:
        approval = previews.of_dispatch(session=session, dispatch_id=dispatch_id)
        if approval is None:
            return None
        execution = service.get(session=session, execution_id=approval.execution_id)
        if execution.minion_id != minion_id:
            return None
        return {
            "dispatch": dispatch_id,
            "execution_id": execution.id,
            "server_id": execution.server_id,
            "limit_seconds": execution.limit_seconds,
            "verify_seconds": execution.verify_seconds,
            "pinned": execution.pinned,
            "preview": True,
        }


@repeat_on_contention
def record(given: Return, *, database: Database, now: clock.Clock = clock.now) -> bool:
    """Keep what a minion says; False when nobody asked, or it is of no shape of ours."""
    preview = _read(given.value)
    if preview is None:
        return False
    with database.transaction() as session:
        approval = previews.of_dispatch(session=session, dispatch_id=preview.dispatch)
        if approval is None or approval.previewed_at is not None:
            return False
        execution = service.get(session=session, execution_id=approval.execution_id)
        if execution.minion_id != given.minion_id:
            return False
        if preview.verdict == "busy":
            return False  # it is asked again
        _bind(session, approval, execution, preview)
        text = json.dumps(preview.model_dump(exclude={"rescue", "dispatch"}), ensure_ascii=False)
        stored = previews.store(session=session, approval=approval, text=text, now=now())
        if stored:
            _tell(session, approval, execution, now())
        if stored and preview.shows_failure:
            _refuse_draft(session, execution, preview, now())
        return stored


def _ask(approval: Approval, *, database: Database, fleet: Fleet, now: clock.Clock) -> bool:
    if approval.preview_jid and _from_cache(approval, database=database, fleet=fleet, now=now):
        return False
    asked = _commit(approval, fleet, database=database, now=now())
    if asked is None:
        return False
    execution, dispatch_id, jid = asked
    try:
        fleet.publish(
            jid=jid,
            minions=[execution.minion_id],
            function=FUNCTION,
            arguments=[dispatch_id, execution.pinned_sha256],
        )
    except FleetUnavailable as error:
        log.warning("preview_not_asked", approval_id=approval.id, reason=error.message)
        return False
    return True


def _from_cache(approval: Approval, *, database: Database, fleet: Fleet, now: clock.Clock) -> bool:
    """The bus may have lost the answer; the job cache has it."""
    found: Mapping[str, Any] = fleet.returns_of(approval.preview_jid or "")
    return any(
        record(
            Return(jid=approval.preview_jid or "", minion_id=minion_id, value=value),
            database=database,
            now=now,
        )
        for minion_id, value in found.items()
    )


@repeat_on_contention
def _commit(
    approval: Approval, fleet: Fleet, *, database: Database, now: datetime
) -> tuple[Execution, str, str] | None:
    """Note who is asked under which id before anybody is; None when another tracker was first."""
    with database.transaction() as session:
        execution = service.get(session=session, execution_id=approval.execution_id)
        if execution.minion_id not in fleet.accepted():
            return None
        jid, dispatch_id = fleet.mint_jid(), uuid.uuid4().hex
        noted = previews.asked(
            session=session, approval=approval, dispatch_id=dispatch_id, jid=jid, now=now
        )
        return (execution, dispatch_id, jid) if noted else None


def _bind(session: Session, approval: Approval, execution: Execution, preview: Preview) -> None:
    """Let what is approved mean the content of the runbook state, not only its name."""
    if preview.rendered_sha256 is None or preview.verdict != "previewed":
        return
    pinned = bound_to(execution.pinned, rendered_sha256=preview.rendered_sha256)
    both = waiting.repin(
        session=session, execution=execution, text=pinned.text, sha256=pinned.sha256
    ) and approvals.rebind(session=session, approval=approval, pinned_sha256=pinned.sha256)
    if not both:
        raise Contention("Somebody has just answered; what is pinned stays as it was.")


def _refuse_draft(session: Session, execution: Execution, preview: Preview, now: datetime) -> None:
    """A draft of the model that fails already with test=True is nothing to ask a person about.

    What a person has made of one is: they see why it fails, and may change it again.
    """
    is_draft = drafts.of_execution(session=session, execution_id=execution.id) is not None
    if not is_draft or edit_of(execution.pinned) is not None:
        return
    words = f"The minion refuses the model's draft: {preview.message or preview.reason}"
    approving.withdraw(
        session=session, execution=execution, verdict="failed_preview", words=words, now=now
    )


def _tell(session: Session, approval: Approval, execution: Execution, now: datetime) -> None:
    """What is asked, and its digest, may be another since the minion has looked at it."""
    edit = edit_of(execution.pinned)
    telling.tell(
        session=session,
        approval=approval,
        execution=execution,
        state="previewed",
        edits=0 if edit is None else len(edit.by),
        now=now,
    )


def _read(value: Any) -> Preview | None:
    try:
        return Preview.model_validate(value)
    except ValidationError:
        return None
