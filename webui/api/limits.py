"""How often somebody may ask: a person or a key by name, everybody else by address.

The counts live in this process. Behind a load balancer each process counts for itself, so a limit
is that of one process; what must hold over all of them, the lock of an account, is in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from rescuebot.settings import WebSettings

V = TypeVar("V", bound=Callable[..., Any])

_DULL = ("/health", "/health/ready")


def sign_ins(view: V) -> V:
    """Mark a view that takes a password or a session: it is limited by address once more."""
    view.proves_who = True  # type: ignore[attr-defined]
    return view


def install(app: Flask, settings: WebSettings) -> None:
    """Limit all routes of `app`; call it when they are all there."""
    limiter = Limiter(
        key_func=_who,
        app=app,
        storage_uri="memory://",
        strategy="fixed-window",
        application_limits=[f"{settings.requests_per_minute}/minute"],
        headers_enabled=False,
    )
    limiter.request_filter(lambda: request.path in _DULL)
    limited = limiter.shared_limit(
        f"{settings.sign_ins_per_minute}/minute", scope="sign-ins", key_func=get_remote_address
    )
    for name, view in app.view_functions.items():
        if getattr(view, "proves_who", False):
            app.view_functions[name] = cast(Any, limited(view))


def _who() -> str:
    person = g.get("caller")
    return get_remote_address() if person is None else str(person.actor)
