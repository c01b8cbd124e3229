"""Runs the zips of Lambda functions: deployed into the emulator, or under AWS's own runtime client.

Invariant: a function sees its zip and what AWS's Python runtime brings, and nothing else of this
machine's packages, so what is missing in the zip is missing here too.
"""

from __future__ import annotations

import base64
import json
import math
import os
import queue
import shutil
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from devstack import ports
from devstack.emulator import Emulator
from devstack.errors import WorldError
from devstack.loopback import Handler, Server
from devstack.place import ACCOUNT, REGION, Place
from devstack.process import Daemon
from devstack.waiting import until

RUNTIME = "python3.13"
# What the runtime of AWS brings for a function to import.
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/rescue-lambda"
_API = "/2018-06-01/runtime"
_START_SECONDS = 30.0
_PATIENCE = 0.01


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one call: what the function returned, or how it crashed."""

    payload: Any
    function_error: str = ""
    log: str = ""


def runtime_libraries(folder: Path, *, with_client: bool = False) -> Path:
    """A folder that stands for the packages of AWS's runtime: links to ours, to put on the path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*_SDK, *_CLIENT) if with_client else _SDK:
        for source in _parts(name):
            link = folder / source.name
            if not link.is_symlink():
                link.symlink_to(source)
    return folder


def _parts(name: str) -> set[Path]:
    """The folders and modules that a distribution has put into site-packages."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise WorldError(
            f"The package {name} is not installed.", remedy="Run `make setup` first."
        ) from None
    site = Path(str(found.locate_file("")))
    tops = {file.parts[0] for file in found.files or ()}
    return {site / top for top in tops if top not in ("..", "__pycache__")}


class DeployedLambda:
    """A function in the emulator."""

    def __init__(self, emulator: Emulator, name: str) -> None:
        self.name = name
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        self._client = emulator.client("lambda")
        self._logs = emulator.client("logs")

    @classmethod
    def deploy(
        cls,
        emulator: Emulator,
        *,
        name: str,
        archive: Path,
        handler: str,
        libraries: Path,
        environment: Mapping[str, str] | None = None,
        timeout: int = 30,
    ) -> Self:
        """Make or replace the function `name`; `libraries` come from `runtime_libraries`."""
        function = cls(emulator, name)
        client, code = function._client, archive.read_bytes()
        try:
            client.delete_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            pass  # the first time
        client.create_function(
            FunctionName=name,
            Runtime=RUNTIME,
            Architectures=["arm64"],
            Role=_ROLE,
            Handler=handler,
            Code={"ZipFile": code},
            Timeout=timeout,
            MemorySize=256,
            Environment={"Variables": {**(environment or {}), "PYTHONPATH": str(libraries)}},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        return function

    def configure(self, environment: Mapping[str, str]) -> None:
        """Set variables of its environment, beside those that it has."""
        now = self._client.get_function_configuration(FunctionName=self.name)
        variables = {**now.get("Environment", {}).get("Variables", {}), **environment}
        self._client.update_function_configuration(
            FunctionName=self.name, Environment={"Variables": variables}
        )
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self.name)

    def invoke(self, event: Any) -> Invocation:
        """Call it and wait for its answer."""
        told = self._client.invoke(
            FunctionName=self.name, Payload=json.dumps(event).encode(), LogType="Tail"
        )
        return Invocation(
            payload=json.loads(told["Payload"].read()),
            function_error=told.get("FunctionError", ""),
            log=base64.b64decode(told.get("LogResult", "")).decode(),
        )

    def start(self, event: Any) -> None:
        """Call it as SNS and EventBridge do: nobody waits, and AWS tries again when it fails."""
        self._client.invoke(
            FunctionName=self.name, Payload=json.dumps(event).encode(), InvocationType="Event"
        )

    def bury_in(self, queue_arn: str) -> None:
        """Put what it could not do in the end into this queue."""
        self._client.update_function_configuration(
            FunctionName=self.name, DeadLetterConfig={"TargetArn": queue_arn}
        )
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self.name)

    def logs(self) -> list[str]:
        """All that it has written so far."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.name}"
        )
        return [event["message"] for page in pages for event in page["events"]]


@dataclass(slots=True)
class _Job:
    """One invocation on its way through the runtime."""

    body: bytes
    deadline: float = math.inf
    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    answer: bytes = b"null"
    error: str = ""


class LambdaRuntime:
    """One execution environment: a zip under `awslambdaric`, with a Runtime API of ours.

    The first call after `start` is the cold one; those after it find the process warm.
    """

    def __init__(
        self,
        directory: Path,
        *,
        archive: Path,
        handler: str,
        environment: Mapping[str, str] | None = None,
        timeout: int = 30,
    ) -> None:
        self._place = Place(directory)
        self._timeout = timeout
        self._jobs: queue.Queue[_Job] = queue.Queue()
        self._running: dict[str, _Job] = {}
        self._init_error: bytes = b""
        self._server: Server | None = None
        self.port = ports.free(1)[0]
        task = _unpacked(archive, directory / "task")
        libraries = runtime_libraries(directory / "runtime", with_client=True)
        # -S: without the packages of our own virtual environment.
        command = [sys.executable, "-S", "-B", "-m", "awslambdaric", handler]
        self.daemon = Daemon(
            name="lambda",
            # In its own folder, as on AWS: that is how Python finds the code.
            arguments=["env", "-C", str(task), *command],
            place=self._place,
            environment=self._surroundings(task, libraries) | dict(environment or {}),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the runtime; the first `invoke` waits until it has loaded the function."""
        runtime = self

        class Api(_Api):
            owner = runtime

        self._server = Server((ports.LOOPBACK, self.port), Api)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.daemon.launch()

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def invoke(self, event: Any) -> Invocation:
        """Call the function; as AWS does, a crash is an answer and a timeout ends the process."""
        before = self._written()
        job = _Job(body=json.dumps(event).encode())
        self._running[job.name] = job
        self._jobs.put(job)
        try:
            until(
                lambda: job.done.wait(_PATIENCE) or self._crash(job),
                seconds=self._timeout + _START_SECONDS,
                what="the function answers",
                explain=self.daemon.tail,
            )
        finally:
            del self._running[job.name]
        crash = {} if job.done.is_set() else self._crash(job)
        log = self.daemon.output.read_bytes()[before:].decode(errors="replace")
        if crash:
            self.daemon.kill()
            return Invocation(crash, "Unhandled", log)
        return Invocation(json.loads(job.answer), job.error, log)

    def _crash(self, job: _Job) -> dict[str, Any]:
        """Why this job can never be done, in the words of AWS; empty while it still can."""
        if self._init_error:
            return dict(json.loads(self._init_error))
        if self.daemon.pid is None:
            return {"errorType": "Runtime.ExitError"}
        return {"errorType": "Sandbox.Timedout"} if time.time() > job.deadline else {}

    def _written(self) -> int:
        output = self.daemon.output
        return output.stat().st_size if output.exists() else 0

    def _surroundings(self, task: Path, libraries: Path) -> dict[str, str]:
        """The environment that AWS documents for a function."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"{ports.LOOPBACK}:{self.port}",
            "AWS_LAMBDA_FUNCTION_NAME": "rescue",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/rescue",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "AWS_REGION": REGION,
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": str(libraries),
            "PATH": os.defpath,
        }

    # What the server's threads ask of us.

    def next_job(self) -> _Job:
        """The next invocation, waited for. Its time begins now, as it does on AWS."""
        job = self._jobs.get()
        job.deadline = time.time() + self._timeout
        return job

    def finished(self, name: str, body: bytes, *, error: str = "") -> None:
        """An invocation has come to its end."""
        job = self._running.get(name)
        if job is not None:
            job.answer, job.error = body, error
            job.done.set()

    def broken(self, body: bytes) -> None:
        """The function could not even be loaded."""
        self._init_error = body


def _unpacked(archive: Path, task: Path) -> Path:
    """The content of a zip, and nothing of an older one."""
    shutil.rmtree(task, ignore_errors=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(task)
    return task


class _Api(Handler):
    """AWS's Runtime API, as far as a function needs it."""

    owner: LambdaRuntime

    def do_GET(self) -> None:
        job = self.owner.next_job()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": job.name,
            "Lambda-Runtime-Deadline-Ms": str(int(job.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": (
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rescue"
            ),
        }
        self._send(200, job.body, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.removeprefix(_API).strip("/").split("/")
        if parts == ["init", "error"]:
            self.owner.broken(body)
        elif parts[-1] == "error":
            self.owner.finished(parts[1], body, error="Unhandled")
        else:
            self.owner.finished(parts[1], body)
        self._send(202, b'{"status":"OK"}', {})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
