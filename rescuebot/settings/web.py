"""Settings of the API and of those who come to it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from rescuebot.settings.section import Section

_SHORTEST_KEY = 32


def _long_enough(key: SecretStr) -> SecretStr:
    """HS256 is as strong as its key: RFC 7518 asks for 256 bits."""
    if len(key.get_secret_value().encode("utf-8")) < _SHORTEST_KEY:
        raise ValueError(f"must have at least {_SHORTEST_KEY} bytes")
    return key


def _origin(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    if scheme not in ("http", "https") or not rest or set(rest) & set("/*?#@ "):
        raise ValueError("must be an origin such as https://rescue.example.com, without a path")
    return origin


Key = Annotated[SecretStr, AfterValidator(_long_enough)]
Origin = Annotated[str, AfterValidator(_origin)]


class OidcSettings(Section):
    """An identity provider that people may sign in with."""

    # Its issuer: https://…/.well-known/openid-configuration is read from there.
    issuer: str = Field(pattern=r"^https?://[^\s]+$")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    # Where the provider sends people back to: https://…/api/v1/auth/oidc/callback
    redirect_uri: str = Field(pattern=r"^https?://[^\s]+$")
    # The claim that tells a person's groups, and the role of each group that has one.
    groups_claim: str = "groups"
    roles: dict[str, Literal["viewer", "operator", "admin"]] = Field(default_factory=dict)


class WebSettings(Section):
    """The API: who is let in, how long, how often."""

    # Signs the tokens. Without it the API does not start. The one before it is still believed.
    jwt_key: Key | None = None
    jwt_key_before: Key | None = None
    access_minutes: int = Field(default=10, ge=1, le=60)
    # How long a sign-in lasts in all, however often it is refreshed.
    session_hours: int = Field(default=12, ge=1, le=720)
    # The refresh cookie only goes over TLS. False is for a loopback without TLS.
    secure_cookies: bool = True
    # Origins beside our own from which browsers may call.
    cors_origins: list[Origin] = Field(default_factory=list)
    # The host names that are answered to; empty means any.
    trusted_hosts: list[str] = Field(default_factory=list)
    # How many proxies stand before us and add to X-Forwarded-For; 0 means none is believed.
    proxy_hops: int = Field(default=0, ge=0, le=5)
    # Wrong passwords in a row until an account is locked, and for how long; it doubles each time.
    lockout_failures: int = Field(default=5, ge=1, le=100)
    lockout_seconds: int = Field(default=60, ge=1, le=86_400)
    sign_ins_per_minute: int = Field(default=20, ge=1, le=10_000)
    requests_per_minute: int = Field(default=1_200, ge=10, le=1_000_000)
    # How many live streams a process holds; whoever comes after them polls.
    streams: int = Field(default=48, ge=0, le=1_000)
    oidc: OidcSettings | None = None


class SlackSettings(Section):
    """Slack: what it calls us with, and what we call it with."""

    signing_secret: SecretStr | None = None
    # Of a bot with chat:write, channels:history and groups:history.
    bot_token: SecretStr | None = None
    # The token goes there, so nothing but TLS will do, a double on this machine apart.
    api_url: str = Field(
        default="https://slack.com/api/",
        pattern=r"^(https://[^\s/@?#]+|http://127\.0\.0\.1:[0-9]{1,5})(/[^\s@?#]*)?$",
    )
    timeout_seconds: int = Field(default=10, ge=1, le=60)
