"""The model's answers, drafts and costs, as the API shows them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.advice import drafts_search, search
from rescuebot.advice.model import Advice as AdviceRow
from rescuebot.advice.model import AdviceState, DraftState
from rescuebot.advice.model import Draft as DraftRow
from webui.api.schemas.base import ListQuery, Moment, Text, any_of, page_of, rows_of, sorted_by

_ADVICE = (
    "id",
    "question_hash",
    "service_type",
    "cloudwatch_event_id",
    "evidence_execution_id",
    "state",
    "begun_at",
    "asked_at",
    "answered_at",
    "expires_at",
    "answer",
    "error_code",
    "error",
    "calls",
    "model_id",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cost_micros",
    "latency_ms",
)
Advice = rows_of(AdviceRow, "Advice", *_ADVICE)
AdvicePage = page_of(Advice, "AdvicePage")
AdviceWhole = rows_of(
    AdviceRow,
    "AdviceWhole",
    *_ADVICE,
    "question",
    words="Advice with its question, as it was asked.",
)

_DRAFT = (
    "id",
    "advice_id",
    "cloudwatch_event_id",
    "execution_id",
    "runbook_id",
    "service_type",
    "title",
    "solution_hash",
    "content",
    "risk",
    "state",
    "made_at",
    "changed_by",
    "changed_at",
)
Draft = rows_of(DraftRow, "Draft", *_DRAFT)
DraftPage = page_of(Draft, "DraftPage")


class AdviceQuery(ListQuery):
    """Which advice."""

    state = any_of(AdviceState)
    service_type = any_of(Text(most=50))
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = sorted_by(search)


class DraftQuery(ListQuery):
    """Which drafts."""

    state = any_of(DraftState)
    service_type = any_of(Text(most=50))
    sort = sorted_by(drafts_search)


class UsageQuery(ma.Schema):
    """Since when."""

    days = ma.fields.Integer(load_default=30, validate=ma.validate.Range(1, 366))


class AdviceUsage(ma.Schema):
    """What the calls of one model have cost. Money is in millionths of a US dollar."""

    model_id = ma.fields.String(required=True)
    calls = ma.fields.Integer(required=True)
    answered = ma.fields.Integer(required=True)
    input_tokens = ma.fields.Integer(required=True)
    output_tokens = ma.fields.Integer(required=True)
    cache_read_tokens = ma.fields.Integer(required=True)
    cache_write_tokens = ma.fields.Integer(required=True)
    cost_micros = ma.fields.Integer(required=True)
    latency_ms = ma.fields.Float(required=True, allow_none=True)


class AdviceUsageAll(ma.Schema):
    """What the calls have cost, by model."""

    items = ma.fields.List(ma.fields.Nested(AdviceUsage), required=True)


class Promotion(ma.Schema):
    """One success does not earn `auto`."""

    mode = ma.fields.String(load_default="ask", validate=ma.validate.OneOf(["shadow", "ask"]))


class Promoted(ma.Schema):
    """The runbook that a draft has become."""

    runbook_id = ma.fields.Integer(required=True)
