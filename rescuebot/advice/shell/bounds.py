"""Settings of programs and of the kernel that a draft may change, each with its bounds.

Invariant: a setting that is not named here is refused, and so is a value that would starve a
service, empty a cache or a journal, or weaken what keeps data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_K, _M, _G = 1 << 10, 1 << 20, 1 << 30
_UNITS = {"": 1, "k": _K, "kb": _K, "m": _M, "mb": _M, "g": _G, "gb": _G}
_DAY = 86_400
KEEP_DAYS = 2
"""How much of the binary logs is always kept: what replicas and a recovery still need."""


@dataclass(frozen=True, slots=True)
class _Bound:
    least: int
    most: int
    is_size: bool = False

    def problem(self, name: str, text: str) -> str | None:
        """Why the text is no number within the bounds."""
        found = re.fullmatch(r"([0-9]{1,12})([A-Za-z]{0,2})", text)
        unit = found.group(2).lower() if found else "?"
        fits = unit in (_UNITS if self.is_size else ("", "s"))
        if found and fits:
            value = int(found.group(1)) * (_UNITS[unit] if self.is_size else 1)
            if self.least <= value <= self.most:
                return None
        return f"{name} must be from {self.least:,} to {self.most:,}"


def _sizes(least: int, most: int) -> _Bound:
    return _Bound(least, most, is_size=True)


_MYSQL = {
    "max_connections": _Bound(100, 10_000),
    "max_user_connections": _Bound(50, 10_000),
    "wait_timeout": _Bound(60, _DAY),
    "interactive_timeout": _Bound(60, _DAY),
    "connect_timeout": _Bound(5, 60),
    "innodb_lock_wait_timeout": _Bound(5, 300),
    "table_open_cache": _Bound(400, 100_000),
    "thread_cache_size": _Bound(8, 1_000),
    "long_query_time": _Bound(1, 60),
    "max_connect_errors": _Bound(100, 1_000_000),
    "innodb_io_capacity": _Bound(100, 20_000),
    "binlog_expire_logs_seconds": _Bound(KEEP_DAYS * _DAY, 365 * _DAY),
    "innodb_buffer_pool_size": _sizes(128 * _M, 256 * _G),
}
_MYSQL_FILE = _MYSQL | {
    "open_files_limit": _Bound(1_024, 1_048_576),
    "back_log": _Bound(50, 65_535),
    "expire_logs_days": _Bound(KEEP_DAYS, 365),
    "tmp_table_size": _sizes(16 * _M, _G),
    "max_heap_table_size": _sizes(16 * _M, _G),
    "max_allowed_packet": _sizes(16 * _M, _G),
}
_REDIS = {
    "maxmemory": _sizes(_G, 256 * _G),
    "maxclients": _Bound(1_000, 100_000),
    "timeout": _Bound(60, _DAY),
}
_NGINX = {
    "worker_connections": _Bound(512, 65_535),
    "worker_rlimit_nofile": _Bound(1_024, 1_048_576),
    "worker_processes": _Bound(1, 64),
    "keepalive_timeout": _Bound(5, 300),
    "send_timeout": _Bound(5, 300),
    "client_max_body_size": _sizes(_M, _G),
    "proxy_connect_timeout": _Bound(3, 75),
    "proxy_read_timeout": _Bound(10, 600),
    "proxy_send_timeout": _Bound(10, 600),
    "fastcgi_read_timeout": _Bound(10, 600),
    "server_names_hash_bucket_size": _Bound(32, 1_024),
}
_APACHE = {
    "maxrequestworkers": _Bound(50, 4_096),
    "serverlimit": _Bound(8, 4_096),
    "threadsperchild": _Bound(8, 512),
    "timeout": _Bound(10, 600),
    "keepalivetimeout": _Bound(1, 60),
    "maxkeepaliverequests": _Bound(50, 10_000),
    "maxconnectionsperchild": _Bound(100, 1_000_000),
}
_PHP = {
    "memory_limit": _sizes(64 * _M, 2 * _G),
    "post_max_size": _sizes(_M, _G),
    "upload_max_filesize": _sizes(_M, _G),
    "max_execution_time": _Bound(10, 600),
    "max_input_time": _Bound(10, 600),
    "request_terminate_timeout": _Bound(10, 600),
    "pm.max_children": _Bound(5, 1_000),
    "pm.start_servers": _Bound(1, 200),
    "pm.min_spare_servers": _Bound(1, 200),
    "pm.max_spare_servers": _Bound(1, 400),
    "pm.max_requests": _Bound(100, 100_000),
}
_POSTGRESQL = {
    "max_connections": _Bound(50, 2_000),
    "shared_buffers": _sizes(128 * _M, 64 * _G),
    "work_mem": _sizes(_M, _G),
    "maintenance_work_mem": _sizes(16 * _M, 8 * _G),
    "max_wal_size": _sizes(_G, 100 * _G),
}
FILES: Mapping[str, Mapping[str, _Bound]] = {
    "mysql": _MYSQL_FILE,
    "redis": _REDIS | {"tcp-keepalive": _Bound(30, 600), "tcp-backlog": _Bound(128, 65_535)},
    "nginx": _NGINX,
    "apache": _APACHE,
    "php-fpm": _PHP,
    "haproxy": {"maxconn": _Bound(500, 1_000_000)},
    "postgresql": _POSTGRESQL,
}
_KERNEL = {
    "vm.swappiness": _Bound(0, 100),
    "vm.dirty_ratio": _Bound(5, 60),
    "vm.dirty_background_ratio": _Bound(1, 40),
    "vm.vfs_cache_pressure": _Bound(10, 500),
    "vm.min_free_kbytes": _Bound(16_384, 262_144),
    "vm.max_map_count": _Bound(65_530, 2_097_152),
    "vm.overcommit_memory": _Bound(0, 1),
    "vm.drop_caches": _Bound(1, 3),
    "fs.file-max": _Bound(65_536, 10_000_000),
    "fs.nr_open": _Bound(1_048_576, 10_000_000),
    "fs.aio-max-nr": _Bound(65_536, 4_194_304),
    "fs.inotify.max_user_watches": _Bound(8_192, 2_097_152),
    "fs.inotify.max_user_instances": _Bound(128, 8_192),
    "net.core.somaxconn": _Bound(128, 65_535),
    "net.core.netdev_max_backlog": _Bound(1_000, 250_000),
    "net.core.rmem_max": _Bound(212_992, 64 * _M),
    "net.core.wmem_max": _Bound(212_992, 64 * _M),
    "net.ipv4.tcp_fin_timeout": _Bound(15, 120),
    "net.ipv4.tcp_keepalive_time": _Bound(60, 7_200),
    "net.ipv4.tcp_keepalive_intvl": _Bound(5, 75),
    "net.ipv4.tcp_keepalive_probes": _Bound(3, 20),
    "net.ipv4.tcp_max_syn_backlog": _Bound(256, 65_535),
    "net.ipv4.tcp_max_tw_buckets": _Bound(8_192, 2_097_152),
    "net.ipv4.tcp_tw_reuse": _Bound(0, 2),
    "net.netfilter.nf_conntrack_max": _Bound(65_536, 4_194_304),
    "net.netfilter.nf_conntrack_tcp_timeout_established": _Bound(600, 432_000),
}


def setting_problem(program: str, name: str, value: str) -> str | None:
    """Why a setting in a file of a program may not have this value."""
    plain = name.lower().replace("-", "_") if program == "mysql" else name.lower()
    return _problem(FILES.get(program, {}), plain, value, program)


def mysql_problem(name: str, value: str) -> str | None:
    """Why a global variable of MySQL may not have this value."""
    return _problem(_MYSQL, name.lower(), value, "MySQL") or (
        None if value.isdigit() else f"{name} must be a plain number"
    )


def redis_problem(name: str, value: str) -> str | None:
    """Why a setting of a Redis that runs may not have this value."""
    return _problem(_REDIS, name, value, "Redis")


def kernel_problem(text: str) -> str | None:
    """Why `name=value` may not be set in the kernel."""
    name, _, value = text.partition("=")
    if name == "net.ipv4.ip_local_port_range":
        fits = re.fullmatch(r"(1[0-9]{4}|2[0-9]{4}|3[0-2][0-9]{3})\s+6[0-5][0-9]{3}", value)
        return None if fits else f"{name} must be as in 15000 65000"
    return _problem(_KERNEL, name, value, "the kernel")


def _problem(known: Mapping[str, _Bound], name: str, value: str, of: str) -> str | None:
    bound = known.get(name)
    if bound is None:
        return f"{name[:60]!r} is no setting of {of} that a draft may change"
    return bound.problem(name, value)
