"""What was posted, as people see it on a phone: kept messages to HTML to PNG.

Invariant: every text of a message is escaped; the page loads nothing but letters from this machine.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from devstack import slack_samples as samples
from devstack.errors import WorldError
from devstack.place import REPOSITORY
from devstack.slack_kept import Kept
from devstack.slack_signs import drawn
from rescuebot.notices import cards

FONTS = REPOSITORY / "webui/app/node_modules/@fontsource-variable"
_STYLE = Path(__file__).with_name("slack_picture.css")
_LINK = re.compile(r"&lt;(https?://[^|&]*)\|([^&]*)&gt;")
_ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "en": "UTC"}
_REPLIES = {"ko": "댓글 {n}개", "ja": "{n} 件の返信", "en": "{n} replies"}
_SCALE = 1.25
_COLOURS = 256

Block = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Phone:
    """One phone: a channel in a language, with its messages in their order."""

    channel: str
    language: str
    messages: Sequence[Kept]


def take(phones: Sequence[Phone], path: Path, *, fonts: Path = FONTS) -> None:
    """Put the phones side by side into a PNG."""
    # Only who wants a picture needs a browser.
    from PIL import Image
    from playwright.sync_api import Error, sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder:
        page_path, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        page_path.write_text(page_of(phones, fonts=fonts), encoding="utf-8")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browser_path)
                page = browser.new_page(device_scale_factor=_SCALE)
                page.set_viewport_size({"width": 420 * len(phones), "height": 800})
                page.goto(page_path.as_uri())
                page.evaluate("document.fonts.ready")
                page.locator("main").screenshot(path=shot)
                browser.close()
        except Error:
            raise WorldError(
                "The browser took no picture.", remedy="apt-get install chromium"
            ) from None
        # Letters and a few signs need no more colours, and a third of the bytes.
        with Image.open(shot) as taken:
            taken.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE).save(
                path, optimize=True
            )


def page_of(phones: Sequence[Phone], *, fonts: Path = FONTS) -> str:
    """The page that the picture is taken of."""
    sheets = [f"{fonts}/noto-sans-{script}/index.css" for script in ("kr", "jp")]
    links = "".join(f'<link rel="stylesheet" href="file://{html.escape(one)}">' for one in sheets)
    policy = "default-src 'none'; style-src 'unsafe-inline' file:; font-src file: data:"
    inner = "".join(_phone(phone) for phone in phones)
    return (
        f'<!doctype html><meta charset="utf-8"><title>Slack</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"{links}<style>{_STYLE.read_text()}</style><main>{inner}</main>"
    )


def _phone(phone: Phone) -> str:
    heads = [one for one in phone.messages if one.thread_ts is None]
    rows = "".join(_message(head, phone) for head in heads)
    name = _text(phone.channel)
    return (
        f'<article lang="{phone.language}" class="phone"><h1># {name}</h1>'
        f"<section>{rows}</section></article>"
    )


def _message(kept: Kept, phone: Phone) -> str:
    replies = [one for one in phone.messages if one.thread_ts == kept.ts]
    moment = kept.at.astimezone(ZoneInfo(_ZONES[phone.language]))
    inner = "".join(_block(block, phone) for block in kept.blocks) or f"<p>{_text(kept.text)}</p>"
    thread = ""
    if replies:
        words = _REPLIES[phone.language].format(n=len(replies))
        rows = "".join(_message(reply, phone) for reply in replies)
        thread = f'<div class="thread"><b>{words}</b>{rows}</div>'
    return (
        '<div class="message"><i class="face">R</i><div class="body">'
        f'<p class="who"><b>Rescue Bot</b> <small>APP</small> <time>{moment:%H:%M}</time></p>'
        f"{inner}{thread}</div></div>"
    )


def _block(block: Block, phone: Phone) -> str:
    kind = block["type"]
    if kind == "header":
        return f"<h2>{_unescaped(block['text']['text'])}</h2>"
    if kind == "rich_text":
        return "".join(_rich(one, phone) for one in block["elements"])
    if kind == "actions":
        return f'<p class="buttons">{"".join(_button(one) for one in block["elements"])}</p>'
    if kind == "divider":
        return "<hr>"
    inner = "".join(f"<p>{_mrkdwn(text)}</p>" for text in _texts_of(block))
    return f'<div class="{"context" if kind == "context" else "section"}">{inner}</div>'


def _texts_of(block: Block) -> Iterator[str]:
    for one in [block.get("text"), *(block.get("fields") or []), *(block.get("elements") or [])]:
        if isinstance(one, Mapping) and "text" in one:
            yield str(one["text"])


def _rich(element: Block, phone: Phone) -> str:
    inner = "".join(_inline(one, phone) for one in element["elements"])
    tags = {"rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}
    tag = tags.get(element["type"], "p")
    return f"<{tag}>{inner}</{tag}>"


def _inline(one: Block, phone: Phone) -> str:
    if one["type"] == "date":
        return f"<span>{_moment(one['timestamp'], phone.language)}</span>"
    inner = _text(one.get("text") or one.get("url") or "")
    if one["type"] == "link":
        return f"<a>{inner}</a>"
    style = one.get("style") or {}
    for name, tag in (("code", "code"), ("bold", "b"), ("italic", "i"), ("strike", "s")):
        inner = f"<{tag}>{inner}</{tag}>" if style.get(name) else inner
    return inner


def _moment(timestamp: int, language: str) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC).astimezone(ZoneInfo(_ZONES[language]))
    if language == "en":
        return f"{moment:%b} {moment.day}, {moment:%H:%M:%S}"
    day = "{}월 {}일" if language == "ko" else "{}月{}日"
    return f"{day.format(moment.month, moment.day)} {moment:%H:%M:%S}"


def _button(one: Block) -> str:
    style = {"primary": "primary", "danger": "danger"}.get(one.get("style", ""), "")
    return f'<span class="button {style}">{_unescaped(one["text"]["text"])}</span>'


def _mrkdwn(text: str) -> str:
    """The little of mrkdwn that is of use here; the rest stays as it was written."""
    return _LINK.sub(r"<a>\2</a>", _unescaped(text))


def _unescaped(text: str) -> str:
    """A text that was escaped for Slack, escaped for HTML."""
    return _text(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def _text(text: str) -> str:
    return drawn(html.escape(text)).replace("\n", "<br>")


def sample_phones(languages: Sequence[str] = ("ko", "en", "ja")) -> list[Phone]:
    """The same day on the phones of three people."""
    return [_sample(language) for language in languages]


def _sample(language: str) -> Phone:
    shown = [cards.render(facts, language=language) for facts in samples.SHOWN]
    shown.append(cards.render_stats(samples.FIGURES, language=language))
    messages = [
        Kept(
            channel="C0OPERATE",
            ts=f"{number}.0",
            text=card.text,
            blocks=list(card.blocks),
            way="api",
            at=samples.AT,
        )
        for number, card in enumerate(shown)
    ]
    return Phone(channel="rescue-critical", language=language, messages=messages)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the picture of the samples."""
    parser = argparse.ArgumentParser(prog="python -m devstack.slack_picture", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--fonts", type=Path, default=FONTS)
    given = parser.parse_args(arguments)
    take(sample_phones(), given.path, fonts=given.fonts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
