"""The AWS emulator: one process that answers as SQS and the rest of AWS do, on one port."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from devstack import ports
from devstack.errors import WorldError
from devstack.place import ACCOUNT, REGION, REPOSITORY, Place
from devstack.process import Daemon
from devstack.queues import Queue

_PROGRAM = REPOSITORY / ".venv-emulator" / "bin" / "ministack"


class Emulator:
    """ministack on a free port of the loopback address. What it holds is gone when it stops."""

    def __init__(
        self,
        directory: Path | str,
        *,
        place: Place | None = None,
        port: int | None = None,
        outlives_owner: bool = False,
        bedrock_proxy: str | None = None,
    ) -> None:
        """`bedrock_proxy` is where a server like OpenAI's answers what Bedrock is asked."""
        self._own_place = place is None
        self._place = place or Place(directory)
        self.port = port or ports.free(1)[0]
        self.endpoint = f"http://{ports.LOOPBACK}:{self.port}"
        self.daemon = Daemon(
            name="emulator",
            arguments=[program()],
            place=self._place,
            environment=self._environment(bedrock_proxy),
            outlives_owner=outlives_owner,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it without waiting."""
        (self._place.sockets / "emulator").mkdir(exist_ok=True)
        self.daemon.launch()

    def wait(self) -> None:
        """Wait until it answers."""
        self.daemon.wait_until(self.is_up, seconds=120)

    def stop(self) -> None:
        """Stop it; it may be started again, empty, on the same port."""
        self.daemon.stop()
        if self._own_place:
            self._place.release()

    def kill(self) -> None:
        """End it as a crash would."""
        self.daemon.kill()

    def is_up(self) -> bool:
        """Whether it answers to HTTP."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def client(self, service: str) -> Any:
        """A boto3 client of `service` that reaches the emulator and nothing else."""
        return client(service, endpoint=self.endpoint)

    def queue(self, name: str) -> Queue:
        """The queue of this name, made when missing."""
        sqs = self.client("sqs")
        return Queue(sqs, str(sqs.create_queue(QueueName=name)["QueueUrl"]))

    def _environment(self, bedrock_proxy: str | None) -> dict[str, str]:
        model = {"MINISTACK_BEDROCK_PROXY_URL": bedrock_proxy} if bedrock_proxy else {}
        return model | {
            "BIND_HOST": ports.LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_HOST": ports.LOOPBACK,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # At its start it would remove every container that it takes for one of its own.
            "DOCKER_HOST": "unix:///nonexistent",
            "TMPDIR": str(self._place.sockets / "emulator"),
        }


def program() -> Path:
    """Where the emulator is installed: in an environment of its own, because it pins botocore."""
    if not _PROGRAM.exists():
        raise WorldError(
            f"The AWS emulator is not installed at {_PROGRAM}.",
            remedy=f"Run `make setup emulator` in {REPOSITORY} first.",
        )
    return _PROGRAM


def client(service: str, *, endpoint: str) -> Any:
    """A boto3 client with made-up credentials, whatever the environment says."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"mode": "standard", "max_attempts": 3}),
    )
