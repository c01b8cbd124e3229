"""What Slack calls. It is let in by its signature over the body, not by its origin."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request
from slack_sdk.signature import SignatureVerifier

from rescuebot import history
from rescuebot.errors import Unauthorized
from webui.api import context
from webui.api.door import Door, Open

door = Door("slack", path="/slack", words="What Slack calls.")

_FORM = "application/x-www-form-urlencoded"
_HELP = "Try: /rescue stats"


class SlackAnswer(ma.Schema):
    """What Slack shows to whoever asked."""

    response_type = ma.fields.String(required=True, validate=ma.validate.Equal("ephemeral"))
    text = ma.fields.String(required=True)


@door.operation(
    "POST",
    "/commands",
    allow=Open.SIGNATURE,
    returns=SlackAnswer,
    describe={
        "requestBody": {
            "required": True,
            "content": {
                _FORM: {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                        },
                    }
                }
            },
        }
    },
)
def answer_slack_command() -> Any:
    """``/rescue stats``. Slack signs its calls; one that is older than five minutes is refused."""
    _require_signature()
    words = request.form.get("text", "").split()
    text = _stats() if words[:1] == ["stats"] else _HELP
    return {"response_type": "ephemeral", "text": text}


def _require_signature() -> None:
    secret = context.settings().slack.signing_secret
    if secret is None:
        raise Unauthorized("Slack is not set up here.", remedy="Set slack.signing_secret.")
    verifier = SignatureVerifier(secret.get_secret_value())
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    # Read before the form is, which would empty the stream.
    body = request.get_data(cache=True)
    known_shape = stamp.isascii() and stamp.isdecimal() and len(stamp) < 12 and signature.isascii()
    if not known_shape:
        raise Unauthorized("The signature does not hold.")
    if not verifier.is_valid(body=body, timestamp=stamp, signature=signature):
        raise Unauthorized("The signature does not hold.")


def _stats() -> str:
    found = context.read(lambda session: history.stats(session=session))
    return "\n".join(
        f"{name}: " + (", ".join(f"{count} {what}" for what, count in counts.items()) or "none")
        for name, counts in found.items()
        if isinstance(counts, dict)
    )
