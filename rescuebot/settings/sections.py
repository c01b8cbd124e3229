"""What can be configured, block by block.

pydantic does the checking because it reports every problem with its path and coerces nothing that
it should not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import re2
from pydantic import AfterValidator, Field, PrivateAttr, SecretStr

from rescuebot.settings.notices import NoticeSettings
from rescuebot.settings.section import Section, Source
from rescuebot.settings.web import SlackSettings, WebSettings

DEFAULT_DATABASE = "sqlite:////var/lib/rescue/rescue.db"


# RE2 would write its own complaint to stderr.
_QUIET = re2.Options()
_QUIET.log_errors = False


def _linear_pattern(pattern: str) -> str:
    """Compile with RE2, whose running time is linear in the text whatever the pattern."""
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as error:
        raise ValueError("is not a regular expression that RE2 accepts") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_linear_pattern)]


class DatabaseSettings(Section):
    """Where the ledger lives.

    `url` is an SQLAlchemy URL, ``mysql+pymysql://user@host/name`` or ``sqlite:////path``. The
    password may stand in `password` (best from ``RESCUE_DATABASE__PASSWORD``) instead of the URL.
    """

    url: SecretStr = SecretStr(DEFAULT_DATABASE)
    password: SecretStr | None = None
    # A copy to read from, for the dashboard. The password is that of `password`.
    replica_url: SecretStr | None = None
    pool_size: int = Field(default=5, ge=1, le=100)
    connect_seconds: int = Field(default=5, ge=1, le=60)
    read_seconds: int = Field(default=30, ge=1, le=600)
    # Tables are made at the start of an engine: always, never, or only in the embedded SQLite.
    migrate: Literal["embedded", "always", "never"] = "embedded"


class AwsSettings(Section):
    """How AWS is reached. Credentials come from the instance role or the usual AWS variables."""

    region: str = "ap-northeast-1"
    endpoint_url: str | None = None


class QueueSettings(Section):
    """The SQS queue that alarms arrive in."""

    url: str | None = None
    receivers: int = Field(default=2, ge=1, le=16)
    wait_seconds: int = Field(default=20, ge=0, le=20)
    visibility_seconds: int = Field(default=60, ge=5, le=43200)
    backoff_seconds: float = Field(default=1.0, gt=0, le=60)
    backoff_limit_seconds: float = Field(default=60.0, gt=0, le=900)


class RuleSettings(Section):
    """One rule that tells what an alarm is about.

    Every clause given must match (RE2 search, case-insensitive). What the rule says is taken
    for each field that no earlier rule has said.
    """

    source: Pattern | None = None
    alarm: Pattern | None = None
    metric: Pattern | None = None
    namespace: Pattern | None = None
    message: Pattern | None = None
    dimensions: dict[str, Pattern] = Field(default_factory=dict)
    tags: dict[str, Pattern] = Field(default_factory=dict)

    service: str | None = Field(default=None, max_length=50, pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    type: str | None = Field(default=None, max_length=50, pattern=r"^[a-z0-9][a-z0-9_]*$")
    severity: Literal["info", "warning", "critical", "fatal"] | None = None


class IntakeSettings(Section):
    """How messages become events."""

    dedup_minutes: int = Field(default=5, ge=0, le=1440)
    # Rules of the operator; those of rescuebot.events.rules follow after them.
    rules: list[RuleSettings] = Field(default_factory=list)
    # Which dimension of an alarm names the server, in order of preference.
    server_dimensions: list[str] = Field(
        default_factory=lambda: [
            "InstanceId",
            "DBInstanceIdentifier",
            "DBClusterIdentifier",
            "host",
        ]
    )
    # A composite alarm is resolved to its children by asking CloudWatch, else from past events.
    describe_alarms: bool = True


class ExecutionSettings(Section):
    """Limits of one run on one server."""

    limit_seconds: int = Field(default=300, ge=1, le=3600)
    verify_seconds: int = Field(default=30, ge=0, le=600)
    # Beyond the limit, how long a return may be on its way before the run counts as lost.
    grace_seconds: int = Field(default=30, ge=1, le=600)
    # How often a fix is tried in all, and the pause before the second try; it doubles each time.
    attempts: int = Field(default=3, ge=1, le=20)
    retry_seconds: int = Field(default=30, ge=0, le=3600)
    # How long a minion that is away or busy is waited for.
    offline_minutes: int = Field(default=30, ge=1, le=1440)
    # A job whose work has not been fetched for so long has not reached its minion.
    fetch_seconds: int = Field(default=20, ge=1, le=300)


class Limits(Section):
    """How much of a service may be repaired at once; empty means as the general limits say."""

    blast_percent: int | None = Field(default=None, ge=0, le=100)
    blast_servers: int | None = Field(default=None, ge=1)
    blast_seconds: int | None = Field(default=None, ge=0, le=86_400)
    cooldown_seconds: int | None = Field(default=None, ge=0, le=86_400)


class GuardSettings(Section):
    """What keeps a rescue from doing harm. 0 switches a rule off."""

    # At most so many percent, and at most so many, of a service's servers are in repair at once;
    # a server counts for so long after its repair has ended.
    blast_percent: int = Field(default=25, ge=0, le=100)
    blast_servers: int | None = Field(default=None, ge=1)
    blast_seconds: int = Field(default=0, ge=0, le=86_400)
    # The same remedy runs on the same server at most once in this time, retries apart.
    cooldown_seconds: int = Field(default=60, ge=0, le=86_400)
    # A remedy that failed for so many events in a row stops; after the time it is tried on one.
    breaker_failures: int = Field(default=3, ge=0, le=100)
    breaker_seconds: int = Field(default=300, ge=1, le=86_400)
    # An alarm that changed its state so often within so many minutes is left until it is calm.
    flapping_changes: int = Field(default=8, ge=0, le=1000)
    flapping_minutes: int = Field(default=10, ge=1, le=1440)
    # A remedy that fixed the same server so often within so many days hides a fault.
    chronic_fixes: int = Field(default=5, ge=0, le=1000)
    chronic_days: int = Field(default=7, ge=1, le=365)
    # How long an approval may be waited for and, once given, be used.
    approval_minutes: int = Field(default=60, ge=1, le=10_080)
    # Whoever wrote what would run may not approve it.
    four_eyes: bool = True
    # Shell solutions for events of this severity or worse need an approval in mode auto, too.
    shell_asks_from: Literal["info", "warning", "critical", "fatal"] | None = None
    # Exceptions for single services.
    services: dict[str, Limits] = Field(default_factory=dict)


class AdviceSettings(Section):
    """The model that is asked when no runbook fits. Without a function nobody is asked."""

    # Name or ARN of the Lambda bedrock_advisor.
    function: str | None = Field(default=None, min_length=1, max_length=200)
    timeout_seconds: int = Field(default=90, ge=5, le=900)
    # How long the evidence of the server is waited for.
    evidence_seconds: int = Field(default=20, ge=0, le=600)
    evidence_characters: int = Field(default=40_000, ge=1_000, le=60_000)
    # How long an answer is used for the same question.
    keep_hours: int = Field(default=24, ge=1, le=720)
    # Over the budget the model is not asked and the event says so. 0 means none at all.
    calls_per_hour: int = Field(default=20, ge=0)
    calls_per_day: int = Field(default=100, ge=0)
    tokens_per_day: int = Field(default=1_000_000, ge=0)
    dollars_per_day: float = Field(default=5.0, ge=0)
    # After so many errors in a row nobody is asked for so long.
    breaker_failures: int = Field(default=3, ge=1, le=100)
    breaker_seconds: int = Field(default=300, ge=1, le=86_400)
    # Further patterns (RE2) of what must not leave the house.
    also_redact: list[Pattern] = Field(default_factory=list)


class TrackerSettings(Section):
    """The pace of the tracker engine."""

    poll_seconds: float = Field(default=0.25, ge=0.05, le=10)
    batch: int = Field(default=200, ge=1, le=2000)
    heartbeat_seconds: float = Field(default=5.0, ge=0.5, le=60)
    # How often the doctor looks whether everything is in place.
    doctor_minutes: float = Field(default=5.0, ge=0.5, le=1440)


class SweepSettings(Section):
    """How the ledger is looked through for work that got stuck."""

    seconds: float = Field(default=2.0, ge=0.2, le=60)
    batch: int = Field(default=200, ge=1, le=2000)
    # An event that nobody has claimed is hinted at again after so long, so many times, and then
    # handled by the sweep itself.
    rehint_seconds: int = Field(default=10, ge=1, le=3600)
    hints: int = Field(default=2, ge=0, le=20)
    # A claim without anything decided, which no crash should leave, is given back after so long.
    claim_seconds: int = Field(default=60, ge=5, le=3600)


class ServerSettings(Section):
    """How a minion's grains tell which server it is; the first grain that has a value wins."""

    id_grains: list[str] = Field(
        default_factory=lambda: [
            "rescue:server_id",
            "metadata:instance-id",
            "instance_id",
            "ec2:instance_id",
        ]
    )


class ArchiveSettings(Section):
    """Where old events and their logs go to. Without a place nothing is archived."""

    # s3://bucket/prefix, or the absolute path of a folder.
    place: Annotated[str, Field(pattern=r"^(s3://[a-z0-9.-]{3,63}(/[^\s]*)?|/[^\s]*)$")] | None = (
        None
    )
    after_days: int = Field(default=90, ge=1, le=3650)
    # How often the tracker looks for something to archive; 0 leaves it to salt-run and cron.
    every_hours: int = Field(default=24, ge=0, le=720)
    # How many events a file holds at most, and about how many bytes before it is compressed.
    events_per_file: int = Field(default=1_000, ge=1, le=100_000)
    bytes_per_file: int = Field(default=64_000_000, ge=1_000_000, le=1_000_000_000)


class Settings(Section):
    """Everything that can be configured. `load` is the only way it is made outside of tests."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    aws: AwsSettings = Field(default_factory=AwsSettings)
    queue: QueueSettings = Field(default_factory=QueueSettings)
    intake: IntakeSettings = Field(default_factory=IntakeSettings)
    execution: ExecutionSettings = Field(default_factory=ExecutionSettings)
    tracker: TrackerSettings = Field(default_factory=TrackerSettings)
    guard: GuardSettings = Field(default_factory=GuardSettings)
    advice: AdviceSettings = Field(default_factory=AdviceSettings)
    sweep: SweepSettings = Field(default_factory=SweepSettings)
    servers: ServerSettings = Field(default_factory=ServerSettings)
    archive: ArchiveSettings = Field(default_factory=ArchiveSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    slack: SlackSettings = Field(default_factory=SlackSettings)
    notices: NoticeSettings = Field(default_factory=NoticeSettings)

    # Where each value that was given comes from, by its dotted name.
    _sources: dict[str, Source] = PrivateAttr(default_factory=dict)

    def come_from(self, sources: Mapping[str, Source]) -> None:
        """Remember where the values come from; told once, by who has loaded them."""
        self._sources.update(sources)

    def source_of(self, path: str) -> Source:
        """Where the value of that dotted name comes from."""
        return self._sources.get(path, Source.DEFAULT)
