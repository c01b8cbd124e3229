"""The stream that tells which topics have changed."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, request

from webui.api import live
from webui.api.door import VIEWER, Door

door = Door("stream", path="/stream", words="What has changed, as it changes.")


class StreamQuery(ma.Schema):
    """How long to stay."""

    seconds = ma.fields.Integer(
        load_default=live.MOST_SECONDS, validate=ma.validate.Range(1, live.MOST_SECONDS)
    )


_GOES_ON = {
    "parameters": [
        {
            "in": "header",
            "name": "Last-Event-ID",
            "schema": {"type": "string"},
            "description": "The `id` of the last event that you had; browsers send it themselves.",
        }
    ]
}


@door.operation(
    "GET",
    "",
    allow=VIEWER,
    query=StreamQuery,
    returns={"type": "string"},
    content_type="text/event-stream",
    describe=_GOES_ON,
)
def follow_changes(query: dict[str, Any]) -> Response:
    """Server-sent events: ``event: changed`` with a topic, such as ``events``.

    Send ``Last-Event-ID`` to go on where you were. 503 says that all places are taken: poll.
    """
    streams = live.live()
    streams.enter()
    last_id = request.headers.get("Last-Event-ID", "")
    response = Response(
        streams.stream(last_id, query["seconds"]), content_type="text/event-stream; charset=utf-8"
    )
    response.call_on_close(streams.leave)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response
