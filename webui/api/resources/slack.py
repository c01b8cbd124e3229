"""What Slack calls: commands and buttons. It is let in by its signature, not by its origin.

Invariant: a body is read only after its signature held, and is obeyed once. Whoever asked is told
nothing that their role may not see, and it is told to them alone.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import current_app, request
from slack_sdk.signature import SignatureVerifier

from rescuebot import chatops
from rescuebot.adapters import slack
from rescuebot.errors import RescueError, Unauthorized
from rescuebot.logs import logger
from webui.api import context
from webui.api.door import Door, Open

log = logger(__name__)

door = Door("slack", path="/slack", words="What Slack calls.")

_FORM = "application/x-www-form-urlencoded"
_TEXT = {"type": "string"}
# Slack drops an answer after three seconds, and the ledger has had its part of them.
_ANSWER_SECONDS = 1


class SlackAnswer(ma.Schema):
    """What Slack shows to whoever asked, and to nobody else."""

    response_type = ma.fields.String(required=True, validate=ma.validate.Equal("ephemeral"))
    text = ma.fields.String(required=True)
    blocks = ma.fields.List(ma.fields.Dict(), required=True)


def _form(*fields: str) -> dict[str, Any]:
    """The body for the specification: a form with these fields."""
    schema = {"type": "object", "properties": dict.fromkeys(fields, _TEXT), "required": [*fields]}
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": schema}}}}


@door.operation(
    "POST",
    "/commands",
    allow=Open.SIGNATURE,
    returns=SlackAnswer,
    describe=_form("text", "user_id"),
)
def answer_slack_command() -> Any:
    """``/rescue stats|events|event|approve|reject|halt|resume``, as the person of that user_id."""
    _require_signature()
    return _answer(
        chatops.obey(
            request.form.get("text", ""),
            slack_id=request.form.get("user_id", ""),
            database=context.ledger(),
            settings=context.settings(),
        )
    )


@door.operation(
    "POST", "/actions", allow=Open.SIGNATURE, status=204, describe=_form("payload"), fails=(422,)
)
def answer_slack_action() -> None:
    """A button of a card. What came of it is told at Slack's response_url."""
    _require_signature()
    pressed = _pressed(request.form.get("payload", ""))
    if pressed is None:
        # Other things that people do with a card, such as following a link, are told, too.
        return
    reply = chatops.press(
        pressed["action"],
        pressed["value"],
        slack_id=pressed["user"],
        database=context.ledger(),
        settings=context.settings(),
    )
    try:
        slack.answer(
            pressed["url"],
            {**_answer(reply), "replace_original": False},
            base_url=context.settings().slack.api_url,
            timeout_seconds=_ANSWER_SECONDS,
        )
    except RescueError as error:
        # It is done, and the card will show it; only the word to who pressed is lost.
        log.warning("slack_answer_lost", code=error.code)


def _answer(reply: chatops.Reply) -> dict[str, Any]:
    card = chatops.card_of(reply, settings=context.settings())
    return {"response_type": "ephemeral", "text": card.text, "blocks": [*card.blocks]}


def _pressed(payload: str) -> dict[str, str] | None:
    """Which button, of which value, by whom, and where to answer; None for anything else."""
    try:
        told = current_app.json.loads(payload)
        (action,) = told["actions"]
        found = {
            "action": action["action_id"],
            "value": action["value"],
            "user": told["user"]["id"],
            "url": told["response_url"],
        }
    except (ValueError, LookupError, TypeError):
        return None
    if not all(isinstance(text, str) for text in found.values()):
        return None
    return found


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
    chatops.require_first(signature, body, database=context.ledger())
