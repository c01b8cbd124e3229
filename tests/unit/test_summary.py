"""What a run of states came to: read from where Salt writes it, and from nowhere else."""

from __future__ import annotations

import pytest

from rescuebot.executions import summary
from rescuebot.executions.summary import Summary

STATES = """local:
----------
          ID: mariadb_is_running
    Function: service.running
        Name: mariadb
      Result: True
     Comment: Started service mariadb
     Started: 10:04:41.221830
    Duration: 412.118 ms
     Changes:
              ----------
              mariadb:
                  True

Summary for local
------------
Succeeded: 3 (changed=1)
Failed:    2
------------
Total states run:     5
Total run time: 412.118 ms"""


def of(output: str, kind: str = "state") -> Summary | None:
    return summary.of(kind=kind, output=output)


@pytest.mark.parametrize("kind", ["state", "sls"])
def test_the_last_lines_of_states_tell_the_numbers(kind: str) -> None:
    assert of(STATES, kind) == Summary(succeeded=3, changed=1, failed=2)


@pytest.mark.parametrize("kind", ["shell", "check"])
def test_a_script_that_prints_one_has_none(kind: str) -> None:
    assert of(STATES, kind) is None


def test_nothing_changed_and_what_is_only_tried_out_is_told_as_well() -> None:
    assert of(STATES.replace(" (changed=1)", "")) == Summary(succeeded=3, changed=0, failed=2)
    tried = STATES.replace("(changed=1)", "(unchanged=2, changed=1)")
    assert of(tried) == Summary(succeeded=3, changed=1, failed=2)
    warned = STATES.replace("Failed:    2\n", "Failed:    2\nWarnings:  1\n")
    assert of(warned) == Summary(succeeded=3, changed=1, failed=2)


def test_colours_and_a_long_output_before_it_do_not_matter() -> None:
    coloured = STATES.replace("Succeeded: 3", "\x1b[0;32mSucceeded: 3").replace(
        "Failed:    2", "\x1b[0;31mFailed:    2\x1b[0;0m"
    )
    assert of("x" * 50_000 + "\n" + coloured) == Summary(succeeded=3, changed=1, failed=2)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "No state was run.",
        STATES + "\nand then something else",
        STATES.replace("Succeeded: 3", "Succeeded: many"),
        STATES.replace("Succeeded: 3", "Succeeded: 33333333333"),
        STATES.replace("Summary for local", "Summary of local"),
        # As it stands within a comment: indented.
        "\n".join(" " * 14 + line for line in STATES.splitlines()),
    ],
)
def test_what_is_not_exactly_one_gives_no_numbers(output: str) -> None:
    assert of(output) is None


def test_one_within_a_comment_is_not_believed() -> None:
    false = "\n".join(" " * 14 + line for line in STATES.replace("3", "9").splitlines())
    assert of(false + "\n" + STATES) == Summary(succeeded=3, changed=1, failed=2)
    assert of(STATES + "\n" + false) is None
