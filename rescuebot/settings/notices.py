"""Settings of notices: who is told what, by which ways, and when it is kept together."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from rescuebot.settings.section import Section

Severity = Literal["info", "warning", "critical", "fatal"]
Language = Literal["ko", "en", "ja"]
Way = Literal["slack", "sns", "email", "log"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$")]
Arn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z0-9-]+:sns:[^\s]{1,200}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"()\\]+@[^\s@<>,;:\"()\\]+$")]
_ARGUABLE: tuple[Severity, ...] = ("warning", "critical", "fatal")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be a time zone such as Asia/Tokyo")
    return name


def _wall(at: str) -> str:
    time.fromisoformat(at)  # a ValueError is told by pydantic
    return at


Zone = Annotated[str, AfterValidator(_zone)]
# A time of day on the wall of the zone: 22:00
Wall = Annotated[str, StringConstraints(pattern=r"^[0-2][0-9]:[0-5][0-9]$"), AfterValidator(_wall)]


class QuietSettings(Section):
    """Hours in which single notices are kept back; they come as one digest at the end."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    since: Wall = Field(alias="from")
    to: Wall
    zone: Zone = "UTC"
    # These severities are told at any hour.
    but: tuple[Severity, ...] = ("fatal",)

    @property
    def tz(self) -> ZoneInfo:
        """The zone of the wall clock."""
        return ZoneInfo(self.zone)

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.since == self.to:
            raise ValueError("quiet hours that end when they begin are none; leave them out")
        return self


class DigestSettings(Section):
    """When a day is summed up."""

    at: Wall
    zone: Zone = "UTC"

    @property
    def tz(self) -> ZoneInfo:
        """The zone of the wall clock."""
        return ZoneInfo(self.zone)


class ChannelSettings(Section):
    """One place where people are told: of which events, in which language, by which ways."""

    # Empty: of nothing but what is escalated to it, and its digest.
    severities: tuple[Severity, ...] = _ARGUABLE
    # Empty: of all services. Stops and troubles of the whole are told to every channel.
    services: tuple[str, ...] = ()
    language: Language | None = None
    # Tried in this order; `log` is always the last, whether it is named or not.
    ways: tuple[Way, ...] = Field(default=("slack",), min_length=1)
    slack_channel: str | None = Field(default=None, pattern=r"^[CGD][A-Z0-9]{6,20}$")
    email: tuple[Address, ...] = Field(default=(), max_length=50)
    # Topics of this channel by severity, in the place of notices.topics.
    topics: dict[Severity, Arn] = Field(default_factory=dict)
    quiet: QuietSettings | None = None
    digest: DigestSettings | None = None

    @model_validator(mode="after")
    def _ways_lead_somewhere(self) -> Self:
        if len(set(self.ways)) != len(self.ways):
            raise ValueError("a way stands twice in ways")
        if "slack" in self.ways and self.slack_channel is None:
            raise ValueError("the way slack needs slack_channel, the id of the channel (C0…)")
        if "email" in self.ways and not self.email:
            raise ValueError("the way email needs email, a list of addresses")
        return self


class StormSettings(Section):
    """From how many events of one service, within how long, they are told as one."""

    events: int = Field(default=10, ge=2, le=10_000)
    seconds: int = Field(default=60, ge=1, le=3_600)
    # Its message is brought up to date at most so often.
    update_seconds: int = Field(default=5, ge=1, le=600)


class EscalateSettings(Section):
    """One level: who is told when nobody has acknowledged a failed event for so long."""

    minutes: int = Field(ge=0, le=10_080)
    channel: Name


class NoticeSettings(Section):
    """Whom to tell. Without channels nobody is told and nothing is written."""

    language: Language = "en"
    # The address of the console; cards link to it.
    url: str = Field(default="", pattern=r"^(https?://[^\s<>|]+)?$", max_length=200)
    channels: dict[Name, ChannelSettings] = Field(default_factory=dict, max_length=20)
    # The SNS topic of each severity, behind which slack_notifier posts to that severity's webhook.
    topics: dict[Severity, Arn] = Field(default_factory=dict)
    # The address that SES sends from.
    sender: Address | None = None
    storm: StormSettings = Field(default_factory=StormSettings)
    escalate: tuple[EscalateSettings, ...] = Field(default=(), max_length=9)
    # How often a way that says "wait" is tried, and the first pause, which doubles.
    tries: int = Field(default=4, ge=1, le=20)
    pause_seconds: float = Field(default=2.0, gt=0, le=60)
    # How long a delivery may take before another tracker takes the notice over.
    lease_seconds: int = Field(default=90, ge=5, le=3_600)
    keep_days: int = Field(default=90, ge=1, le=3_650)

    @model_validator(mode="after")
    def _all_are_named(self) -> Self:
        for level in self.escalate:
            if level.channel not in self.channels:
                raise ValueError(f"escalate names {level.channel}, which is no channel")
        for name, channel in self.channels.items():
            if "sns" in channel.ways and not (channel.topics or self.topics):
                raise ValueError(f"channel {name} has the way sns, but there are no topics")
            if "email" in channel.ways and self.sender is None:
                raise ValueError(f"channel {name} sends e-mail, but sender is not set")
        return self

    def language_of(self, channel: str) -> Language:
        """The language of a channel."""
        return self.channels[channel].language or self.language
