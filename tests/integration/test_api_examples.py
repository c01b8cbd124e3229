"""The examples of docs/api.md, told to the real API on both databases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import api_story, make_api
from docs.api_story import Story
from rescuebot.database import Database

# Its calls are signed by Slack: nobody writes them by hand.
_WITHOUT_EXAMPLE = {"slack"}


def test_the_examples_are_answered_as_the_page_says(database: Database) -> None:
    story = Story(database)
    called = {told.operation for told in story.tell()}
    tagged = {
        operation["tags"][0]
        for item in story.document["paths"].values()
        for method, operation in item.items()
        if method != "parameters" and operation["operationId"] in called
    }
    assert {tag["name"] for tag in story.document["tags"]} - tagged == _WITHOUT_EXAMPLE


def test_the_page_is_the_one_that_make_docs_would_write(sqlite: Database) -> None:
    assert make_api.PAGE.read_text(encoding="utf-8") == make_api.page(
        Story(sqlite)
    ), "run: make docs"


def test_the_links_of_the_page_lead_somewhere() -> None:
    page = make_api.PAGE.read_text(encoding="utf-8")
    headings = {found.lower() for found in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    linked = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert len(linked) > 50
    assert linked <= headings


def test_an_example_that_is_answered_otherwise_is_named(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = tmp_path / "examples.yaml"
    examples.write_text("[{does: Look, call: get_health, status: 200, holds: {/status: ill}}]")
    monkeypatch.setattr(api_story, "EXAMPLES", examples)
    with pytest.raises(AssertionError, match=r"Look \(get_health\): /status is 'ok'"):
        Story(sqlite).tell()
