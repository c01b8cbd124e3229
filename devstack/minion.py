"""A Salt minion with services under rescue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devstack import ports, salt_program
from devstack.errors import WorldError
from devstack.master import Master
from devstack.place import tool
from devstack.process import Daemon
from devstack.services import Service

_START_SECONDS = 180
_READY = "Minion is ready to receive requests!"


class Minion:
    """One salt-minion; `server_id` is how AWS would name the machine that it runs on."""

    def __init__(
        self,
        *,
        number: int,
        master: Master,
        services: Mapping[str, Service],
        extra: Mapping[str, Any],
        outlives_owner: bool = False,
        other_masters: Sequence[Master] = (),
    ) -> None:
        self.id = minion_id(number)
        self.server_id = f"i-0de{number:014x}"
        self.services = dict(services)
        self._master = master
        self._masters = [master, *other_masters]
        self._place = master.place
        self._extra = dict(extra)
        self.config = self._place.folder("minions", self.id)
        self._log = self._place.logs / f"{self.id}.log"
        self._log_before = 0
        self.daemon = Daemon(
            name=self.id,
            arguments=[tool("salt-minion"), "-c", self.config],
            place=self._place,
            logs=[self._log],
            outlives_owner=outlives_owner,
        )

    def start(self) -> None:
        """Start it and wait until it answers to its master."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it without waiting."""
        salt_program.write_config(self.config, "minion", self._configuration())
        if self.daemon.pid is None:
            salt_program.forget_instance(self.config)
        self._log_before = len(self.log())
        self.daemon.launch()

    def wait(self) -> None:
        """Wait until it answers to its master."""
        self.wait_connected()
        self.daemon.wait_until(lambda: self._master.answering([self.id]), seconds=_START_SECONDS)

    def wait_connected(self) -> None:
        """Wait until it says that it is ready, which is a moment before it is."""
        self.daemon.wait_until(
            lambda: _READY in self.log()[self._log_before :], seconds=_START_SECONDS
        )

    def stop(self) -> None:
        """End it as an administrator would."""
        self.daemon.stop()

    def kill(self) -> None:
        """End it and all of its processes as a power cut would. Its services live on."""
        self.daemon.kill()

    def log(self) -> str:
        """All that it has logged so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def call(self, function: str, *arguments: Any, seconds: float = 60) -> Any:
        """What the minion says when its master asks it with ``salt``."""
        answers = self._master.ask_minions([self.id], function, *arguments, seconds=seconds)
        if self.id not in answers:
            raise WorldError(f"{self.id} did not answer to {function}.", remedy=self.daemon.tail())
        return answers[self.id]

    def pillar(self) -> dict[str, Any]:
        """What its master tells it about its services."""
        services = {name: service.pillar() for name, service in self.services.items()}
        return {"rescue": {"services": services}}

    def note(self) -> dict[str, Any]:
        """What others may know about it."""
        services = {name: service.note() for name, service in self.services.items()}
        return {"server_id": self.server_id, "services": services}

    def _configuration(self) -> dict[str, Any]:
        content = salt_program.common(
            home=self.config, sockets=self._place.sockets / self.id, log=self._log
        )
        content |= {
            "id": self.id,
            "master": ports.LOOPBACK,
            "master_port": self._master.request_port,
            "publish_port": self._master.publish_port,
            "grains": {"rescue": {"server_id": self.server_id}},
            # A real fleet spreads these over seconds, so that it does not come back at once.
            "acceptance_wait_time": 1,
            "random_reauth_delay": 0,
            "recon_default": 100,
            "recon_max": 1000,
            "master_tries": -1,
        }
        if len(self._masters) > 1:
            content["master"] = [f"{ports.LOOPBACK}:{one.request_port}" for one in self._masters]
            # Else the minion would listen on the first one's port to all of them.
            del content["publish_port"]
        return content | self._extra


def minion_id(number: int) -> str:
    """The name of the minion with this number, counted from one."""
    return f"minion-{number}"
