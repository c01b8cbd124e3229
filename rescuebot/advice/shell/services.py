"""What belongs to a service: its units, processes, containers, users and folders, and who guards.

Invariant: a name is the service's own only when that is certain; a guard is never ended, whoever
owns it.
"""

from __future__ import annotations

import re

from rescuebot.advice.shell.words import OWN, PID_HOLE, TOKEN, TOKENS, shown

# Names of the same program. A version in a name makes no difference, as in php8.2-fpm.
_FAMILIES = tuple(
    frozenset(names.split())
    for names in (
        "mysql mysqld mariadb mariadbd",
        "postgresql postgres",
        "redis redis-server redis-sentinel valkey valkey-server",
        "nginx",
        "apache apache2 httpd",
        "php-fpm php",
        "chrony chronyd ntp",
        "docker dockerd containerd",
        "haproxy",
        "memcached",
        "postfix",
        "rabbitmq rabbitmq-server",
        "ssh sshd",
        "rsyslog rsyslogd",
        "cron crond",
        "mongodb mongod",
        "tomcat",
        "varnish varnishd",
        "bind bind9 named",
        "supervisor supervisord",
        "web nginx apache apache2 httpd",
    )
)
_USERS = {
    "postgresql": "postgres",
    "redis": "redis valkey",
    "nginx": "nginx www-data",
    "apache": "apache www-data",
    "php-fpm": "php-fpm www-data apache nginx",
    "chrony": "chrony _chrony",
    "memcached": "memcache memcached",
    "web": "nginx apache www-data",
}
# Whose commands change something of their own program alone.
PROGRAMS = {
    "apache2ctl": "apache",
    "apachectl": "apache",
    "chronyc": "chrony",
    "httpd": "apache",
    "mariadb": "mysql",
    "mysql": "mysql",
    "mysqladmin": "mysql",
    "nginx": "nginx",
    "pg_ctlcluster": "postgresql",
    "postfix": "postfix",
    "postqueue": "postfix",
    "psql": "postgresql",
    "redis-cli": "redis",
    "valkey-cli": "redis",
}
# What every service needs; it may be started, and no more.
_SHARED = ("systemd-resolved", "systemd-timesyncd", "chronyd", "chrony")
_VERSION = re.compile(r"(?<=[a-z])-?[0-9][0-9.]*(?=$|-)")
_OWN_MINION = ("salt-minion", "salt-master", "salt-api", "salt")
# What watches, logs or guards. Its own event may restart it; nothing may stop or silence it.
GUARDS = re.compile(
    r"(auditd?|apparmor|firewalld|nftables|ip6?tables|ufw|fail2ban|falcon.*|crowdstrike.*|"
    r"wazuh.*|ossec.*|osquery.*|sshd?|rsyslog|syslog-ng|syslog|syslogd|systemd-.*|dbus|dbus-.*|"
    r"crond?|chronyd?|ntpd?|amazon-.*|snap\.amazon-.*|awslogs.*|aws-.*|cloudwatch.*|xray|"
    r"datadog.*|dd-agent|zabbix.*|node[_-]exporter|.*[_-]exporter|prometheus.*|telegraf|collectd|"
    r"netdata|filebeat|auditbeat|metricbeat|packetbeat|heartbeat-.*|elastic-(agent|endpoint).*|"
    r"fluent(d|-?bit)|td-agent.*|newrelic.*|nrpe|nagios.*|icinga.*|check[_-]mk.*|monit|munin.*|"
    r"otel.*|opentelemetry.*|grafana-(agent|alloy).*|alloy|vector|promtail|splunk.*|sumo.*|"
    r"dynatrace.*|oneagent.*|appdynamics.*|sentinel(one|ctl|d|-agent).*|s1-agent|xagt.*|"
    r"cb(daemon|agentd?|osxsensor|psc).*|carbonblack.*|ds_(agent|am|filter).*|dsa_.*|mdatp.*|"
    r"mde.*|cortex.*|traps.*|pmd|cylance.*|sophos.*|sav.*|mcafee.*|mfe.*|trellix.*|esets?.*|"
    r"symantec.*|sisids.*|tanium.*|qualys.*|nessus.*|rapid7.*|ir_agent|lacework.*|sysdig.*|"
    r"falcosidekick|aquasec.*|twistlock.*|clam.*|freshclam.*|selinux.*|aide|tripwire|samhain|"
    r"rkhunter|chkrootkit|sssd.*|nslcd|winbind.*|polkit.*|acpid|NetworkManager|networkd|"
    r"usbguard|fapolicyd|tang|clevis.*|rescue-.*|rescuebot.*)(\.service)?",
    re.IGNORECASE,
)
_NOT_STARTED = re.compile(
    r".*(\.target|\.mount|\.automount|\.swap|\.slice|\.scope|\.device|\.path|\.timer)"
    r"|(systemd-)?(poweroff|reboot|halt|kexec|rescue|emergency|soft-reboot|suspend|hibernate).*"
    r"|debug-shell.*|ctrl-alt-del.*|.*getty.*|rc-local.*|telnetd?.*|rsh.*|tftpd?.*"
)
_CUTS_OFF = re.compile(
    r"network(ing|d)?|NetworkManager|systemd-networkd|ifup@.*|wicked.*|netplan.*"
)
_UNIT = re.compile(rf"[A-Za-z0-9_{TOKENS}][A-Za-z0-9_.@:{TOKENS}-]*")
# A name fits wherever it stands in that of a process.
_LEFT_ALONE = (
    "systemd systemd-journald systemd-logind salt-minion salt-master sshd init auditd bash python3 "
    "dbus-daemon kthreadd kworker falcon-sensor amazon-cloudwatch-agent amazon-ssm-agent agetty "
    "chronyd firewalld crond containerd-shim rsyslog NetworkManager"
).split()


def owns(service: str, name: str) -> bool:
    """Whether a unit, a process, a container or a folder of this name is the service's own."""
    plain = name.removesuffix(".service")
    if plain == OWN:
        return True
    base = re.split("[@:]", plain, maxsplit=1)[0].lower()
    same = (service.lower(), f"{service.lower()}d")
    return bool(service) and (base in same or _plain(base) in _family(service))


def user_is_own(service: str, user: str) -> bool:
    """Whether files of the service may belong to this user."""
    family = {_plain(service.lower()), *_family(service)}
    known = [users for name, users in _USERS.items() if name in family]
    return owns(service, user) or any(user in users.split() for users in known)


def _plain(name: str) -> str:
    return _VERSION.sub("", name)


def _family(service: str) -> frozenset[str]:
    plain = _plain(service.lower())
    if plain == "web":
        return _FAMILIES[-1]
    return next((names for names in _FAMILIES if plain in names), frozenset())


def is_guard(name: str) -> bool:
    """Whether a name is that of what watches the server, or of the minion."""
    return name.startswith("salt") or GUARDS.fullmatch(name) is not None


def speaks_of_guard(word: str) -> bool:
    """Whether an argument of an unknown program names what guards the server."""
    parts = (part for part in re.split(r"[=,:/]", word) if part)
    return any(is_guard(part) or part in _LEFT_ALONE for part in parts)


def foreign(kind: str, text: str, service: str) -> str | None:
    """Why what a command acts on is not the service's own."""
    if kind in ("PID", "PROCESS", "TOLD"):
        return _foreign_process(text, service)
    if kind in ("OWNED", "OWNEDOPENLY", "OWNEDBELOW", "FOLDER", "FOLDEROPENLY"):
        folder = re.split(r"^/(?:var/)?[a-z]+/", text)[-1].split("/")[0]
        is_scratch = kind.startswith("FOLDER") and text.startswith("/tmp/")
        fits = is_scratch or owns(service, folder) or user_is_own(service, folder)
    elif kind == "REMOVE":
        fits = _may_remove(text, service)
    elif kind in ("OWNER", "USER"):
        fits = all(user_is_own(service, name) for name in text.split(":"))
    elif kind == "UNITSTART" and text.removesuffix(".service") in _SHARED:
        fits = True
    elif kind in ("UNIT", "UNITSTOP", "UNITSTART", "CONTAINER"):
        fits = owns(service, text)
    else:
        return None
    return None if fits else f"{shown(text)} is not of {service or 'the service'}"


def _may_remove(path: str, service: str) -> bool:
    """Pid files, sockets and locks are removed only by an event of their own service."""
    found = re.fullmatch(r"/(?:run|var/run|var/lock|var/lib)/(?:lock/)?([^/]+)(/.*)?", path)
    if found is None:
        return True
    name = re.sub(r"(\.(pid|sock|socket|lock))+$", "", found[1])
    return owns(service, name) or user_is_own(service, name)


def _foreign_process(text: str, service: str) -> str | None:
    hole = PID_HOLE.fullmatch(text)
    if text.isdigit():
        return f"nobody can tell whose process {text} is; take it from pidof or a pid file"
    for one in (hole.group(1) if hole else text.strip("^$")).split(","):
        # A pid file tells a folder and a name; both may say that it guards.
        parts = one.split("+")
        problem = next((found for part in parts if (found := _ended_problem(part))), None)
        if problem and text.strip("^$") != "rsyslogd":
            return problem
        if not owns(service, parts[0]):
            return f"the process {shown(one)} is not of {service or 'the service'}"
    return None


def unit_problem(text: str) -> str | None:
    """Why a unit may not be started or restarted."""
    if not _UNIT.fullmatch(text):
        return f"{shown(text)!r} is no name of a service"
    if text.removesuffix(".service") in _OWN_MINION or text.startswith("salt"):
        return "the minion that runs the draft is left alone"
    if _CUTS_OFF.fullmatch(text.removesuffix(".service")):
        return f"{text} could cut the server off"
    return "is no service that a draft may start" if _NOT_STARTED.fullmatch(text) else None


def stop_problem(text: str) -> str | None:
    """Why a unit may not be stopped."""
    problem = unit_problem(text)
    if problem is None and GUARDS.fullmatch(text):
        return f"{text} watches or guards the server; it is not stopped"
    return problem


def container_problem(text: str) -> str | None:
    """Why a container may not be restarted or stopped."""
    if not _UNIT.fullmatch(text):
        return f"{shown(text)!r} is no plain name"
    return f"{text} watches or guards the server" if is_guard(text) else None


def pid_problem(text: str) -> str | None:
    """Why a text is not certainly the id of a process that may be acted on."""
    fits = text.isdigit() and int(text) > 1 and len(text) < 9
    if fits or PID_HOLE.fullmatch(text):
        return None
    return f"{shown(text)!r} is not certainly the id of one process"


def process_problem(text: str) -> str | None:
    """Why processes of this name may not be ended."""
    if not re.fullmatch(rf"\^?[A-Za-z0-9_{TOKENS}][A-Za-z0-9_.{TOKENS}-]*\$?", text):
        return f"{shown(text)!r} is no plain name of a process"
    return _ended_problem(text.strip("^$"))


def told_problem(text: str) -> str | None:
    """Why processes of this name may not be told to read their files again."""
    return None if text == "rsyslogd" else process_problem(text)


def _ended_problem(name: str) -> str | None:
    if len(name) < 3 and OWN not in name and TOKEN not in name:
        return f"{shown(name)!r} would fit too much"
    guarded = any(name.lower() in other for other in _LEFT_ALONE)
    if guarded or name.startswith(("python", "rsyslogd")) or is_guard(name):
        return f"{shown(name)} watches or guards the server; it is left alone"
    return None
