"""State data: only the known shape is taken, and what is taken here the minion takes too."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from rescuebot.runbooks import state_data

GOOD = """\
# What is done.
stale pid file:
  file.absent:
    - name: /run/mysqld/mysqld.pid
    - onlyif:
      - test -e /run/mysqld/mysqld.pid
start:
  service.running:
    - name: mysql
    - require:
      - file: stale pid file
      - noted
noted: test.nop
old form:
  cmd:
    - run
    - name: |
        echo ${VAR}   # a shell's own
    - onchanges_in:
      - service: start
"""


@pytest.fixture(scope="module")
def minion() -> ModuleType:
    """The minion's module as a file; nothing of Salt is needed to split state data."""
    path = Path(__file__).parents[2] / "salt" / "_modules" / "rescue.py"
    spec = importlib.util.spec_from_file_location("rescue_of_the_minion", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(text: str) -> list[str]:
    return [problem.message for problem in state_data.problems_of(field="s", text=text)]


def test_the_known_shape_is_taken(minion: ModuleType) -> None:
    assert told(GOOD) == []
    assert set(minion._state_data(GOOD)) == {"stale pid file", "start", "noted", "old form"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("just words", "line 1: must be a mapping"),
        ("- a\n- b", "line 1: must be a mapping"),
        ("# nothing\n", "line 1: must be a mapping"),
        ("a: {test.nop: []}\nb: {{ x }}", "line 2: holds {{"),
        ("a:\n  cmd.run:\n    - name: '{% if %}'", "line 3: holds {%"),
        ("#!py\na: test.nop", "line 1: names a renderer"),
        ("a: test.nop\ninclude: [b]", "line 2: include is not allowed"),
        ("a: test.nop\nb: test.nop\na: test.nop", "line 3: the key a stands in line 1 already"),
        ("a:\n  test.nop:\n    - x: {y: 1, y: 2}", "line 3: the key y stands in line 3"),
        ("1: test.nop", "line 1: the id '1' is not text"),
        ("yes: test.nop", "line 1: the id 'yes' is not text"),
        ("__a: test.nop", "line 1: the id '__a' must not be empty or begin with __"),
        ("a:\n  test.nop:", "line 2: what follows 'test.nop' must be a list"),
        ("a: {cmd.run: echo}", "must be a list"),
        ("a: 3", "line 1: what follows a must be"),
        ("a: {}", "line 1: what follows a must be"),
        ("a: nop", "'nop' must name one function, as in cmd.run; it names 0"),
        ("a:\n  cmd: [run, wait]", "it names 2"),
        ("a:\n  cmd.run: [wait]", "it names 2"),
        ("a: Cmd.run", "'Cmd' in 'Cmd.run' must be a name"),
        ("a: cmd.run.now", "must be a name"),
        ("a: __sls__.run", "must be a name"),
        ("a:\n  cmd.run: []\n  cmd.wait: []", "line 3: a uses cmd twice"),
        ("a:\n  cmd.run:\n    - {name: x, cwd: y}", "line 3: an argument of cmd must be one"),
        ("a:\n  cmd.run:\n    - [x]", "line 3: an argument of cmd must be one"),
        ("a:\n  cmd.run:\n    - 1: x", "line 3: '1' cannot be the name of an argument"),
        ("a:\n  cmd.run:\n    - name: x\n    - name: y", "line 4: the argument 'name' is given"),
        ("a:\n  test.nop:\n    - require: b", "line 3: what follows require must be a list"),
        (
            "a:\n  test.nop:\n    - watch:\n      - cmd: b",
            "line 4: watch names 'b', which is no id",
        ),
        ("a:\n  test.nop:\n    - listen_in: [b]", "line 3: listen_in names 'b'"),
        ("a:\n  test.nop:\n    - require:\n      - sls: x", "which is no id"),
        (
            "b: test.nop\na:\n  test.nop:\n    - require:\n      - cmd: b",
            "line 5: require names cmd of 'b', which has none",
        ),
        ("a:\n  test.nop:\n    - x: 2026-01-01", "line 3: '2026-01-01' is not a plain value"),
        ("a: !!python/object/apply:os.system ['x']", "line 1: the tag tag:yaml.org,2002:python"),
        ("a: &a [*a]", "line 1: the alias *a stands for nothing"),
        ("x: &x {a: b}\ny:\n  <<: *x", "line 3: << is not allowed"),
        ("a: test.nop\n---\nb: test.nop", "line 2: a second document"),
        ("a: [", "line 1: is not YAML"),
        ("a: test.nop\nb: \x07", "line 2: holds a character"),
        ("a:\n  test.nop:\n    - x: 0b_", "line 1: holds a value that cannot be read"),
        ("a: " + "[" * 5_000, "nested deeper than 20"),
        ("".join(f"a{n}: test.nop\n" for n in range(51)), "at most 50 states"),
        ("{'a': " * 30_000, "nested deeper than 20"),
    ],
)
def test_what_is_not_the_known_shape_is_refused_with_its_line(text: str, words: str) -> None:
    assert any(words in problem for problem in told(text)), told(text)


def test_all_problems_are_told_in_the_order_of_the_lines() -> None:
    found = told("a: nop\nb:\n  cmd.run: no\nc:\n  test.nop:\n    - require: [d]\n")
    assert [problem.split(":")[0] for problem in found] == ["line 1", "line 3", "line 6"]


def test_a_billion_laughs_are_counted_and_not_told() -> None:
    lines = ["a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    for last, this in zip("abcdefghij", "bcdefghijk", strict=False):
        lines.append(f"{this}: &{this} [{', '.join([f'*{last}'] * 9)}]")
    (problem,) = told("\n".join(lines))
    assert "characters when its aliases are written out" in problem


names = st.sampled_from(["a", "b", "cmd", "file", "test", "__x", "include", "1", "yes", "é"])
functions = st.sampled_from(["cmd.run", "test.nop", "cmd", "run", "file.absent", "cmd.wait", "x.Y"])
scalars = names | st.integers(0, 9) | st.none() | st.booleans() | st.text("a: {}#%[&*", max_size=5)
plain_arguments = st.fixed_dictionaries({"name": scalars})
requisites = st.sampled_from(["require", "watch_in", "onchanges"]).flatmap(
    lambda name: st.fixed_dictionaries({name: st.lists(names | st.just({"cmd": "a"}), max_size=2)})
)
arguments = st.lists(plain_arguments | requisites | st.just("run"), max_size=2) | scalars
bodies = functions | st.dictionaries(functions, arguments, max_size=2) | scalars
wild = st.dictionaries(names | scalars, bodies, max_size=3)
known = st.sampled_from(["a", "b", "c d"])
tame_arguments = st.fixed_dictionaries({"name": scalars}) | st.fixed_dictionaries(
    {"require": st.lists(known, max_size=2)}
)
tame = st.dictionaries(
    known,
    st.dictionaries(
        st.sampled_from(["cmd.run", "test.nop", "file.absent"]),
        st.lists(tame_arguments, max_size=2),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=3,
)


@given(wild | tame)
@settings(max_examples=600)
def test_what_has_no_problems_is_taken_by_the_minion(minion: ModuleType, data: Any) -> None:
    text = yaml.safe_dump(data)
    if told(text):
        return
    event("taken")
    split = minion._state_data(text)
    assert set(split) == set(data)
    for body in split.values():
        states = [part for name, part in body.items() if not name.startswith("__")]
        assert all(sum(isinstance(item, str) for item in part) == 1 for part in states)


@given(st.integers(0, len(GOOD) - 1), st.text(" \n\t:-#&*{}[]'\"|<!%1ab", max_size=3))
@settings(max_examples=600)
def test_what_is_left_of_good_state_data_is_refused_or_taken_by_both(
    minion: ModuleType, place: int, typed: str
) -> None:
    text = GOOD[:place] + typed + GOOD[place + 1 :]
    if not told(text):
        event("taken")
        minion._state_data(text)


@given(st.text("ab:-[]{}&*!#|>'\"%@`?, \n\t01_.~<=", max_size=60) | st.text(max_size=60))
@settings(max_examples=600)
def test_no_text_makes_it_crash(minion: ModuleType, text: str) -> None:
    if not told(text):
        minion._state_data(text)
