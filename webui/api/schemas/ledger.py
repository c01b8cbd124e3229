"""Servers, the audit, the archive and the state of the house, as the API shows them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.audit import search as audit_search
from rescuebot.audit.model import AuditEntry
from rescuebot.servers import search as servers_search
from rescuebot.servers.model import Server as ServerRow
from webui.api.schemas.base import ListQuery, Moment, Text, any_of, page_of, rows_of, sorted_by

Audit = rows_of(
    AuditEntry, "AuditEntry", "id", "actor", "action", "subject", "detail", "times", "noted_at"
)
AuditPage = page_of(Audit, "AuditPage")


class AuditQuery(ListQuery):
    """Which entries."""

    actor = any_of(Text(most=255))
    action = any_of(Text(most=50))
    subject = any_of(Text(most=255))
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = sorted_by(audit_search)


Server = rows_of(
    ServerRow,
    "Server",
    "id",
    "server_id",
    "minion_id",
    "contested_by",
    "os",
    "created_at",
    "seen_at",
)
ServerPage = page_of(Server, "ServerPage")


class ServerQuery(ListQuery):
    """Which servers."""

    text = Text(least=1, most=50, load_default=None)
    service = Text(most=50, load_default=None)
    has_minion = ma.fields.Boolean(load_default=None)
    sort = sorted_by(servers_search)


class ServerHour(ma.Schema):
    """One hour of a server."""

    hour = Moment(required=True)
    events = ma.fields.Integer(required=True)
    worst = ma.fields.String(required=True, allow_none=True)


class Remedy(ma.Schema):
    """What was run on a server, and how often it helped."""

    solution_name = ma.fields.String(required=True)
    runs = ma.fields.Integer(required=True)
    helped = ma.fields.Integer(required=True)
    last_at = Moment(required=True, allow_none=True)


class ServerWhole(ma.Schema):
    """A server, its services, its last 24 hours, and what helped here."""

    server = ma.fields.Nested(Server, required=True)
    services = ma.fields.List(ma.fields.String(), required=True)
    hours = ma.fields.List(ma.fields.Nested(ServerHour), required=True)
    remedies = ma.fields.List(ma.fields.Nested(Remedy), required=True)


class Alive(ma.Schema):
    """Dull on purpose: it says that the process answers, and nothing else."""

    status = ma.fields.String(required=True, validate=ma.validate.Equal("ok"))


class ReadinessCheck(ma.Schema):
    """One thing that must be so for the API to be of use."""

    name = ma.fields.String(required=True)
    ok = ma.fields.Boolean(required=True)


class Ready(ma.Schema):
    """Whether the API can do its work."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["ready", "not_ready"]))
    checks = ma.fields.List(ma.fields.Nested(ReadinessCheck), required=True)
