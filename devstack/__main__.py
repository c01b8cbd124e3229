"""``python -m devstack up | status | run | alarm | down``: the world from a command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from devstack import alarms, demo, emulator, lease, ports, preflight, process, procfs, services
from devstack.errors import WorldError
from devstack.lease import Note
from devstack.narration import Narrator
from devstack.place import DEFAULT_DIRECTORY, Place, tool
from devstack.queues import Queue
from devstack.world import World

_Command = Callable[[argparse.Namespace, Place, Narrator], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    given = _parsed(arguments)
    narrator = Narrator()
    command: _Command = given.command
    try:
        return command(given, Place(given.directory), narrator)
    except WorldError as error:
        narrator.trouble(error)
        return 1
    except KeyboardInterrupt:
        return demo.INTERRUPTED


def up(given: argparse.Namespace, place: Place, narrator: Narrator) -> int:
    """Start a world that stays when this command ends."""
    preflight.check(place, database=given.database)
    world = World(
        given.directory,
        database=given.database,
        minions=given.minions,
        web=True,
        stays=True,
        tell=narrator.progress,
    ).start()
    place.put_programs(world.master.config)
    if "rescue_tracker" in world.engines:
        world.run("rescue.starter")
    narrator.progress("the world is up, with the starter commands and runbooks")
    lines = demo.hints(world.directory, database_url=world.database_url)
    lines |= demo.web_hints(world.api.access)
    for words, hinted in lines.items():
        narrator.say(words)
        narrator.lines("\n".join(hinted))
    narrator.say("`python -m devstack down` ends it.")
    return 0


def down(given: argparse.Namespace, place: Place, narrator: Narrator) -> int:
    """End the world in the directory, whoever has started it; its logs and ledger stay."""
    if not place.directory.exists():
        narrator.say(f"There is no world in {place.directory}.")
        return 0
    left = process.leftovers(place)
    lease.end_world(place)
    narrator.say(f"Ended {len(left)} processes of the world in {place.directory}.")
    return 0


def status(given: argparse.Namespace, place: Place, narrator: Narrator) -> int:
    """What runs; 0 when a world is up."""
    note = _note(place)
    narrator.say(f"A world is in {place.directory}; {_count(place)} processes.")
    narrator.lines(f"AWS emulator   {note.endpoint}\nledger         {note.database_url}")
    if note.api:
        narrator.lines(f"console, API   {note.api['url']}")
        for username, password in note.api["people"].items():
            narrator.lines(f"  {username:<12} {password}")
    for minion_id, told in note.minions.items():
        narrator.lines(f"{minion_id:<14} server {told['server_id']}")
        for name, service in told["services"].items():
            narrator.lines(f"  {name:<12} {_service_words(service, place)}")
    return 0


def run(given: argparse.Namespace, place: Place, narrator: Narrator) -> int:
    """Become salt-run with the configuration of the world."""
    program = str(tool("salt-run"))
    command = [program, "-c", _note(place).master_config, *given.words]
    os.execve(program, command, place.environment())


def alarm(given: argparse.Namespace, place: Place, narrator: Narrator) -> int:
    """Put an alarm about a service into the queue: of the first minion, or of another server."""
    note = _note(place)
    minions = list(note.minions.values())
    told = next((one for one in minions if one["server_id"] == given.server), minions[0])
    if given.kill and given.server not in (None, told["server_id"]):
        raise WorldError(f"No minion runs on {given.server}, so nothing can be killed there.")
    service = told["services"].get(given.service)
    if service is None:
        known = ", ".join(told["services"])
        raise WorldError(f"There is no service {given.service}.", remedy=f"There are: {known}.")
    if given.kill:
        _kill(given.service, Path(service["pid_file"]), place, narrator)
    body = alarms.service_down(
        given.server or told["server_id"],
        given.service,
        service["process"],
        state="OK" if given.ok else "ALARM",
    )
    queue = Queue(emulator.client("sqs", endpoint=note.endpoint), note.queue_url)
    narrator.say(f"Sent {body['detail']['alarmName']}, SQS message {queue.send(body)}.")
    narrator.lines("watch it with: python -m devstack run rescue.events")
    return 0


def _kill(name: str, pid_file: Path, place: Place, narrator: Narrator) -> None:
    identity = services.kill(pid_file, place)
    if identity is None:
        raise WorldError(f"{name} does not run, so it cannot be killed.")
    narrator.say(f"Killed {name}, pid {identity.pid}.")


def _service_words(service: dict[str, object], place: Place) -> str:
    port = int(str(service["port"]))
    identity = services.living(Path(str(service["pid_file"])), place)
    pid = f"pid {identity.pid}" if identity else "does not run"
    answer = "answers" if ports.accepts(port) else "refuses connections"
    return f"{service['process']}: {pid}; port {port} {answer}"


def _count(place: Place) -> int:
    return len([one for one in process.leftovers(place) if procfs.identify(one.pid)])


def _note(place: Place) -> Note:
    note = lease.read_note(place)
    if note is None or not process.leftovers(place):
        raise WorldError(
            f"No world is up in {place.directory}.",
            remedy="Start one with `python -m devstack up` or with the demo.",
        )
    return note


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY)
    commands = parser.add_subparsers(required=True)
    functions: tuple[_Command, ...] = (up, down, status, run, alarm)
    parsers = {}
    for function in functions:
        one = commands.add_parser(function.__name__, help=function.__doc__)
        one.set_defaults(command=function)
        parsers[function.__name__] = one
    parsers["up"].add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    parsers["up"].add_argument("--minions", type=int, default=1)
    parsers["run"].add_argument("words", nargs=argparse.REMAINDER, metavar="FUNCTION [ARGUMENT …]")
    parsers["alarm"].add_argument("service")
    parsers["alarm"].add_argument("--kill", action="store_true", help="kill the service before")
    parsers["alarm"].add_argument("--ok", action="store_true", help="the alarm went back to OK")
    parsers["alarm"].add_argument("--server", help="the server that it is about; it may be unknown")
    given, options = parser.parse_known_args(words)
    if options and given.command is not run:
        parser.error(f"unknown arguments: {' '.join(options)}")
    if given.command is run:
        # What we do not know, such as --out=json, is for salt-run.
        given.words = [*options, *given.words]
    return given


if __name__ == "__main__":
    sys.exit(main())
