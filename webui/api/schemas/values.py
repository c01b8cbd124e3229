"""Values that the filters of lists can offer, as the API shows them."""

from __future__ import annotations

import marshmallow as ma

from webui.api.schemas.base import Id


class OfferedServer(ma.Schema):
    """A server to choose."""

    server_id = ma.fields.String(required=True)
    minion_id = ma.fields.String(required=True, allow_none=True)


class OfferedRunbook(ma.Schema):
    """A runbook to choose."""

    id = Id(required=True)
    title = ma.fields.String(required=True)


def _texts() -> ma.fields.List[str]:
    return ma.fields.List(ma.fields.String(), required=True)


class Values(ma.Schema):
    """What there is now, at most 200 of each, in the order of their names."""

    services = _texts()
    servers = ma.fields.List(ma.fields.Nested(OfferedServer), required=True)
    event_types = _texts()
    event_sources = _texts()
    alarm_names = _texts()
    runbooks = ma.fields.List(ma.fields.Nested(OfferedRunbook), required=True)
