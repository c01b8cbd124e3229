"""Takes secrets and personal data out of log lines, and leaves what tells the trouble.

Invariant: what is found never survives in the line, and no line can keep the function waiting:
whatever may come before a value has a greatest length. The library's own tests of redaction are
run on this, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import checks

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"auth[_-]?key|master[_-]?key|encryption[_-]?key|signing[_-]?key|jwt[_-]?key|credentials?|"
    r"signature|session[_-]?id|sessid|jsessionid|csrf|otp|비밀번호|암호|パスワード|暗証番号"
)
_NEAR = r"[A-Za-z0-9_.-]{0,40}"
_VALUE = (
    r"""(?:"(?P<v>(?:[^"\\\n]|\\.)+)"|'(?P<w>(?:[^'\\\n]|\\.)+)'|(?P<x>[^\s"'<,;&(){}\[\]]+))"""
)
_TOKENS = (
    r"xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{20,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{20,}|hv[sb]\.[A-Za-z0-9_-]{20,}"
    r"|rbk_[A-Za-z0-9_-]{10,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{40,}|shp(?:at|ss)_[a-f0-9]{20,}"
)
_KEY_KIND = r"[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_LOOK_BACK = 60
_LED = re.compile(r"(?:/|unexpected )?[A-Za-z0-9_.-]{0,40}$", re.IGNORECASE)
_KEY_BEGINS = re.compile(rf"-----BEGIN {_KEY_KIND}")
_KEY_ENDS = re.compile(rf"-----END {_KEY_KIND}")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern; the group that holds the value is v, w or x, else all of it is the value."""

    kind: str
    pattern: re.Pattern[str]
    is_one: Callable[[str, str], bool]

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where its values stand."""
        for match in self.pattern.finditer(text):
            names = [name for name, value in match.groupdict().items() if value is not None]
            start, end = match.span(names[0]) if names else match.span()
            if end > start and self.is_one(_whole(match), text[start:end]):
                yield start, end, self.kind


def _whole(match: re.Match[str]) -> str:
    """All of a match with what its name begins with: to search for that, too, is seven times
    slower than to look back from the few that are found."""
    before = match.string[max(0, match.start() - _LOOK_BACK) : match.start()]
    led = _LED.search(before)
    return (led.group() if led else "") + match.group()


class Redactor:
    """Redacts the lines of one stream in their order: a key may lie over several of them."""

    def __init__(self) -> None:
        self._within_key = False

    def redacted(self, text: str) -> tuple[str, int]:
        """The line with marks such as <email> in the place of what was found, and how often."""
        spans = [*self._of_keys(text), *(span for rule in _RULES for span in rule.spans(text))]
        if not spans:
            return text, 0
        parts, end, found = [], 0, 0
        for start, stop, kind in _merged(spans):
            parts += [text[end:start], f"<{kind}>"]
            found += 1
            end = stop
        return "".join([*parts, text[end:]]), found

    def _of_keys(self, text: str) -> Iterator[tuple[int, int, str]]:
        """All between the first and the last line of a key, which are often events of their own."""
        place = 0
        while place < len(text):
            if not self._within_key:
                begins = _KEY_BEGINS.search(text, place)
                if begins is None:
                    return
                self._within_key, place = True, begins.start()
            ends = _KEY_ENDS.search(text, place)
            stop = len(text) if ends is None else ends.end()
            self._within_key = ends is None
            yield place, stop, "private-key"
            place = stop


def _merged(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Without overlaps; of those that overlap the first kind names the whole."""
    merged: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            first, last, named = merged.pop()
            start, end, kind = first, max(last, end), named
        merged.append((start, end, kind))
    return merged


def _rule(
    kind: str,
    pattern: str,
    is_one: Callable[[str, str], bool] = checks.always,
    *,
    ignore_case: bool = False,
) -> _Rule:
    flags = re.ASCII | (re.IGNORECASE if ignore_case else 0)
    return _Rule(kind, re.compile(pattern, flags), is_one)


_RULES = (
    # A piece of a key whose beginning was lost.
    _rule(
        "private-key",
        rf"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/=]{{20,200}}\s{{1,3}}){{1,80}}-----END {_KEY_KIND}",
    ),
    _rule("webhook", r"https://hooks\.slack(?:-gov)?\.com/[A-Za-z]{1,20}/(?P<v>[A-Za-z0-9/_-]+)"),
    _rule(
        "webhook", r"https://[a-z.]{0,40}discord(?:app)?\.com/api/webhooks/(?P<v>[A-Za-z0-9/_-]+)"
    ),
    _rule("webhook", r"https://[a-z0-9.-]{1,80}\.webhook\.office\.com/(?P<v>[A-Za-z0-9/@_-]+)"),
    _rule(
        "password",
        r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@\"']{0,128}:(?P<v>[^\s\"'<>]{1,1024})@",
        checks.is_login,
    ),
    _rule("password", r"\b[A-Za-z0-9_.-]{1,80}:(?P<v>[^\s:@/\"'<>]{1,1024})@(?:tcp|unix)\("),
    _rule(
        "authorization",
        r"""authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:[A-Za-z0-9-]{1,40}\s{1,4})?"""
        r"""(?P<v>[^\s"'<][^\r\n"']*)""",
        ignore_case=True,
    ),
    _rule("authorization", r"\bbearer\s{1,4}(?P<v>[A-Za-z0-9._~+/=-]{8,})", ignore_case=True),
    _rule(
        "authorization",
        r"\bbasic\s{1,4}(?P<v>[A-Za-z0-9+/]{6,}={1,2})",
        ignore_case=True,
    ),
    _rule(
        "cookie", r"""\b(?:set-)?cookie["']?\s{0,4}[:=]\s{0,4}(?P<v>[^\r\n]+)""", ignore_case=True
    ),
    _rule("token", r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    _rule("token", rf"\b(?:{_TOKENS})"),
    _rule("aws-key", r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,}\b"),
    _rule(
        "password",
        rf"""(?:{_NAMES}){_NEAR}["'\]]{{0,4}}\s{{0,4}}""" rf"(?:=>|:=|=|:)\s{{0,4}}{_VALUE}",
        checks.is_value,
        ignore_case=True,
    ),
    _rule(
        "password",
        rf"(?<![a-z-])--?[a-z-]{{0,40}}(?:{_NAMES})[a-z-]{{0,40}}\s{{1,4}}{_VALUE}",
        checks.is_value,
        ignore_case=True,
    ),
    _rule(
        "password",
        r"\b(?:requirepass|masterauth|identified\s{1,4}by(?:\s{1,4}password)?|sshpass\s{1,4}-p)"
        rf"\s{{1,4}}{_VALUE}",
        ignore_case=True,
    ),
    _rule("password", rf"\bpassword\s{{0,4}}\(\s{{0,4}}{_VALUE}", ignore_case=True),
    _rule(
        "password",
        r"\b(?:mysql|mariadb)\w{0,20}\b[^\n|;]{0,300}?\s-p(?P<v>[^\s\"'-][^\s\"']*)",
    ),
    _rule(
        "password",
        r"\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)\s{0,4}['\"]?[^\s:]{1,80}:(?P<v>[^\s\"']+)",
    ),
    _rule("password", r"\b(?:redis|valkey)-cli\b[^\n|;]{0,300}?\s-a\s{1,4}(?P<v>[^\s\"']+)"),
    _rule("secret", r"[A-Za-z0-9+/_-]{24,}={0,2}", checks.is_random),
    _rule(
        "email",
        r"\b[A-Za-z0-9._%+-]{1,128}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}",
        checks.is_email,
    ),
    _rule("card", r"\b[2-6][0-9](?:[ -]?[0-9]){11,17}\b", checks.is_card),
    _rule(
        "iban", r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", checks.is_iban
    ),
    _rule("resident-number", r"\b[0-9]{6}-?[1-8][0-9]{6}\b", checks.is_resident),
    _rule("phone", r"\+[0-9]{1,3}[ .-]?\(?[0-9]{1,4}\)?(?:[.-][0-9]{2,4}){2,3}\b", checks.is_phone),
    _rule("phone", r"\+[0-9]{1,3}(?: \(?[0-9]{1,4}\)?){2,4}\b", checks.is_phone),
    _rule("phone", r"\+[0-9]{9,15}\b", checks.is_phone),
    _rule("phone", r"\b01[016-9][-. ]?[0-9]{3,4}[-. ]?[0-9]{4}\b"),
    _rule("phone", r"\b0[5789]0[-. ]?[0-9]{4}[-. ]?[0-9]{4}\b"),
    _rule("phone", r"(?:\b|\()0[1-9][0-9]{0,2}(?:-|\) ?)[0-9]{3,4}-[0-9]{4}\b"),
    _rule("phone", r"(?:\b|\()0[1-9][0-9]{2,3}(?:-|\) ?)[0-9]{2,3}-[0-9]{3,4}\b"),
    _rule("phone", r"\b(?:15|16|18)[0-9]{2}-[0-9]{4}\b"),
)
