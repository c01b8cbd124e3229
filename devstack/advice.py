"""What a world with advice has besides: a scripted model, the Lambda that asks it, and `orders`.

`orders` is a service for which there is no runbook: a deploy that breaks off leaves its lock, and
while the lock is there orders are refused, although the daemon runs and no restart would help.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from devstack import alarms, ports
from devstack.emulator import Emulator
from devstack.errors import WorldError
from devstack.lambdas import DeployedLambda, runtime_libraries
from devstack.model import Asked, ModelProcess, Rule, read_log
from devstack.place import Place
from devstack.services import BundledService
from lambdas import build

FUNCTION = "rescue-bedrock-advisor"
SERVICE = "orders"
REFUSES = "orders accepts no orders"

_FOLDER = "bedrock_advisor"
_HANDLER = f"{_FOLDER}.handler.handle"
_READ_SECONDS = 15
_TIMEOUT_SECONDS = _READ_SECONDS + 5
_EVIDENCE_SECONDS = 60

_HEALTH = (
    'if [ -e "$1" ]; then echo "orders refuses all orders: $1 exists"; exit 1; fi; shift; "$@"'
)
# Says all that it does, and ends before it has taken its lock away.
_DEPLOY = """\
echo "deploy 42 begins, so no orders are taken while $1 exists" >> "$2"
echo $$ > "$1"
kill -KILL $$
"""
# What an operator would look at first; it stands in the ledger as the log_check of the service.
_LOG_CHECK = """\
tail -n 20 "${RESCUE_PID_FILE%.pid}.log"
/bin/sh -c "$RESCUE_HEALTH"
exit 0
"""


class Model:
    """The scripted model of a world. Its log tells what it was asked, whoever asked."""

    def __init__(self, place: Place, *, outlives_owner: bool = False) -> None:
        self._rules = place.folder("services", "model") / "rules.json"
        self._rules.write_text("[]")
        self._process = ModelProcess(place, self._rules, outlives_owner=outlives_owner)
        self.daemon = self._process.daemon
        self.endpoint = self._process.endpoint

    def launch(self) -> None:
        """Start it without waiting."""
        self.daemon.launch()

    def wait(self) -> None:
        """Wait until it answers."""
        self.daemon.wait_until(lambda: ports.accepts(self._process.port), seconds=120)

    def script(self, *rules: Rule) -> None:
        """Go by these rules from now on, the first that fits; its log goes on."""
        self._rules.write_text(json.dumps([asdict(rule) for rule in rules]))
        self._process.stop()
        self._process.start()

    def requests(self) -> list[Asked]:
        """All that it was ever asked."""
        return read_log(self._process.log)


class Orders(BundledService):
    """The service that a broken deploy puts out of work."""

    def __init__(self, *, minion_id: str, place: Place, port: int) -> None:
        super().__init__(name=SERVICE, minion_id=minion_id, place=place, port=port)
        self.log_file = self.pid_file.with_suffix(".log")
        # In a folder for what may be lost, as such locks are.
        self.lock = place.sockets / f"{minion_id}-{SERVICE}.lock"

    def health(self) -> list[str]:
        return ["/bin/sh", "-c", _HEALTH, SERVICE, str(self.lock), *super().health()]

    def break_off_a_deploy(self) -> None:
        """Run a deploy that is killed in its midst, and see that orders are refused since."""
        words = ["/bin/sh", "-c", _DEPLOY, "deploy", str(self.lock), str(self.log_file)]
        subprocess.run(words, check=False, timeout=10)
        if self.is_up():
            raise WorldError(f"{self.name} takes orders although its deploy was broken off.")

    def refusal(self) -> str:
        """What the health check says."""
        done = subprocess.run(
            self.health(), capture_output=True, text=True, check=False, timeout=10
        )
        return done.stdout.strip()


def orders_of(minion_id: str, place: Place) -> Orders:
    """The service of one minion, prepared and not yet started."""
    service = Orders(minion_id=minion_id, place=place, port=ports.free(1)[0])
    service.prepare()
    return service


def deploy(emulator: Emulator, place: Place) -> DeployedLambda:
    """Build the function's zip and put it into the emulator."""
    folder = place.folder("services", "lambda")
    try:
        built = build.build(_FOLDER, into=folder)
    except build.BuildError as error:
        raise WorldError(f"The Lambda {_FOLDER} cannot be built.", remedy=str(error)) from None
    return DeployedLambda.deploy(
        emulator,
        name=FUNCTION,
        archive=built.path,
        handler=_HANDLER,
        libraries=runtime_libraries(folder / "libraries"),
        environment={"READ_TIMEOUT": str(_READ_SECONDS)},
        timeout=_TIMEOUT_SECONDS,
    )


def settings() -> dict[str, Any]:
    """The ``advice:`` of the master."""
    return {
        "function": FUNCTION,
        "timeout_seconds": _TIMEOUT_SECONDS + 5,
        "evidence_seconds": _EVIDENCE_SECONDS,
    }


def log_check(place: Place) -> dict[str, str]:
    """The command that gathers the evidence, as ``rescue.command_create`` takes it."""
    script = place.folder("services", SERVICE) / "log_check.sh"
    script.write_text(_LOG_CHECK)
    return {
        "command_name": f"{SERVICE}-log",
        "target_service": SERVICE,
        "command_type": "log_check",
        # Salt's command line takes an argument of one line only.
        "file": str(script),
    }


def alarm(server_id: str, *, words: str = REFUSES, time: datetime | None = None) -> dict[str, Any]:
    """An alarm on a number of the shop's own, of which no rule knows more than that it is bad."""
    name = "shop-" + "-".join(words.split()[:4])
    body = alarms.process_down(server_id, service=SERVICE, alarm_name=name, time=time)
    configuration = body["detail"]["configuration"]
    configuration["description"] = words
    configuration["metrics"][0]["metricStat"]["metric"] = {
        "dimensions": {"InstanceId": server_id},
        "name": "OrdersAccepted",
        "namespace": "Shop",
    }
    return body


def remedy(lock: Path, **changes: Any) -> Mapping[str, Any]:
    """What a good model would answer: take the lock of the dead deploy away."""
    solution = f"orders_takes_orders_again:\n  file.absent:\n    - name: {lock}\n"
    action = {
        "kind": "draft_runbook",
        "title": "Remove the lock of a deploy that broke off",
        "service_type": SERVICE,
        "error_pattern": "accepts no orders",
        "solution_kind": "sls",
        "solution": solution,
        "verification": "The health check of orders passes again.",
        "risk": "low",
        "risk_words": "A deploy that still ran would be disturbed; the evidence shows none.",
        "rollback": f"touch {shlex.quote(str(lock))}",
    }
    return {
        "diagnosis": "A deploy was killed and has left its lock, so orders refuses all orders. "
        "Its daemon runs; to restart it would not help.",
        "confidence": "high",
        "evidence": [
            {"id": "event", "quote": "accepts no orders"},
            {"id": "E1", "quote": "orders refuses all orders"},
        ],
        "action": {**action, **changes},
    }
