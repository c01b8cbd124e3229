"""What each step of an execution did, with its output by the piece."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import Range
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from rescuebot import correcting
from rescuebot.executions import logs_search, output
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import executions as schemas

door = Door("logs", path="/logs", words="What each step of an execution did.")

ONE = "/<int(min=1, max=2147483647):log_id>"
_RANGES = {
    "parameters": [
        {
            "in": "header",
            "name": "Range",
            "schema": {"type": "string"},
            "description": "`bytes=0-1048575`, or `bytes=-65536` for the end.",
        }
    ],
    "responses": {
        206: {
            "description": HTTPStatus(206).phrase,
            "headers": {
                "Content-Range": {
                    "description": "Which bytes of how many: `bytes 0-99/5120`.",
                    "schema": {"type": "string"},
                }
            },
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
}
_CORRECTED_BYTES = 40 * 1024 * 1024


@door.operation("GET", "", allow=VIEWER, query=schemas.LogQuery, returns=schemas.LogPage)
def list_logs(query: dict[str, Any]) -> Any:
    """Log rows, the latest first, without their results."""
    return listing.page(logs_search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.Log)
def get_log(log_id: int) -> Any:
    """One log row, without its result."""
    return context.read(lambda session: output.get(session=session, log_id=log_id))


@door.operation(
    "GET",
    ONE + "/result",
    allow=VIEWER,
    returns={"type": "string"},
    content_type="text/plain",
    fails=(416,),
    describe=_RANGES,
)
def get_result(log_id: int) -> Response:
    """The output of the step as text, or a range of its bytes. At most 10 MB."""
    return context.read(lambda session: _part(session, log_id))


@door.operation(
    "PATCH",
    ONE,
    allow=OPERATOR,
    body=schemas.Correction,
    returns=schemas.Log,
    fails=(409, 412),
    most_bytes=_CORRECTED_BYTES,
)
def correct_log(log_id: int, body: dict[str, Any]) -> Any:
    """Put a result right, with a reason. What the minion told is kept beside it."""
    correcting.correct(log_id, actor=who.actor(), database=context.ledger(), **body)
    return context.read(lambda session: output.get(session=session, log_id=log_id))


@door.operation(
    "GET",
    ONE + "/original",
    allow=OPERATOR,
    returns={"type": "string"},
    content_type="text/plain",
)
def get_original_result(log_id: int) -> Response:
    """What the minion told, from before a person first put it right."""
    return context.read(lambda session: _original(session, log_id))


def _original(session: Session, log_id: int) -> Response:
    about: dict[str, Any] = {"session": session, "log_id": log_id, "original": True}
    size = output.size(**about)
    return _text(_all(size, **about), 200)


def _all(size: int, **about: Any) -> bytes:
    return output.part(**about, start=0, length=size) if size else b""


def _part(session: Session, log_id: int) -> Response:
    size = output.size(session=session, log_id=log_id)
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return _text(_all(size, session=session, log_id=log_id), 200)
    bounds = _within(asked, size)
    if bounds is None:
        raise RequestedRangeNotSatisfiable(length=size)
    start, stop = bounds
    found = output.part(session=session, log_id=log_id, start=start, length=stop - start)
    response = _text(found, 206)
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _within(asked: Range, size: int) -> tuple[int, int] | None:
    """The bytes that are meant. The last so many of fewer are all of them (RFC 9110, 14.1.2)."""
    begin, _ = asked.ranges[0]
    if begin is not None and begin < -size < 0:
        return 0, size
    return asked.range_for_length(size)


def _text(content: bytes, status: int) -> Response:
    """Foreign text: it is never shown as a page, nor guessed to be one."""
    response = Response(content, status=status, content_type="text/plain; charset=utf-8")
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = 'inline; filename="result.txt"'
    return response
