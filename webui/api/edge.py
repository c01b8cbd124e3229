"""The outermost layer: hosts, proxies, origins, sizes, headers.

Invariant: without a setting nothing foreign is believed: no proxy, no origin.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_cors import CORS
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

from rescuebot.settings import WebSettings
from webui.api.who import CSRF_HEADER

MOST_BYTES = 1024 * 1024
_DEEPEST = 40
# For everything that is no page: it shows nothing and loads nothing.
_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE_CSP = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS = "max-age=63072000; includeSubDomains"
# What browsers of other origins may send and read.
_SENT = ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "Range"]
_SEEN = ["ETag", "Link", "Location", "Retry-After", "X-Request-Id", "Content-Range"]


class StrictJson(DefaultJSONProvider):
    """JSON as it is defined: UTF-8, no NaN, no endless depth, each name once, whole characters."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError for whatever cannot be kept as it was sent."""
        text = s.decode("utf-8") if isinstance(s, bytes) else s
        kwargs = {"parse_constant": _no_constant, "object_pairs_hook": _each_once, **kwargs}
        try:
            found = super().loads(text, **kwargs)
            _measure(found, _DEEPEST)
            self.dumps(found, ensure_ascii=False).encode("utf-8")
        except RecursionError:
            raise ValueError("too deep") from None
        return found


def install(app: Flask, settings: WebSettings) -> None:
    """Put the outermost layer around `app`."""
    app.json = StrictJson(app)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    if settings.cors_origins:
        _let_origins_in(app, list(settings.cors_origins))
    app.before_request(partial(_prepare, frozenset(settings.trusted_hosts)))
    app.after_request(_dress)


def nonce() -> str:
    """What inline styles and scripts of this page carry, so that they alone are run."""
    found: str = g.nonce
    return found


def _let_origins_in(app: Flask, origins: list[str]) -> None:
    common: dict[str, Any] = {
        "origins": origins,
        "expose_headers": _SEEN,
        "max_age": 600,
        "vary_header": True,
        "send_wildcard": False,
    }
    CORS(
        app,
        resources={
            # Only here is a cookie of use.
            "/api/v1/auth/.*": {
                **common,
                "allow_headers": [*_SENT, CSRF_HEADER],
                "supports_credentials": True,
            },
            "/api/v1/.*": {**common, "allow_headers": _SENT},
        },
    )


def _prepare(trusted: frozenset[str]) -> None:
    g.nonce = secrets.token_urlsafe(16)
    # A load balancer asks for the health by address.
    if trusted and request.path != "/health" and not host_is_trusted(request.host, trusted):
        raise SecurityError


def _dress(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    is_page = response.mimetype == "text/html"
    csp = _PAGE_CSP.format(nonce=g.get("nonce", "")) if is_page else _CSP
    response.headers["Content-Security-Policy"] = csp
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _HSTS
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)
    return response


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two fields of one name one reader would believe the first, another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _measure(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not left:
        raise ValueError("too deep")
    for inner in value.values() if isinstance(value, dict) else value:
        _measure(inner, left - 1)
