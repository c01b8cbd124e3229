"""ECS's double for one-off tasks, and the place where CloudFormation waits for answers.

Invariant: a client token starts one task, however often it comes, as ECS promises. What a task runs
is a function of ours: its exit code and its lines; it runs in a thread, so a caller has to wait.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from devstack import ports
from devstack.loopback import Handler, Server
from devstack.place import ACCOUNT, REGION

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/rescue"
DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/rescue-migrations:7"
# What a task does: the lines that it writes, and its exit code.
Program = Callable[[], tuple[int, Sequence[str]]]
# Where its lines go: the id of the task and the lines.
Log = Callable[[str, Sequence[str]], None]


@dataclass
class Task:
    """One task; `shown` is what describe_tasks tells of it."""

    arn: str
    token: str
    shown: dict[str, Any]


@dataclass
class TasksDouble:
    """ECS on loopback: RunTask and DescribeTasks. `trouble` answers the next calls, one each."""

    program: Program = lambda: (0, [])
    log: Log = lambda task_id, lines: None
    container: str = "migrations"
    seconds: float = 0.0
    # (operation, status, code), or ("RunTask", 0, "hang") for an answer that never comes.
    trouble: list[tuple[str, int, str]] = field(default_factory=list)
    # So many times a task that was just started is not known yet.
    unknown: int = 0
    # Instead of running: the reason why the task did not come to run, or a container before it.
    not_started: str = ""
    failed_before: str = ""
    tasks: list[Task] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = field(default_factory=lambda: ports.free(1)[0])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: Server | None = None

    @property
    def url(self) -> str:
        """Its address, for AWS_ENDPOINT_URL_ECS."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        double = self

        class Request(Handler):
            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                status, told = double._answer(operation, given)
                if status:
                    _send(self, status, json.dumps(told).encode(), "application/x-amz-json-1.1")

        self._server = _serve(self.port, Request)
        return self

    def __exit__(self, *_: object) -> None:
        server, self._server = self._server, None
        assert server is not None
        server.shutdown()
        server.server_close()

    def renew(self) -> None:
        """As it was in the beginning."""
        self.program, self.seconds, self.unknown = (lambda: (0, [])), 0.0, 0
        self.not_started = self.failed_before = ""
        self.trouble, self.tasks, self.asked = [], [], []

    def _answer(self, operation: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((operation, given))
        if self.trouble and self.trouble[0][0] == operation:
            _, status, code = self.trouble.pop(0)
            if code == "hang":
                time.sleep(30)
                return 0, {}
            if code == "failures":
                return 200, {"tasks": [], "failures": [{"reason": "Capacity is unavailable."}]}
            return status, {"__type": code, "message": "words of AWS that nobody may repeat"}
        return self._run(given) if operation == "RunTask" else self._describe(given)

    def _run(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            known = [task for task in self.tasks if task.token == given["clientToken"]]
            if known:
                return 200, {"tasks": [known[0].shown], "failures": []}
            arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/rescue/{uuid.uuid4().hex}"
            shown = {"taskArn": arn, "lastStatus": "PROVISIONING", "containers": []}
            task = Task(arn, given["clientToken"], shown)
            self.tasks.append(task)
        threading.Thread(target=self._live, args=(task,), daemon=True).start()
        return 200, {"tasks": [shown], "failures": []}

    def _live(self, task: Task) -> None:
        time.sleep(self.seconds)
        if self._server is None or task not in self.tasks:
            return  # nobody is interested in it any more
        ended: dict[str, Any] = {"name": self.container, "lastStatus": "STOPPED"}
        told: dict[str, Any] = {"stopCode": "TaskFailedToStart", "stoppedReason": self.not_started}
        others: list[dict[str, Any]] = []
        if self.failed_before:
            others = [{"name": self.failed_before, "lastStatus": "STOPPED", "exitCode": 1}]
        elif not self.not_started:
            code, lines = self.program()
            self.log(task.arn.rpartition("/")[2], lines)
            ended["exitCode"] = code
            told = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container"}
        task.shown |= {"lastStatus": "STOPPED", "containers": [*others, ended], **told}

    def _describe(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.unknown:
            self.unknown -= 1
            return 200, {"tasks": [], "failures": [{"arn": given["tasks"][0], "reason": "MISSING"}]}
        return 200, {"tasks": [task.shown for task in self.tasks if task.arn in given["tasks"]]}


@dataclass
class Answers:
    """Where answers to CloudFormation are put. `moods` are the next ones: a status, or "hang"."""

    moods: list[int | str] = field(default_factory=list)
    put: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    refused: int = 0
    port: int = field(default_factory=lambda: ports.free(1)[0])
    _server: Server | None = None

    @property
    def url(self) -> str:
        """An address as CloudFormation gives it, with a signature."""
        return f"http://{ports.LOOPBACK}:{self.port}/answer?X-Amz-Signature=a-signature-in-no-log"

    def __enter__(self) -> Self:
        answers = self

        class Request(Handler):
            def do_PUT(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                mood = answers.moods.pop(0) if answers.moods else 200
                if mood == "hang":
                    time.sleep(30)
                    return
                if mood == 200:
                    answers.bodies.append(content)
                    answers.types.append(self.headers.get("Content-Type", ""))
                    answers.put.append(json.loads(content))
                else:
                    answers.refused += 1
                _send(self, int(mood), b"", "text/plain")

        self._server = _serve(self.port, Request)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def renew(self) -> None:
        """Willing, and with nothing put."""
        self.moods, self.put, self.bodies, self.types, self.refused = [], [], [], [], 0


def _serve(port: int, handler: type[Handler]) -> Server:
    server = Server((ports.LOOPBACK, port), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _send(handler: Handler, status: int, content: bytes, kind: str) -> None:
    handler.send_response_only(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
