"""The index against a naive loop, on generated runbooks and messages."""

from __future__ import annotations

import random

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from rescuebot.runbooks.index import Index
from rescuebot.runbooks.match import NEAR, Candidate, Clause
from rescuebot.runbooks.patterns import LARGEST, parts_of, problems_of

SERVICES = ("mysql", "nginx", "디스크")
# Few words, so that much is found; letters whose cases are special; scripts of two and three bytes.
WORDS = (
    *("disk", "DISK", "full", "no process", "ab", "a", "0", "95%", "x=1", "\n", "\t", " "),
    *(
        "오류",
        "서버가 멈춤",
        "プロセス",
        "停止",
        "Straße",
        "ſtop",
        "Kelvin",
        "İl",
        "ς",
        "жив",
        "😀",
    ),
)

words = st.sampled_from(WORDS)
wide = st.sampled_from([".", r"\d", r"\w+", r"\s", "[^k]", "[가-힣]", r"\pL", ".*", r"\b"])
literals = words.map(re2.escape)
leaves = literals | wide
patterns = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"(?s:{one}.)"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,3}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda one: f"^{one}"),
        inner.map(lambda one: f"{one}$"),
    ),
    max_leaves=6,
)
messages = st.lists(words, max_size=12).map("".join)
candidates = st.builds(
    Candidate,
    id=st.just(0),
    title=st.just("T"),
    service_type=st.sampled_from(SERVICES),
    error_pattern=st.just("") | patterns | st.sampled_from(["(", "(?=a)", "[", r"(a)\1"]),
    priority=st.integers(-2, 2),
    enabled=st.sampled_from([True, True, True, False]),
)


def numbered(them: list[Candidate]) -> list[Candidate]:
    fields = Candidate.__dataclass_fields__
    return [
        Candidate(**{**{name: getattr(one, name) for name in fields}, "id": number})
        for number, one in enumerate(them, start=1)
    ]


several = st.lists(candidates, max_size=25).map(numbered)


def found(pattern: str, message: str) -> bool:
    """As simple as it can be said: no set, no filter; what is too large is found nowhere."""
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.never_capture = False, False, True
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return False
    return compiled.programsize <= LARGEST and compiled.search(message) is not None


def naive(them: list[Candidate], service: str, message: str) -> list[int]:
    """The ids of all that match, in order of choice."""
    them = [one for one in them if one.enabled and one.service_type == service]
    them.sort(key=lambda one: one.id, reverse=True)
    them.sort(key=lambda one: len(one.error_pattern), reverse=True)
    them.sort(key=lambda one: one.priority, reverse=True)
    return [one.id for one in them if found(one.error_pattern, message)]


def chosen(index: Index, service: str, message: str) -> list[int]:
    return [fit.candidate.id for fit in index.look_up(service, message).matched]


@settings(max_examples=300)
@given(several, st.lists(messages, min_size=1, max_size=5), st.sampled_from(SERVICES))
def test_the_index_agrees_with_a_naive_loop(
    them: list[Candidate], texts: list[str], service: str
) -> None:
    index = Index(them)
    for message in texts:
        matched = chosen(index, service, message)
        assert matched == naive(them, service, message)
        assert index.look_up(service, message).winner_id == (matched[0] if matched else None)


@settings(max_examples=60)
@given(several, several, messages, st.sampled_from(SERVICES))
def test_an_index_like_another_agrees_too(
    before: list[Candidate], after: list[Candidate], message: str, service: str
) -> None:
    old = Index(before)
    old.look_up(service, message)
    after = numbered([*before[: len(before) // 2], *after])
    assert chosen(Index(after, like=old), service, message) == naive(after, service, message)


@settings(max_examples=100)
@given(several, messages, st.sampled_from([*SERVICES, ""]))
def test_what_is_told_of_the_nearest_is_true(
    them: list[Candidate], message: str, service: str
) -> None:
    told = Index(them).look_up(service, message, explain=True)
    assert len(told.near) <= NEAR
    near = [miss.candidate.id for miss in told.near]
    assert len(set(near)) == len(near)
    assert not set(near) & {fit.candidate.id for fit in told.matched}
    for miss in told.near:
        one = miss.candidate
        is_found = found(one.error_pattern, message)
        assert (Clause.SERVICE in miss.failed) == (one.service_type != service)
        assert (Clause.DISABLED in miss.failed) == (not one.enabled)
        assert (Clause.PATTERN in miss.failed) == (not is_found)


@settings(max_examples=200)
@given(patterns, messages)
def test_a_pattern_that_is_found_has_all_parts_of_an_alternative_found(
    pattern: str, message: str
) -> None:
    if found(pattern, message):
        assert any(all(found(part, message) for part in wanted) for wanted in parts_of(pattern))


def a_pattern(chance: random.Random) -> str:
    """As operators write them."""
    word = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 6)))
    shapes = (
        "{0}", "{0}|{1}", "{0}.*{1}", r"\b{0}\d+", "({0}|{1}) 오류", "{1} [a-z]+", r"^{1}", "{0}$"
    )  # fmt: skip
    return chance.choice(shapes).format(word, chance.choice(["disk", "full", "서버", "停止"]))


def test_thousands_of_runbooks_and_hundreds_of_messages() -> None:
    chance = random.Random(20261122)
    them = [
        Candidate(
            id=number,
            title=f"T{number}",
            service_type=chance.choice(SERVICES),
            error_pattern=a_pattern(chance) if chance.random() > 0.01 else "",
            priority=chance.randint(-1, 1),
            enabled=chance.random() > 0.1,
        )
        for number in range(1, 3001)
    ]
    assert all(problems_of(one.error_pattern) is None for one in them)
    index = Index(them)
    hits = 0
    for _ in range(150):
        some = [chance.choice(them).error_pattern for _ in range(3)]
        message = " disk ".join(some).replace(".*", " ").replace("\\d+", "7").upper()
        service = chance.choice(SERVICES)
        matched = chosen(index, service, message)
        hits += len(matched)
        assert matched == naive(them, service, message)
    assert hits > 1500


def test_messages_of_a_hundred_kilobytes() -> None:
    chance = random.Random(5)
    them = [
        Candidate(id=n, title="T", service_type="mysql", error_pattern=a_pattern(chance))
        for n in range(1, 200)
    ]
    index = Index(them)
    for alphabet in ("abcdefghijklmnopqrstuvwxyz \n", "서버 오류停止\n", "ab"):
        message = "".join(chance.choices(alphabet, k=100_000))
        assert chosen(index, "mysql", message) == naive(them, "mysql", message)
        message += them[77].error_pattern
        assert chosen(index, "mysql", message) == naive(them, "mysql", message)


def test_ten_thousand_runbooks_and_the_right_one_among_them() -> None:
    them = [
        Candidate(id=n, title=f"T{n}", service_type="mysql", error_pattern=f"code {n:05} .*failed")
        for n in range(1, 10_001)
    ]
    index = Index(them)
    assert len(index) == 10_000
    for number in (1, 4711, 10_000):
        assert chosen(index, "mysql", f"Code {number:05} has FAILED") == [number]
    none = index.look_up("mysql", "code 04712 is well")
    assert none.near[0].candidate.id == 4712
    assert none.near[0].words == "'code 04712' is in the message, 'failed' is not"
