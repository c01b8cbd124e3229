"""All settings in one object, `Settings`; `load` is the only way it is made outside of tests."""

from __future__ import annotations

from rescuebot.settings.loading import check, laid_over, load
from rescuebot.settings.notices import (
    ChannelSettings,
    DigestSettings,
    EscalateSettings,
    NoticeSettings,
    QuietSettings,
    StormSettings,
)
from rescuebot.settings.section import Section
from rescuebot.settings.sections import (
    DatabaseSettings,
    AwsSettings,
    QueueSettings,
    RuleSettings,
    IntakeSettings,
    ExecutionSettings,
    Limits,
    GuardSettings,
    AdviceSettings,
    ArchiveSettings,
    TrackerSettings,
    SweepSettings,
    ServerSettings,
    Settings,
)
from rescuebot.settings.web import OidcSettings, SlackSettings, WebSettings

__all__ = [
    "AdviceSettings",
    "ArchiveSettings",
    "AwsSettings",
    "ChannelSettings",
    "DatabaseSettings",
    "DigestSettings",
    "EscalateSettings",
    "ExecutionSettings",
    "GuardSettings",
    "IntakeSettings",
    "Limits",
    "NoticeSettings",
    "OidcSettings",
    "QueueSettings",
    "QuietSettings",
    "RuleSettings",
    "Section",
    "ServerSettings",
    "Settings",
    "SlackSettings",
    "StormSettings",
    "SweepSettings",
    "TrackerSettings",
    "WebSettings",
    "check",
    "laid_over",
    "load",
]
