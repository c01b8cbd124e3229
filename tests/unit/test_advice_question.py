"""Questions: what makes two of them the same, and how much of the evidence is sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescuebot.advice.question import (
    CommandOnOffer,
    EventFacts,
    Evidence,
    EvidenceKind,
    Question,
    Rejected,
    RunbookOnOffer,
    cut,
    request,
    template,
    without_secrets,
)

LOG = """\
2026-11-22T08:04:55.123456Z 12 [ERROR] [MY-012595] [InnoDB] Operating system error number 28
Nov 22 08:04:55 web-12 systemd[4321]: mysql.service: Main process exited, status=1/FAILURE
2026-11-22T08:04:56.000000Z 0 [Note] ready for connections, port: 3306, thread 139872
failed to open 0x7ffee4c0 for request 550e8400-e29b-41d4-a716-446655440000 after 12.5 ms
"""


def question(**fields: object) -> Question:
    whole = Question(
        event=EventFacts(
            source="aws.cloudwatch",
            type="process_down",
            severity="high",
            service="mysql",
            server="web-12",
            message="mysqld on web-12 (10.0.1.2:3306) has been down for 35 s since 08:04:55",
            time="2026-11-22T08:04:55+00:00",
        ),
        evidence=(Evidence(kind=EvidenceKind.LOG_CHECK, title="error log", text=LOG),),
        runbooks=(
            RunbookOnOffer(
                id=3, version=1, title="Start", description="…", solution_kind="sls", mode="ask"
            ),
        ),
        commands=(CommandOnOffer(id=7, version=1, name="mysql-status", kind="status"),),
    )
    return replace(whole, **fields)  # type: ignore[arg-type]


def with_event(**fields: str) -> Question:
    return question(event=replace(question().event, **fields))


def with_log(text: str) -> Question:
    return question(evidence=(Evidence(kind=EvidenceKind.LOG_CHECK, title="log", text=text),))


ELSEWHERE = (
    LOG.replace("2026-11-22T08:04:5", "2027-01-03T19:44:1")
    .replace("Nov 22 08:04:55", "Jan  3 19:44:11")
    .replace("web-12", "db-7.example")
    .replace("[4321]", "[99]")
    .replace("0x7ffee4c0", "0x1")
    .replace("550e8400-e29b-41d4-a716-446655440000", "6fa459ea-ee8a-3ca4-894e-db77e160355e")
    .replace("12.5 ms", "3 s")
    .replace("Z 12 [", "Z 4711 [")
)


def test_the_same_trouble_on_another_server_at_another_time_is_the_same_question() -> None:
    other = replace(
        with_log(ELSEWHERE),
        event=replace(
            question().event,
            server="db-7.example",
            message="mysqld on db-7.example (10.9.8.7:3307) has been down for 2 m since 19:44:11",
            time="2027-01-03T19:44:11+00:00",
            severity="critical",
        ),
    )
    assert other.hash == question().hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 300 ms", "took 5 s"),
        ("pid 1", "pid 99999"),
        ("[22/Nov/2026:08:04:55 +0900] x", "[1/Dec/2026:18:04:55 +0000] x"),
        ("2026/11/22 08:04:55 x", "2027-01-02T03:04:05.678Z x"),
        ("at 10.0.0.1:80", "at 192.168.7.8:8080"),
        ("at fe80::1:2:3:4", "at 2001:db8::5:6:7"),
        ("id 9f86d081884c7d65", "id 2c26b46b68ffc68f"),
        ("i-0abc123def4567890 is down", "i-0fff123def4567890 is down"),
        ("1 datapoint [99.2 (22/11/26 08:04:00)]", "3 datapoints [91 (23/11/26 09:00:00)]"),
        ("used 91%", "used 100%"),
        ("<email-1> failed", "<email-2> failed"),
        ("Out  of\tmemory", "out of memory"),
    ],
)
def test_what_differs_from_one_time_to_the_next_does_not_count(one: str, other: str) -> None:
    assert template(one).replace("datapoints", "datapoint") == template(other).replace(
        "datapoints", "datapoint"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("error number 28", "error number 11"),
        ("errno: 13", "errno: 2"),
        ("ERROR 1045 (28000)", "ERROR 2002 (HY000)"),
        ("[MY-012595]", "[MY-010119]"),
        ("AH00484", "AH00526"),
        ("exit code 137", "exit code 1"),
        ('HTTP/1.1" 502', 'HTTP/1.1" 404'),
        ("Connection refused", "Connection reset"),
        ("open /etc/a.conf failed", "open /etc/b.conf failed"),
    ],
)
def test_what_tells_troubles_apart_counts(one: str, other: str) -> None:
    assert template(one) != template(other)


@pytest.mark.parametrize(
    "other",
    [
        with_event(service="nginx"),
        with_event(type="disk_full"),
        with_event(source="manual"),
        with_event(message="mysqld hangs"),
        with_log(LOG.replace("error number 28", "error number 13")),
        with_log(LOG + "no space left on device\n"),
        question(runbooks=()),
        question(runbooks=(replace(question().runbooks[0], version=2),)),
        question(commands=(replace(question().commands[0], version=2),)),
        question(state_functions=("service.running",)),
        question(rejected=(Rejected(title="Restart it", why="it made it worse"),)),
    ],
)
def test_another_trouble_or_another_choice_is_another_question(other: Question) -> None:
    assert other.hash != question().hash


def test_order_and_number_of_lines_and_other_evidence_do_not_count() -> None:
    turned = with_log("".join(LOG.splitlines(keepends=True)[::-1] * 3))
    more = Evidence(kind=EvidenceKind.SIBLINGS, title="others", text="db-8 failed too")
    assert turned.hash == question().hash
    assert replace(turned, evidence=(*turned.evidence, more)).hash == question().hash


def test_the_request_is_what_the_function_takes() -> None:
    sent = request(question())
    assert sent["version"] == 1 and sent["question_id"] == question().hash
    assert len(sent["question_id"]) == 64
    assert set(sent["event"]) == {
        *("source", "type", "severity", "service", "server", "message", "time")
    }
    assert sent["evidence"] == [
        {"id": "E1", "kind": "log_check", "title": "error log", "text": LOG}
    ]
    assert sent["runbooks"][0] == {
        **{"id": 3, "title": "Start", "description": "…", "solution_kind": "sls", "mode": "ask"}
    }
    assert sent["commands"] == [{"id": 7, "name": "mysql-status", "kind": "status"}]
    assert sent["allowed"] == {"state_functions": [], "notes": []}
    assert sent["rejected"] == []
    assert json.loads(json.dumps(sent)) == sent


def test_long_evidence_is_cut_and_short_evidence_is_not() -> None:
    texts = ("short", "h" * 200_000 + "TAIL", "HEAD" + "x" * 90_000)
    evidence = tuple(Evidence(kind=EvidenceKind.LOG_CHECK, title="t", text=text) for text in texts)
    sent = request(question(evidence=evidence))
    first, second, third = (item["text"] for item in sent["evidence"])
    assert first == "short"
    assert second.endswith("TAIL") and "characters left out" in second
    assert third.startswith("HEAD")
    assert abs(len(second) - len(third)) < 50
    assert 55_000 < len(json.dumps(sent, ensure_ascii=False)) <= 60_000


@given(
    st.lists(st.text(max_size=50).map(lambda text: text * 300), max_size=6),
    st.integers(3_000, 20_000),
    st.integers(0, 80),
)
@settings(max_examples=30)
def test_a_request_is_never_longer_than_its_limit(
    texts: list[str], limit: int, offers: int
) -> None:
    whole = question(
        evidence=tuple(Evidence(kind=EvidenceKind.CHECK, title='"' * 300, text=t) for t in texts),
        runbooks=question().runbooks * offers,
    )
    assert len(json.dumps(request(whole, limit=limit), ensure_ascii=False)) <= limit


@given(st.text(max_size=500), st.integers(0, 600))
@settings(max_examples=100)
def test_a_cut_text_is_no_longer_than_asked_for(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert cut(text, len(text)) == text


def test_secrets_do_not_leave_and_are_counted() -> None:
    leaking = with_event(message="login with password=hunter22x by a@example.com failed")
    leaking = replace(
        leaking,
        evidence=(Evidence(kind=EvidenceKind.CHECK, title="t", text="hunter22x a@example.com"),),
    )
    clean, found = without_secrets(leaking)
    sent = json.dumps(request(clean))
    assert "hunter22x" not in sent and "example.com" not in sent
    assert clean.evidence[0].text == "<password-1> <email-1>"
    assert found == {"password": 2, "email": 2}
