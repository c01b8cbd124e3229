"""Is everything in place? One check for each part, and for each failure what to do about it.

The doors gather the facts that only Salt knows; what they mean is judged here.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rescuebot import clock, migrations
from rescuebot.adapters.sqs import Queue
from rescuebot.database import Database
from rescuebot.errors import RescueError
from rescuebot.executions.results import RESULT_BYTES
from rescuebot.heartbeats import service as heartbeats
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

ENGINES = ("rescue_sqs", "rescue_tracker")
# A tag that every reactor map of ours must take up.
_TAG = "rescue/event/ec2/process_down"
BEATS_MISSED = 4
# CONCAT, which puts a long result together, gives nothing beyond the size of a packet.
_PACKET_BYTES = RESULT_BYTES + 4 * 1024 * 1024
_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One finding. `remedy` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MasterFacts:
    """What Salt knows: the master's configuration and what the minions answered.

    `self_tests` has each accepted minion with its answer to ``rescue.self_test``, None if it gave
    none; it is None as a whole when the master itself does not answer. `probe` is the word that
    should have come back through the pillar.
    """

    reactor: Sequence[Mapping[str, Any]] = ()
    on_demand_pillars: Sequence[str] = ()
    engines: Sequence[str] = ()
    probe: str = ""
    self_tests: Mapping[str, Any] | None = field(default_factory=dict)


def examine(
    *,
    database: Database,
    settings: Settings,
    facts: MasterFacts,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """All checks in the order in which their causes should be mended."""
    checks = [
        _guarded("database", lambda: _database(database)),
        _guarded("migrations", lambda: _migrations(database)),
        _guarded("queue", lambda: _queue(settings)),
        _notices(settings),
        _reactor(facts),
        _guarded("engines", lambda: _engines(database, settings, facts, now())),
        _pillar(facts),
        _minions(facts),
        _guarded("servers", lambda: _servers(database, facts)),
    ]
    return report(checks)


def report(checks: Sequence[Check]) -> dict[str, Any]:
    """The findings as plain values."""
    return {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}


def settings_refused(error: RescueError) -> dict[str, Any]:
    """The report when the settings are not valid: nothing else can be looked at."""
    remedy = "Correct the rescue: block of the master's config, then restart the master."
    return report([Check(name="settings", ok=False, detail=error.message, remedy=remedy)])


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except RescueError as error:
        remedy = error.remedy or "Check rescue.database: its url, password, network and grants."
        return Check(name=name, ok=False, detail=error.message, remedy=remedy)


def _database(database: Database) -> Check:
    database.ping()
    where = database.url.render_as_string(hide_password=True)
    if database.embedded:
        return Check(name="database", ok=True, detail=where)
    with database.reading() as session:
        row = session.connection().exec_driver_sql("SELECT @@version, @@max_allowed_packet").one()
    if int(row[1]) < _PACKET_BYTES:
        return Check(
            name="database",
            ok=False,
            detail=f"{where}: max_allowed_packet is {row[1]} bytes, too small for 10 MB results.",
            remedy="Set max_allowed_packet to 16M or more in the database's parameters.",
        )
    return Check(name="database", ok=True, detail=f"{where}, version {row[0]}")


def _migrations(database: Database) -> Check:
    found, wanted = migrations.current(database), migrations.head()
    return Check(
        name="migrations",
        ok=found == wanted,
        detail=f"The tables are of revision {found or 'none'}; this version needs {wanted}.",
        remedy="" if found == wanted else "Run: salt-run rescue.migrate",
    )


def _queue(settings: Settings) -> Check:
    depth = Queue(settings.queue, settings.aws).depth()
    return Check(name="queue", ok=True, detail=f"{settings.queue.url}: about {depth} messages.")


def _notices(settings: Settings) -> Check:
    """Whether each channel has a way that is set up. Nothing is sent, and nobody is asked."""
    channels = settings.notices.channels
    if not channels:
        return Check(name="notices", ok=True, detail="No channel is configured: nobody is told.")
    mute = [
        name
        for name, channel in channels.items()
        if "slack" in channel.ways and settings.slack.bot_token is None
    ]
    if mute:
        return Check(
            name="notices",
            ok=False,
            detail=f"The way slack of {', '.join(mute[:_NAMED])} has no token.",
            remedy="Set slack.bot_token, best by RESCUE_SLACK__BOT_TOKEN, or take the way out.",
        )
    told = "; ".join(f"{name}: {' → '.join(one.ways)}" for name, one in channels.items())
    return Check(name="notices", ok=True, detail=told)


def _reactor(facts: MasterFacts) -> Check:
    files = [
        str(path)
        for entry in facts.reactor
        for pattern, paths in entry.items()
        if fnmatch.fnmatch(_TAG, pattern)
        for path in ([paths] if isinstance(paths, str) else paths)
    ]
    missing = [path for path in files if path.startswith("/") and not Path(path).is_file()]
    if not files:
        detail, remedy = (
            f"The master's reactor takes up no tag like {_TAG}.",
            "Add the entries of salt/reactor/map.yaml to reactor: and restart the master.",
        )
    elif missing:
        detail, remedy = (
            f"The reactor names files that are not there: {', '.join(missing)}.",
            "Correct the paths under reactor: and restart the master.",
        )
    else:
        detail, remedy = f"{_TAG} goes to {', '.join(files)}.", ""
    return Check(name="reactor", ok=not remedy, detail=detail, remedy=remedy)


def _engines(database: Database, settings: Settings, facts: MasterFacts, now: datetime) -> Check:
    unset = [name for name in ENGINES if name not in facts.engines]
    if unset:
        return Check(
            name="engines",
            ok=False,
            detail=f"The master's config does not start {', '.join(unset)}.",
            remedy="Add '- <name>: {}' for each under engines: and restart the master.",
        )
    since = now - timedelta(seconds=settings.tracker.heartbeat_seconds * BEATS_MISSED)
    with database.reading() as session:
        alive = heartbeats.alive(session=session, since=since)
    running = [beat for beat in alive if beat.state == "running"]
    silent = [name for name in ENGINES if name not in {beat.engine for beat in running}]
    if silent:
        return Check(
            name="engines",
            ok=False,
            detail=f"No heartbeat of {', '.join(silent)} since {clock.isoformat(since)}.",
            remedy="Look for its name in the master's log; restart the master.",
        )
    told = "; ".join(f"{beat.owner} ({beat.detail or 'runs'})" for beat in running)
    return Check(name="engines", ok=True, detail=told)


def _pillar(facts: MasterFacts) -> Check:
    allowed = "rescue" in facts.on_demand_pillars
    return Check(
        name="pillar_on_demand",
        ok=allowed,
        detail="on_demand_ext_pillar " + ("allows" if allowed else "does not allow") + " rescue.",
        remedy=(
            ""
            if allowed
            else "Add '- rescue' to on_demand_ext_pillar: in the master's config and restart it."
        ),
    )


def _minions(facts: MasterFacts) -> Check:
    if facts.self_tests is None:
        return Check(
            name="minions",
            ok=False,
            detail="The master does not answer, so no minion could be asked.",
            remedy="Start the salt-master and look into its log.",
        )
    if not facts.self_tests:
        return Check(
            name="minions",
            ok=False,
            detail="The master has accepted no minion.",
            remedy="Start a minion and accept its key: salt-key -L, salt-key -a <id>.",
        )
    faults = {
        name: fault
        for name, answer in facts.self_tests.items()
        if (fault := _fault_of(answer, facts.probe))
    }
    if not faults:
        return Check(
            name="minions",
            ok=True,
            detail=f"All {len(facts.self_tests)} have the module and the pillar.",
        )
    told = [f"{name}: {fault[0]}" for name, fault in list(faults.items())[:_NAMED]]
    return Check(
        name="minions",
        ok=False,
        detail=f"{len(faults)} of {len(facts.self_tests)} minions are not ready. "
        + "; ".join(told),
        remedy=" ".join(dict.fromkeys(fault[1] for fault in faults.values())),
    )


def _fault_of(answer: Any, probe: str) -> tuple[str, str] | None:
    """What a minion's answer to the self test lacks, and the remedy."""
    if answer is None:
        return "does not answer", "Check that the minion runs and reaches the master."
    if not isinstance(answer, Mapping):
        return (
            "has no module rescue",
            "Put salt/states (it holds _modules) into file_roots, then: "
            "salt <minion> saltutil.sync_modules",
        )
    if answer.get("pillar") != probe:
        return (
            "gets no answer from the rescue pillar",
            "Check module_dirs (or the installed package) and on_demand_ext_pillar of the master, "
            "and its log.",
        )
    return None


def _servers(database: Database, facts: MasterFacts) -> Check:
    with database.reading() as session:
        rows = servers.list_(session=session, limit=10_000)
    contested = [row for row in rows if row.contested_by]
    if contested:
        told = "; ".join(
            f"{row.server_id} is {row.minion_id}'s, {row.contested_by} claims it too"
            for row in contested[:_NAMED]
        )
        return Check(
            name="servers",
            ok=False,
            detail=told,
            remedy="Correct the grain of the wrong minion, or remove the key of the old one: "
            "salt-key -d <id>; then restart the right minion.",
        )
    tied = {row.minion_id for row in rows if row.minion_id}
    untied = sorted(set(facts.self_tests or ()) - tied)
    if untied:
        return Check(
            name="servers",
            ok=False,
            detail=f"No server is tied to {', '.join(untied[:_NAMED])}.",
            remedy="Restart these minions while rescue_tracker runs; it reads their grains then.",
        )
    return Check(name="servers", ok=True, detail=f"Servers tied to minions: {len(tied)}.")
