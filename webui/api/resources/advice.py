"""Advice: what the model was asked and said, what it has cost, what it has drafted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rescuebot import clock, learning
from rescuebot.advice import drafts, drafts_search, search, service
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import advice as schemas

door = Door("advice", path="", words="What the model was asked, what it said and drafted.")

_ID = "<int(min=1, max=2147483647):"


@door.operation(
    "GET", "/advice", allow=VIEWER, query=schemas.AdviceQuery, returns=schemas.AdvicePage
)
def list_advice(query: dict[str, Any]) -> Any:
    """Questions and their answers, the latest first."""
    return listing.page(search, query)


@door.operation(
    "GET", "/advice/usage", allow=VIEWER, query=schemas.UsageQuery, returns=schemas.AdviceUsageAll
)
def get_advice_usage(query: dict[str, int]) -> Any:
    """Calls, tokens, money and time, by model."""
    since = clock.now() - timedelta(days=query["days"])
    return {"items": context.read(lambda session: service.stats(session=session, since=since))}


@door.operation("GET", f"/advice/{_ID}advice_id>", allow=VIEWER, returns=schemas.AdviceWhole)
def get_advice(advice_id: int) -> Any:
    """One question whole, redacted as it left the network, and its answer."""
    return context.read(lambda session: service.get(session=session, advice_id=advice_id))


@door.operation("GET", "/drafts", allow=VIEWER, query=schemas.DraftQuery, returns=schemas.DraftPage)
def list_drafts(query: dict[str, Any]) -> Any:
    """Runbooks that the model has drafted, the latest first, and what became of them."""
    return listing.page(drafts_search, query)


@door.operation("GET", f"/drafts/{_ID}draft_id>", allow=VIEWER, returns=schemas.Draft)
def get_draft(draft_id: int) -> Any:
    """One drafted runbook, whole."""
    return context.read(lambda session: drafts.get(session=session, draft_id=draft_id))


@door.operation(
    "POST",
    f"/drafts/{_ID}draft_id>/promote",
    allow=OPERATOR,
    body=schemas.Promotion,
    returns=schemas.Promoted,
    status=201,
    fails=(409,),
)
def promote_draft(draft_id: int, body: dict[str, str]) -> Any:
    """Make a runbook of a draft that was approved, run and verified."""
    runbook_id = learning.promote(
        draft_id, mode=body["mode"], actor=who.actor(), database=context.ledger()
    )
    return {"runbook_id": runbook_id}
