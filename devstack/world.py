"""The whole embedded world: emulator, ledger, master, minions and the services under rescue.

Invariant: whatever has been started is ended by `close`, also after a start that failed half-way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import yaml
from sqlalchemy import Select, select
from sqlalchemy.exc import ProgrammingError

from devstack import advice as advice_
from devstack import lease, mariadb, owner, process, services
from devstack.emulator import Emulator
from devstack.errors import WorldError
from devstack.lease import Lease, Note, Tell
from devstack.mariadb import MariaDB
from devstack.master import Master
from devstack.minion import Minion, minion_id
from devstack.place import DEFAULT_DIRECTORY, REGION, Place
from devstack.services import Service
from devstack.waiting import until
from devstack.web import Web
from rescuebot.database import Contention, Database
from rescuebot.errors import DatabaseUnavailable, SchemaOutdated
from rescuebot.heartbeats.model import EngineHeartbeat
from rescuebot.servers.model import Server
from rescuebot.settings import DatabaseSettings, laid_over

__all__ = ["World", "WorldError"]

T = TypeVar("T")

ENGINES = ("rescue_sqs", "rescue_tracker")
QUEUE = "rescue-alarms"


class World:
    """Use it as a context manager, or call `start` and `close`."""

    def __init__(
        self,
        directory: Path | str = DEFAULT_DIRECTORY,
        *,
        database: Literal["sqlite", "mariadb"] = "sqlite",
        minions: int = 1,
        masters: int = 1,
        reactor: bool = True,
        engines: Sequence[str] = ENGINES,
        settings: Mapping[str, Any] | None = None,
        real_mysql: bool | None = None,
        master_options: Mapping[str, Any] | None = None,
        minion_options: Mapping[str, Any] | None = None,
        advice: bool = False,
        web: bool = False,
        stays: bool = False,
        tell: Tell = lambda words: None,
    ) -> None:
        """`settings` is laid over the ``rescue:`` block, the options over Salt's configurations.

        More `masters` than one share their key, the queue and the ledger; all minions know them.
        `real_mysql` None means: a real MariaDB as the service mysql where one is installed.
        `advice` adds the model, the Lambda that asks it, and the service that no runbook knows.
        `web` adds the API, with people and a machine that may call it.
        `stays` leaves the world running when this process ends. `tell` hears of the progress.
        """
        self.place = Place(directory)
        self.directory = self.place.directory
        self.engines = tuple(engines)
        self.minions: list[Minion] = []
        self.mariadb: MariaDB | None = None
        self._names = [minion_id(number) for number in range(1, minions + 1)]
        self._reactor = reactor
        self._master_names = ["master", *(f"master{number}" for number in range(2, masters + 1))]
        self._settings = settings or {}
        self._master_options, self._minion_options = master_options or {}, minion_options or {}
        self._real_mysql = mariadb.is_installed() if real_mysql is None else real_mysql
        self._database = database
        self._model: advice_.Model | None = None
        self._advises = advice
        self._web: Web | None = None
        self._has_web = web
        self._stays = stays
        self._tell = tell
        self._lease = Lease(self.place)
        self._daemons: list[process.Daemon] = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Start everything and wait until a message in the queue would be handled."""
        self._lease.take(tell=self._tell)
        owner.guard(self, self.close)
        try:
            self._start_backing()
            self._start_salt()
            self._write_note()
        except BaseException:
            self.close()
            raise
        if self._stays:
            owner.release(self)
            self._lease.give_back()
        return self

    def close(self) -> None:
        """End everything that this world has started. Calling it again does nothing."""
        if not self._lease.held:
            return
        lease.end_world(self.place)
        for daemon in self._daemons:
            daemon.reap()
        self._lease.give_back()
        owner.release(self)

    @property
    def services(self) -> dict[str, Service]:
        """The services of the first minion."""
        return self.minions[0].services

    @property
    def model(self) -> advice_.Model:
        """The model of a world with advice."""
        if self._model is None:
            raise WorldError("This world has no model.", remedy="Start it with advice=True.")
        return self._model

    @property
    def api(self) -> Web:
        """The API of a world with one."""
        if self._web is None:
            raise WorldError("This world has no API.", remedy="Start it with web=True.")
        return self._web

    def run(self, function: str, *arguments: Any, **named: Any) -> Any:
        """What ``salt-run --out=json`` says, as an object."""
        return self.master.run(function, *arguments, **named)

    def run_as(self, person: str, function: str, *arguments: Any, **named: Any) -> Any:
        """The same, for somebody who has become root by sudo."""
        before = os.environ.get("SUDO_USER")
        os.environ["SUDO_USER"] = person
        try:
            return self.run(function, *arguments, **named)
        finally:
            if before is None:
                del os.environ["SUDO_USER"]
            else:
                os.environ["SUDO_USER"] = before

    def run_text(self, function: str, *arguments: Any, **named: Any) -> str:
        """What ``salt-run`` shows to a person."""
        return self.master.run_text(function, *arguments, **named)

    def wait_for(
        self, condition: Callable[[], T], seconds: float = 150, what: str = "the condition is met"
    ) -> T:
        """The first truthy value of `condition`, or WorldError with what was seen last."""
        return until(condition, seconds=seconds, what=what, explain=self.master.daemon.tail)

    def ledger(self) -> Database:
        """The ledger of this world, to look into. Dispose of it after use."""
        return open_ledger(self.database_url)

    def _start_backing(self) -> None:
        """The emulator, the ledger and the services, all at a time."""
        self._tell("starting the AWS emulator, the ledger and the services")
        if self._advises:
            self._launch_model()
        self.emulator = Emulator(
            self.directory,
            place=self.place,
            outlives_owner=self._stays,
            bedrock_proxy=self._model.endpoint if self._model else None,
        )
        self.emulator.launch()
        self._daemons.append(self.emulator.daemon)
        if self._database == "mariadb":
            self._launch_mariadb()
        self._services = {
            name: services.build(minion_id=name, place=self.place, real_mysql=self._real_mysql)
            for name in self._names
        }
        if self._advises:
            for name, known in self._services.items():
                known[advice_.SERVICE] = advice_.orders_of(name, self.place)
        for of_minion in self._services.values():
            for service in of_minion.values():
                service.start()
        if self.mariadb:
            self.mariadb.wait()
        self.emulator.wait()
        self.queue = self.emulator.queue(QUEUE)
        if self._model:
            self._model.wait()
            advice_.deploy(self.emulator, self.place)

    def _launch_model(self) -> None:
        self._model = advice_.Model(self.place, outlives_owner=self._stays)
        self._model.launch()
        self._daemons.append(self._model.daemon)

    def _launch_mariadb(self) -> None:
        self.mariadb = MariaDB(
            self.directory / "ledger", place=self.place, outlives_owner=self._stays
        )
        self.mariadb.launch()
        self._daemons.append(self.mariadb.daemon)

    def _start_salt(self) -> None:
        self._tell("starting the Salt master and its minions")
        self.database_url = self.mariadb.url() if self.mariadb else self._embedded_ledger()
        self.rescue_block = self._whole_block()
        self.masters = [self._master(name) for name in self._master_names]
        self.master = self.masters[0]
        self.master.ready_when(self._engines_beat_since)
        self.minions = [self._minion(number) for number in range(1, len(self._names) + 1)]
        self._daemons += [one.daemon for one in (*self.masters, *self.minions)]
        self._write_pillar()
        self.master.launch()
        for minion in self.minions:
            minion.launch()
        self.master.wait()
        for other in self.masters[1:]:
            other.take_keys_of(self.master)
            other.start()
        if self._web:
            self._launch_web(self._web)
        self._wait_for_minions()
        if self._web:
            self._web.wait()

    def _whole_block(self) -> dict[str, Any]:
        """The ``rescue:`` block with what was laid over; what people are told leads to the API."""
        block = laid_over(self._block(), self._settings)
        if not self._has_web:
            return block
        self._web = Web(place=self.place, block=block, outlives_owner=self._stays)
        return laid_over({"notices": {"url": self._web.url}}, block)

    def _launch_web(self, web: Web) -> None:
        self._daemons.append(web.daemon)
        web.launch()
        ledger = self.ledger()
        try:
            web.let_in(ledger)
        finally:
            ledger.dispose()

    def _master(self, name: str) -> Master:
        return Master(
            place=self.place,
            block=self.rescue_block,
            engines=self.engines,
            reactor=self._reactor,
            extra=self._master_options,
            outlives_owner=self._stays,
            name=name,
        )

    def _minion(self, number: int) -> Minion:
        return Minion(
            number=number,
            master=self.master,
            other_masters=self.masters[1:],
            services=self._services[minion_id(number)],
            extra=self._minion_options,
            outlives_owner=self._stays,
        )

    def _wait_for_minions(self) -> None:
        for minion in self.minions:
            minion.wait_connected()
        if self._names:
            for master in self.masters:
                self.wait_for(lambda: master.answering(self._names), what="the minions answer")
        if "rescue_tracker" in self.engines:
            self.wait_for(self._minions_are_known, what="the minions' servers are in the ledger")

    def _embedded_ledger(self) -> str:
        return f"sqlite:///{self.place.folder('ledger')}/rescue.db"

    def _block(self) -> dict[str, Any]:
        """The ``rescue:`` block of the master."""
        advised = {"advice": advice_.settings()} if self._advises else {}
        return advised | {
            # The tables are made by the first engine, as in the embedded ledger.
            "database": {"url": self.database_url, "migrate": "always"},
            "aws": {"region": REGION, "endpoint_url": self.emulator.endpoint},
            # A message is seen at once either way; a short poll only lets the master end sooner.
            "queue": {"url": self.queue.url, "wait_seconds": 2},
            # Whoever plays here breaks the same service again and again, to see it rescued.
            "guard": {"cooldown_seconds": 0},
        }

    def _write_pillar(self) -> None:
        folder = self.place.folder("pillar")
        top = {"base": {minion.id: [minion.id] for minion in self.minions}}
        (folder / "top.sls").write_text(yaml.safe_dump(top))
        for minion in self.minions:
            (folder / f"{minion.id}.sls").write_text(yaml.safe_dump(minion.pillar()))

    def _write_note(self) -> None:
        note = Note(
            stays=self._stays,
            endpoint=self.emulator.endpoint,
            queue_url=self.queue.url,
            database_url=self.database_url,
            master_config=str(self.master.config),
            minions={minion.id: minion.note() for minion in self.minions},
            api=self._web.access.told() if self._web else None,
        )
        lease.write_note(self.place, note)

    def _engines_beat_since(self, launched: datetime) -> bool:
        """Whether every engine of the master says that it runs since this start."""
        if not self.engines:
            return True
        query = select(EngineHeartbeat.engine).where(
            EngineHeartbeat.started_at >= launched, EngineHeartbeat.state == "running"
        )
        return set(self.engines) <= set(self._read(query))

    def _minions_are_known(self) -> bool:
        query = select(Server.minion_id).where(Server.minion_id.is_not(None))
        return set(self._names) <= set(self._read(query))

    def _read(self, query: Select[Any]) -> list[Any]:
        database = self.ledger()
        try:
            with database.reading() as session:
                return list(session.scalars(query))
        except (Contention, DatabaseUnavailable, SchemaOutdated, ProgrammingError) as error:
            # MySQL says ProgrammingError while the first engine has not made the tables yet.
            raise WorldError(f"The ledger cannot be read: {type(error).__name__}") from None
        finally:
            database.dispose()


def open_ledger(url: str) -> Database:
    """The ledger at this URL."""
    return Database(DatabaseSettings.model_validate({"url": url}))
