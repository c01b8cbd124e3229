"""Shell drafts: what helps passes with its risk, what harms is refused however it is dressed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescuebot.advice.shell import Risk, Touch, assess
from rescuebot.advice.shell.commands import ALLOWED
from rescuebot.advice.shell.denied import DENIED
from tests.attacks import ATTACK_LINES, MULTI
from tests.drafts import FOREIGN, LONG_GOOD, LOOKS, MENDS, NEEDS_CARE

HARMLESS = [("disk", script) for script in LOOKS] + MENDS + NEEDS_CARE + LONG_GOOD
KNOWN = [script for _, script in HARMLESS] + MULTI
# An attack is refused whatever service its event is of.
SERVICES = ("nginx", "mysql", "postgresql", "redis", "app", "auditd", "")


@pytest.mark.parametrize("script", LOOKS)
def test_what_only_looks_is_of_low_risk(script: str) -> None:
    found = assess(script, service="disk")
    assert (found.risk, found.reasons) == (Risk.LOW, ())


@pytest.mark.parametrize(("service", "script"), MENDS + LONG_GOOD)
def test_what_mends_with_care_may_be_approved(service: str, script: str) -> None:
    found = assess(script, service=service)
    assert found.refusals == ()
    assert found.risk is Risk.MEDIUM


@pytest.mark.parametrize(("service", "script"), NEEDS_CARE)
def test_what_may_hurt_is_of_high_risk_but_not_refused(service: str, script: str) -> None:
    found = assess(script, service=service)
    assert (found.risk, found.refusals) == (Risk.HIGH, ())


@pytest.mark.parametrize(("kind", "script"), ATTACK_LINES)
def test_an_attack_is_refused(kind: str, script: str) -> None:
    for service in SERVICES:
        found = assess(script, service=service)
        assert found.risk is Risk.REFUSED, (service, found)
        assert all(reason.words and reason.words.isprintable() for reason in found.refusals)


@pytest.mark.parametrize(("service", "script"), FOREIGN)
def test_a_draft_acts_on_its_own_service_alone(service: str, script: str) -> None:
    assert assess(script, service=service).risk is Risk.REFUSED


@pytest.mark.parametrize(("service", "script"), MENDS + NEEDS_CARE)
def test_what_is_right_for_one_service_is_refused_for_another(service: str, script: str) -> None:
    own = assess(script, service=service)
    other = assess(script, service="billing")
    acts = {Touch.SERVICES, Touch.PROCESSES, Touch.CONTAINERS, Touch.USERS} & set(own.touched)
    is_anybodys = "RESCUE_" in script or "-u redis" in script
    assert not acts or is_anybodys or other.risk is Risk.REFUSED


@pytest.mark.parametrize("script", MULTI)
def test_an_attack_of_several_lines_is_refused(script: str) -> None:
    assert assess(script, service="nginx").risk is Risk.REFUSED


def test_there_are_enough_drafts_to_tell() -> None:
    assert len(KNOWN) + len(ATTACK_LINES) >= 400


def test_it_tells_what_would_be_touched() -> None:
    found = assess(
        "rm -f /run/nginx.pid\nsystemctl restart nginx\necho x > /tmp/abc\n"
        "curl http://127.0.0.1/\nkill -HUP $(pidof nginx)\nappctl recover\n",
        service="nginx",
    )
    assert found.touched[Touch.REMOVES] == ("/run/nginx.pid",)
    assert found.touched[Touch.SERVICES] == ("nginx",)
    assert found.touched[Touch.WRITES] == ("/tmp/abc",)
    assert found.touched[Touch.NETWORK] == ("http://127.0.0.1/",)
    assert found.touched[Touch.PROCESSES] == ("<pid of nginx>",)
    assert found.touched[Touch.UNKNOWN] == ("appctl",)
    assert "curl" in found.touched[Touch.COMMANDS]


def test_the_gravest_reason_stands_first_with_its_line() -> None:
    found = assess(
        "df -h\nsystemctl restart nginx\nsystemctl stop nginx\nsh -c 'df\nreboot'\n",
        service="nginx",
    )
    assert [(reason.risk, reason.line) for reason in found.reasons] == [
        (Risk.REFUSED, 5),
        (Risk.HIGH, 3),
        (Risk.MEDIUM, 2),
    ]


def test_no_command_is_both_allowed_and_denied() -> None:
    assert set(ALLOWED) & set(DENIED) == set()


@pytest.mark.parametrize("name", sorted(DENIED))
def test_what_is_denied_is_refused_by_every_way(name: str) -> None:
    ways = (f"{name} x", f"sudo {name}", f"/usr/bin/{name}", f"df | {name}", f"echo $({name})")
    assert [way for way in ways if assess(way, service="nginx").risk is not Risk.REFUSED] == []


@pytest.mark.parametrize("attack", ["reboot", "rm -rf /etc", "cat /etc/shadow", "crontab -l"])
@pytest.mark.parametrize(
    "around",
    [
        "if {}; then df; fi",
        "if df; then {}; fi",
        "if df; then df; else {}; fi",
        "if df; then df; elif {}; then df; fi",
        "while {}; do df; done",
        "for i in 1 2; do {}; done",
        "case x in y) df ;; *) {} ;; esac",
        "f() {{ {}; }}",
        "({})",
        "{{ {}; }}",
        "! {}",
        "df && {}",
        "df || {}",
        "df; {}",
        "df | {}",
        "{} | cat",
        "{} > /dev/null 2>&1",
        'echo "$({})"',
        "x=$({})",
        "x=`{}`",
        ': "${{x:-$({})}}"',
        "case $({}) in x) df ;; esac",
        "for i in $({}); do df; done",
        '[ -n "$({})" ]',
        "sh -c '{}'",
        "bash -c 'sh -c \"{}\"'",
        "trap '{}' EXIT",
        "timeout 5 {}",
        "sudo {}",
        "env LC_ALL=C {}",
        "nice -n 5 {}",
        "command {}",
        "exec {}",
        "time {}",
        "LC_ALL=C {}",
        "cat <<EOF\n$({})\nEOF",
        "echo a \\\n  && {}",
        "find /tmp/abc -type f -exec {} {{}} +",
    ],
)
def test_no_place_hides_an_attack(around: str, attack: str) -> None:
    harmless = around.format("df")
    assert "-exec" in around or assess(harmless, service="nginx").risk is not Risk.REFUSED, assess(
        harmless, service="nginx"
    )
    assert assess(around.format(attack), service="nginx").risk is Risk.REFUSED


pieces = st.sampled_from(
    [
        *KNOWN,
        *(line for _, line in ATTACK_LINES),
        *"\n;|&$(){}[]<>`'\"\\#!*~=",
        " ",
        "$(",
        "<<EOF\n",
    ]
)


@given(st.lists(pieces, max_size=6).map("".join))
@settings(max_examples=300)
def test_no_draft_makes_it_raise(script: str) -> None:
    assert assess(script, service="nginx").risk in Risk


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_no_text_makes_it_raise(script: str) -> None:
    assert assess(script, service="nginx").risk in Risk


@given(st.sampled_from(KNOWN), st.integers(0, 2_000), st.sampled_from([x for _, x in ATTACK_LINES]))
@settings(max_examples=200)
def test_an_attack_in_a_line_of_its_own_spoils_every_draft(
    script: str, place: int, attack: str
) -> None:
    whole = script.splitlines()
    place %= len(whole) + 1
    if "<<" in script or place == 0 and script.startswith("#!") or any("\\" in x for x in whole):
        place = len(whole)
    assert (
        assess("\n".join([*whole[:place], attack, *whole[place:], ""]), service="nginx").risk
        is Risk.REFUSED
    )


@pytest.mark.parametrize("script", ["(" * 5_000, "$(" * 5_000, "if " * 5_000, "a" * 20_000])
def test_a_draft_that_is_too_much_is_refused_at_once(script: str) -> None:
    assert assess(script, service="nginx").risk is Risk.REFUSED
