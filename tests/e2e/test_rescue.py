"""Rescues in a real world, watched and steered by people before the console.

What is on the screen is believed only where the world agrees: processes, queue and ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from devstack import advice, alarms, process
from devstack.advice import Orders
from devstack.model import Rule
from devstack.services import Service
from devstack.world import World
from rescuebot import clock
from tests.e2e.browser import PATIENCE, People, Person

pytestmark = [pytest.mark.salt, pytest.mark.timeout(600)]

Row = dict[str, Any]
EVENT = re.compile(r"/events/\d+$")


class Office:
    """A world with everything in it, and its alarms, each a while after the one before."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.minutes = 0

    @property
    def web(self) -> Service:
        return self.world.services["web"]

    @property
    def orders(self) -> Orders:
        found = self.world.services[advice.SERVICE]
        assert isinstance(found, Orders)
        return found

    def alarm(self, name: str, words: str = "") -> None:
        """Into the queue, as AWS puts it there. `words` are those of the shop's own number."""
        self.minutes += 30
        at = clock.now() + timedelta(minutes=self.minutes)
        server = self.world.minions[0].server_id
        if words:
            body = advice.alarm(server, words=words, time=at)
        else:
            body = alarms.process_down(server, exe="webd", service="web", time=at, alarm_name=name)
        body["detail"]["alarmName"] = name
        self.world.queue.send(body)

    def runs(self, alarm_name: str) -> list[Row]:
        """The executions for the events of an alarm, as the API tells them."""
        viewer = self.world.api.as_person("viewer")
        events = viewer.get("/api/v1/events", alarm_name=alarm_name).json()["items"]
        ids = [event["id"] for event in events]
        found = [viewer.get("/api/v1/executions", event_id=one).json()["items"] for one in ids]
        return [run for runs in found for run in runs]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    # Whoever plays here breaks the same service again and again.
    settings = {
        "guard": {"cooldown_seconds": 0, "flapping_changes": 0},
        "web": {"sign_ins_per_minute": 1000},
    }
    folder = tmp_path_factory.mktemp("world")
    with World(folder, web=True, advice=True, real_mysql=False, settings=settings) as world:
        world.run("rescue.starter")
        yield Office(world)
    assert process.leftovers(world.place) == []


@pytest.fixture
def people(chromium: Browser, office: Office, tmp_path: Path) -> Iterator[People]:
    api = office.world.api
    with People(chromium, api.url, api.access.people, tmp_path) as found:
        yield found


def is_live(person: Person) -> None:
    """The page follows what changes, and would notice if it were loaded anew."""
    expect(person.page.get_by_role("button", name=re.compile("· live$"))).to_be_visible()
    person.page.evaluate("globalThis.since = 'the beginning'")


def was_not_reloaded(person: Person) -> None:
    assert person.page.evaluate("globalThis.since") == "the beginning"


def row_of(person: Person, words: str) -> Locator:
    return person.page.get_by_role("row").filter(has_text=words)


def told(person: Person, lane: str, words: str | re.Pattern[str]) -> Locator:
    """An entry of the timeline."""
    entries = person.page.locator("ol.timeline > li")
    return entries.filter(has_text=lane).filter(has_text=words).first


def figure(person: Person, label: str) -> Locator:
    """A number of the dashboard with what stands beside it."""
    return person.page.get_by_text(label, exact=True).locator("xpath=..")


def test_an_alarm_is_rescued_before_the_eyes_of_who_watches(office: Office, people: People) -> None:
    watcher = people.somebody("operator", "/events?alarm_name=web-down-live")
    watcher.sees("Nothing matches.")
    other = people.somebody("viewer", "/")
    calm = other.sees("No fatal or critical event is open.")
    assert "0 in 24 h" in figure(other, "Critical, open").inner_text()
    for person in (watcher, other):
        is_live(person)
    starts, dead = office.web.starts(), office.web.kill()
    office.alarm("web-down-live")
    row = row_of(watcher, office.world.minions[0].server_id)
    expect(row).to_have_count(1, timeout=PATIENCE)
    expect(row).to_contain_text("Critical")
    expect(row).to_contain_text("Resolved", timeout=PATIENCE)
    expect(row).to_contain_text("Fixed")
    assert office.web.is_up() and office.web.pid != dead
    assert office.web.starts() == starts + 1
    expect(figure(other, "Critical, open")).to_contain_text("1 in 24 h", timeout=PATIENCE)
    expect(other.page.get_by_text("1 fixed, 0 failed").first).to_be_visible()
    expect(calm).to_be_visible()
    row.get_by_role("link", name=re.compile(r"^#\d+$")).click()
    watcher.page.wait_for_url(EVENT)
    for lane, words in (
        ("Alarm", "web-down-live"),
        ("Decision", "Match: runbook chosen"),
        ("Execution", re.compile("Check on .*down", re.S)),
        ("Execution", re.compile("Fix on .*Success", re.S)),
        ("Execution", re.compile("Verification on .*Success", re.S)),
        ("Alarm", re.compile("The event is resolved.*Fixed", re.S)),
    ):
        expect(told(watcher, lane, words)).to_be_visible()
    for person in (watcher, other):
        was_not_reloaded(person)


def test_a_runbook_is_tried_on_real_messages_before_it_is_saved(
    office: Office, people: People
) -> None:
    seen_runs = len(office.runs("web-down-live"))
    person = people.somebody("operator", "/runbooks?text=web+service")
    person.page.get_by_role("link", name="Start the web service").click()
    pattern = person.field("Message pattern")
    before = pattern.input_value()
    tab = person.page.get_by_role("tab", name="Try the pattern")
    tab.click()
    title = person.page.get_by_role("heading", name="On the latest messages")
    expect(title).to_be_visible()
    fits = person.page.get_by_text("fits", exact=True).filter(visible=True)
    expect(fits.first).to_be_visible()
    person.page.get_by_role("tab", name="Content").click()
    pattern.fill("no such words (at all")
    # It is the server that knows what a good pattern is.
    expect(person.page.locator('[aria-invalid="true"]').first).to_be_visible()
    pattern.fill("no such words at all")
    expect(person.page.locator('[aria-invalid="true"]')).to_have_count(0)
    tab.click()
    expect(person.page.get_by_text("misses", exact=True).first).to_be_visible()
    expect(fits).to_have_count(0)
    person.page.get_by_role("tab", name="Replay").click()
    person.button("Replay").click()
    expect(person.page.get_by_text("would go another way").first).to_be_visible()
    changed = person.page.get_by_role("table").get_by_role("link", name=re.compile(r"^#\d+$"))
    expect(changed.first).to_be_visible()
    expect(person.page.get_by_role("application").first).to_be_visible()
    assert len(office.runs("web-down-live")) == seen_runs, "a replay runs nothing"
    person.page.get_by_role("tab", name="Content").click()
    pattern.fill(f"{before}|web is gone")
    person.button("Save").click()
    person.sees("Saved.")
    person.page.reload()
    assert person.field("Message pattern").input_value() == f"{before}|web is gone"


def test_two_who_change_the_same_runbook_see_what_the_other_did(people: People) -> None:
    one = people.somebody("admin", "/runbooks?text=Redis&mode=auto")
    one.page.get_by_role("link", name="Start Redis").click()
    one.page.wait_for_url(re.compile(r"/runbooks/\d+"))
    other = people.somebody("operator", one.page.url.removeprefix(one.url))
    for person in (one, other):
        expect(person.field("Title")).to_have_value("Start Redis")
    one.field("Title").fill("Start Redis by the admin")
    other.page.get_by_role("spinbutton", name="Priority").fill("77")
    other.button("Save").click()
    other.sees("Saved.")
    with one.provoking(412):
        one.button("Save").click()
        expect(one.dialog).to_contain_text("Somebody else has saved meanwhile")
    title = one.dialog.get_by_label("Yours").filter(has_text="Start Redis by the admin")
    expect(title).to_be_visible()
    expect(one.dialog.get_by_label("As it is now").filter(has_text="77")).to_be_visible()
    one.button("Keep mine on top", one.dialog).click()
    one.button("Save").click()
    one.sees("Saved.")
    expect(one.page.get_by_role("spinbutton", name="Priority")).to_have_value("77")
    one.page.get_by_role("tab", name=re.compile("^Versions")).click()
    expect(one.page.get_by_role("row").filter(has_text="web:operator")).to_have_count(1)


def test_what_a_model_drafted_runs_when_a_person_has_approved_it_by_keyboard(
    office: Office, people: People
) -> None:
    office.world.run("rescue.command_create", **advice.log_check(office.world.place))
    remedy = advice.remedy(office.orders.lock)
    office.world.model.script(Rule(pattern=advice.REFUSES, answer=remedy))
    person = people.somebody("operator", "/approvals")
    person.sees("Nothing waits for your word.")
    is_live(person)
    office.orders.break_off_a_deploy()
    office.alarm("shop-refuses", advice.REFUSES)
    waits = person.page.get_by_role("navigation").get_by_text("Approvals waiting: 1")
    expect(waits).to_have_count(1, timeout=PATIENCE)
    person.heading("Exactly what would run", level=2)
    expect(person.page.locator(".cm-content", has_text="file.absent").first).to_be_visible()
    # The minion has tried it, and says what it would change.
    expect(person.page.get_by_text("would change: 1")).to_be_visible(timeout=PATIENCE)
    assert office.orders.lock.exists(), "nothing was changed yet"
    person.page.keyboard.press("a")
    expect(person.dialog).to_contain_text("run it?")
    person.dialog.get_by_role("textbox").last.fill("no deploy runs")
    for _ in range(8):
        if person.button("Approve", person.dialog).evaluate(
            "(it) => it === document.activeElement"
        ):
            break
        person.page.keyboard.press("Tab")
    person.page.keyboard.press("Enter")
    person.sees(re.compile("approved. It runs in a moment"))
    office.world.wait_for(lambda: not office.orders.lock.exists(), what="the lock is gone")
    was_not_reloaded(person)
    person.go("/events?alarm_name=shop-refuses")
    row = row_of(person, office.world.minions[0].server_id)
    expect(row).to_contain_text("Resolved", timeout=PATIENCE)
    row.get_by_role("link", name=re.compile(r"^#\d+$")).click()
    answered = told(person, "Approval", "Answered by web:operator")
    expect(answered).to_contain_text("no deploy runs")
    (run,) = [run for run in office.runs("shop-refuses") if run["state"] != "success"] or [None]
    assert run is None and office.orders.is_up()
    person.go("/drafts")
    expect(row_of(person, "Remove the lock of a deploy that broke off")).to_contain_text("Verified")


def test_a_halt_stops_everything_before_the_eyes_of_everybody(
    office: Office, people: People
) -> None:
    reason = "The shop is being moved"
    watcher = people.somebody("viewer", "/servers")
    is_live(watcher)
    person = people.somebody("operator", "/halts")
    person.button("Halt").click()
    person.answer("Halt", reason=reason)
    bars = [one.page.get_by_role("region", name="Halt", exact=True) for one in (watcher, person)]
    for bar in bars:
        expect(bar).to_contain_text(reason)
        expect(bar).to_contain_text("Halted: everything")
    starts = office.web.starts()
    office.web.kill()
    office.alarm("web-down-halted")
    watcher.page.get_by_role("link", name="Executions").click()
    held = row_of(watcher, "halted")
    expect(held).to_have_count(1, timeout=PATIENCE)
    assert office.web.starts() == starts and not office.web.is_up()
    row = row_of(person, reason)
    person.button("Lift", row).click()
    person.answer("Lift")
    for bar in bars:
        expect(bar).to_have_count(0)
    expect(held).to_have_count(0, timeout=PATIENCE)
    office.world.wait_for(office.web.is_up, what="the web is up again")
    assert office.web.starts() == starts + 1
    was_not_reloaded(watcher)


def test_whoever_was_signed_out_elsewhere_comes_back_to_where_they_were(people: People) -> None:
    person = people.somebody("viewer", "/events?status=resolved&range=7d")
    person.heading("Events")
    elsewhere = people.somebody("viewer", "/me")
    # Whichever of their questions is the first to be refused, it is in here and on that page.
    with person.provoking(401), elsewhere.provoking(401, surely=False):
        with person.held(re.compile(r"/api/v1/runbooks\?")):
            person.page.get_by_role("link", name="Runbooks").click()
            person.heading("Runbooks")
            elsewhere.button("Sign out everywhere").click()
            elsewhere.answer("Sign out everywhere")
            elsewhere.sees("Sign in")
        person.sees("Your session has ended.")
        assert person.page.url.endswith("/runbooks")
        person.sign_in("viewer", people.passwords["viewer"]).is_in()
    person.heading("Runbooks")
    person.page.go_back()
    person.heading("Events")
    assert person.page.url.endswith("/events?status=resolved&range=7d")


_CALL = """
async ([path, body]) => {
  const csrf = /rescue_csrf=([^;]*)/.exec(document.cookie)[1];
  const headers = { 'X-CSRF-Token': decodeURIComponent(csrf) };
  const answer = await fetch('/api/v1/auth/refresh', { method: 'POST', headers });
  const { access_token } = await answer.json();
  const call = {
    method: 'POST',
    headers: { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  return (await fetch(path, call)).status;
}
"""


def test_what_is_not_offered_is_refused_as_well(office: Office, people: People) -> None:
    person = people.somebody("viewer", "/halts")
    person.heading("Halts")
    expect(person.button("Halt")).to_have_count(0)
    body = {"target": "*", "reason": "by hand"}
    with person.provoking(403):
        assert person.page.evaluate(_CALL, ["/api/v1/halts", body]) == 403
    viewer = office.world.api.as_person("viewer")
    assert viewer.get("/api/v1/halts", standing=True).json()["items"] == []
