"""What the doctor has found on the masters: they look, and the API tells."""

from __future__ import annotations

from typing import Any

from rescuebot import clock, looking
from rescuebot.findings import service as findings
from webui.api import context, who
from webui.api.door import OPERATOR, Door
from webui.api.schemas import house as schemas

door = Door("doctor", path="/doctor", words="Whether everything is in place.")


@door.operation("GET", "", allow=OPERATOR, returns=schemas.DoctorReport)
def get_doctor_report() -> Any:
    """What each master has found last, with its age; those that found something come first."""
    now = clock.now()
    found = context.read(lambda session: findings.latest(session=session, now=now))
    return {
        "masters": [
            {
                "master": one.look.master,
                "looked_at": one.look.looked_at,
                "due_at": one.look.due_at,
                "age_seconds": max(0, int((now - one.look.looked_at).total_seconds())),
                "ok": one.ok,
                "old": one.old,
                "asked_again": one.asked_again,
                "findings": one.findings,
            }
            for one in found
        ],
        "last_request": context.read(lambda session: findings.last_request(session=session)),
    }


@door.operation("POST", "", allow=OPERATOR, returns=schemas.LookRequest, status=202)
def ask_doctor() -> Any:
    """Ask the masters to look at themselves again; their engines do, within seconds."""
    return looking.ask_anew(actor=who.actor(), database=context.ledger())
