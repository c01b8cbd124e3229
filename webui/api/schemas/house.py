"""What the doctor has found, and the settings, as the API shows them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.findings.model import DoctorLook, DoctorRequest
from rescuebot.findings.model import Finding as FindingRow
from rescuebot.settings.section import Source
from webui.api.schemas.base import rows_of

Finding = rows_of(
    FindingRow,
    "DoctorFinding",
    "name",
    "ok",
    "detail",
    "remedy",
    "since",
    words="What one check has found; `remedy` is empty when all is well.",
)

LookRequest = rows_of(
    DoctorRequest,
    "LookRequest",
    "asked_by",
    "asked_at",
    words="Who asked the masters last to look at themselves again.",
)

MasterFindings = rows_of(
    DoctorLook,
    "MasterFindings",
    "master",
    "looked_at",
    "due_at",
    words="What a master's latest look has found, in the order in which causes are mended.",
    ok=ma.fields.Boolean(required=True),
    age_seconds=ma.fields.Integer(required=True),
    old=ma.fields.Boolean(
        required=True,
        metadata={"description": "The next look has not come: this may be so no more."},
    ),
    asked_again=ma.fields.Boolean(
        required=True, metadata={"description": "Somebody has asked for another look since."}
    ),
    findings=ma.fields.List(ma.fields.Nested(Finding), required=True),
)


class DoctorReport(ma.Schema):
    """What every master has found last; none when no engine has looked yet."""

    masters = ma.fields.List(ma.fields.Nested(MasterFindings), required=True)
    last_request = ma.fields.Nested(LookRequest, required=True, allow_none=True)


class Setting(ma.Schema):
    """One setting of this process. Of a secret only is told whether it is set."""

    name = ma.fields.String(required=True)
    variable = ma.fields.String(
        required=True, metadata={"description": "What one would set in the environment."}
    )
    secret = ma.fields.Boolean(required=True)
    is_set = ma.fields.Boolean(required=True)
    value = ma.fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "As it holds; addresses without user, password and query."},
    )
    default = ma.fields.Raw(required=True, allow_none=True)
    source = ma.fields.Enum(Source, by_value=True, required=True)


class SettingsSection(ma.Schema):
    """One section of the settings."""

    name = ma.fields.String(required=True)
    settings = ma.fields.List(ma.fields.Nested(Setting), required=True)


class EffectiveSettings(ma.Schema):
    """The settings as they hold in the process that answers, and its version."""

    version = ma.fields.String(required=True)
    tables = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The revision of the ledger's tables."},
    )
    sections = ma.fields.List(ma.fields.Nested(SettingsSection), required=True)
