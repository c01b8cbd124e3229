"""A model that answers by script, for demo and tests: no network, no cost, the same every time.

It speaks two dialects: OpenAI's chat completions, which is what the AWS emulator's Bedrock forwards
to, and Bedrock's own Converse, for what the emulator loses on the way (see the README of lambdas).

Invariant: every request that came in is one line of its log before its answer goes out, so that
counts survive a kill of whoever asked, and of the model itself.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from devstack import ports
from devstack.errors import WorldError
from devstack.loopback import Handler, Server
from devstack.place import REPOSITORY, Place
from devstack.process import Daemon

NO_SAFE_ACTION: Mapping[str, Any] = {
    "diagnosis": "The evidence does not show what is wrong.",
    "confidence": "low",
    "evidence": [],
    "action": {"kind": "no_safe_action", "look_at": ["The service's own log on the server."]},
}

_QUESTION = re.compile(r"\b[0-9a-f]{64}\b")
_CONVERSE = re.compile(r"^/model/(.+)/converse$")
# Good enough to count with; no test and no budget may rest on the exact number.
_LETTERS_A_TOKEN = 4

# The status that AWS sends with each error of Converse.
_STATUS = {
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ValidationException": 400,
    "ServiceUnavailableException": 503,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What to do when `pattern` is found in the last message of the user.

    One of `answer` (an object, sent as JSON), `text` (sent as it is, so it may be broken JSON),
    `refusal`, or `error` (the name of an AWS error, with `message`).
    """

    pattern: str
    answer: Mapping[str, Any] | None = None
    text: str | None = None
    refusal: str = ""
    error: str = ""
    message: str = ""
    retry_after: int | None = None
    cut: bool = False  # half of the text comes, as if max_tokens had been reached
    stop: str = ""  # a stopReason of Converse that is sent with the text
    delay: float = 0.0
    times: int | None = None  # how often; after that, later rules are asked

    def fits(self, text: str) -> bool:
        """Whether the message is one that this rule is for."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


_OTHERWISE = Rule(pattern="", answer=NO_SAFE_ACTION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request, as it stands in the log."""

    dialect: str
    question_id: str
    model: str
    outcome: str
    rule: int | None
    system: str
    user: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    request: dict[str, Any] = field(default_factory=dict)


def read_log(path: Path) -> list[Asked]:
    """All requests that were ever logged there."""
    if not path.exists():
        return []
    return [Asked(**json.loads(line)) for line in whole_lines(path)]


def whole_lines(path: Path) -> list[str]:
    """What is written there, without a line that is just being written."""
    return [one for one in path.read_text().splitlines(keepends=True) if one.endswith("\n")]


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file: a JSON list of objects with the fields of Rule."""
    try:
        given = json.loads(path.read_text())
        if not isinstance(given, list):
            raise TypeError(type(given))
        return [Rule(**told) for told in given]
    except (OSError, TypeError, ValueError):
        raise WorldError(
            f"{path} holds no rules for the model.",
            remedy='It must be a JSON list such as [{"pattern": "disk full", "answer": {…}}].',
        ) from None


class ScriptedModel:
    """The model as a thread of this process."""

    def __init__(self, rules: Iterable[Rule] = (), *, log: Path, port: int | None = None) -> None:
        self.port = port or ports.free(1)[0]
        self.endpoint = f"http://{ports.LOOPBACK}:{self.port}"
        self.log = log
        self._rules: list[Rule] = list(rules)
        self._used: Counter[int] = Counter()
        self._cached: set[str] = set()
        self._lock = threading.Lock()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        model = self

        class Request(_Request):
            owner = model

        self._server = Server((ports.LOOPBACK, self.port), Request)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def script(self, *rules: Rule) -> None:
        """Go by these rules from now on, the first that fits."""
        with self._lock:
            self._rules = list(rules)
            self._used.clear()

    def requests(self, question_id: str | None = None) -> list[Asked]:
        """What was asked so far: all, or this question."""
        found = read_log(self.log)
        return [one for one in found if question_id in (None, one.question_id)]

    def answer(self, chat: _Chat) -> tuple[Rule, Asked]:
        """Choose the rule, log the request, wait as long as the rule says."""
        with self._lock:
            number, rule = self._choose(chat.user)
            asked = self._counted(chat, rule, number)
            # In one piece: it is read while it is written.
            with self.log.open("ab", buffering=0) as log:
                log.write((json.dumps(asdict(asked)) + "\n").encode())
        time.sleep(rule.delay)
        return rule, asked

    def _choose(self, text: str) -> tuple[int | None, Rule]:
        for number, rule in enumerate(self._rules):
            spent = rule.times is not None and self._used[number] >= rule.times
            if not spent and rule.fits(text):
                self._used[number] += 1
                return number, rule
        return None, _OTHERWISE

    def _counted(self, chat: _Chat, rule: Rule, number: int | None) -> Asked:
        """The request with its tokens: what is before a cache point is written once, then read."""
        system, sent = _tokens(chat.system), _tokens(chat.user)
        hit = chat.cached and chat.system in self._cached
        if chat.cached and not rule.error:
            self._cached.add(chat.system)
        found = _QUESTION.search(chat.user)
        nothing = bool(rule.error)
        return Asked(
            dialect=chat.dialect,
            question_id=found[0] if found else "",
            model=chat.model,
            outcome=_outcome(rule),
            rule=number,
            system=chat.system,
            user=chat.user,
            input_tokens=0 if nothing else sent + (0 if chat.cached else system),
            output_tokens=0 if nothing else _tokens(_said(rule)),
            cache_read_tokens=system if hit and not nothing else 0,
            cache_write_tokens=system if chat.cached and not hit and not nothing else 0,
            request=chat.request,
        )


class ModelProcess:
    """The model as a process of a world; `read_log` of its log tells what it was asked."""

    def __init__(
        self, place: Place, rules: Path, *, port: int | None = None, outlives_owner: bool = False
    ) -> None:
        self.port = port or ports.free(1)[0]
        self.endpoint = f"http://{ports.LOOPBACK}:{self.port}"
        self.log = place.logs / "model.jsonl"
        words = [sys.executable, "-m", "devstack.model", "--port", self.port]
        self.daemon = Daemon(
            name="model",
            arguments=[str(word) for word in [*words, "--rules", rules, "--log", self.log]],
            place=place,
            environment={"PYTHONPATH": str(REPOSITORY)},
            outlives_owner=outlives_owner,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.daemon.start(ready=lambda: ports.accepts(self.port))

    def stop(self) -> None:
        """Stop it; its log stays."""
        self.daemon.stop()


@dataclass(frozen=True, slots=True)
class _Chat:
    """A request of either dialect."""

    dialect: str
    model: str
    system: str
    user: str
    cached: bool
    request: dict[str, Any]


def _of_openai(body: dict[str, Any]) -> _Chat:
    said = {"system": "", "user": ""}
    for message in body["messages"]:
        said[message["role"]] = str(message["content"])
    return _Chat("openai", body["model"], said["system"], said["user"], False, body)


def _of_converse(body: dict[str, Any], model: str) -> _Chat:
    blocks = body.get("system", [])
    system = "\n".join(block["text"] for block in blocks if "text" in block)
    last = [one for one in body["messages"] if one["role"] == "user"][-1]
    user = "\n".join(block["text"] for block in last["content"] if "text" in block)
    cached = any("cachePoint" in block for block in blocks)
    return _Chat("converse", model, system, user, cached, body)


def _said(rule: Rule) -> str:
    """The text that the model says by a rule."""
    text = rule.text if rule.text is not None else json.dumps(rule.answer or NO_SAFE_ACTION)
    if rule.refusal or rule.error:
        return rule.refusal
    return text[: len(text) // 2] if rule.cut else text


def _outcome(rule: Rule) -> str:
    if rule.error:
        return rule.error
    if rule.refusal:
        return "refusal"
    if rule.cut:
        return "cut"
    return rule.stop or "answer"


def _tokens(text: str) -> int:
    return -(-len(text) // _LETTERS_A_TOKEN)


def _to_openai(rule: Rule, asked: Asked) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": _said(rule)}
    if rule.refusal:
        said |= {"content": None, "refusal": rule.refusal}
    finish = "length" if rule.cut else "stop"
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": asked.model,
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": asked.input_tokens,
            "completion_tokens": asked.output_tokens,
        },
    }


def _to_converse(rule: Rule, asked: Asked) -> dict[str, Any]:
    refused = "refusal" if rule.refusal else ""
    content = [{"text": _said(rule)}]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": rule.stop or refused or ("max_tokens" if rule.cut else "end_turn"),
        "usage": {
            "inputTokens": asked.input_tokens,
            "outputTokens": asked.output_tokens,
            "totalTokens": asked.input_tokens + asked.output_tokens,
            "cacheReadInputTokens": asked.cache_read_tokens,
            "cacheWriteInputTokens": asked.cache_write_tokens,
        },
        "metrics": {"latencyMs": round(rule.delay * 1000)},
    }


class _Request(Handler):
    """One connection."""

    owner: ScriptedModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        converse = _CONVERSE.match(self.path)
        if converse:
            chat = _of_converse(body, unquote(converse[1]))
        elif self.path == "/v1/chat/completions":
            chat = _of_openai(body)
        else:
            return self._send(404, {})
        rule, asked = self.owner.answer(chat)
        if rule.error:
            return self._fail(rule)
        self._send(200, _to_converse(rule, asked) if converse else _to_openai(rule, asked))

    def _fail(self, rule: Rule) -> None:
        """As AWS does: the name of the error in a header."""
        headers = {"x-amzn-ErrorType": rule.error}
        if rule.retry_after is not None:
            headers["Retry-After"] = str(rule.retry_after)
        self._send(_STATUS.get(rule.error, 500), {"message": rule.message}, headers)

    def _send(
        self, status: int, told: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        content = json.dumps(told).encode()
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the model until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m devstack.model", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    given = parser.parse_args(arguments)
    with ScriptedModel(read_rules(given.rules), log=given.log, port=given.port):
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    sys.exit(main())
