"""Send planned executions to minions and settle what they return.

Configure it in the master's config; everything else is in the ``rescue:`` block:

.. code-block:: yaml

    engines:
      - rescue_tracker: {}

The database is the queue of this engine. What it hears on the bus only makes it faster.
"""

import functools
import logging
import os
import queue
import threading
import time

import salt.cache
import salt.client
import salt.exceptions
import salt.minion
import salt.utils.event
import salt.utils.jid
import salt.utils.minions

from rescuebot import (
    advising,
    archiving,
    census,
    database,
    dispatching,
    gathering,
    halting,
    logs,
    looking,
    notifying,
    previewing,
    settings,
    sweeping,
    tidying,
    tracking,
)
from rescuebot.adapters import lambda_
from rescuebot.errors import FleetUnavailable, RescueError
from rescuebot.heartbeats.every import Every
from rescuebot.heartbeats.life import Life

log = logging.getLogger(__name__)

ENGINE = "rescue_tracker"
# Salt's loader is not made for two threads that load at the same time.
LOADING = threading.Lock()

# Hints that wait to be recorded; what does not fit is found in the job cache.
MOST_HINTS = 1000
# Keys are looked up in files, and the tracker asks several times a second.
ACCEPTED_SECONDS = 2
# Each of three tries under the same id: no round waits long for a worker that has died.
PUBLISH_SECONDS = 5
PREVIEW_SECONDS = 0.5
ADVICE_SECONDS = 0.5
NOTICE_SECONDS = 0.5
# How often storms, escalations and digests are looked for.
GATHER_SECONDS = 2
# Minions are asked which services they have after their start, and now and then.
CENSUS_SECONDS = 600
CENSUS_AFTER_START_SECONDS = 5
# How often old rows are looked for, and how long the archive pauses between its batches.
HOUSE_SECONDS = 60
ARCHIVE_REST_SECONDS = 0.05
# How often is looked whether the doctor's look is due, the first time after all have begun; how
# many minions are asked at once.
LOOK_SECONDS = 2
LOOK_AFTER_START_SECONDS = 20
SELF_TESTS_AT_ONCE = 50
REFUSED_SECONDS = 30


def start():
    """Run until the master ends the engine."""
    logs.configure()
    try:
        config = settings.load(block=__opts__.get("rescue"), environ=os.environ)
        ledger = database.Database(config.database)
    except RescueError as error:
        log.error("rescue_tracker does not start. %s", error)
        threading.Event().wait(REFUSED_SECONDS)
        return
    life = Life(engine=ENGINE, database=ledger, settings=config, master=__opts__["id"])
    life.stop_on_signals()
    if life.wait_for_database():
        Tracker(dict(__opts__), life, ledger, config).run()
        life.beat(state="stopped")


class Tracker:
    """The main thread sends and sweeps; of the others one hears the bus, one records returns, one
    asks for advice, one archives and tidies, one looks whether everything is in place, one gathers
    notices, and one tells each channel."""

    def __init__(self, opts, life, ledger, config):
        self._opts = opts
        self._life = life
        self._world = {"database": ledger, "settings": config}
        self._ledger = ledger
        self._config = config
        self._returns = queue.Queue(MOST_HINTS)
        self._started = queue.Queue(MOST_HINTS)
        self._planned = threading.Event()
        self._told_halts = frozenset()
        self._newcomers, self._ask_newcomers_at = set(), 0.0
        self._told_channels = set()
        # Whose returns are listened for, and who takes them.
        self._recorders = {
            dispatching.FUNCTION: lambda given, salt_fleet: tracking.record_return(
                given, fleet=salt_fleet, **self._world
            ),
            previewing.FUNCTION: lambda given, _: previewing.record(given, database=ledger),
            census.FUNCTION: lambda given, _: census.record(given, database=ledger),
        }

    def run(self):
        """Work until told to stop; a trouble of the ledger or the master is waited out."""
        looks_and_tells = (self._keep_house, self._look, self._notify)
        for work in (self._hear, self._record, self._advise, *looks_and_tells):
            self._begin(work, work.__name__)
        with SaltFleet(self._opts) as salt_fleet:
            # Minions that started before this engine did are greeted now.
            for name in salt_fleet.known_minions()[:MOST_HINTS]:
                self._started.put_nowait(name)
            every = [
                Every(self._config.tracker.heartbeat_seconds, self._life.beat),
                Every(self._config.sweep.seconds, lambda: self._sweep(salt_fleet)),
                Every(PREVIEW_SECONDS, lambda: self._preview(salt_fleet)),
                Every(
                    CENSUS_SECONDS,
                    lambda: census.ask(fleet=salt_fleet, minions=salt_fleet.accepted()),
                ),
            ]
            while not self._life.stop.is_set():
                self._patiently(lambda: self._tick(salt_fleet, every))
                self._planned.wait(self._config.tracker.poll_seconds)
                self._planned.clear()

    def _begin(self, work, name):
        threading.Thread(target=self._go_on, args=(work,), name=name, daemon=True).start()

    def _go_on(self, work):
        """Whatever ends the work of a thread, it begins anew until the engine ends."""
        while not self._life.stop.is_set():
            try:
                return work()
            except Exception:  # pylint: disable=broad-except
                log.exception("%s begins anew", threading.current_thread().name)
                self._life.stop.wait(1)
        return None

    def _keep_on(self, pause, work):
        while not self._life.stop.wait(pause):
            self._patiently(work)

    def _tick(self, salt_fleet, every):
        dispatching.dispatch_due(fleet=salt_fleet, **self._world)
        self._told_halts = halting.tell(
            told=self._told_halts, fleet=salt_fleet, database=self._ledger
        )
        self._greet(salt_fleet)
        self._ask_newcomers(salt_fleet)
        for chore in every:
            chore.run_if_due()

    def _sweep(self, salt_fleet):
        sweeping.Sweep(
            fleet=salt_fleet, announce=salt_fleet.announce, owner=self._life.owner, **self._world
        ).run()

    def _advise(self):
        """A thread of its own: a model may think for a minute, and nothing else waits for it."""
        config = self._config.advice
        # Without a function it only lets go of those that wait since there was one.
        function = config.function and lambda_.Function(
            config.function, settings=self._config.aws, timeout_seconds=config.timeout_seconds
        )
        ask = function.call if function else None
        advisor = advising.Advisor(ask=ask, owner=self._life.owner, **self._world)
        self._keep_on(ADVICE_SECONDS, advisor.run)

    def _keep_house(self):
        """Archive and tidy: a thread of its own, which rests often, for nothing of it is urgent."""
        while not self._life.stop.wait(HOUSE_SECONDS):
            self._patiently(lambda: tidying.tidy(database=self._ledger))
            self._patiently(
                lambda: archiving.archive_if_due(
                    actor=self._life.owner,
                    rest=lambda: self._life.stop.wait(ARCHIVE_REST_SECONDS),
                    **self._world,
                )
            )

    def _notify(self):
        """Tell people: a thread for each channel, so that one that is slow holds up no other."""
        config = self._config.notices
        # Whoever changes a state, here or elsewhere, writes for the channels that the ledger has.
        gathering.register(database=self._ledger, settings=config)
        tellers = notifying.tellers(owner=self._life.owner, **self._world)
        # When this begins anew, those that have a thread still have it.
        for channel in set(tellers) - self._told_channels:
            work = functools.partial(self._keep_on, NOTICE_SECONDS, tellers[channel].run)
            self._begin(work, f"_tell {channel}")
            self._told_channels.add(channel)
        gatherer = gathering.Gatherer(database=self._ledger, settings=config)
        if config.channels:
            self._keep_on(GATHER_SECONDS, gatherer.run)

    def _look(self):
        """A thread of its own: minions that are away are waited for, and an archive run is long."""
        pause = LOOK_AFTER_START_SECONDS
        while not self._life.stop.wait(pause):
            pause = LOOK_SECONDS
            self._patiently(
                lambda: looking.look_if_due(
                    master=self._opts["id"],
                    owner=self._life.owner,
                    facts=self._facts,
                    **self._world,
                )
            )

    def _facts(self):
        return looking.facts_of(
            self._opts,
            accepted=salt.utils.minions.CkMinions(self._opts).check_minions("*")["minions"],
            ask=self._ask_minions,
            trouble=salt.exceptions.SaltException,
            at_once=SELF_TESTS_AT_ONCE,
        )

    def _ask_minions(self, *question, **how):
        with salt.client.LocalClient(mopts=dict(self._opts)) as client:
            return client.cmd(*question, **how)

    def _preview(self, salt_fleet):
        previewing.ask_due(fleet=salt_fleet, database=self._ledger)

    def _hear(self):
        """Put hints from the bus into queues, and nothing else: a slow listener is cut off."""
        with salt.utils.event.get_master_event(
            self._opts, self._opts["sock_dir"], listen=True
        ) as bus:
            while not self._life.stop.is_set():
                event = bus.get_event(wait=1, tag="salt/", full=True, auto_reconnect=True)
                if event is not None:
                    self._take(event["tag"].split("/"), event["data"])

    def _take(self, tag, data):
        try:
            if tag[1] == "job" and tag[3] == "ret" and data.get("fun") in self._recorders:
                self._returns.put_nowait((data["fun"], _returned(data)))
            elif tag[1] == "run" and data.get("fun") == "runner.rescue.handle":
                self._planned.set()
            elif tag[1] == "minion" and tag[-1] == "start":
                self._started.put_nowait("/".join(tag[2:-1]))
                self._planned.set()
        except (IndexError, KeyError, TypeError, AttributeError):
            log.debug("rescue_tracker passes over an event of another shape")
        except queue.Full:
            log.warning("rescue_tracker has %s hints waiting; more are left out", MOST_HINTS)

    def _record(self):
        with SaltFleet(self._opts) as salt_fleet:
            while not self._life.stop.is_set():
                try:
                    function, given = self._returns.get(timeout=1)
                except queue.Empty:
                    continue
                self._patiently(lambda: self._recorders[function](given, salt_fleet))

    def _greet(self, salt_fleet):
        """Minions that have just started: see which server they are, give them our module."""
        names = set()
        while not self._started.empty():
            names.add(self._started.get_nowait())
        accepted = sorted(names & salt_fleet.accepted(anew=bool(names)))
        if accepted:
            self._register(salt_fleet, accepted)
            self._patiently(
                lambda: salt_fleet.publish(
                    jid=salt_fleet.mint_jid(),
                    minions=accepted,
                    function=tracking.SYNC,
                    arguments=[],
                )
            )
            self._newcomers.update(accepted)
            self._ask_newcomers_at = time.monotonic() + CENSUS_AFTER_START_SECONDS

    def _ask_newcomers(self, salt_fleet):
        """They have our module by now; an answer that fails is made up for by the next census."""
        if self._newcomers and time.monotonic() >= self._ask_newcomers_at:
            census.ask(fleet=salt_fleet, minions=self._newcomers)
            self._newcomers = set()

    def _register(self, salt_fleet, names):
        for name in names:
            grains = salt_fleet.grains_of(name)
            if grains:
                self._patiently(
                    lambda: tracking.register(minion_id=name, grains=grains, **self._world)
                )

    def _patiently(self, work):
        """Do it; a passing trouble is logged, and the next tick or sweep tries again."""
        try:
            work()
        except RescueError as error:
            log.warning("rescue_tracker waits: %s", error)
            self._life.stop.wait(1)
        except Exception:  # pylint: disable=broad-except
            # One bad row or return must not stop the rescue of all others.
            log.exception("rescue_tracker met a mistake")
            self._life.stop.wait(1)


class SaltFleet:
    """What tracking asks of Salt. One for each thread: a LocalClient must not be shared."""

    def __init__(self, opts):
        self.master = opts["id"]
        self._opts = opts
        self._accepted, self._accepted_until = set(), 0.0
        self._client = salt.client.LocalClient(mopts=opts)
        with LOADING:
            self._minion = salt.minion.MasterMinion(opts)
            self._get_jid = self._minion.returners[f"{opts['master_job_cache']}.get_jid"]
        self._cache = salt.cache.factory(opts)
        self._checker = salt.utils.minions.CkMinions(opts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.destroy()
        self._minion.destroy()

    def mint_jid(self):
        """A job id of Salt's own form."""
        return salt.utils.jid.gen_jid(self._opts)

    def publish(self, *, jid, minions, function, arguments):
        """Send one job to a list of minions; returns those whose key is accepted."""
        accepted = set(minions) & self.accepted()
        if not accepted:
            return accepted
        try:
            sent = self._client.run_job(
                sorted(accepted),
                function,
                arg=list(arguments),
                tgt_type="list",
                jid=jid,
                listen=False,
                timeout=PUBLISH_SECONDS,
            )
        except salt.exceptions.SaltException as error:
            raise FleetUnavailable("The master did not take the job.") from error
        if not sent:
            raise FleetUnavailable("The master answered the job with nothing.")
        return accepted

    def returns_of(self, jid):
        """What the job cache holds of a job."""
        found = self._get_jid(jid) or {}
        return {name: data.get("return") for name, data in found.items() if isinstance(data, dict)}

    def accepted(self, anew=False):
        """The minions whose key is accepted; looked up anew every few seconds."""
        if anew or time.monotonic() >= self._accepted_until:
            self._accepted = set(self._checker.check_minions("*")["minions"])
            self._accepted_until = time.monotonic() + ACCEPTED_SECONDS
        return self._accepted

    def announce(self, hint):
        """Fire a hint of new events: ids only, under a key of our own."""
        data = {"rescue": {"event_ids": list(hint.event_ids)}}
        self._client.event.fire_event(data, hint.tag)

    def known_minions(self):
        """Accepted minions whose grains the master has."""
        return sorted(set(self._cache.list("grains")) & self.accepted())

    def grains_of(self, name):
        """The grains that the master has of a minion."""
        return self._cache.fetch("grains", name)


def _returned(data):
    """A return as the bus has it. The id is the sender's; the tag could be anybody's words."""
    return tracking.Return(jid=data["jid"], minion_id=data["id"], value=data["return"])
