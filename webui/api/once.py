"""Idempotency-Key: the same request twice is done once and answered twice."""

from __future__ import annotations

from collections.abc import Mapping

import marshmallow as ma
from flask import request

from rescuebot.requests.service import Once, fingerprint
from webui.api import who
from webui.api.schemas.base import matching

_FIELD = "Idempotency-Key"


class Header(ma.Schema):
    """The header, where it is given."""

    class Meta:
        unknown = ma.EXCLUDE

    key = ma.fields.String(
        data_key=_FIELD,
        load_default=None,
        validate=matching(r"[\x21-\x7e]{8,200}", "8 to 200 visible characters of ASCII"),
        metadata={"description": "8 to 200 visible characters; remembered for 24 hours."},
    )


def of(headers: Mapping[str, str]) -> Once | None:
    """What the library needs to know the request again, None where no key was given."""
    if headers["key"] is None:
        return None
    # As it came: what has been parsed of it may hold times and enums.
    asked = fingerprint(
        method=request.method, path=request.path, body=request.get_json(silent=True)
    )
    return Once(actor=who.actor(), key=headers["key"], fingerprint=asked)
