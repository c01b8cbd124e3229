"""The demo: a real alarm, a real queue, a real master and minion, and a service that runs again.

``python -m devstack.demo --once`` exits 0 only when every act ended as it must. Without ``--once``
the world stays up until Ctrl-C and the demo tells how to look around.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devstack import act_notices, acts, acts_http, preflight, process
from devstack.errors import WorldError
from devstack.narration import Narrator
from devstack.place import DEFAULT_DIRECTORY, REPOSITORY, Place
from devstack.slack import SlackDouble
from devstack.web import Access
from devstack.world import World

INTERRUPTED = 130
ACTS = (*acts.ALL, acts_http.an_alarm_over_http)
# What `make console` leaves behind; without it the API serves no pages.
CONSOLE = REPOSITORY / "webui/app/dist/index.html"
PICTURE = "slack.png"
_LOOK_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demo; the exit code."""
    given = _parsed(arguments)
    narrator = Narrator()
    try:
        return _play(given, narrator)
    except WorldError as error:
        narrator.trouble(error)
        narrator.say(f"The logs are in {Place(given.directory).directory / 'logs'}.")
        return 1
    except KeyboardInterrupt:
        narrator.say("Interrupted; everything that was started has been ended.")
        return INTERRUPTED


def _play(given: argparse.Namespace, narrator: Narrator) -> int:
    place = Place(given.directory)
    narrator.title("Rescue Bot: the embedded world comes up")
    for words in preflight.check(place, database=given.database):
        narrator.progress(words)
    with SlackDouble() as slack:
        world = World(
            given.directory,
            database=given.database,
            minions=given.minions,
            settings=act_notices.settings(slack),
            advice=True,
            web=True,
            tell=narrator.progress,
        )
        with _ended_in_peace(world, narrator):
            _prepare(world, narrator)
            good = _acts(world, narrator, slack)
            if not given.once:
                _stay(world, narrator, slack)
    return 0 if good else 1


class _ended_in_peace:
    """Starts the world, and ends it without being disturbed by an impatient second Ctrl-C."""

    def __init__(self, world: World, narrator: Narrator) -> None:
        self._world, self._narrator = world, narrator

    def __enter__(self) -> World:
        return self._world.start()

    def __exit__(self, *_: object) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._narrator.progress("ending the world")
            self._world.close()
            left = process.leftovers(self._world.place)
            self._narrator.progress(f"ended; processes left: {len(left)}")
        finally:
            signal.signal(signal.SIGINT, before)


def _prepare(world: World, narrator: Narrator) -> None:
    """Let people in, load the starter runbooks and let the doctor look."""
    _invite(world, narrator)
    world.place.put_programs(world.master.config)
    narrator.progress("loading the starter commands and runbooks")
    loaded = world.run("rescue.starter")
    for kind, counts in loaded.items():
        narrator.progress(f"{kind}: {_counted(counts)}")
    narrator.progress("asking the doctor whether all is in place")
    report = world.run("rescue.doctor")
    for check in report["checks"]:
        narrator.fact(check["ok"], f"{check['name']}: {check['detail']} {check['remedy']}".strip())
    if not report["ok"]:
        raise WorldError("The doctor is not content.", remedy="Do what stands beside FAILED.")


def _invite(world: World, narrator: Narrator) -> None:
    """Say where one can watch from now on: a browser shows what the acts do while they do it."""
    narrator.blank()
    for words, lines in web_hints(world.api.access).items():
        narrator.say(words)
        narrator.lines("\n".join(lines))
    narrator.blank()


def _acts(world: World, narrator: Narrator, slack: SlackDouble) -> bool:
    """Play the acts and give the verdict."""
    ledger = world.ledger()
    picture = world.directory / PICTURE
    try:
        stage = acts.Stage(world=world, ledger=ledger, narrator=narrator)
        good = stage.play((*ACTS, act_notices.what_people_were_told(slack, picture=picture)))
    finally:
        ledger.dispose()
    narrator.title("Verdict")
    narrator.lines("\n".join(stage.summary))
    if good:
        narrator.say("All acts ended as they must.", colour="green")
    else:
        narrator.say("Not everything ended as it must: see FAILED above.", colour="red")
        narrator.say(f"The logs and the ledger stay in {world.directory} until the next start.")
    if page := _page_of_latest_rescue(world):
        narrator.say(f"The rescue that has just happened, in the browser: {page}")
    return good


def _page_of_latest_rescue(world: World) -> str | None:
    """Where the console shows the event that was fixed last, or None when none was."""
    answer = world.api.as_person("viewer").get("/api/v1/events", outcome="fixed", limit=1)
    rows = answer.json()["items"] if answer.ok else []
    return f"{world.api.url}/events/{rows[0]['id']}" if rows else None


def _stay(world: World, narrator: Narrator, slack: SlackDouble) -> None:
    """Keep the world up until Ctrl-C, and tell what one can do with it."""
    narrator.title("Look around")
    narrator.say("The world stays up until Ctrl-C. From another terminal:")
    hinted = hints(world.directory, database_url=world.database_url)
    for words, lines in (hinted | web_hints(world.api.access)).items():
        narrator.blank()
        narrator.say(words)
        narrator.lines("\n".join(lines))
    narrator.blank()
    narrator.say("What people would read in Slack from now on is told here.")
    narrator.say("Ctrl-C ends it.", colour="bold")
    try:
        _tell_news(narrator, slack)
    except KeyboardInterrupt:
        narrator.blank()


def _tell_news(narrator: Narrator, slack: SlackDouble) -> None:
    """Say what is posted to Slack, until Ctrl-C."""
    told = len(slack.messages(act_notices.CHANNEL))
    while True:
        news = act_notices.news(slack, after=told)
        told += len(news)
        for words in news:
            narrator.say(f"Slack: {words}")
        time.sleep(_LOOK_SECONDS)


def hints(directory: Path, *, database_url: str) -> dict[str, list[str]]:
    """Lines to copy, by what they are for."""
    shown = _short(directory)
    database = database_url.removeprefix("sqlite:///")
    opened = f"sqlite3 {_short(Path(database))}" if database != database_url else database_url
    return {
        "To type salt, salt-run and devstack as on a real master:": [
            f'export PATH="{directory / "bin"}:$PATH"',
        ],
        "What Rescue Bot remembers:": [
            f"salt-run rescue.{words}"
            for words in (
                "events",
                "event 1",
                "executions",
                "runbooks",
                "notices",
                "advice",
                "stats",
            )
        ],
        "Is everything in place:": [
            "salt-run rescue.doctor",
        ],
        "Send another alarm, or kill the service before:": [
            "devstack alarm mysql",
            "devstack alarm mysql --kill",
            "devstack alarm web --kill",
        ],
        "Processes, database and logs:": [
            "devstack status",
            opened,
            f"ls {shown}/logs",
        ],
    }


def web_hints(access: Access) -> dict[str, list[str]]:
    """Where the console and the API are, who may come in, and a line to try."""
    width = max(map(len, access.people))
    people = [f"{name:<{width}}  {password}" for name, password in access.people.items()]
    if CONSOLE.exists():
        words = "Open this in a browser and sign in, with passwords of this world alone:"
    else:
        words = "The API, and who may sign in, with passwords of this world alone:"
    hinted = {words: [access.url, *people]}
    if not CONSOLE.exists():
        hinted["That address has no pages yet, the console has not been built:"] = ["make console"]
    return hinted | {"The API is there, too:": [f"curl -s {access.url}/health"]}


def _short(path: Path) -> str:
    """The path as one would type it from here."""
    relative = os.path.relpath(path)
    return shlex.quote(relative if not relative.startswith("..") else str(path))


def _counted(counts: Any) -> str:
    return ", ".join(f"{number} {what}" for what, number in dict(counts).items())


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play the acts, end the world, exit")
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY)
    parser.add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    parser.add_argument("--minions", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
