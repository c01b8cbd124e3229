"""Takes secrets and personal data out of texts before they leave, and keeps what tells the trouble.

Invariant: what is found never survives in the text, the same value has the same placeholder within
one Redactor, and no text can keep it waiting: RE2 alone searches.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import re2

_ENTROPY = 3.7
_REMEMBERED = 8  # so long a secret is taken out wherever else it stands
_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"auth[_-]?key|master[_-]?key|encryption[_-]?key|signing[_-]?key|credentials?|signature|"
    r"session[_-]?id|sessid|jsessionid|csrf|otp|비밀번호|암호|パスワード|暗証番号"
)
_VALUE = (
    r"""(?:"(?P<v>(?:[^"\\\n]|\\.)+)"|'(?P<w>(?:[^'\\\n]|\\.)+)'|(?P<x>[^\s"'<,;&(){}\[\]]+))"""
)
# What stands where a value may stand and is none.
_NO_VALUES = frozenset(
    "yes no true false null nil none empty required missing unset ok failed on off set not is was "
    "the for from has x y n".split()
)
_UNITS = frozenset(
    "service socket target timer slice mount device scope path swap conf cnf".split()
)
_TOKENS = (
    r"xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{20,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{20,}|hv[sb]\.[A-Za-z0-9_-]{20,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{40,}|shp(?:at|ss)_[a-f0-9]{20,}"
)
_KEY_KIND = r"[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without what was found, and how often each kind was."""

    text: str
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern; the group that holds the value is v, w or x, else all of it is the value."""

    kind: str
    pattern: Any
    is_one: Callable[[str, str], bool]

    def spans(self, text: str) -> Iterator[_Span]:
        """Where its values stand."""
        for match in self.pattern.finditer(text):
            names = [n for n, value in match.groupdict().items() if value is not None]
            start, end = match.span(self.pattern.groupindex[names[0]]) if names else match.span()
            if end > start and self.is_one(match.group(), text[start:end]):
                yield _Span(start, end, self.kind)


def redacted(text: str, *, also: Sequence[str] = ()) -> Redacted:
    """A single text without secrets, personal data and what the patterns in `also` fit."""
    return Redactor(also=also).redacted(text)


class Redactor:
    """Redacts the texts of one question, so that a value is called the same in all of them."""

    def __init__(self, *, also: Sequence[str] = ()) -> None:
        self._rules = [*_RULES, *(_rule("internal", pattern) for pattern in also)]
        self._names: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()
        self._secrets: dict[str, str] = {}

    def redacted(self, text: str) -> Redacted:
        """The text with placeholders such as <email-1>."""
        text = text.encode(errors="replace").decode()  # RE2 knows no halves of characters
        spans = [span for rule in self._rules for span in rule.spans(text)]
        for span in spans:
            self._remember(text[span.start : span.end], span.kind)
        spans += [span for value in self._secrets for span in self._repeats(text, value)]
        found: Counter[str] = Counter()
        parts, end = [], 0
        for span in _merged(spans):
            parts += [text[end : span.start], self._name(span.kind, text[span.start : span.end])]
            found[span.kind] += 1
            end = span.end
        return Redacted("".join([*parts, text[end:]]), dict(found))

    def _remember(self, value: str, kind: str) -> None:
        is_telling = len(value) >= _REMEMBERED and not value.isalpha() and not value.isdigit()
        if kind in _SECRET_KINDS and is_telling:
            self._secrets.setdefault(value, kind)

    def _repeats(self, text: str, value: str) -> Iterator[_Span]:
        start = text.find(value)
        while start >= 0:
            yield _Span(start, start + len(value), self._secrets[value])
            start = text.find(value, start + len(value))

    def _name(self, kind: str, value: str) -> str:
        if (kind, value) not in self._names:
            self._counts[kind] += 1
            self._names[kind, value] = f"<{kind}-{self._counts[kind]}>"
        return self._names[kind, value]


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Without overlaps; of those that overlap the first kind names the whole."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            last = merged.pop()
            span = _Span(last.start, max(last.end, span.end), last.kind)
        merged.append(span)
    return merged


def _always(whole: str, value: str) -> bool:
    return True


def _is_value(whole: str, value: str) -> bool:
    """Whether a value stands behind the name of a secret, and not a word about it."""
    if value.lower().strip(".") in _NO_VALUES or len(value) < 2 or set(value) <= set("*xX.-_"):
        return False
    name = re.split(r"[=:]", whole, maxsplit=1)[0].lower()
    if "tokens" in name or value.startswith(("/", "$", "%")):
        return not (value.isdigit() or value.startswith(("/", "$", "%")))
    # "/etc/passwd: Permission denied" and "unexpected token: identifier" speak of it.
    speaks = name.startswith("/") or "unexpected" in whole.lower()
    return not (speaks and value.isalpha())


def _is_random(whole: str, value: str) -> bool:
    """Whether a long word has no meaning: letters of both cases and digits, well mixed."""
    classes = (str.isupper, str.islower, str.isdigit)
    mixed = all(any(is_kind(letter) for letter in value) for is_kind in classes)
    # Paths and names of classes have few changes from one kind to another.
    changes = sum(_class(a) != _class(b) for a, b in pairwise(value))
    return mixed and _entropy(value) >= _ENTROPY and changes * 3 >= len(value)


def _class(letter: str) -> int:
    return 0 if letter.islower() else 1 if letter.isupper() else 2 if letter.isdigit() else 3


def _entropy(value: str) -> float:
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def _is_login(whole: str, value: str) -> bool:
    """A port and a path are no password, although an @ may follow somewhere."""
    return not re.match(r"[0-9]{1,5}(/|$)", value)


def _is_email(whole: str, value: str) -> bool:
    return value.rpartition(".")[2].lower() not in _UNITS


def _is_card(whole: str, value: str) -> bool:
    digits = [int(letter) for letter in value if letter.isdigit()]
    doubled = [
        n if place % 2 == 0 else sum(divmod(2 * n, 10)) for place, n in enumerate(digits[::-1])
    ]
    number = "".join(map(str, digits))
    brands = (
        r"4\d{12}(\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0568]\d{12,14}|6\d{15,18}"
    )
    return sum(doubled) % 10 == 0 and re.fullmatch(brands, number) is not None


def _is_iban(whole: str, value: str) -> bool:
    plain = value.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _is_resident(whole: str, value: str) -> bool:
    """A Korean resident number: a birthday, and without its dash also the right check digit."""
    digits = [int(letter) for letter in value if letter.isdigit()]
    month, day = int(value[2:4]), int(value[4:6])
    weighted = sum(n * w for n, w in zip(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)))
    is_checked = "-" in value or (11 - weighted % 11) % 10 == digits[12]
    return 1 <= month <= 12 and 1 <= day <= 31 and is_checked


def _is_phone(whole: str, value: str) -> bool:
    return 9 <= sum(letter.isdigit() for letter in value) <= 15


def _options(ignore_case: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.dot_nl = False
    return options


def _rule(
    kind: str,
    pattern: str,
    is_one: Callable[[str, str], bool] = _always,
    *,
    ignore_case: bool = False,
) -> _Rule:
    return _Rule(kind, re2.compile(pattern, _options(ignore_case)), is_one)


_RULES = (
    _rule("private-key", rf"-----BEGIN {_KEY_KIND}[\s\S]*?(?:-----END {_KEY_KIND}|\z)"),
    _rule("private-key", rf"(?:[A-Za-z0-9+/=]{{20,}}\s+)+-----END {_KEY_KIND}"),
    _rule("webhook", r"https://hooks\.slack(?:-gov)?\.com/[A-Za-z]+/(?P<v>[A-Za-z0-9/_-]+)"),
    _rule("webhook", r"https://[a-z.]*discord(?:app)?\.com/api/webhooks/(?P<v>[A-Za-z0-9/_-]+)"),
    _rule("webhook", r"https://[a-z0-9.-]+\.webhook\.office\.com/(?P<v>[A-Za-z0-9/@_-]+)"),
    _rule("password", r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\"']*:(?P<v>[^\s\"'<>]+)@", _is_login),
    _rule("password", r"\b[A-Za-z0-9_.-]+:(?P<v>[^\s:@/\"'<>]+)@(?:tcp|unix)\("),
    _rule(
        "authorization",
        r"""authorization["']?\s*[:=]\s*["']?(?:[A-Za-z0-9-]+\s+)?(?P<v>[^\s"'<][^\r\n"']*)""",
        ignore_case=True,
    ),
    _rule("authorization", r"\bbearer\s+(?P<v>[A-Za-z0-9._~+/=-]{8,})", ignore_case=True),
    _rule(
        "authorization", r"\bbasic\s+(?P<v>[A-Za-z0-9+/]{6,}[0-9A-Z+/]*={1,2})", ignore_case=True
    ),
    _rule("cookie", r"""\b(?:set-)?cookie["']?\s*[:=]\s*(?P<v>[^\r\n]+)""", ignore_case=True),
    _rule("token", r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"),
    _rule("token", rf"\b(?:{_TOKENS})"),
    _rule("aws-key", r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,}\b"),
    _rule(
        "password",
        rf"""(?:/|unexpected )?[A-Za-z0-9_.-]*(?:{_NAMES})[A-Za-z0-9_.-]*["'\]]*\s*"""
        rf"(?:=>|:=|=|:)\s*{_VALUE}",
        _is_value,
        ignore_case=True,
    ),
    _rule("password", rf"--?[a-z-]*(?:{_NAMES})[a-z-]*\s+{_VALUE}", _is_value, ignore_case=True),
    _rule(
        "password",
        rf"\b(?:requirepass|masterauth|identified\s+by(?:\s+password)?|sshpass\s+-p)\s+{_VALUE}",
        ignore_case=True,
    ),
    _rule("password", rf"\bpassword\s*\(\s*{_VALUE}", ignore_case=True),
    _rule("password", r"\b(?:mysql|mariadb)\w*\b[^\n|;]*?\s-p(?P<v>[^\s\"'-][^\s\"']*)"),
    _rule("password", r"\bcurl\b[^\n|;]*?\s(?:-u|--user)\s*['\"]?[^\s:]+:(?P<v>[^\s\"']+)"),
    _rule("password", r"\b(?:redis|valkey)-cli\b[^\n|;]*?\s-a\s+(?P<v>[^\s\"']+)"),
    _rule("secret", r"[A-Za-z0-9+/_-]{24,}={0,2}", _is_random),
    _rule(
        "email",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}",
        _is_email,
    ),
    _rule("card", r"\b[2-6][0-9](?:[ -]?[0-9]){11,17}\b", _is_card),
    _rule("iban", r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", _is_iban),
    _rule("resident-number", r"\b[0-9]{6}-?[1-8][0-9]{6}\b", _is_resident),
    _rule("phone", r"\+[0-9]{1,3}[ .-]?\(?[0-9]{1,4}\)?(?:[.-][0-9]{2,4}){2,3}\b", _is_phone),
    _rule("phone", r"\+[0-9]{1,3}(?: \(?[0-9]{1,4}\)?){2,4}\b", _is_phone),
    _rule("phone", r"\+[0-9]{9,15}\b", _is_phone),
    _rule("phone", r"\b01[016-9][-. ]?[0-9]{3,4}[-. ]?[0-9]{4}\b"),
    _rule("phone", r"\b0[5789]0[-. ]?[0-9]{4}[-. ]?[0-9]{4}\b"),
    _rule("phone", r"(?:\b|\()0[1-9][0-9]{0,2}(?:-|\) ?)[0-9]{3,4}-[0-9]{4}\b"),
    _rule("phone", r"(?:\b|\()0[1-9][0-9]{2,3}(?:-|\) ?)[0-9]{2,3}-[0-9]{3,4}\b"),
    _rule("phone", r"\b(?:15|16|18)[0-9]{2}-[0-9]{4}\b"),
)
_SECRET_KINDS = frozenset(
    ("password", "token", "secret", "authorization", "aws-key", "webhook", "private-key")
)
