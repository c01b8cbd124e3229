"""The stream that tells which topics have changed."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response

from webui.api import live
from webui.api.door import VIEWER, Door

door = Door("stream", path="/stream", words="What has changed, as it changes.")


class StreamQuery(ma.Schema):
    """How long to stay."""

    seconds = ma.fields.Integer(
        load_default=live.MOST_SECONDS, validate=ma.validate.Range(1, live.MOST_SECONDS)
    )


class LastEvent(ma.Schema):
    """From where to go on."""

    class Meta:
        unknown = ma.EXCLUDE

    last_id = ma.fields.String(
        data_key="Last-Event-ID",
        load_default="",
        metadata={"description": "The `id` of the last event that you had."},
    )


@door.operation(
    "GET",
    "",
    allow=VIEWER,
    query=StreamQuery,
    headers=LastEvent,
    returns={"type": "string"},
    content_type="text/event-stream",
)
def follow_changes(query: dict[str, Any], headers: dict[str, str]) -> Response:
    """Server-sent events: ``event: changed`` with a topic, such as ``events``.

    Send ``Last-Event-ID`` to go on where you were. 503 says that all places are taken: poll.
    """
    streams = live.live()
    streams.enter()
    told = streams.stream(headers["last_id"], query["seconds"])
    response = Response(told, content_type="text/event-stream; charset=utf-8")
    response.call_on_close(streams.leave)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response
