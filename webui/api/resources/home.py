"""The page at the root: where one is, and where to go from here."""

from __future__ import annotations

from importlib.metadata import version

from flask import Response, render_template_string

from webui.api import edge
from webui.api.door import Door, Open

door = Door("home", path="", words="The page at the root.", versioned=False)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Rescue Bot</title>
<style nonce="{{ nonce }}">
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em;
         color: #16191f; background: #fff }
  a { color: #0058a8 }
  @media (prefers-color-scheme: dark) { body { color: #e9ebed; background: #16191f }
                                        a { color: #89bdee } }
</style>
<main>
  <h1>Rescue Bot</h1>
  <p>This is the API of version {{ version }}. Its routes are under <code>/api/v1</code>.</p>
  <ul>
    <li><a href="/health/ready">Is all in place?</a></li>
    <li><a href="/api/v1/openapi.json">The specification (OpenAPI 3.1)</a></li>
  </ul>
  <p>How it is used stands in <code>docs/api.md</code>. Sign in by
     <code>POST /api/v1/auth/sign-in</code>.</p>
</main>
</html>
"""


@door.operation(
    "GET", "/", allow=Open.ANYBODY, returns={"type": "string"}, content_type="text/html"
)
def show_home() -> Response:
    """Where one is, and where to go from here."""
    page = render_template_string(_PAGE, nonce=edge.nonce(), version=version("rescuebot"))
    return Response(page, content_type="text/html; charset=utf-8")
