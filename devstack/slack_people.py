"""People in Slack: they type commands and press buttons, and Slack signs what it makes of that."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from slack_sdk.signature import SignatureVerifier

from devstack.slack import SlackDouble
from devstack.slack_kept import Kept
from devstack.slack_rules import objects

# What Slack itself waits for an answer.
_SECONDS = 3.0
_TEAM = {"id": "T0RESCUE", "domain": "rescue"}


class Person:
    """Somebody of the workspace. An answer is given as it is, also a refusal."""

    def __init__(self, slack: SlackDouble, user_id: str, *, channel: str) -> None:
        self.user_id = user_id
        self.channel = channel
        self._slack = slack

    def command(self, url: str, words: str, *, command: str = "/rescue") -> requests.Response:
        """Type a command; `url` is what the app has registered for it."""
        form = {
            "command": command,
            "text": words,
            "team_id": _TEAM["id"],
            "team_domain": _TEAM["domain"],
            "channel_id": self.channel,
            "user_id": self.user_id,
            "user_name": "whoever",
            "api_app_id": "A0RESCUE",
            "response_url": self._slack.add_response_url(self.channel),
            "trigger_id": f"{time.time_ns()}.1",
        }
        return self.call(url, urlencode(form).encode())

    def press(self, url: str, message: Kept, action_id: str) -> requests.Response:
        """Press a button of a message, and Yes where it asks for that."""
        form = {"payload": json.dumps(self.pressed(message, action_id), ensure_ascii=False)}
        return self.call(url, urlencode(form).encode())

    def pressed(self, message: Kept, action_id: str) -> dict[str, Any]:
        """What Slack tells of a press; StopIteration when there is no such button."""
        block, button = next(
            (block, one)
            for block in message.blocks
            for one in objects(block)
            if one["type"] == "button" and one.get("action_id") == action_id
        )
        action = {
            name: button[name] for name in ("action_id", "type", "text", "value") if name in button
        }
        return {
            "type": "block_actions",
            "team": _TEAM,
            "user": {"id": self.user_id, "username": "whoever", "team_id": _TEAM["id"]},
            "api_app_id": "A0RESCUE",
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel,
                "is_ephemeral": message.ephemeral,
            },
            "channel": {"id": message.channel, "name": "rescue"},
            "message": {"ts": message.ts, "text": message.text, "blocks": message.blocks},
            "response_url": self._slack.add_response_url(message.channel),
            "trigger_id": f"{time.time_ns()}.1",
            "actions": [
                action | {"block_id": block.get("block_id", "b"), "action_ts": f"{time.time():.6f}"}
            ],
        }

    def call(
        self, url: str, body: bytes, *, at: float | None = None, secret: str | None = None
    ) -> requests.Response:
        """Send a signed body as Slack does; at another time, or by a wrong secret."""
        headers = self.signed(body, at=at, secret=secret)
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, data=body, headers=headers, timeout=_SECONDS)

    def signed(
        self, body: bytes, *, at: float | None = None, secret: str | None = None
    ) -> Mapping[str, str]:
        """The headers by which the other side can know that Slack has sent this."""
        stamp = str(int(time.time() if at is None else at))
        verifier = SignatureVerifier(secret or self._slack.signing_secret)
        signature = verifier.generate_signature(timestamp=stamp, body=body)
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature or "",
        }
