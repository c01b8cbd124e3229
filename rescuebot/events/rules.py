"""From the facts of a message to its service, type and severity.

Invariant: for each field the alarm's own tags win, then the operator's rules in their order, then
DEFAULT_RULES, then what the kind of message suggests. Patterns meet foreign text, so all of them
run in RE2, whose time is linear whatever the pattern and the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import re2

from rescuebot.events.reported import Severity
from rescuebot.settings import RuleSettings

FIELDS = ("service", "type", "severity")
TAG_PREFIX = "rescue:"
SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
TYPE = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")

# Dimensions in which the CloudWatch agent (procstat) names the process that it looks for.
PROCESS_DIMENSIONS = ("exe", "process_name", "pattern", "pid_file", "pidfile")

# service: (its processes as procstat names them, its words in the name of an alarm)
SERVICES = {
    "mysql": (r"mysqld(_safe)?|mariadbd(-safe)?", r"mysqld?|mariadbd?"),
    "apache": (r"apache2|httpd", r"apache2?|httpd"),
    "nginx": (r"nginx", r"nginx"),
    "redis": (r"redis-server|valkey-server", r"redis|valkey"),
    "postgresql": (r"postgres|postmaster", r"postgres(ql)?"),
    "memcached": (r"memcached", r"memcached"),
    "haproxy": (r"haproxy", r"haproxy"),
    "php-fpm": (r"php-fpm[0-9.]*", r"php-?fpm"),
    "sshd": (r"sshd", r"sshd"),
    "chrony": (r"chronyd", r"chronyd?"),
    "cron": (r"crond?", r"crond"),
    "rsyslog": (r"rsyslogd", r"rsyslogd?"),
    "docker": (r"dockerd|containerd", r"dockerd?"),
    "rabbitmq": (r"beam\.smp|rabbitmq-server", r"rabbitmq"),
    "amazon-cloudwatch-agent": (r"amazon-cloudwatch-agent", r"amazon-cloudwatch-agent|cwagent"),
    "amazon-ssm-agent": (r"amazon-ssm-agent|ssm-agent-worker", r"(amazon-)?ssm-agent"),
}

# (metric, namespace or None for any, type, service or None for unsaid)
METRICS = (
    (r"^procstat(_lookup)?_pid_count$", None, "process_down", None),
    (r"^procstat_cpu_", None, "cpu_high", None),
    (r"^procstat_memory_", None, "memory_high", None),
    (r"^StatusCheckFailed", r"^AWS/EC2$", "instance_unreachable", None),
    (r"^CPUUtilization$|^cpu_usage_", None, "cpu_high", "cpu"),
    (r"^(mem|swap)_(used|free|available)|^MemoryUtilization$", None, "memory_high", "memory"),
    (r"^FreeableMemory$", None, "memory_high", "memory"),
    (r"^disk_(used|free|inodes)|^DiskSpaceUtilization$", None, "disk_full", "disk"),
    (r"^processes_(zombies|defunct|dead)$", None, "alarm", "processes"),
    (r"^DaysToExpiry$|cert(ificate)?_.*(expir|days)", None, "alarm", "tls"),
    (r"^Free(Local)?Storage(Space)?$|^VolumeBytesLeft", r"^AWS/RDS$", "db_low_storage", None),
    (r"^(Un)?HealthyHostCount$|^HealthCheckStatus$", None, "service_unhealthy", None),
    (r"^HTTPCode_.*5XX|^5xxErrorRate$", None, "service_unhealthy", None),
    (r"ConnectionErrorCount$|^ClientTLSNegotiationErrorCount$", None, "connection_failed", None),
)

# (words in the name of an alarm, type): for metrics of one's own and for composite alarms
NAMES = (
    (r"process(es)?[-_ ./]*(is[-_ ])?(down|dead|missing|not[-_ ]?running)", "process_down"),
    (r"connections?[-_ ]*(fail|refused|error)", "connection_failed"),
    (r"unhealthy", "service_unhealthy"),
    (r"unreachable", "instance_unreachable"),
    (r"disk[-_ ]*(full|space|used)", "disk_full"),
    (r"mem(ory)?[-_ ]*(high|used|usage|full)|out[-_ ]of[-_ ]memory|oom", "memory_high"),
    (r"cpu[-_ ]*(high|used|usage)", "cpu_high"),
)

# (word in the name of an alarm, severity). "info" only where it is a label: an alarm that is
# called customer-info-api-down does not say that it matters little.
WORDS = (
    (r"(^|[^a-z])fatal([^a-z]|$)", "fatal"),
    (r"(^|[^a-z])crit(ical)?([^a-z]|$)", "critical"),
    (r"(^|[^a-z])warn(ing)?([^a-z]|$)", "warning"),
    (r"^\W*info[\]):]|[^a-z0-9]info\W*$", "info"),
)

# Where nothing else says how bad a type is; the rest is a warning.
SEVERITIES = {
    "process_down": Severity.CRITICAL,
    "connection_failed": Severity.CRITICAL,
    "disk_full": Severity.CRITICAL,
    "instance_unreachable": Severity.CRITICAL,
    "instance_terminated": Severity.FATAL,
    "db_shutdown": Severity.CRITICAL,
    "db_failover": Severity.CRITICAL,
    "db_failure": Severity.CRITICAL,
    "db_low_storage": Severity.CRITICAL,
    "db_notice": Severity.INFO,
}


def _default_rules() -> tuple[RuleSettings, ...]:
    processes = [
        RuleSettings(
            dimensions={name: rf"(^|[^a-z0-9_-])({process})([^a-z0-9_-]|$)"}, service=service
        )
        for service, (process, _) in SERVICES.items()
        for name in PROCESS_DIMENSIONS
    ]
    metrics = [
        RuleSettings(metric=metric, namespace=namespace, type=type_, service=service)
        for metric, namespace, type_, service in METRICS
    ]
    downs = [
        RuleSettings(alarm=rf"(^|[^a-z0-9])({words})[-_ ./]+(is[-_ ])?down", type="process_down")
        for _, words in SERVICES.values()
    ]
    names = [RuleSettings(alarm=words, type=type_) for words, type_ in NAMES]
    services = [
        RuleSettings(alarm=rf"(^|[^a-z0-9])({words})([^a-z0-9]|$)", service=service)
        for service, (_, words) in SERVICES.items()
    ]
    severities = [
        RuleSettings.model_validate({"alarm": word, "severity": severity})
        for word, severity in WORDS
    ]
    return (
        # Auto Scaling makes these for itself; they ask for capacity, not for help.
        RuleSettings(alarm=r"^TargetTracking-", type="alarm", severity="info"),
        # A database that AWS runs: a mysql on some server of ours must not be restarted for it.
        RuleSettings(source=r"^RDS$", service="rds"),
        RuleSettings(namespace=r"^AWS/RDS$", service="rds"),
        *processes,
        *metrics,
        *downs,
        *names,
        *services,
        *severities,
    )


DEFAULT_RULES: tuple[RuleSettings, ...] = _default_rules()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What rules may look at. The presumed fields are what the kind of message suggests.

    `message` of an alarm is its description, not the reason of its state: a rule must say the same
    when the alarm returns to OK, or its recovery would not be matched with it.
    """

    source: str = ""
    alarm: str = ""
    metric: str = ""
    namespace: str = ""
    message: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    presumed_type: str = "alarm"
    presumed_severity: Severity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """What an event is about; `service` is "" when nobody knows. `notes` tell what was ignored."""

    service: str
    type: str
    severity: Severity
    notes: tuple[str, ...] = ()


def classify(facts: Facts, *, rules: Sequence[RuleSettings]) -> Classification:
    """Say service, type and severity; `rules` are those of the operator."""
    said, notes = _from_tags(facts.tags)
    for rule in chain(rules, DEFAULT_RULES):
        unsaid = [name for name in FIELDS if name not in said]
        if not unsaid:
            break
        news = {name: getattr(rule, name) for name in unsaid if getattr(rule, name) is not None}
        if news and _matches(rule, facts, notes):
            said.update(news)
    type_ = said.get("type", facts.presumed_type)
    presumed = facts.presumed_severity or SEVERITIES.get(type_, Severity.WARNING)
    return Classification(
        service=said.get("service", _service_of_process(facts.dimensions)),
        type=type_,
        severity=Severity(said.get("severity", presumed)),
        notes=tuple(dict.fromkeys(notes)),
    )


def _from_tags(tags: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The fields that the alarm's owner said with ``rescue:`` tags, and notes on bad ones."""
    said: dict[str, str] = {}
    notes: list[str] = []
    for name in FIELDS:
        value = tags.get(TAG_PREFIX + name)
        if value is None:
            continue
        if _is_valid(name, value.strip().lower()):
            said[name] = value.strip().lower()
        else:
            notes.append(f"The tag {TAG_PREFIX}{name} has a value that is not valid; ignored.")
    return said, notes


def _is_valid(name: str, value: str) -> bool:
    if name == "severity":
        return value in set(Severity)
    return bool((SERVICE if name == "service" else TYPE).fullmatch(value))


def _matches(rule: RuleSettings, facts: Facts, notes: list[str]) -> bool:
    """Whether every clause of `rule` holds. A pattern that cannot be compiled holds never."""
    for pattern, text in _clauses(rule, facts):
        if text is None:
            return False
        compiled = _compiled(pattern)
        if compiled is None:
            notes.append(f"A rule was skipped, its pattern is too large: {pattern[:80]}")
            return False
        if compiled.search(text) is None:
            return False
    return True


def _clauses(rule: RuleSettings, facts: Facts) -> Iterable[tuple[str, str | None]]:
    """The rule's patterns with the text that each is about; None where there is no such text."""
    for name in ("source", "alarm", "metric", "namespace", "message"):
        pattern = getattr(rule, name)
        if pattern is not None:
            yield pattern, getattr(facts, name)
    for key, pattern in rule.dimensions.items():
        yield pattern, facts.dimensions.get(key)
    for key, pattern in rule.tags.items():
        yield pattern, facts.tags.get(key)


@lru_cache(maxsize=None)  # patterns come from settings alone, so their number is bounded
def _compiled(pattern: str) -> Any | None:
    """`pattern` for case-insensitive search; None where RE2 refuses it.

    The settings have accepted it already, but folding the case may take it over RE2's limit.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def _service_of_process(dimensions: Mapping[str, str]) -> str:
    """The name of a process that no rule knows, as the name of its service: a simple word or ""."""
    for name in ("exe", "process_name"):
        word = dimensions.get(name, "").strip("^$").rpartition("/")[2].lower()
        if SERVICE.fullmatch(word):
            return word
    return ""
