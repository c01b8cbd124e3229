"""Notices as the API shows them: what was told to whom, and what each way answered."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.notices import search
from rescuebot.notices.model import Notice as NoticeRow
from rescuebot.notices.model import NoticeReceipt, NoticeStatus
from webui.api.schemas.base import (
    Id,
    ListQuery,
    Moment,
    Text,
    any_of,
    page_of,
    rows_of,
    sorted_by,
)

_SHOWN = (
    "id",
    "uuid",
    "channel",
    "thread_key",
    "state",
    "severity",
    "service_type",
    "event_id",
    "status",
    "merged_into",
    "attempts",
    "created_at",
    "not_before",
    "next_at",
    "ended_at",
)

Notice = rows_of(NoticeRow, "Notice", *_SHOWN)
NoticePage = page_of(Notice, "NoticePage")
Receipt = rows_of(
    NoticeReceipt,
    "NoticeReceipt",
    "id",
    "way",
    "ok",
    "code",
    "place",
    "reference",
    "milliseconds",
    "tried_at",
)
NoticeWhole = rows_of(
    NoticeRow,
    "NoticeWhole",
    *_SHOWN,
    words="A notice with what each way answered.",
    receipts=ma.fields.List(ma.fields.Nested(Receipt), required=True),
)


class NoticeQuery(ListQuery):
    """Which notices."""

    status = any_of(NoticeStatus)
    channel = any_of(Text(most=50))
    state = any_of(Text(most=30))
    event_id = Id(load_default=None, strict=False)
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = sorted_by(search)


class NoticeTrouble(ma.Schema):
    """The latest answer of a way that did not take a notice."""

    way = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    at = Moment(required=True)


class NoticesStanding(ma.Schema):
    """Whether people are told: what waits, what waits for long, what reached nobody."""

    pending = ma.fields.Integer(required=True)
    late = ma.fields.Integer(
        required=True, metadata={"description": "Due for five minutes and not told yet."}
    )
    given_up = ma.fields.Integer(
        required=True, metadata={"description": "Of the last 24 hours; they are in the log alone."}
    )
    last_trouble = ma.fields.Nested(NoticeTrouble, required=True, allow_none=True)
