"""Receive CloudWatch events from SQS, write them down, and hint at them on the event bus.

Configure it in the master's config; everything else is in the ``rescue:`` block:

.. code-block:: yaml

    engines:
      - rescue_sqs: {}

The engine waits until the ledger, the queue and the reactor answer before it polls. A message is
removed from the queue only after its event is committed; an event on the bus is only a hint.
"""

import logging
import os
import threading

import salt.utils.event
import salt.utils.master

from rescuebot import database, logs, settings
from rescuebot.adapters.cloudwatch import Alarms
from rescuebot.adapters.sqs import Queue
from rescuebot.errors import RescueError
from rescuebot.heartbeats.life import Life
from rescuebot.receiver import Receivers

log = logging.getLogger(__name__)

ENGINE = "rescue_sqs"

# Salt kills an engine five seconds after it asked it to stop.
DRAIN_SECONDS = 4
# A master without a reactor is allowed: the tracker finds the events in the ledger.
REACTOR_SECONDS = 30
# The master restarts an engine that returns; with settings that are wrong there is no hurry.
REFUSED_SECONDS = 30


def start():
    """Run until the master ends the engine."""
    logs.configure()
    try:
        config = settings.load(block=__opts__.get("rescue"), environ=os.environ)
        ledger = database.Database(config.database)
        queue = Queue(config.queue, config.aws)
    except RescueError as error:
        log.error("rescue_sqs does not start. %s", error)
        threading.Event().wait(REFUSED_SECONDS)
        return
    life = Life(engine=ENGINE, database=ledger, settings=config, master=__opts__["id"])
    life.stop_on_signals()
    _run(life, ledger, queue, config)


def _run(life, ledger, queue, config):
    opts = dict(__opts__)
    if not life.wait_for_database() or not life.wait_for(queue.depth, what="queue"):
        return
    _wait_for_reactor(opts, life)
    with Bus(opts) as bus:
        receivers = Receivers(
            queue=queue,
            database=ledger,
            settings=config,
            announce=bus.announce,
            describe=Alarms(config.aws).describe,
        )
        receivers.start()
        while not life.stop.is_set():
            told = receivers.counts
            life.beat(detail=_summary(told), queue_depth=told.depth)
            life.stop.wait(config.tracker.heartbeat_seconds)
        drained = receivers.stop(seconds=DRAIN_SECONDS)
    life.beat(state="stopped" if drained else "cut off", detail=_summary(receivers.counts))


def _wait_for_reactor(opts, life):
    """Events that are hinted at before the reactor listens would wait for the next sweep."""
    if not opts.get("reactor"):
        return
    for _ in range(REACTOR_SECONDS):
        if life.stop.is_set() or _reactor_answers(opts):
            return
    log.warning("rescue_sqs polls although the reactor has not answered")


def _reactor_answers(opts):
    with salt.utils.event.get_master_event(opts, opts["sock_dir"], listen=True) as bus:
        key = salt.utils.master.get_master_key("root", opts)
        bus.fire_event({"key": key}, "salt/reactors/manage/is_leader")
        return bus.get_event(wait=1, tag="salt/reactors/manage/leader/value") is not None


def _summary(counts):
    words = f"received {counts.received}, recorded {counts.recorded}, unreadable {counts.buried}"
    return f"{words}; waits: {counts.trouble}" if counts.trouble else words


class Bus:
    """The master's event bus for several threads."""

    def __init__(self, opts):
        self._event = salt.utils.event.get_master_event(opts, opts["sock_dir"], listen=False)
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._event.destroy()

    def announce(self, hint):
        """Fire a hint: ids only, under a key of our own, so that nothing foreign is splatted."""
        data = {"rescue": {"event_ids": list(hint.event_ids)}}
        with self._lock:
            if not self._event.fire_event(data, hint.tag):
                log.warning("hint not taken by the bus: %s", hint.tag)
