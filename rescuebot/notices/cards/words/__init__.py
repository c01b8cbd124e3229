"""The catalogues of the cards: one file a language, the same keys in each."""

from __future__ import annotations

from collections.abc import Mapping

from rescuebot.notices.cards.words import en, ja, ko

LANGUAGES: Mapping[str, Mapping[str, str]] = {"ko": ko.WORDS, "en": en.WORDS, "ja": ja.WORDS}
_OTHERWISE = "en"


class Words:
    """The words of one language; of English for a language that there is none of."""

    def __init__(self, language: str) -> None:
        self._words = LANGUAGES.get(language, LANGUAGES[_OTHERWISE])

    def __call__(self, key: str, **values: object) -> str:
        """A sentence with its values filled in. The values are not read for braces."""
        return self._words[key].format(**values)

    def template(self, key: str) -> str:
        """A sentence as it stands in the catalogue, with its braces."""
        return self._words[key]

    def named(self, kind: str, name: str | None, *, otherwise: str = "other") -> str:
        """The word for a value of a closed list, such as an outcome."""
        return self._words.get(f"{kind}.{name}", self._words[f"{kind}.{otherwise}"])

    def span(self, seconds: float) -> str:
        """A length of time as people say it."""
        if not 0 <= seconds < 1e9:  # also what is no number
            seconds = 0.0
        whole = int(seconds)
        if whole < 60:
            return self("seconds", s=f"{seconds:.1f}" if seconds < 10 else whole)
        if whole < 3600:
            return self("minutes", m=whole // 60, s=whole % 60)
        if whole < 86_400:
            return self("hours", h=whole // 3600, m=whole % 3600 // 60)
        return self("days", d=whole // 86_400, h=whole % 86_400 // 3600)
