"""The starter's runbooks against a real nginx and a real Apache: killed, misconfigured, starved."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.integration.test_starter_stand import (
    Program,
    Stand,
    caller,
    program,
    said,
    shell,
    stand,
    until,
    verdict,
)

__all__ = ["caller", "stand"]
pytestmark = pytest.mark.salt


class Nginx(Program):
    """nginx with one worker and a file of its own."""

    def __init__(self, folder: Path, *, location: str = "return 200 well;") -> None:
        super().__init__(folder, "nginx")
        self.config = self.folder / "nginx.conf"
        binary = program("nginx")
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.folder / name).mkdir()
        temporary = "".join(
            f"{key} {self.folder}/{name}; "
            for key, name in (
                ("client_body_temp_path", "body"),
                ("proxy_temp_path", "proxy"),
                ("fastcgi_temp_path", "fastcgi"),
                ("uwsgi_temp_path", "uwsgi"),
                ("scgi_temp_path", "scgi"),
            )
        )
        self.config.write_text(
            f"pid {self.pid_file}; error_log {self.log}; worker_processes 1;\n"
            "events { worker_connections 64; }\n"
            f"http {{ access_log off; {temporary}\n"
            f"server {{ listen 127.0.0.1:{self.port}; location / {{ {location} }} }} }}\n"
        )
        self.command = f"{binary} -c {self.config} -e {self.log}"
        self.start = self.command

    def served(self, stand: Stand, **config: Any) -> dict[str, Any]:
        return stand.serve(
            "nginx",
            process="nginx",
            pid_file=str(self.pid_file),
            port=self.port,
            start=self.start,
            stop=f"{self.command} -s stop; kill -9 $(cat {self.pid_file}); rm -f {self.pid_file}",
            reload=f"{self.command} -s reload",
            config_test=f"{self.command} -t",
            config=[str(self.folder)],
            **config,
        )


def test_a_killed_nginx_is_started_and_verified(stand: Stand) -> None:
    nginx = Nginx(stand.folder)
    nginx.served(stand)
    dead = nginx.up()
    assert verdict(stand.run("Start nginx")) == "nothing_to_fix"
    nginx.kill()
    assert verdict(stand.run("Start nginx")) == "fixed"
    assert nginx.pid not in (None, dead)


def test_a_broken_configuration_of_nginx_is_told_and_not_touched(stand: Stand) -> None:
    nginx = Nginx(stand.folder)
    nginx.served(stand)
    nginx.up()
    nginx.kill()
    good = nginx.config.read_text()
    nginx.config.write_text(good.replace("worker_processes", "worker_proceses"))
    broken = nginx.config.read_text()
    for title in ("Start nginx", "Tell what is wrong with nginx's configuration"):
        result = stand.run(title, patience=0.1)
        assert verdict(result) == "changed_not_fixed"
        assert 'unknown directive "worker_proceses"' in said(result)
    # The file that was changed last is told, the file itself is left as it is.
    assert str(nginx.config) in said(result) and nginx.config.read_text() == broken
    assert nginx.pid is None

    nginx.config.write_text(good)
    assert verdict(stand.run("Tell what is wrong with nginx's configuration")) == "fixed"
    assert nginx.pid


def certificate(path: Path, *, days: int) -> None:
    """A certificate that ends after so many days; before now where they are negative."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    end = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(end - timedelta(days=400)).not_valid_after(end)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def test_a_missing_and_an_expired_certificate_are_told(stand: Stand) -> None:
    program("openssl")
    nginx = Nginx(stand.folder)
    valid, expired = stand.folder / "valid.pem", stand.folder / "expired.pem"
    certificate(valid, days=9)
    certificate(expired, days=-1)
    files = [str(valid), str(expired), str(stand.folder / "none.pem"), str(nginx.config)]
    nginx.served(stand, certificates=files)
    result = stand.run("Tell what is wrong with nginx's configuration")
    told = said(result)
    assert f"{valid}: valid until" in told and f"{expired}: expired on" in told
    assert "none.pem: is not there" in told and "holds no certificate" in told
    # The configuration itself is sound, so nginx is up in the end.
    assert verdict(result) == "fixed"


def test_a_renewed_certificate_is_loaded_without_ending_the_server(stand: Stand) -> None:
    program("openssl")
    nginx = Nginx(stand.folder)
    served = stand.folder / "served.pem"
    certificate(served, days=9)
    tls = f"127.0.0.1:{nginx.port} ssl; ssl_certificate {served};"
    tls += f" ssl_certificate_key {served.with_suffix('.key')};"
    nginx.config.write_text(nginx.config.read_text().replace(f"127.0.0.1:{nginx.port};", tls))
    pid = nginx.up()
    asked = f"openssl s_client -connect 127.0.0.1:{nginx.port} </dev/null 2>/dev/null"
    stand.rescue["services"]["tls"] = {
        **nginx.served(stand),
        "certificates": [str(served)],
        "health": f"{asked} | openssl x509 -noout -checkend {30 * 86400}",
    }
    title = "Load a renewed certificate"
    still = stand.run(title, patience=0.1)
    assert verdict(still) == "changed_not_fixed"
    certificate(served, days=90)
    assert verdict(stand.run(title)) == "fixed"
    assert nginx.pid == pid

    certificate(served, days=9)
    served.write_text("nonsense")
    refused = stand.run(title)
    assert verdict(refused) == "nothing_to_fix"  # what is served is still the good one


def test_what_stands_behind_nginx_is_started_when_requests_fail(stand: Stand) -> None:
    program("curl")
    program("ss")
    backend = Memcached(stand.folder)  # answers HTTP with an error, which is an answer
    nginx = Nginx(stand.folder, location=f"proxy_pass http://127.0.0.1:{backend.port}; ")
    address = f"http://127.0.0.1:{nginx.port}/"
    nginx.served(
        stand,
        needs=["memcached"],
        health=f"curl -s -o /dev/null -w '%{{http_code}}' --max-time 5 {address} | grep -qv 502;"
        f" ss -ltn | grep -q :{backend.port}",
    )
    stand.serve("memcached", process="memcached", port=backend.port, start=backend.start)
    pid = nginx.up()
    assert "502" in shell(f"curl -s {address}")
    result = stand.run("Start what nginx passes requests to")
    assert verdict(result) == "fixed", said(result)
    assert backend.listens() and nginx.pid == pid


class Memcached(Program):
    """memcached on a port of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "memcached")
        binary = program("memcached")
        self.start = f"{binary} -u root -l 127.0.0.1 -p {self.port} -U 0 -P {self.pid_file}"


def test_a_killed_memcached_is_started_and_one_that_hangs_is_left_alone(stand: Stand) -> None:
    memcached = Memcached(stand.folder)
    stand.serve(
        "memcached",
        process="memcached",
        pid_file=str(memcached.pid_file),
        start=memcached.start,
        # What the kernel has stopped answers nobody, though its port is still open.
        health=f"! grep -q '^State:.T' /proc/$(cat {memcached.pid_file})/status",
    )
    memcached.up()
    memcached.kill()
    assert verdict(stand.run("Start memcached")) == "fixed"
    pid = memcached.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        result = stand.run("Start memcached", patience=0.1)
        assert verdict(result) == "changed_not_fixed"
        assert "What runs is not ended here" in said(result)
        assert memcached.pid == pid
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_limit_of_open_files_is_raised_while_nginx_runs(stand: Stand) -> None:
    program("curl")
    program("prlimit")
    nginx = Nginx(stand.folder)
    nginx.served(stand)
    text = nginx.config.read_text()
    # Only who may do anything may change the limits of another user's process.
    nginx.config.write_text("user root;\n" + text)
    pid = nginx.up()
    [worker] = shell(f"cat /proc/{pid}/task/{pid}/children").split()
    shell(f"prlimit --pid {worker} --nofile=16:400")
    idle = [socket.create_connection(("127.0.0.1", nginx.port)) for _ in range(12)]
    until(lambda: stand.check("nginx")[0] == 1, "nginx has run out of files")
    result = stand.run("Raise nginx's limit of open files")
    assert verdict(result) == "fixed", said(result)
    assert "may now have 400 instead of 16" in said(result)
    assert nginx.pid == pid and "well" in shell(f"curl -s http://127.0.0.1:{nginx.port}/")
    for connection in idle:
        connection.close()


class Apache(Program):
    """Apache with two modules and a file of its own."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        super().__init__(folder, "apache2")
        binary = program("apache2")
        modules = Path("/usr/lib/apache2/modules")
        self.config = self.folder / "apache2.conf"
        loads = "".join(
            f"LoadModule {name}_module {modules}/mod_{name}.so\n"
            for name in ("mpm_event", "authz_core")
        )
        (self.folder / "www").mkdir()
        (self.folder / "www" / "index.html").write_text("well\n")
        self.config.write_text(
            f"{loads}ServerName x\nServerRoot {self.folder}\nDocumentRoot {self.folder}/www\n"
            f"Listen 127.0.0.1:{self.port}\nPidFile {self.pid_file}\nErrorLog {self.log}\n"
            f"DefaultRuntimeDir {self.folder}\nTimeout 60\nUser www-data\nGroup www-data\n"
            f"StartServers 1\nServerLimit 4\nThreadsPerChild {workers}\nThreadLimit {workers}\n"
            f"MaxRequestWorkers {workers}\nMinSpareThreads 1\nMaxSpareThreads {workers}\n"
            "GracefulShutdownTimeout 1\n"
        )
        self.command = f"{binary} -d {self.folder} -f {self.config}"
        self.start = f"{self.command} -k start"

    def served(self, stand: Stand, **config: Any) -> None:
        stand.serve(
            "apache",
            process="apache2",
            pid_file=str(self.pid_file),
            port=self.port,
            start=self.start,
            reload=f"{self.command} -k graceful",
            config_test=f"{self.command} -t",
            config=[str(self.config)],
            **config,
        )


def test_a_killed_apache_is_started_past_a_stale_pid_file(stand: Stand) -> None:
    apache = Apache(stand.folder)
    apache.served(stand)
    apache.up()
    apache.kill()
    # By now the pid belongs to somebody else, whom Apache takes for itself and does not start.
    sleeper = subprocess.Popen(["/bin/sleep", "60"])
    apache.pid_file.write_text(f"{sleeper.pid}\n")
    assert "already running" in shell(apache.start, code=None)
    assert verdict(stand.run("Start Apache")) == "fixed"
    assert apache.pid != sleeper.pid and sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_a_broken_configuration_of_apache_is_told(stand: Stand) -> None:
    apache = Apache(stand.folder)
    apache.served(stand)
    apache.config.write_text(apache.config.read_text() + "NoSuchDirective on\n")
    result = stand.run("Tell what is wrong with Apache's configuration", patience=0.1)
    assert verdict(result) == "changed_not_fixed"
    assert "NoSuchDirective" in said(result) and str(apache.config) in said(result)
    assert apache.pid is None


def test_workers_that_serve_nobody_are_replaced_gracefully(stand: Stand) -> None:
    program("curl")
    apache = Apache(stand.folder, workers=2)
    address = f"http://127.0.0.1:{apache.port}/"
    apache.served(stand, health=f"curl -sS -o /dev/null --max-time 1 {address}")
    pid = apache.up()
    held = []
    for _ in range(2):
        connection = socket.create_connection(("127.0.0.1", apache.port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        held.append(connection)
    until(lambda: stand.check("apache")[0] == 1, "all workers are busy")
    result = stand.run("Free the workers of Apache")
    assert verdict(result) == "fixed", said(result)
    assert apache.pid == pid
    for connection in held:
        connection.close()
