"""What the operands of the commands may be: one small check for each kind.

Invariant: a check answers None only for what is certainly harmless in the place of its kind; paths
are absolute and without `..`, and holes fit only where any text of theirs would.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from rescuebot.advice.shell import bounds, little, services
from rescuebot.advice.shell.risk import Touch
from rescuebot.advice.shell.words import (
    MANY,
    NUMBER,
    OWN,
    PID,
    PID_END,
    TOKEN,
    TOKENS,
    UNKNOWN,
    shown,
)

Check = Callable[[str], str | None]

_NAME = re.compile(rf"[A-Za-z0-9_{TOKENS}][A-Za-z0-9_.@:{TOKENS}-]*")
_SECRET = re.compile(
    r"shadow|sudoers|passwd|secret|password|credential|private|token|\.pem|\.key|\.p12|\.pfx|\.jks"
    r"|id_(rsa|dsa|ecdsa|ed25519)|authorized_keys|\.ssh|\.aws|\.gnupg|\.my\.cnf|\.pgpass|\.netrc"
    r"|debian\.cnf|htpasswd|\.git-credentials|\.docker|\.kube|_history|environ|keytab|/pki/"
    r"|host_.*key|wp-config|\.env|auth\.json|/secure([-.].*)?$|auth\.log|/audit(/|$)|/sudo"
    r"|(my|debian|client|redis|valkey|sentinel|rabbitmq|users|userlist)[^/]*\.(cnf|conf|cfg|acl)$"
    r"|\.cnf$|/pool\.d/|php-fpm\.d|pg_hba|pg_service|erlang\.cookie|kdb|vault|credstore|/secrets?/",
    re.IGNORECASE,
)
_SEE_NOT = re.compile(
    r"/root(/.*)?|/home/[^/]+/\..*"
    r"|/proc/[^/]*/(root|cwd|fd|task|map_files|environ|mem)(/.*)?|/dev/fd.*"
)
_READ = re.compile(
    r"/var/log/[^/*?\[]{3}.*"
    r"|/proc/(meminfo|loadavg|cpuinfo|stat|vmstat|mounts|uptime|swaps|diskstats|"
    r"buddyinfo|slabinfo|interrupts|softirqs|filesystems|mdstat|pressure/\w+|"
    r"(self/|net/)?(dev|tcp6?|udp6?|sockstat|snmp|netstat|mountinfo)|sys/.+)"
    r"|/proc/[^/]+/(status|limits|comm|stat|statm|io|oom_score|oom_score_adj|wchan|sched)"
    r"|/sys/.+|/run/.+|/var/run/.+|/tmp/.+|/var/tmp/.+|/var/spool/.+|/var/cache/.+"
    r"|/etc/(os-release|fstab|hosts|resolv\.conf|hostname|timezone|nsswitch\.conf|issue|"
    r"lsb-release|redhat-release|system-release|sysctl\.conf)"
    r"|/etc/(nginx|apache2|httpd|php|chrony|"
    r"logrotate\.d|logrotate\.conf|security/limits\.d|security/limits\.conf|sysctl\.d|"
    r"systemd/journald\.conf|postgresql|memcached\.conf)(/.*)?"
    r"|/(usr/)?lib/systemd/system/.+|/var/lib/[^/]+/[^/]+\.(pid|err|log|status)"
)
_SCRATCH = re.compile(r"/(tmp|var/tmp)/[^/*?\[]{2}.*|/var/cache/[A-Za-z0-9_.-]+/.+")
_TRANSIENT = re.compile(
    r"/(run|var/run|var/lock|tmp)/([A-Za-z0-9_.-]+/)*[^/*?\[]+"
    r"\.(pid|sock|socket|lock|sock\.lock|pid\.lock)"
    r"|/(run|var/run|var/lib)/[A-Za-z0-9_.-]+/([A-Za-z0-9_.-]+/)*[^/]*"
    r"\.(pid|sock|socket|lock|sock\.lock|pid\.lock)"
)
_PACKAGES = re.compile(r"/(var/lib|var/cache|run)/(rpm|dpkg|apt|dnf|yum|pacman|salt|systemd)/.*")
# In /var/log itself a glob would fit the logs of the system too; below, the suffix says enough.
_OLD_LOG = re.compile(
    r"/var/log/(([A-Za-z0-9_.-]+/)+[^/]*|[^/*?\[]+)"
    r"(\.(gz|bz2|xz|zst|old)|\.log\.(\*|\[0-9\]\*?)|\.[1-9][0-9]?"
    r"|[-.](20[0-9*]{2,6}|[0-9]{4}-[0-9-]{5})(\.gz)?)"
)
_EVIDENCE = re.compile(
    r"/var/log/(.*/)?(audit|secure|auth|wtmp|btmp|lastlog|faillog|salt|journal|sudo|tallylog|"
    r"rescue|aide|apt|dpkg|yum|dnf|syslog|messages|kern|daemon\.log|user\.log|cron|boot|dmesg|"
    r"mail\.|maillog|cloud-init|amazon|aws|falcon|crowdstrike|microsoft|sentinel|wazuh|ossec|"
    r"osquery|clamav|fail2ban|ufw|firewall|iptables|rkhunter|sssd|unattended).*"
)
_CURRENT_LOG = re.compile(r"/var/log/(.+/)?[^/*?\[]+")
_FOLDER = re.compile(
    r"/(run|var/run|var/log|var/cache|var/lib|var/spool|tmp)/[A-Za-z0-9_.-]+(/.*)?"
)
_DATA_OWNED = re.compile(
    r"/(run|var/run|var/log|var/cache|var/lib|var/spool)/[A-Za-z0-9_.-]+(/.*)?"
)
_TOP_ONLY = re.compile(
    r"/var/(lib|spool)/(cron|at|dpkg|rpm|apt|systemd|salt|sudo|cloud|amazon)(/.*)?"
)


def _shaped(pattern: str, words: str) -> Check:
    compiled = re.compile(pattern)
    return lambda text: None if compiled.fullmatch(text) else words


def path_problem(text: str) -> str | None:
    """Why a text is no path whose place is certain."""
    if UNKNOWN in text or MANY in text:
        return f"{shown(text)!r} is not known beforehand; write the path out"
    if not text.startswith("/") or text.startswith("//"):
        return f"{shown(text)!r} must be an absolute path"
    if ".." in text.split("/") or posixpath.normpath(text) != text.rstrip("/"):
        return f"{shown(text)!r} must be written without .. // and /./" if text != "/" else None
    if PID in text and not re.match(rf"/proc/{PID}[^/]+{PID_END}(/|$)", text):
        return f"{shown(text)!r} may not be built from a process id"
    holes = (NUMBER, PID, PID_END, TOKEN, OWN)
    if not all(letter.isprintable() or letter in holes for letter in text):
        return f"{shown(text)!r} holds odd characters"
    return None


def _path(allowed: re.Pattern[str] | None, words: str, *, never: re.Pattern[str]) -> Check:
    def _check(text: str) -> str | None:
        problem = path_problem(text)
        if problem:
            return problem
        if never.search(text) or (allowed is not None and not allowed.fullmatch(text)):
            return f"{shown(text)} {words}"
        return None

    return _check


_PLAIN_ENDINGS = (".conf", ".cnf", ".ini", ".cfg")
_see = _path(None, "gives away more than it should", never=_SEE_NOT)
_read_file = _path(_READ, "may not be read by a draft", never=_SECRET)


def _read(text: str) -> str | None:
    is_glob = any(letter in text for letter in "*?[")
    fits_keys = is_glob and text.startswith("/etc/") and not text.endswith(_PLAIN_ENDINGS)
    hidden = _SEE_NOT.fullmatch(text) or fits_keys
    return f"{shown(text)} may not be read by a draft" if hidden else _read_file(text)


def _remove(text: str) -> str | None:
    problem = path_problem(text)
    if problem:
        return problem
    if _PACKAGES.fullmatch(text) or _EVIDENCE.fullmatch(text):
        return f"{shown(text)} may not be removed by a draft"
    if any(p.fullmatch(text) for p in (_SCRATCH, _TRANSIENT, _OLD_LOG)):
        return None
    return (
        f"{shown(text)} may not be removed: only stale pid, socket and lock files, rotated logs, "
        "and what lies below a named place in /tmp, /var/tmp or /var/cache"
    )


def _tree(text: str) -> str | None:
    problem = path_problem(text)
    if problem or (_SCRATCH.fullmatch(text) and not _PACKAGES.fullmatch(text)):
        return problem
    return f"{shown(text)} may not be removed with all below it"


def _write(text: str) -> str | None:
    if text in ("/dev/null", "/dev/stdout", "/dev/stderr", "/proc/sys/vm/drop_caches"):
        return None
    problem = path_problem(text)
    if text.endswith(".pid"):
        # What kill is told to end is read from these.
        return f"{shown(text)} is written by its service alone"
    fits = _SCRATCH.fullmatch(text) or _TRANSIENT.fullmatch(text)
    if problem or (fits and not _PACKAGES.fullmatch(text)):
        return problem
    if _CURRENT_LOG.fullmatch(text):
        return f"{shown(text)} is evidence; a log is rotated, never emptied or written"
    return f"{shown(text)} may not be written by a draft; use a state such as file.replace"


def _rotated(text: str) -> str | None:
    problem = path_problem(text)
    if problem:
        return problem
    fits = _OLD_LOG.fullmatch(text) and not _EVIDENCE.fullmatch(text)
    return None if fits else f"{shown(text)} is no rotated log"


def _folder(text: str) -> str | None:
    problem = path_problem(text)
    fits = _FOLDER.fullmatch(text) and not _TOP_ONLY.fullmatch(text)
    return problem or (None if fits else f"{shown(text)} may not be made by a draft")


def _owned(text: str) -> str | None:
    problem = path_problem(text)
    fits = _DATA_OWNED.fullmatch(text) and not _TOP_ONLY.fullmatch(text)
    if problem or (fits and not _EVIDENCE.fullmatch(text) and not _PACKAGES.fullmatch(text)):
        return problem
    return f"{shown(text)} may not change its owner or mode"


def _log(text: str) -> str | None:
    return f"{shown(text)} is evidence; it is left" if _EVIDENCE.fullmatch(text) else _read(text)


def _opened(text: str) -> str | None:
    # Whoever may read or enter a folder of data needs no password for what is in it.
    if text.startswith(("/var/lib/", "/var/spool/")):
        return f"{shown(text)} holds data: only its owner and group may get at it"
    return None


def _owned_below(text: str) -> str | None:
    if not text.startswith(("/run/", "/var/run/")):
        return f"{shown(text)} may not change its mode with all below it"
    return _owned(text)


def _text(text: str) -> str | None:
    if text.startswith(("-", UNKNOWN, MANY)):
        return f"{shown(text)!r} could be an option"
    return None


# What shells, the loader and programs act on by themselves.
SPECIAL_VARIABLE = re.compile(
    r"PATH|IFS|ENV|CDPATH|HOME|SHELL|SHELLOPTS|BASHOPTS|GLOBIGNORE|PS[0-4]|PROMPT_COMMAND|TMPDIR|"
    r"EXECIGNORE|FPATH|FUNCNEST|INPUTRC|HIST.*|OPTIND|OPTARG|PPID|UID|EUID|EDITOR|VISUAL|"
    r".*PAGER|TERM|TERMINFO|MAIL.*|USER|LOGNAME|SECONDS|RANDOM|LINENO|COLUMNS|LANG|LC_.*|TZ|"
    r"(LD|DYLD|BASH|PYTHON|PERL|RUBY|NODE|GIT|SSH|SUDO|LESS|MYSQL|PG|AWS|SALT|RESCUE|JAVA|GCONV|"
    r"GLIBC|MALLOC|XDG|DBUS|SYSTEMD|DEBIAN|APT|OPENSSL|SSL|CURL|REDISCLI|DOCKER|LUA|TAR|GREP|RES|"
    r"LOCALDOMAIN|HOSTALIASES|POSIXLY|GZIP|XZ|ZSTD|RSYNC|LS_).*|.*_proxy|.*_PROXY",
)


def _tested(text: str) -> str | None:
    return f"{text} is not taken as a test" if text in ("-v", "-R", "-o", "-a") else None


def _formatted(text: str) -> str | None:
    hidden = text.startswith("-") or any(hole in text for hole in (UNKNOWN, MANY))
    return "must show its format as it is, as in printf '%s\\n'" if hidden else None


def _variable(text: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) or SPECIAL_VARIABLE.fullmatch(text):
        return f"{shown(text)!r} is no variable that a draft may set"
    return None


def _seen_setting(text: str) -> str | None:
    hidden = re.search(r"(?i)pass|auth|acl|tls|key|user", text)
    return f"{shown(text)} is not shown" if hidden else CHECKS["WORD"](text)


# What is asked of a program about itself; any other address may do something when it is asked.
_HEALTH = (
    r"(/(api|v[0-9]|actuator|internal|-|_cluster|_cat|_nodes|health|_cluster/stats|server|app))?"
    r"/(health|healthz|healthy|healthcheck|health-check|health_check|live|livez|liveness|ready|"
    r"readyz|readiness|status|stub_status|server-status|nginx_status|basic_status|fpm-status|"
    r"fpm-ping|metrics|ping|version|up|alive|stats|nodes|indices)/?"
)
_TEXT_OR_LOCAL = r"(127\.0\.0\.1|localhost|\[::1\]|::1)"
CHECKS: dict[str, Check] = {
    "ANY": lambda text: None,
    "FORMATTED": _formatted,
    "TESTED": _tested,
    "VARIABLE": _variable,
    "PROCESSNAME": _shaped(rf"[A-Za-z0-9_.^$@/: {TOKENS}-]{{1,60}}", "is no name of a process"),
    "SORTKEY": _shaped(r"[-+]?[%a-z,]{1,30}", "must be a column"),
    "LSOFNET": _shaped(rf"(tcp|udp|TCP|UDP)?:?([0-9]{{1,5}}|{NUMBER})?", "must be a port"),
    "AWKVALUE": _shaped(rf"[a-z][a-z0-9_]*=[A-Za-z0-9_.,%{NUMBER}{TOKEN}-]*", "must be x=1"),
    "DOCKERFORMAT": _shaped(
        r"(json|table|\{\{ ?\.[A-Za-z]+ ?\}\}|[ \t:,]|\\t)+", "must show plain columns"
    ),
    "RATE": _shaped(r"[0-9]{1,3}(/[0-9]{1,3})?", "must be numbers"),
    "TEXT": _text,
    "PATTERN": lambda text: _text(text) or (None if MANY not in text else "must be in quotes"),
    "NUM": _shaped(rf"\+?([0-9]{{1,9}}|{NUMBER})", "must be a number"),
    "TIME": _shaped(r"[A-Za-z0-9@+-][A-Za-z0-9 :.,+-]{0,40}", "must be a time"),
    "SECONDS": _shaped(rf"([0-9]{{1,5}}(\.[0-9]{{1,3}})?[smh]?|{NUMBER})", "must be a duration"),
    "WORD": _shaped(r"[A-Za-z0-9_%+][A-Za-z0-9_.,:%+=@-]{0,100}", "must be a plain word"),
    "FORMAT": _shaped(r"\+?[%A-Za-z0-9 _:/.,=\\-]{1,100}", "must be a plain format"),
    "HTTPFORMAT": _shaped(
        r"(\\n|[A-Za-z0-9 :=_.-]|%\{(http_code|time_total|response_code)\})+",
        "may show only http_code and time_total",
    ),
    "RANGE": _shaped(r"[0-9,+-]{1,40}", "must be numbers"),
    "SET": _shaped(r"[^/\ue000-\uf8ff]{1,60}", "must be plain characters"),
    "SIGNAL": _shaped(r"(SIG)?(HUP|USR[12]|TERM|QUIT|INT|WINCH|CONT)|0|1|2|3|15", "is no signal"),
    "ANYSIGNAL": _shaped(r"(SIG)?(HUP|TERM|INT|QUIT|KILL)|[1239]|15", "is no signal"),
    "KILLSIGNAL": _shaped(r"(SIG)?KILL|9", "is no signal"),
    "MODE": _shaped(r"0?[67][0-7][0145]|u\+rw?x?|u=rwx?,g=rx?,o=r?x?", "gives too many rights"),
    "OWNER": _shaped(r"(?!root\b)[a-z_][a-z0-9_-]{0,31}(:[a-z_][a-z0-9_-]{0,31})?", "is no owner"),
    "USER": _shaped(r"(?!root\b)[a-z_][a-z0-9_-]{0,31}", "must be the user of a service"),
    "LOCAL": _shaped(_TEXT_OR_LOCAL, "must be this server itself"),
    "URL": _shaped(
        rf"https?://{_TEXT_OR_LOCAL}(:([0-9]{{1,5}}|{NUMBER}))?"
        rf"(/|{_HEALTH}(\?(auto|json|full|pretty|v))?)?",
        "must be a URL of this server itself that tells its health, as http://127.0.0.1/health",
    ),
    "SEE": _see,
    "READ": _read,
    "READLOG": lambda text: _read(text)
    or (None if text.startswith("/var/log/") else "only logs are searched with all below them"),
    "WRITE": _write,
    "REMOVE": _remove,
    "TREE": _tree,
    "ROTATED": _rotated,
    "FOLDER": _folder,
    "LOG": _log,
    "OWNED": _owned,
    "OWNEDOPENLY": lambda text: _opened(text) or _owned(text),
    "FOLDEROPENLY": lambda text: _opened(text) or _folder(text),
    "OWNEDBELOW": _owned_below,
    "MODESHUT": _shaped(r"0?[67][0-7]0", "must leave its owner to write, and others nothing"),
    "UNIT": services.unit_problem,
    "UNITSTART": services.unit_problem,
    "UNITSTOP": services.stop_problem,
    "UNITSEE": _shaped(rf"[A-Za-z0-9_*{TOKENS}][A-Za-z0-9_.@:*{TOKENS}-]*", "is no unit"),
    "CONTAINER": services.container_problem,
    "NAME": lambda text: None if _NAME.fullmatch(text) else f"{shown(text)!r} is no plain name",
    "PID": services.pid_problem,
    "PROCESS": services.process_problem,
    "TOLD": services.told_problem,
    "SYSCTL": _shaped(r"[a-z0-9_]+(\.[a-z0-9_-]+)+", "is no setting of the kernel"),
    "SYSCTLSET": bounds.kernel_problem,
    "LIMITS": _shaped(r"[1-9][0-9]{3,6}(:[1-9][0-9]{3,6})?", "must be 1000 at least"),
    "SMALLSIZE": _shaped(r"[0-9]{1,7}|[0-9]{1,5}[kK]|[1-5]?[0-9][mM]", "must be less than 60M"),
    "SETTINGSEE": _seen_setting,
    "MAXMEMORY": lambda text: bounds.redis_problem("maxmemory", text),
    "MAXCLIENTS": lambda text: bounds.redis_problem("maxclients", text),
    "IDLETIMEOUT": lambda text: bounds.redis_problem("timeout", text),
    "AWK": little.awk_problem,
    "SED": little.sed_problem,
    "SQLLOOK": lambda text: little.sql_problem(text, changing=False),
    "SQLCHANGE": lambda text: little.sql_problem(text, changing=True),
    "PSQL": little.psql_problem,
    "KEEPTIME": _shaped(r"[1-9][0-9]{0,3}(d|days?|weeks?|w|months?)", "must keep days at least"),
    "KEEPSIZE": _shaped(r"[1-9][0-9]{2,4}M|[1-9][0-9]{0,3}G", "must keep 100M at least"),
    "LOGROTATE": _shaped(
        r"/etc/logrotate\.conf|/etc/logrotate\.d/[A-Za-z0-9_.-]+", "must be in /etc/logrotate.d"
    ),
}
TOUCHES: dict[str, Touch] = {
    "READ": Touch.READS,
    "WRITE": Touch.WRITES,
    "REMOVE": Touch.REMOVES,
    "TREE": Touch.REMOVES,
    "ROTATED": Touch.WRITES,
    "FOLDER": Touch.WRITES,
    "FOLDEROPENLY": Touch.WRITES,
    "OWNED": Touch.WRITES,
    "OWNEDOPENLY": Touch.WRITES,
    "OWNEDBELOW": Touch.WRITES,
    "UNIT": Touch.SERVICES,
    "UNITSTART": Touch.SERVICES,
    "UNITSTOP": Touch.SERVICES,
    "PID": Touch.PROCESSES,
    "PROCESS": Touch.PROCESSES,
    "TOLD": Touch.PROCESSES,
    "CONTAINER": Touch.CONTAINERS,
    "URL": Touch.NETWORK,
    "SYSCTLSET": Touch.KERNEL,
    "SQLCHANGE": Touch.DATABASES,
    "PSQL": Touch.DATABASES,
    "NAME": Touch.CONTAINERS,
    "OWNER": Touch.USERS,
    "USER": Touch.USERS,
}
