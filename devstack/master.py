"""A Salt master that loads Rescue Bot from this checkout."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import yaml

from devstack import ports, salt_program
from devstack.errors import WorldError
from devstack.place import REPOSITORY, Place, tool
from devstack.process import Daemon
from devstack.salt_program import as_words
from rescuebot import clock

_START_SECONDS = 180
_CALL_SECONDS = 120

Ready = Callable[[datetime], object]


class Master:
    """One salt-master. `ready` is asked, with the time of the start, until it agrees."""

    def __init__(
        self,
        *,
        place: Place,
        block: Mapping[str, Any],
        engines: Sequence[str],
        reactor: bool,
        extra: Mapping[str, Any],
        outlives_owner: bool = False,
        name: str = "master",
    ) -> None:
        self.place = place
        self.config = place.folder(name)
        self.publish_port, self.request_port = ports.free(2)
        self.pillar_folder = place.folder("pillar")
        self._name = name
        self._log = place.logs / f"{name}.log"
        self._block, self._engines, self._reactor = dict(block), list(engines), reactor
        self._extra = dict(extra)
        self._ready: Ready = lambda launched: True
        self._launched = clock.now()
        self.daemon = Daemon(
            name=name,
            arguments=[tool("salt-master"), "-c", self.config],
            place=place,
            logs=[self._log],
            outlives_owner=outlives_owner,
        )

    def take_keys_of(self, other: Master) -> None:
        """Be the same master to minions: they know a master by its key."""
        own = self.config / "pki"
        own.mkdir(mode=0o700, exist_ok=True)
        for name in ("master.pem", "master.pub"):
            shutil.copy2(other.config / "pki" / name, own / name)

    def ready_when(self, ready: Ready) -> None:
        """Ask this too before a start counts as done."""
        self._ready = ready

    def start(self) -> None:
        """Start it and wait until it takes requests and its engines beat."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it without waiting."""
        salt_program.write_config(self.config, "master", self._configuration())
        if self.daemon.pid is None:
            salt_program.forget_instance(self.config)
        self._launched = clock.now()
        self.daemon.launch()

    def wait(self) -> None:
        """Wait until it takes requests and its engines beat."""
        self.daemon.wait_until(self._takes_requests, seconds=_START_SECONDS)
        self.daemon.wait_until(lambda: self._ready(self._launched), seconds=_START_SECONDS)

    def stop(self) -> None:
        """End it as an administrator would."""
        self.daemon.stop(seconds=20)

    def kill(self) -> None:
        """End it and all of its processes as a power cut would."""
        self.daemon.kill()

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def log(self) -> str:
        """All that it has logged so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def run(
        self, function: str, *arguments: Any, seconds: float = _CALL_SECONDS, **named: Any
    ) -> Any:
        """What ``salt-run --out=json`` says; a refusal of Rescue Bot is an answer too."""
        words = ["--out=json", function, *as_words(arguments, named)]
        answer = salt_program.decode(self._ask("salt-run", *words, seconds=seconds))
        if isinstance(answer, str) and salt_program.is_complaint(answer):
            raise WorldError(f"salt-run could not run {function}.", remedy=answer)
        return answer

    def run_text(
        self, function: str, *arguments: Any, seconds: float = _CALL_SECONDS, **named: Any
    ) -> str:
        """What ``salt-run`` shows to a person."""
        done = self._ask("salt-run", function, *as_words(arguments, named), seconds=seconds)
        return done.stdout + done.stderr

    def ask_minions(
        self, minion_ids: Sequence[str], function: str, *arguments: Any, seconds: float = 60
    ) -> dict[str, Any]:
        """What ``salt -L …`` says, by minion; one that does not answer is missing."""
        done = self._ask(
            "salt",
            "--out=json",
            "--static",
            f"--timeout={seconds:g}",
            "-L",
            ",".join(minion_ids),
            function,
            *as_words(arguments, {}),
            seconds=seconds + 60,
        )
        answers = salt_program.decode(done) if done.stdout.strip() else {}
        # Salt puts False where nothing came back, and nowhere else for these functions.
        return {name: answers[name] for name in minion_ids if answers.get(name, False) is not False}

    def answering(self, minion_ids: Sequence[str], *, seconds: float = 5) -> bool:
        """Whether all of these minions answer to a ping."""
        answers = self.ask_minions(minion_ids, "test.ping", seconds=seconds)
        return all(answers.get(name) is True for name in minion_ids)

    def _ask(self, program: str, *words: str, seconds: float) -> CompletedProcess[str]:
        return salt_program.ask(
            program, *words, config=self.config, place=self.place, seconds=seconds
        )

    def _takes_requests(self) -> bool:
        return ports.accepts(self.request_port) and ports.accepts(self.publish_port)

    def _configuration(self) -> dict[str, Any]:
        sources = REPOSITORY / "salt"
        content = salt_program.common(
            home=self.config, sockets=self.place.sockets / self._name, log=self._log
        )
        content |= {
            "interface": ports.LOOPBACK,
            "publish_port": self.publish_port,
            "ret_port": self.request_port,
            # Only what runs on this machine can reach the ports.
            "auto_accept": True,
            "id": f"{platform.node()}_{self._name}",
            "worker_threads": 3,
            "module_dirs": [str(sources)],
            "file_roots": {"base": [str(sources / "states")]},
            "pillar_roots": {"base": [str(self.pillar_folder)]},
            "on_demand_ext_pillar": ["rescue"],
            "engines": [{name: {}} for name in self._engines],
            "rescue": self._block,
        }
        if self._reactor:
            content["reactor"] = reactor_map(sources / "reactor")
        return content | self._extra


def reactor_map(folder: Path) -> list[dict[str, list[str]]]:
    """The reactor map of the project with the paths of this checkout.

    Absolute paths: a ``salt://`` reference costs ten times as much at each event.
    """
    path = folder / "map.yaml"
    if not path.exists():
        raise WorldError(f"There is no reactor map at {path}.", remedy="Start with reactor=False.")
    loaded = yaml.safe_load(path.read_text())
    return [
        {tag: [str(folder / name) for name in names] for tag, names in entry.items()}
        for entry in loaded
    ]
