"""People, their sign-ins and the keys of machines, as the API shows and takes them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.people import keys_search, search
from rescuebot.people.model import ApiKey, User
from rescuebot.people.roles import PERSONS, Role
from rescuebot.people.validation import SLACK_ID
from webui.api.schemas.base import (
    NAME,
    Flag,
    ListQuery,
    Moment,
    Text,
    any_of,
    page_of,
    rows_of,
    sorted_by,
)

_LOCALES = ma.validate.OneOf(["", "ko", "en", "ja"])
_SLACK_ID = ma.validate.Regexp(
    SLACK_ID, error="Must be a member id of Slack such as U024BE7LH, or null."
)
_ROLES = ma.validate.OneOf([role.value for role in PERSONS])

Person = rows_of(
    User,
    "User",
    "id",
    "username",
    "display_name",
    "email",
    "role",
    "locale",
    "slack_id",
    "must_change_password",
    "disabled_at",
    "last_signed_in_at",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "version",
    words="A person who may sign in.",
)
PersonPage = page_of(Person, "UserPage")


class SignIn(ma.Schema):
    """A username and its password."""

    username = Text(least=1, most=100, required=True)
    password = Text(least=1, most=1024, required=True, load_only=True)


class Token(ma.Schema):
    """An access token. The refresh token is in a cookie that no script can read."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True, validate=ma.validate.Equal("Bearer"))
    expires_in = ma.fields.Integer(required=True, metadata={"description": "Seconds"})
    user = ma.fields.Nested(Person, required=True)


class Ways(ma.Schema):
    """How people may sign in."""

    password = ma.fields.Boolean(required=True)
    oidc = ma.fields.Boolean(required=True)


class Me(ma.Schema):
    """Who is asking: a person, or a machine by the name of its key."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(["person", "machine"]))
    name = ma.fields.String(required=True)
    role = ma.fields.Enum(Role, by_value=True, required=True)
    user = ma.fields.Nested(Person, allow_none=True, required=True)


class MeChange(ma.Schema):
    """What people may change of themselves."""

    display_name = Text(most=100)
    locale = ma.fields.String(validate=_LOCALES)


class PasswordChange(ma.Schema):
    """A new password; 12 to 256 characters."""

    old_password = Text(least=1, most=1024, required=True, load_only=True)
    new_password = Text(least=1, most=1024, required=True, load_only=True)


class UserIn(ma.Schema):
    """A new account. Its first password is made here and shown once."""

    username = ma.fields.String(required=True, validate=NAME)
    role = ma.fields.String(required=True, validate=_ROLES)
    display_name = Text(most=100, load_default="")
    email = Text(most=254, load_default="")
    locale = ma.fields.String(load_default="", validate=_LOCALES)


class UserChange(ma.Schema):
    """What an admin may change of an account."""

    role = ma.fields.String(validate=_ROLES)
    display_name = Text(most=100)
    email = Text(most=254)
    locale = ma.fields.String(validate=_LOCALES)
    slack_id = ma.fields.String(
        allow_none=True,
        validate=_SLACK_ID,
        metadata={"description": "Their member id in Slack; null takes it from them"},
    )
    disabled = Flag()


class OncePassword(ma.Schema):
    """A password for once; it is shown here and nowhere again."""

    user = ma.fields.Nested(Person, required=True)
    password = ma.fields.String(required=True)


class UserQuery(ListQuery):
    """Which accounts."""

    role = any_of(ma.fields.String(validate=_ROLES))
    disabled = ma.fields.Boolean(load_default=None)
    sort = sorted_by(search)


Key = rows_of(
    ApiKey,
    "ApiKey",
    "id",
    "name",
    "prefix",
    "role",
    "created_by",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_by",
    "revoked_at",
    words="A key of a machine, without the key itself.",
)
KeyPage = page_of(Key, "ApiKeyPage")


class KeyQuery(ListQuery):
    """Which keys: all."""

    sort = sorted_by(keys_search)


class KeyIn(ma.Schema):
    """A new key for a machine."""

    name = ma.fields.String(required=True, validate=NAME)
    role = ma.fields.Enum(Role, by_value=True, load_default=Role.INGEST)
    expires_at = Moment(load_default=None, allow_none=True)


class KeyMade(ma.Schema):
    """The key; it is shown here and nowhere again."""

    api_key = ma.fields.Nested(Key, required=True)
    key = ma.fields.String(required=True)
