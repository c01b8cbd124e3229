"""Patterns: which are refused and why, the classic evil ones, many of them in one pass."""

from __future__ import annotations

import faulthandler
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescuebot.runbooks import patterns
from rescuebot.runbooks.patterns import PatternSet, parts_of, problems_of, search

MESSAGE = 1_000_000

# Pattern, what is repeated to make the message, what stands at its end, whether it is found then.
EVIL: list[tuple[str, str, str, bool]] = [
    # Nested quantifiers.
    (r"(a+)+$", "a", "!", False),
    (r"^(a+)+$", "a", "!", False),
    (r"([a-zA-Z]+)*$x", "a", "!", False),
    (r"(a*)*b", "a", "!", False),
    (r"((a+)+)+b", "a", "!", False),
    (r"(((((((((a*)*)*)*)*)*)*)*)*)*b", "a", "!", False),
    (r"(x+x+)+y", "x", "!", False),
    (r"(.*)*y", "x", "!", False),
    (r"(?:.*.*)*=.*;x", "x=x", "!", False),
    (r"(\w+\s?)+\$end", "word ", "!", False),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a", "1", False),
    (r"(\d+)*[.]", "1", "!", False),
    # Overlapping alternatives.
    (r"(a|a)*b", "a", "!", False),
    (r"(a|aa)+$", "a", "!", False),
    (r"(a|a?)+$b", "a", "!", False),
    (r"(\w|\d)+z$", "1", "!", False),
    (r"(.|\s)*z", " ", "!", False),
    (r"(a|b|ab)*c", "ab", "!", False),
    (r"^((ab)*|[ab]*)*c", "ab", "!", False),
    (r"(foo|foo|foo|foo)+bar$", "foo", "!", False),
    # Polynomial.
    (r"\s+$x", " ", "!", False),
    (r"^\s+|\s+$x", "a ", "!", False),
    (r".*.*=.*x=y", "x", "!", False),
    (r".*a.*a.*a.*a.*a.*a.*a.*a.*a.*b", "a", "!", False),
    (r"\d*\d*\d*\d*\d*\d*\d*\d*x", "1", "!", False),
    (r"a*a*a*a*a*a*a*a*a*a*b", "a", "!", False),
    (r"(.*,){11}P", "1,", "!", False),
    (r"\"(.*)\".*\"(.*)\".*\"(.*)\"z", '"', "!", False),
    # Counted: these make the automaton wide, and RE2 walks it state by state.
    (r"(a?){30}a{30}b", "a", "!", False),
    (r"a[ab]{60}c", "ab", "!", False),
    (r"(a|b){1,60}c{2}", "ab", "!", False),
    (r"(.*a){20}b", "a", "!", False),
    (r"([^:]{1,20}:){9}x", "a:", "!", False),
    (r"x.{0,90}y", "x", "!", False),
    # Validators that are known from advisories, of addresses, hosts, links, dates, versions, tags.
    (
        r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}"
        r"(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
        "a",
        "!",
        False,
    ),
    (r"^[a-z0-9._%+-]+@([a-z0-9-]+\.)+[a-z]{2,}$", "a@a.", "!", False),
    (r"^([a-z0-9]+\.?)+@x$", "a.", "!", False),
    (r"^(https?://)?([\da-z.-]+)\.([a-z.]{2,6})([/\w .-]*)*/?$", "a.aa/", "!\n", False),
    (r"(https?|ftp)://(-\.)?([^\s/?.#-]+\.?)+(/[^\s]*)?$", "http://a.", " !", False),
    (r"<([a-z]+)([^<]+)*(?:>(.*)</x>|\s+/>)", "<a ", "!", False),
    (r"<!--(.|\s)*?--+>", "<!--", "!", False),
    (r"<(\w+)(\s+\w+(\s*=\s*(\".*?\"|'.*?'|[^'\">\s]+))?)*\s*/>", "<a b=c ", "!", False),
    (r"^(\d{1,2}[/.-]?)+\d{4}\s?(am|pm)$", "1", "!", False),
    (r"^((\d+\.)*\d+)(-[0-9a-z-]+(\.[0-9a-z-]+)*)?\+$", "1.", "!", False),
    (r"^(\d+|[a-z]+)*:\d+$", "a1", "!", False),
    (r"charset\s*=\s*([^\s;]+)*\s*;$", "charset=", " !", False),
    (r"^(?:[\w-]+\s*=\s*[^;]*;\s*)+$", "a=b;", "!", False),
    (r"^\w+([-+.']\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$", "a.", "!", False),
    (r"(?:[a-z]+[a-z0-9]*)+-+(?:x)", "a0", "!", False),
    (r"^(([0-9a-f]{1,4}:)*:?)+z", "ab:", "!", False),
    (r"(\\?.)*\"\s*:$", "\\", '"!', False),
    # And they are still patterns: what they are looking for is found behind all of it.
    (r"(a+)+b", "a", "b", True),
    (r"(x+x+)+y", "x", "y", True),
    (r"(.|\s)*z", " \n", "z", True),
    (r".*.*.*=.*x", "b", "=x", True),
]

# The same ideas drawn out to what may be registered at most.
LONG = {
    "nested": ("(" * 166 + "a" + "+)" * 166 + "b", False),
    "doubled": ("(a+)+" * 99 + "b", False),
    "optional": ("a?" * 166 + "a" * 166 + "b", False),
    "dots": (".*" * 249 + "b", False),
    "alternatives": ("(" + "|".join(["a"] * 240) + ")*b", False),
    "overlapping": ("(" + "|".join("a" * n for n in range(1, 29)) + ")*b", False),
    "written out": ("a" + "[ab]" * 124 + "c", False),
    "literal": ("a" * 500, True),
}

REFUSED = {
    r"(?=mysqld)": "look-ahead",
    r"(?!ok)down": "look-ahead",
    r"(?<=disk )full": "look-behind",
    r"(?<!not )running": "look-behind",
    r"(a+)+\1": "back-reference",
    r"(?P<x>a)(?P=x)": "references are not supported",
    r"\k<x>": "back-reference",
    r"(?>a+)b": "atomic group",
    r"a++b": "possessive",
    r"(a|(?R))*": "recursion",
    r"(?(1)a|b)": "condition",
    r"(?#note)a": "comment",
    r"a\Z": r"\z",
    r"\u0041": r"\x{",
    "[": "not closed",
    "(a": "not closed",
    "a)": "closes nothing",
    "[z-a]": "class",
    "[[:foo:]]": "class",
    r"\p{Foo}": "class",
    "*a": "nothing stands before",
    "a{5,2}": "the smaller first",
    "a{1001}": "up to 1000",
    "(a{1,1000}){1,1000}": "up to 1000",
    "((a{100}){100}){100}": "up to 1000",
    "a\\": "lone backslash",
    ".{1000}": "steps",
    r"\w{1,1000}": "steps",
    r"(\pL{1,100}\pN{1,100})": "steps",
    r"(a.{1,99}){9}b": "steps",
    "a" * 501: "at most 500 characters, and has 501",
    "a*": "empty",
    "^$": "empty",
    "down|": "empty",
    ".*": "empty",
    "half \ud800": "lone surrogate",
}


@pytest.fixture
def hard_limit() -> Iterator[None]:
    """Ends the run when a search does not come back: no signal interrupts RE2."""
    faulthandler.dump_traceback_later(20, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize(("pattern", "reason"), list(REFUSED.items()))
def test_what_is_refused_says_what_it_must_be_and_the_likely_cause(
    pattern: str, reason: str
) -> None:
    told = problems_of(pattern)
    assert told is not None and told.startswith("must ") and reason in told
    assert told.isprintable() and len(told) < 300


def test_the_place_of_the_trouble_is_told_where_it_is_sure() -> None:
    assert "'(?=' at character 5" in (problems_of("disk(?= full)") or "")
    assert "at character" not in (problems_of("a++b++") or "")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "no process",
        r"procstat|pid_count|not running|\bdown\b|5\d\d",
        "가" * 500,
        "ж" * 500,
        "[가-힣]+ 오류",
        r"disk.{0,100}full",
        r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
        r"(?s)first.*last",
        "a" * 500,
    ],
)
def test_what_people_write_is_accepted(pattern: str) -> None:
    assert problems_of(pattern) is None


@given(
    st.text(max_size=60) | st.text(alphabet="ab|()[]{}*+?\\.^$?:P<>=!-,019dwsQEpL ", max_size=60)
)
def test_any_text_is_judged_searched_and_taken_apart(text: str) -> None:
    told = problems_of(text)
    assert told is None or told.startswith("must ")
    assert isinstance(search(text, "abc 019"), bool)
    if told is None:
        refused = [problems_of(part) for wanted in parts_of(text) for part in wanted]
        assert all(why is None or "empty" in why for why in refused)
        assert PatternSet([text]).find("abc 019") == ([0] if search(text, "abc 019") else [])


def test_what_was_stored_past_the_checks_is_found_nowhere() -> None:
    for pattern in ("(", r"(?=a)", ".{1000}", "\ud800"):
        assert not search(pattern, "a" * 2000)
        assert PatternSet([pattern, "a"]).find("a" * 2000) == [1]


def test_half_characters_in_a_message_do_no_harm() -> None:
    assert search("disk", "disk \ud800") and PatternSet(["disk"]).find("disk \ud800") == [0]


def test_an_empty_pattern_is_found_everywhere_and_case_does_not_matter() -> None:
    assert search("", "") and search("", "anything")
    assert search("NO PROCESS", "no process") and search("디스크", "디스크 가득")
    assert PatternSet(["", "FULL", "x"]).find("disk full") == [0, 1]


@pytest.mark.parametrize(("pattern", "pump", "end", "expected"), EVIL)
def test_no_evil_pattern_costs_more_than_one_pass(
    pattern: str, pump: str, end: str, expected: bool, hard_limit: None
) -> None:
    assert problems_of(pattern) is None
    message = (pump * (MESSAGE // len(pump)))[:MESSAGE] + end
    assert search(pattern, message) is expected
    assert PatternSet([pattern, "never there"]).find(message) == ([0] if expected else [])


@pytest.mark.parametrize("name", LONG)
def test_nor_does_one_that_is_as_long_as_may_be(name: str, hard_limit: None) -> None:
    pattern, expected = LONG[name]
    assert len(pattern) <= patterns.LONGEST and problems_of(pattern) is None
    assert search(pattern, "a" * MESSAGE) is expected


def test_the_widest_automaton_on_random_text_still_takes_one_pass(hard_limit: None) -> None:
    # Each state is new here, so RE2 gives its cache up: the most that a step can cost.
    message = "".join(random.Random(3).choices("ab", k=MESSAGE))
    assert problems_of("a[ab]{300}c") is None
    assert not search("a[ab]{300}c", message)
    assert search("a[ab]{300}c", message + "c")


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len({pattern for pattern, *_ in EVIL}) >= 40


def test_a_set_finds_what_each_would_find_where_literals_are_too_many_for_one_filter() -> None:
    chance = random.Random(7)
    many = ["".join(chance.choices("abcdefgh", k=480)) for _ in range(600)]
    those = PatternSet(many)
    assert len(those._chunks) > 1
    assert sorted(those.find("x".join((many[5], many[411], many[599])))) == [5, 411, 599]


def test_a_filter_that_gave_up_is_not_taken_for_no_match(monkeypatch: pytest.MonkeyPatch) -> None:
    class GaveUp:
        def Match(self, text: bytes, potential: bool) -> None:
            return None

    those = PatternSet(["disk", "full", "memory"])
    monkeypatch.setattr(those._chunks[0][1], "_filter", GaveUp())
    assert those.find("disk full") == [0, 1]


def test_a_set_like_another_compiles_only_the_chunk_that_differs() -> None:
    words = [f"word{number}" for number in range(patterns._CHUNK * 3)]
    before = PatternSet(words)
    words[patterns._CHUNK + 5] = "other"
    after = PatternSet(words, like=before)
    same = [old is new for (_, old), (_, new) in zip(before._chunks, after._chunks, strict=True)]
    assert same == [True, False, True]
    assert after.find("an other one") == [patterns._CHUNK + 5]


def test_the_canary_itself_may_be_a_pattern_and_a_message() -> None:
    assert PatternSet([patterns._CANARY, "x"]).find("x") == [1]
    assert sorted(PatternSet([patterns._CANARY, "x"]).find("x" + patterns._CANARY)) == [0, 1]


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("disk full", (("disk full",),)),
        ("mysqld.*not running", (("mysqld", "not running"),)),
        (r"procstat|\bdown\b|5\d\d", (("procstat",), ("down",), (r"5\d\d",))),
        ("(mysqld|mariadbd) (is )?down", (("(mysqld|mariadbd)", "down"),)),
        ("abc*d?ef+gh", (("ab", "ef", "gh"),)),
        ("(?s)(a.b)|foo", (("(?s)(a.b)",), ("foo",))),
        (r"[[:alpha:]|]ab[^]|]cd", (("ab", "cd"),)),
        (r"\Qa.b|c\E.de", ((r"\Qa.b|c\E", "de"),)),
        (r"(a\)|b)cd|ef", ((r"(a\)|b)", "cd"), ("ef",))),
        (r"\p{L}ab\x{41}cd\d", (("ab", "cd"),)),
        (r"\ ab\ .cd\\", (("ab", r"cd\\"),)),
        ("", (("",),)),
    ],
)
def test_the_parts_of_a_pattern(pattern: str, parts: tuple[tuple[str, ...], ...]) -> None:
    assert parts_of(pattern) == parts


@given(
    st.from_regex(r"\A[ab ()|.*+?\[\]\\dQE^$]{1,12}\Z"), st.text(alphabet="ab |d\n", max_size=12)
)
def test_a_pattern_that_is_found_has_all_parts_of_an_alternative_found(
    pattern: str, message: str
) -> None:
    if search(pattern, message):
        assert any(all(search(part, message) for part in wanted) for wanted in parts_of(pattern))
