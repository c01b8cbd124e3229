"""What the fields of commands and runbooks must be: every problem at once, and never a crash."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescuebot import scripts
from rescuebot.commands import validation as commands
from rescuebot.runbooks import validation as runbooks

COMMAND: dict[str, Any] = {
    "command_name": "mysql-status",
    "target_service": "mysql",
    "command_type": "status",
    "command_script": "pgrep -x mysqld",
}
RUNBOOK: dict[str, Any] = runbooks.completed(
    {
        "title": "Start MySQL",
        "service_type": "mysql",
        "error_pattern": "no process",
        "solution_kind": "state",
        "solution_script": "rescue.mysql",
    }
)


def told(**fields: Any) -> dict[str, str]:
    """The problems of a runbook with these fields, by field."""
    found = runbooks.problems_of({**RUNBOOK, **fields})
    return {problem.field: problem.message for problem in found}


def told_of_script(script: str) -> str:
    found = told(solution_kind="shell", solution_script=script)
    assert list(found) in ([], ["solution_script"])
    return found.get("solution_script", "")


def test_what_is_valid_has_no_problems() -> None:
    assert commands.problems_of(COMMAND) == []
    assert runbooks.problems_of(RUNBOOK) == []


def test_all_problems_are_told_at_once() -> None:
    bad = {
        "title": "",
        "service_type": "My SQL",
        "error_pattern": "(",
        "solution_kind": "magic",
        "solution_script": "",
        "mode": "sometimes",
        "priority": 1001,
        "enabled": "yes",
        "attempts": 0,
        "retry_seconds": 3601,
        "description": "\x07",
        "colour": "red",
    }
    assert set(told(**bad)) == set(bad)


@pytest.mark.parametrize("field", ["title", "service_type", "error_pattern", "solution_script"])
def test_a_missing_field_is_named(field: str) -> None:
    fields = {name: value for name, value in RUNBOOK.items() if name != field}
    assert [str(problem) for problem in runbooks.problems_of(fields)] == [f"{field}: must be given"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", 404, "must be text, not int"),
        ("title", " Start", "must not begin or end with a space"),
        ("title", "a\nb", "control characters"),
        ("title", "a\u202eb", "control characters"),
        ("title", "x" * 201, "1 to 200 characters; it has 201"),
        ("error_pattern", ["a"], "must be text, not list"),
        ("error_pattern", "a\tb", "control characters"),
        ("error_pattern", "x" * 501, "500"),
        ("priority", True, "must be a whole number from -1000 to 1000"),
        ("priority", "5", "must be a whole number"),
        ("attempts", 2.0, "must be a whole number from 1 to 20; leave it empty"),
        ("enabled", 1, "must be true or false"),
        ("mode", None, "must be shadow, ask or auto"),
        ("service_type", "MySQL", "lower-case"),
        ("service_type", "-", "begin with a letter or digit"),
        ("service_type", "mysql\n", "lower-case"),
        ("description", "한" * 21_846, "at most 65535 bytes of UTF-8; it has 65538"),
        ("description", "\ud800", "control characters"),
        ("solution_script", "no state; rm", "must be the name of a state"),
        ("solution_script", 7, "must be text, not int"),
        ("solution_kind", ["state"], "must be state, sls or shell"),
    ],
)
def test_a_field_that_is_wrong_says_what_it_must_be(field: str, value: Any, words: str) -> None:
    assert words in told(**{field: value})[field]


def test_lengths_are_counted_in_characters_where_mysql_does() -> None:
    assert told(title="한" * 200) == {}
    assert told(description="한" * 21_845) == {}


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "ü", "x" * 101, 3, None, "a/b"])
def test_a_command_name_is_one_plain_word(name: Any) -> None:
    found = commands.problems_of({**COMMAND, "command_name": name})
    assert [problem.field for problem in found] == ["command_name"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*RUNBOOK, *COMMAND, "x"]), values, max_size=6))
@settings(max_examples=200)
def test_no_value_of_any_type_makes_it_crash(fields: dict[str, Any]) -> None:
    for problem in runbooks.problems_of({**RUNBOOK, **fields}):
        assert problem.field and problem.message
    commands.problems_of({**COMMAND, **fields})


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (" \n", "must not be empty"),
        ("echo a\r\necho b\r\n", "line 1: ends with CR LF"),
        ("echo a\n\0", "line 2: must not hold a NUL"),
        ("\ufeff#!/bin/sh\n:", "byte order mark"),
        ("#!/usr/bin/ruby\nputs 1", "line 1: #! must name sh, bash, python3, perl"),
        ("#!bash\n:", "line 1: #! must name"),
        ("#!/usr/bin/env\n:", "line 1: #! must name"),
        ("#!/usr/bin/env bash -e\n:", "line 1: env takes one word"),
        ("if true; then\n  echo\n", "line 3"),
        ("a=(1 2)\n", "begin it with #!/bin/bash"),
        ("#!/bin/bash\n\ncase x in (\n", "what bash understands: line "),
        ("#!/usr/bin/env python3\n\nif x\n", "what python3 understands: line 3"),
        ("#!/usr/bin/python3\n" + "-" * 60_000 + "1", "what python3 understands"),
        ("(" * 60_000, "what sh understands"),
        ("x" * 65_536, "at most 65535 bytes"),
    ],
)
def test_a_script_that_cannot_run_is_refused_with_its_line(script: str, words: str) -> None:
    assert words in told_of_script(script)


@pytest.mark.parametrize(
    "script",
    [
        "echo a",
        "#!/bin/bash\na=(1 2)\n",
        "#! /bin/sh -e\n:\n",
        "#!/usr/bin/env python3\nprint('\\d')\n",
        "#!/usr/bin/perl\nthis is { not checked",
        "printf 'a\rb'\n",
        "#\n" + "x" * 65_533,
    ],
)
def test_a_script_that_can_run_is_taken(script: str) -> None:
    assert told_of_script(script) == ""


def test_nothing_of_a_script_runs_while_it_is_checked(tmp_path: Any) -> None:
    trace = tmp_path / "trace"
    for script in (
        f"touch {trace}\n$(touch {trace})\n",
        f"#!/bin/bash\ntrap 'touch {trace}' EXIT\nset +n\ntouch {trace}\n",
        f"#!/usr/bin/env python3\nopen({str(trace)!r}, 'w')\n",
        f"#!/usr/bin/perl\nBEGIN {{ open(my $f, '>', '{trace}') }}\n",
    ):
        assert told_of_script(script) == ""
    assert not trace.exists()


def test_what_a_shell_tells_is_cut_and_printable() -> None:
    found = told_of_script("#!/bin/bash\n) \x1b[31m" + "é" * 5_000 + "\n")
    assert found.isprintable() and len(found) < 300


def test_without_the_shell_on_this_machine_its_check_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *args, **kwargs: None)
    assert scripts.syntax_complaint("if only this machine had a shell") is None


def test_a_shell_that_does_not_end_is_no_shell_to_wait_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    slow = tmp_path / "sh"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(scripts, "_PLACES", str(tmp_path))
    monkeypatch.setattr(scripts, "_SECONDS", 0.2)
    # `sleep` is found although the environment is empty: the shell has a path of its own.
    complaint = scripts.syntax_complaint("echo what takes so long")
    assert complaint is not None and "does not come to an end" in complaint
