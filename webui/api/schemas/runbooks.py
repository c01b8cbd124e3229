"""Runbooks, commands and their versions, as the API shows and takes them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.commands import search as commands_search
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.commands.validation import NAME, SERVICE
from rescuebot.runbooks import search
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.versions.model import Version as VersionRow
from webui.api.schemas.base import (
    Flag,
    ListQuery,
    Text,
    Whole,
    any_of,
    matching,
    page_of,
    rows_of,
    sorted_by,
)

_LONG = 65_535
_SERVICE = matching(
    SERVICE.pattern,
    "1 to 50 of a-z, digits, dots, dashes or underscores, and begin with a letter or digit",
)
_COMMAND_NAME = matching(
    NAME.pattern,
    "1 to 100 letters, digits, dots, dashes or underscores, and begin with a letter or digit",
)

Command = rows_of(
    SaltStackCommand,
    "Command",
    "id",
    "command_name",
    "command_script",
    "target_service",
    "command_type",
    "created_at",
    "updated_at",
    "updated_by",
    "version",
    "deleted_at",
)
CommandPage = page_of(Command, "CommandPage")


class CommandChange(ma.Schema):
    """Fields of a command."""

    command_name = ma.fields.String(validate=_COMMAND_NAME)
    command_script = Text(least=1, most=_LONG)
    target_service = ma.fields.String(validate=_SERVICE)
    command_type = ma.fields.Enum(CommandType, by_value=True)


class CommandIn(CommandChange):
    """A new command. Its script is checked by its interpreter."""

    command_name = ma.fields.String(required=True, validate=_COMMAND_NAME)
    command_script = Text(least=1, most=_LONG, required=True)
    target_service = ma.fields.String(required=True, validate=_SERVICE)
    command_type = ma.fields.Enum(CommandType, by_value=True, required=True)


class CommandQuery(ListQuery):
    """Which commands."""

    target_service = any_of(Text(most=50))
    command_type = any_of(CommandType)
    text = Text(least=1, most=200, load_default=None)
    deleted = ma.fields.Boolean(load_default=False)
    sort = sorted_by(commands_search)


Runbook = rows_of(
    RunbookScript,
    "Runbook",
    "id",
    "title",
    "service_type",
    "error_pattern",
    "solution_script",
    "description",
    "created_by",
    "created_at",
    "solution_kind",
    "priority",
    "mode",
    "enabled",
    "attempts",
    "retry_seconds",
    "version",
    "updated_at",
    "updated_by",
    "deleted_at",
)
RunbookPage = page_of(Runbook, "RunbookPage")


class RunbookChange(ma.Schema):
    """Fields of a runbook."""

    title = Text(least=1, most=200)
    service_type = ma.fields.String(validate=_SERVICE)
    error_pattern = Text(
        most=500, metadata={"description": "RE2, searched in the message; empty fits all."}
    )
    solution_script = Text(least=1, most=_LONG)
    description = Text(most=_LONG)
    solution_kind = ma.fields.Enum(SolutionKind, by_value=True)
    priority = Whole(validate=ma.validate.Range(-1000, 1000))
    mode = ma.fields.Enum(RunbookMode, by_value=True)
    enabled = Flag()
    attempts = Whole(allow_none=True, validate=ma.validate.Range(1, 20))
    retry_seconds = Whole(allow_none=True, validate=ma.validate.Range(0, 3600))


class RunbookIn(RunbookChange):
    """A new runbook. Pattern and solution are checked; its mode is `ask` unless given."""

    title = Text(least=1, most=200, required=True)
    service_type = ma.fields.String(required=True, validate=_SERVICE)
    error_pattern = Text(most=500, required=True)
    solution_script = Text(least=1, most=_LONG, required=True)
    solution_kind = ma.fields.Enum(SolutionKind, by_value=True, required=True)


class RunbookQuery(ListQuery):
    """Which runbooks."""

    service_type = any_of(Text(most=50))
    mode = any_of(RunbookMode)
    solution_kind = any_of(SolutionKind)
    enabled = ma.fields.Boolean(load_default=None)
    text = Text(least=1, most=200, load_default=None)
    deleted = ma.fields.Boolean(load_default=False)
    sort = sorted_by(search)


Version = rows_of(VersionRow, "Version", "number", "change", "changed_by", "changed_at")


class VersionAll(ma.Schema):
    """What was made of it, newest first."""

    items = ma.fields.List(ma.fields.Nested(Version), required=True)


class VersionContent(ma.Schema):
    """What it was at one version."""

    number = ma.fields.Integer(required=True)
    content = ma.fields.Dict(required=True)


class DiffQuery(ma.Schema):
    """Between which versions; the newest and the one before it unless said."""

    before = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 2**31 - 1))
    after = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 2**31 - 1))


class Diff(ma.Schema):
    """A unified diff, field by field; empty when they are the same."""

    diff = ma.fields.String(required=True)


class Revert(ma.Schema):
    """Make a new version with the content of an old one."""

    to = Whole(required=True, validate=ma.validate.Range(1, 2**31 - 1))


class Checked(ma.Schema):
    """What is wrong with the fields; nothing is stored."""

    class Finding(ma.Schema):
        """One thing that is wrong."""

        field = ma.fields.String(required=True)
        message = ma.fields.String(required=True)

    ok = ma.fields.Boolean(required=True)
    problems = ma.fields.List(ma.fields.Nested(Finding), required=True)
