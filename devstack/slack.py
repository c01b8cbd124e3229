"""Slack's double: the Web API, incoming webhooks and response URLs, on loopback, and their moods.

Invariant: a message is kept before its answer goes out, and what Slack would refuse is refused, by
the rules of `slack_rules`. `SlackDouble.messages` is what people would see.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from devstack import ports, slack_rules
from devstack.loopback import Handler, Server
from devstack.slack_kept import Call, Kept, Mood
from rescuebot import clock

__all__ = ["Call", "Kept", "Mood", "SlackDouble"]

_USES_OF_A_RESPONSE_URL = 5
_NOT_A_MESSAGE = ("channel", "ts", "thread_ts", "text", "blocks", "metadata")

Answer = dict[str, Any]
Body = dict[str, Any]


@dataclass
class _Conversation:
    """A channel: who may write there, and what has been written."""

    archived: bool = False
    joined: bool = True


class SlackDouble:
    """One workspace. It listens from `start` to `stop`; everything may be asked from any thread."""

    def __init__(
        self, *, port: int | None = None, page: int = 200, log: Path | None = None
    ) -> None:
        self.port = port or ports.free(1)[0]
        self.url = f"http://{ports.LOOPBACK}:{self.port}"
        self.api_url = f"{self.url}/api/"
        self.token = f"xoxb-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.page = page
        self.channels: dict[str, _Conversation] = {}
        self.calls: list[Call] = []
        self._log = log
        self._kept: list[Kept] = []
        self._moods: list[tuple[str, Mood]] = []
        self._hooks: dict[str, str] = {}
        self._responses: dict[str, tuple[str, int]] = {}
        self._number = 0
        self._lock = threading.RLock()
        self._server: Server | None = None
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen."""
        double = self

        class Request(_Request):
            owner = double

        self._over.clear()
        self._server = Server((ports.LOOPBACK, self.port), Request)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more; what was kept stays."""
        self._over.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    # What a test or the demo arranges.

    def add_channel(self, channel: str, *, archived: bool = False, joined: bool = True) -> str:
        """A channel by its id, such as C0OPERATE; returns the id."""
        self.channels[channel] = _Conversation(archived=archived, joined=joined)
        return channel

    def add_webhook(self, channel: str) -> str:
        """An incoming webhook of a channel; returns its URL, which is a secret."""
        path = f"/services/T0RESCUE/B{secrets.token_hex(4).upper()}/{secrets.token_urlsafe(18)}"
        self._hooks[path] = channel
        return self.url + path

    def add_response_url(self, channel: str) -> str:
        """A URL by which a command or a press may be answered later, five times."""
        path = f"/commands/T0RESCUE/{secrets.token_urlsafe(18)}"
        self._responses[path] = (channel, _USES_OF_A_RESPONSE_URL)
        return self.url + path

    def be(self, word: str, *, times: int = 1, method: str = "", **how: Any) -> None:
        """Take the next calls (of one method, such as chat.postMessage) like this; see Mood."""
        with self._lock:
            self._moods += [(method, Mood(word=word, **how))] * times

    def be_kind(self) -> None:
        """Forget all moods that are still to come."""
        with self._lock:
            self._moods.clear()

    # What people see.

    def messages(self, channel: str | None = None, *, thread: str | None = None) -> list[Kept]:
        """All that is to be seen, in its order: of one channel, of one thread (its head first)."""
        with self._lock:
            found = [one for one in self._kept if channel in (None, one.channel)]
        return [one for one in found if thread in (None, one.ts, one.thread_ts)]

    def called(self, method: str) -> list[Call]:
        """The calls of a method, refused ones as well."""
        with self._lock:
            return [one for one in self.calls if one.method == method]

    # What the server's threads do.

    def mood(self, method: str) -> Mood | None:
        """The mood for this call, which is spent by it."""
        with self._lock:
            for number, (wanted, mood) in enumerate(self._moods):
                if wanted in ("", method):
                    del self._moods[number]
                    return mood
        return None

    def wait(self, seconds: float) -> None:
        """Keep silent, but not beyond the end."""
        self._over.wait(seconds)

    def serve(self, method: str, body: Body, token: str) -> Answer:
        """Do what a method of the Web API does."""
        known: dict[str, Callable[[Body], Answer]] = {
            "auth.test": lambda _: {"ok": True, "team_id": "T0RESCUE", "bot_id": "B0RESCUE"},
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        with self._lock:
            if token != self.token:
                answer = _error("invalid_auth" if token else "not_authed")
            elif method not in known:
                answer = _error("unknown_method")
            else:
                answer = known[method](body)
            self.calls.append(Call(method=method, body=body, answer=answer.get("error", "ok")))
        return answer

    def hook(self, path: str, body: Body) -> tuple[int, str]:
        """Do what an incoming webhook does; status and words."""
        with self._lock:
            channel = self._hooks.get(path)
            if channel is None:
                return self._hooked(path, body, 404, "no_service")
            if self.channels.get(channel, _Conversation()).archived:
                return self._hooked(path, body, 410, "channel_is_archived")
            if found := slack_rules.problems(body):
                return self._hooked(path, body, 400, found[0].partition(":")[0])
            self._keep(channel, body, way="webhook")
            return self._hooked(path, body, 200, "ok")

    def respond(self, path: str, body: Body) -> tuple[int, Answer]:
        """Do what a response URL does."""
        with self._lock:
            channel, left = self._responses.get(path, ("", 0))
            if not left:
                return 404, _error("used_url" if channel else "expired_url")
            if found := slack_rules.problems(body):
                return 400, _error(found[0].partition(":")[0])
            self._responses[path] = (channel, left - 1)
            kept = self._keep(channel, body, way="response_url")
            kept.ephemeral = body.get("response_type", "ephemeral") == "ephemeral"
            return 200, {"ok": True}

    def _hooked(self, path: str, body: Body, status: int, words: str) -> tuple[int, str]:
        self.calls.append(Call(method="webhook", body=body, answer=words))
        return status, words

    def _post(self, body: Body) -> Answer:
        if refused := self._closed(body.get("channel", "")):
            return refused
        if found := slack_rules.problems(body):
            return _error(found[0].partition(":")[0], response_metadata={"messages": found})
        head = body.get("thread_ts")
        if head is not None and not self._at(body["channel"], head):
            return _error("thread_not_found")
        kept = self._keep(body["channel"], body, way="api")
        return {"ok": True, "channel": kept.channel, "ts": kept.ts, "message": _shown(kept)}

    def _update(self, body: Body) -> Answer:
        if refused := self._closed(body.get("channel", "")):
            return refused
        kept = self._at(body["channel"], body.get("ts", ""))
        if kept is None:
            return _error("message_not_found")
        if kept.way != "api":
            return _error("cant_update_message")
        if found := slack_rules.problems(body):
            return _error(found[0].partition(":")[0], response_metadata={"messages": found})
        kept.text, kept.blocks = body.get("text", ""), body.get("blocks", [])
        kept.metadata = body.get("metadata", kept.metadata)
        kept.versions += 1
        self._write(kept)
        return {"ok": True, "channel": kept.channel, "ts": kept.ts, "text": kept.text}

    def _history(self, body: Body) -> Answer:
        if refused := self._closed(body.get("channel", ""), reading=True):
            return refused
        heads = [one for one in self.messages(body["channel"]) if one.thread_ts in (None, one.ts)]
        return self._paged(list(reversed(heads)), body)

    def _replies(self, body: Body) -> Answer:
        if refused := self._closed(body.get("channel", ""), reading=True):
            return refused
        if not self._at(body["channel"], body.get("ts", "")):
            return _error("thread_not_found")
        return self._paged(self.messages(body["channel"], thread=body["ts"]), body)

    def _paged(self, found: list[Kept], body: Body) -> Answer:
        oldest = float(body.get("oldest") or 0)
        seen = [one for one in found if not one.ephemeral and float(one.ts) >= oldest]
        start = int(body.get("cursor") or 0)
        most = min(int(body.get("limit") or 100), self.page)
        rest = seen[start + most :]
        with_metadata = str(body.get("include_all_metadata", "0")) in ("1", "True", "true")
        return {
            "ok": True,
            "messages": [_shown(one, metadata=with_metadata) for one in seen[start : start + most]],
            "has_more": bool(rest),
            "response_metadata": {"next_cursor": str(start + most) if rest else ""},
        }

    def _closed(self, channel: str, *, reading: bool = False) -> Answer | None:
        """Why nothing can be done in a channel, if so."""
        found = self.channels.get(channel)
        if found is None:
            return _error("channel_not_found")
        if not found.joined:
            return _error("not_in_channel")
        return _error("is_archived") if found.archived and not reading else None

    def _at(self, channel: str, ts: str) -> Kept | None:
        return next((one for one in self.messages(channel) if one.ts == ts), None)

    def _keep(self, channel: str, body: Body, *, way: str) -> Kept:
        self._number += 1
        now = clock.now()
        kept = Kept(
            channel=channel,
            ts=f"{int(now.timestamp())}.{self._number:06d}",
            text=body.get("text", ""),
            blocks=body.get("blocks") or [],
            way=way,
            at=now,
            thread_ts=body.get("thread_ts"),
            metadata=body.get("metadata"),
            extra={name: value for name, value in body.items() if name not in _NOT_A_MESSAGE},
        )
        self._kept.append(kept)
        self._write(kept)
        return kept

    def _write(self, kept: Kept) -> None:
        if self._log is not None:
            told = asdict(kept) | {"at": clock.isoformat(kept.at)}
            with self._log.open("a") as log:
                log.write(json.dumps(told, ensure_ascii=False) + "\n")


def _shown(kept: Kept, *, metadata: bool = True) -> Body:
    """A message as the Web API tells it."""
    told: Body = {"type": "message", "ts": kept.ts, "text": kept.text, "blocks": kept.blocks}
    if kept.thread_ts:
        told["thread_ts"] = kept.thread_ts
    if metadata and kept.metadata:
        told["metadata"] = kept.metadata
    return told


def _error(word: str, **more: Any) -> Answer:
    return {"ok": False, "error": word, **more}


class _Request(Handler):
    """One connection."""

    owner: SlackDouble

    def do_POST(self) -> None:
        """Any call: Slack takes all of them by POST."""
        body = self._body()
        method = self.path.removeprefix("/api/").partition("?")[0]
        kind = "webhook" if self.path.startswith("/services/") else method
        mood = self.owner.mood(kind)
        if mood is not None and not mood.after:
            return self._moody(mood, hook=kind == "webhook")
        status, answer = self._done(method, body)
        if mood is not None:
            return self._moody(mood, hook=kind == "webhook")
        self._send(status, answer)

    def _done(self, method: str, body: Body) -> tuple[int, Answer | str]:
        if self.path.startswith("/services/"):
            return self.owner.hook(self.path, body)
        if self.path.startswith("/commands/"):
            return self.owner.respond(self.path, body)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return 200, self.owner.serve(method, body, token)

    def _moody(self, mood: Mood, *, hook: bool) -> None:
        if mood.word == "hang":
            self.owner.wait(mood.seconds)
        if mood.word in ("hang", "cut"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif mood.word == "ratelimited":
            after = {"Retry-After": f"{mood.seconds:.0f}"}
            self._send(429, "rate_limited" if hook else _error("ratelimited"), after)
        elif mood.word.startswith("http_"):
            self._send(int(mood.word[5:]), "<html>Sorry, something went wrong</html>")
        elif mood.word == "garbage":
            self._send(200, "<html>Please sign in to this network</html>")
        elif hook:
            self._send(404 if "not_found" in mood.word else 403, mood.word)
        else:
            self._send(200, _error(mood.word))

    def _body(self) -> Body:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "json" in self.headers.get("Content-Type", "") or raw.startswith(b"{"):
            told = json.loads(raw or b"{}")
            return told if isinstance(told, dict) else {}
        return {name: values[-1] for name, values in parse_qs(raw.decode()).items()}

    def _send(
        self, status: int, answer: Answer | str, headers: Mapping[str, str] | None = None
    ) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        kind = "text/html" if isinstance(answer, str) else "application/json; charset=utf-8"
        content = text.encode()
        self.send_response_only(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
