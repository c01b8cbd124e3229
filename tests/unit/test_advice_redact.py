"""Redaction: what is planted never survives, what tells the trouble stays."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescuebot.advice.redact import Redactor, redacted

# What precedes, the secret, what follows, the kind that it is found as.
PLANTED = [
    ("key ", "AKIAIOSFODNN7EXAMPLE", "", "aws-key"),
    ("key ", "ASIAY34FZKBOKMUTVV7A", " used", "aws-key"),
    ("aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "password"),
    ("found ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ3LEtu9Va", " there", "secret"),
    ("id ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "", "token"),
    ("-----BEGIN RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA75GTvhqk", "\n", "private-key"),
    ("", "MIIEpAIBAAKCAQEA75GTvhqk", "\n-----END OPENSSH PRIVATE KEY-----", "private-key"),
    ("mysql://root:", "s3cr3t!pw", "@db.internal:3306/app", "password"),
    ("redis://:", "p@ss/w0rd", "@10.0.0.1:6379/0", "password"),
    ("app:", "s3cr3tpw", "@tcp(10.0.0.5:3306)/app", "password"),
    ("password=", "hunter22x", "&user=root", "password"),
    ('"DB_PASSWORD": "', "correct horse battery", '"', "password"),
    ("비밀번호: ", "qwer1234!", "", "password"),
    ("パスワード=", "sakura123", "", "password"),
    ("mysqladmin --password=", "hunter22x", " ping", "password"),
    ("tool --api-key ", "k3y0fapp99", " run", "password"),
    ("mysql -uroot -p", "hunter22x", " app", "password"),
    ("curl -s -u admin:", "hunter22x", " http://10.0.0.1/", "password"),
    ("redis-cli -h 10.0.0.1 -a ", "hunter22x", " ping", "password"),
    ("requirepass ", "foobared1", "", "password"),
    ("CREATE USER x IDENTIFIED BY '", "hunter22x", "'", "password"),
    ("token ", "xoxb-123456789012-abcdefABCDEF", "", "token"),
    ("https://hooks.slack.com/services/", "T00000000/B00000000/XXXXXXXX", "", "webhook"),
    ("using ", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "", "token"),
    ("using ", "glpat-abcdefghij0123456789", "", "token"),
    ("stripe ", "sk_live_4eC39HqLyjWDarjtT1", "", "token"),
    ("Authorization: Bearer ", "abc.def-ghi_123456", "", "authorization"),
    ("authorization: Basic ", "dXNlcjpwYXNzd29yZA==", "", "authorization"),
    ("X-Auth-Token: ", "abcdef0123456789", "", "password"),
    ("Cookie: ", "sid=31d4d96e407aad42; theme=dark", "", "cookie"),
    ("Set-Cookie: ", "PHPSESSID=298zf09hf012fh2; path=/", "", "cookie"),
    ("/x?X-Amz-Signature=", "fe5f80f77d5fa3beca038a248ff027", "&y=1", "password"),
    ("from ", "hong.gildong@example.co.kr", " today", "email"),
    ("call ", "010-1234-5678", "", "phone"),
    ("call ", "01012345678", "", "phone"),
    ("call ", "02-312-3456", " now", "phone"),
    ("call ", "+82 10-1234-5678", "", "phone"),
    ("call ", "090-1234-5678", "", "phone"),
    ("call ", "03-1234-5678", "", "phone"),
    ("call ", "+81-90-1234-5678", "", "phone"),
    ("call ", "0120-123-456", "", "phone"),
    ("call ", "+1 415 555 2671", "", "phone"),
    ("rrn ", "880101-1234567", "", "resident-number"),
    ("card ", "4111 1111 1111 1111", "", "card"),
    ("card ", "5500-0000-0000-0004", "", "card"),
    ("card ", "378282246310005", "", "card"),
    ("to ", "DE89370400440532013000", "", "iban"),
    ("to ", "GB29 NWBK 6016 1331 9268 19", "", "iban"),
]
ORDINARY = """
2026-11-22T08:04:55.123456Z 0 [ERROR] [MY-012595] [InnoDB] Operating system error number 28
2026-11-22T08:04:55.123456Z 12 [Note] Access denied for user 'root'@'10.0.1.2' (using password: YES)
ERROR 1045 (28000): Access denied for user 'app'@'localhost' (using password: NO)
ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/run/mysqld/mysqld.sock' (2)
[Warning] Aborted connection 4711 to db: 'shop' user: 'app' host: '192.168.10.21' (Got timeout)
[ERROR] [MY-010119] [Server] Aborting
InnoDB: Unable to lock ./ibdata1 error: 11
mysqld: Table './mysql/plugin' is marked as crashed and should be repaired
Version: '8.0.35-0ubuntu0.22.04.1'  socket: '/run/mysqld/mysqld.sock'  port: 3306  (Ubuntu)
nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)
2026/11/22 08:04:55 [error] 1234#1234: *5678 connect() failed (111: Connection refused) to upstream
2026/11/22 08:04:55 [crit] 1234#0: *1 open() "/var/cache/nginx/1/x" failed (28: No space left)
10.0.3.4 - - [22/Nov/2026:08:04:55 +0900] "GET /api/v1/orders?page=2 HTTP/1.1" 502 157 "-" "curl/8"
nginx: [emerg] cannot load certificate "/etc/nginx/ssl/site.crt": BIO_new_file() failed
nginx: configuration file /etc/nginx/nginx.conf test failed
[mpm_event:error] [pid 1234:tid 139872] AH00484: server reached MaxRequestWorkers setting
AH00526: Syntax error on line 12 of /etc/apache2/sites-enabled/000-default.conf:
kernel: Out of memory: Killed process 4321 (mysqld) total-vm:12345678kB, anon-rss:7654321kB
kernel: [123456.789012] EXT4-fs error (device nvme0n1p1): ext4_find_entry:1455: inode #1234
kernel: blk_update_request: I/O error, dev sda, sector 123456789 op 0x0:(READ) flags 0x80700
kernel: TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.
kernel: BUG: unable to handle page fault for address: ffffffffc0a1b2c3
systemd[1]: nginx.service: Main process exited, code=exited, status=1/FAILURE
systemd[1]: php-fpm@8.2.service: Start request repeated too quickly.
systemd[1]: Failed to start user@1000.service - User Manager for UID 1000.
sshd[2345]: Failed password for invalid user admin from 203.0.113.7 port 51234 ssh2
sshd[2345]: fatal: Cannot bind any address.
Traceback (most recent call last):
  File "/opt/app/main.py", line 42, in <module>
ConnectionRefusedError: [Errno 111] Connection refused
psycopg2.OperationalError: FATAL:  remaining connection slots are reserved
redis[999]: MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist
1234:M 22 Nov 2026 08:04:55.123 # Can't save in background: fork: Cannot allocate memory
java.lang.OutOfMemoryError: Java heap space at com.example.shop.OrderService.find(Order.java:128)
dockerd: level=error msg="Handler for POST /v1.43/containers/3f4e5d6c7b8a/start returned error"
OCI runtime create failed: container_linux.go:380: starting container process caused: exit 127
chronyd[812]: Can't synchronise: no selectable sources (offset 12.345 s)
haproxy[77]: Server web/web-01 is DOWN, reason: Layer4 connection problem, 0 active servers left
Filesystem /dev/nvme0n1p1 48G 47G 120M 100% / and inodes 3276800 of 3276800 used
Threshold Crossed: 1 datapoint [99.2 (22/11/26 08:04:00)] was greater than the threshold (90.0).
arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:disk-full i-0abc123def4567890
bash: /etc/passwd: Permission denied
commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b sha256:2c26b46b68ffc68ff99b453c1d30413413422d70
request 550e8400-e29b-41d4-a716-446655440000 took 1763798695123 ns, epoch 1763798695
libmysqlclient.so.21.2.35 => /usr/lib/x86_64-linux-gnu/libmysqlclient.so.21 (0x00007f1234567000)
"""


@pytest.mark.parametrize(("before", "secret", "after", "kind"), PLANTED)
def test_what_is_planted_is_found_as_what_it_is(
    before: str, secret: str, after: str, kind: str
) -> None:
    result = redacted(f"one\n{before}{secret}{after}\ntwo")
    assert secret not in result.text
    assert kind in result.found
    assert result.text.startswith("one\n") and (result.text.endswith("\ntwo") or kind[0] == "p")


@given(
    st.lists(st.sampled_from(PLANTED), min_size=1, max_size=4),
    st.lists(st.text(max_size=30) | st.sampled_from(ORDINARY.splitlines()), min_size=5, max_size=5),
)
@settings(max_examples=150)
def test_what_is_planted_never_survives_in_any_text(
    planted: list[tuple[str, str, str, str]], around: list[str]
) -> None:
    text = around[0]
    for (before, secret, after, _), more in zip(planted, around[1:]):
        text += f"\n{before}{secret}{after}\n{more}"
    result = redacted(text)
    assert [secret for _, secret, _, _ in planted if secret in result.text] == []


@pytest.mark.parametrize("line", [line for line in ORDINARY.splitlines() if line])
def test_an_ordinary_line_stays_as_it_is(line: str) -> None:
    assert redacted(line).text == line


@given(st.text(), st.text(string.ascii_letters + string.digits + "=:/@.-+ \n\"'", max_size=300))
@settings(max_examples=150)
def test_any_text_comes_back(wild: str, tame: str) -> None:
    for text in (wild, tame, "\ud800" + tame):
        assert isinstance(redacted(text).text, str)


def test_the_same_value_is_called_the_same_within_one_question() -> None:
    redactor = Redactor()
    first = redactor.redacted("a@example.com wrote to b@example.com")
    second = redactor.redacted("b@example.com answered a@example.com")
    assert first.text == "<email-1> wrote to <email-2>"
    assert second.text == "<email-2> answered <email-1>"
    assert second.found == {"email": 2}


def test_a_secret_that_is_known_is_taken_out_where_nothing_names_it() -> None:
    redactor = Redactor()
    assert redactor.redacted("password=hunter22x").text == "password=<password-1>"
    assert redactor.redacted("login with hunter22x failed").text == "login with <password-1> failed"


def test_internal_names_are_taken_out_where_that_is_asked_for() -> None:
    text = "db-7.corp.example refused db-8.corp.example"
    assert redacted(text).text == text
    hidden = redacted(text, also=[r"[a-z0-9-]+\.corp\.example"])
    assert hidden.text == "<internal-1> refused <internal-2>"
    assert hidden.found == {"internal": 2}


def test_a_long_text_of_one_kind_is_searched_in_time() -> None:
    for piece in ("a", "a@", "password=", "-----BEGIN RSA PRIVATE KEY-----", "1 ", "://:", "0-"):
        assert redacted(piece * (200_000 // len(piece))).text is not None
