"""Tables of who may come in: people, their sessions, wrong guesses, keys of machines.

Invariant: neither a password nor a token nor a key is kept, only a hash, and no row that was loaded
holds it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Enum, ForeignKey, Index, Integer, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from rescuebot.database import Base, UtcTimestamp, enum_column
from rescuebot.people.roles import PERSONS, Role

# A provider's subjects differ by case, which MySQL's usual collations do not see.
_SUBJECT = String(255).with_variant(
    mysql.VARCHAR(255, charset="ascii", collation="ascii_bin"), "mysql"
)
_PERSONS_ROLE = Enum(
    *(role.value for role in PERSONS),
    name="user_role",
    create_constraint=True,
    validate_strings=True,
)


class User(Base):
    """A person. `epoch` rises whenever all access tokens given out before must be void.

    Whoever comes by an identity provider has an `oidc_subject` and no password. What comes from
    Slack as the member `slack_id` is theirs.
    """

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(50), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str | None] = mapped_column(
        String(255), deferred=True, deferred_raiseload=True
    )
    role: Mapped[str] = mapped_column(_PERSONS_ROLE)
    locale: Mapped[str] = mapped_column(String(10))
    oidc_subject: Mapped[str | None] = mapped_column(_SUBJECT, unique=True)
    slack_id: Mapped[str | None] = mapped_column(String(20), unique=True)
    must_change_password: Mapped[bool] = mapped_column(Boolean)
    epoch: Mapped[int] = mapped_column(Integer)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    updated_by: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    version: Mapped[int] = mapped_column(Integer)


class RefreshToken(Base):
    """One token of a session. All tokens that come of one sign-in are a `family`.

    `epoch` is the person's when it was made; `parent_id` is the token it was exchanged for.
    `expires_at` is the end of the whole family.
    """

    __tablename__ = "refresh_token"
    __table_args__ = (Index("ix_refresh_token_family", "family", "parent_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    family: Mapped[str] = mapped_column(String(32))
    parent_id: Mapped[int | None] = mapped_column(Integer)
    jti_hash: Mapped[str] = mapped_column(String(64), unique=True)
    epoch: Mapped[int] = mapped_column(Integer)
    issued_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    expires_at: Mapped[datetime] = mapped_column(UtcTimestamp, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class SignInAttempt(Base):
    """Wrong passwords in a row for one username, whether anybody has that name or not.

    Keyed by a hash: people type their password where the username belongs.
    """

    __tablename__ = "sign_in_attempt"

    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    failed_at: Mapped[datetime] = mapped_column(UtcTimestamp, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcTimestamp)


class ApiKey(Base):
    """A key of a machine. `live_name` is its name until it is revoked: then the name is free."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(50))
    live_name: Mapped[str | None] = mapped_column(String(50), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, deferred=True)
    role: Mapped[Role] = mapped_column(enum_column(Role, "api_key_role"))
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcTimestamp)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
    revoked_by: Mapped[str | None] = mapped_column(String(100))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTimestamp)
