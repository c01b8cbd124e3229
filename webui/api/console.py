"""The console in the browser: the files of its build, and its one page for every other address.

Invariant: no address of the API is ever answered by the page: whoever mistypes a route is told so.
A file is served as the build left it; what is run in the page carries the nonce of that answer.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from webui.api import edge
from webui.api.door import Open

# Where ``make console`` leaves it, in a checkout as in the installed package.
BUILT = Path(__file__).parents[1] / "app/dist"
# What stands in the built page where the nonce of the answer belongs.
_NONCE = "__CSP_NONCE__"
_ASSETS = "assets/"
_YEAR = 365 * 24 * 3600
# Names of the build have the hash of their content in them, other files keep their names.
_DAY = 24 * 3600
_UNBUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Rescue Bot</title>
<h1>Rescue Bot</h1>
<p>The API is here, the console has not been built: <code>make console</code> builds it.</p>
</html>
"""


class _Page(PathConverter):
    """Every path that is not one of the API."""

    regex = r"(?!(?i:api|health|metrics)(?:/|$))[^/].*?"


def install(app: Flask, built: Path) -> None:
    """Serve the console that was built there beside the API of `app`."""
    page = _page(built)
    files = frozenset(_names(built))
    app.url_map.converters["page"] = _Page

    def show_console(path: str = "") -> Response:
        if path in files:
            return _file(built, path, files)
        # A page of before an upgrade asks for what is no longer there: a page would not help it.
        if path.startswith(_ASSETS):
            raise NotFound
        shown = Response(page.replace(_NONCE, edge.nonce()), content_type="text/html")
        shown.headers["Cache-Control"] = "no-store"
        return shown

    show_console.policy = Open.ANYBODY  # type: ignore[attr-defined]
    for rule in ("/", "/<page:path>"):
        app.add_url_rule(rule, "show_console", show_console, methods=["GET"])


def _page(built: Path) -> str:
    try:
        return (built / "index.html").read_text("utf-8")
    except FileNotFoundError:
        return _UNBUILT


def _names(built: Path) -> set[str]:
    """The files that may be asked for: all of the build but its page, which has a hole in it."""
    found = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    return {name for name in found if not re.match(r"index\.html|\.", name)}


def _file(built: Path, name: str, files: frozenset[str]) -> Response:
    """A file, packed where it was packed and the browser can unpack it."""
    packed = f"{name}.gz" in files
    unpacks = request.accept_encodings["gzip"] > 0
    age = _YEAR if name.startswith(_ASSETS) else _DAY
    known: dict[str, Any] = {"max_age": age, "download_name": name.rpartition("/")[2]}
    sent = send_from_directory(built, f"{name}.gz" if packed and unpacks else name, **known)
    if packed:
        sent.vary.add("Accept-Encoding")
        if unpacks:
            sent.headers["Content-Encoding"] = "gzip"
    if name.startswith(_ASSETS):
        sent.cache_control.immutable = True
    sent.cache_control.public = True
    return sent
