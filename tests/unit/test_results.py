"""Cutting results to what a log row may hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rescuebot.executions.results import RESULT_BYTES, cut


def test_what_fits_is_kept_to_the_byte() -> None:
    exactly = "x" * RESULT_BYTES
    assert cut(exactly) == exactly


def test_what_is_longer_is_cut_with_a_marker_that_tells_the_original_size() -> None:
    text = cut("a" * RESULT_BYTES + "z")
    assert len(text.encode()) <= RESULT_BYTES
    assert f"[... cut: {RESULT_BYTES + 1} bytes in all, the middle " in text
    assert text.startswith("aaa") and text.endswith("az")


@given(st.text(max_size=3000), st.integers(min_value=300, max_value=2000))
def test_any_text_fits_the_limit_in_bytes_and_stays_text(text: str, limit: int) -> None:
    shortened = cut(text, limit)
    assert len(shortened.encode("utf-8")) <= limit
    if len(text.encode("utf-8", "replace")) <= limit:
        assert shortened == text.encode("utf-8", "replace").decode()
