"""What people do before the console, each in their role: write, delete, search, switch, type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from devstack.web import Web
from tests.e2e import house, seed
from tests.e2e.browser import People, Person
from tests.e2e.looks import WORDS, settle

pytestmark = [pytest.mark.salt, pytest.mark.timeout(120)]

NUMBER = re.compile(r"^#\d+$")
RUNBOOK_1 = "**/api/v1/runbooks/1"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with house.opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture
def people(chromium: Browser, web: Web, tmp_path: Path) -> Iterator[People]:
    with People(chromium, web.url, seed.PASSWORDS, tmp_path) as found:
        yield found


def row_of(person: Person, words: str | re.Pattern[str]) -> Locator:
    return person.page.get_by_role("row").filter(has_text=words)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Something that is kept in versions: where, and what is written into its form."""

    place: str
    new: str
    name: str
    fields: dict[str, str]


RUNBOOK = Kept(
    place="/runbooks",
    new="New runbook",
    name="Restart the printer",
    fields={
        "Title": "Restart the printer",
        "Service": "printer",
        "Message pattern": "paper jam",
        "The fix": "rescue.service",
    },
)
COMMAND = Kept(
    place="/commands",
    new="New command",
    name="printer-status",
    fields={"Command": "printer-status", "Service": "printer", "Script": "lpstat -r"},
)


@pytest.mark.parametrize("kept", [RUNBOOK, COMMAND], ids=["runbook", "command"])
def test_what_operators_write_admins_delete_and_restore_and_viewers_only_read(
    people: People, kept: Kept
) -> None:
    viewer = people.somebody("lee", f"{kept.place}/1")
    viewer.heading(re.compile("."))
    expect(viewer.page.get_by_role("tab", name=re.compile("^Versions"))).to_be_visible()
    for name in ("Save", "Delete", "Discard changes"):
        expect(viewer.button(name)).to_have_count(0)
    viewer.go(kept.place)
    expect(viewer.page.get_by_role("row").nth(1)).to_be_visible()
    expect(viewer.button(kept.new)).to_have_count(0)
    viewer.go(f"{kept.place}/new").heading("Not found")

    operator = people.somebody("sato", kept.place)
    operator.button(kept.new).click()
    operator.heading(kept.new)
    # Slow hands are told half-way what is not there yet.
    with operator.provoking(422, surely=False):
        for label, text in kept.fields.items():
            operator.page.get_by_role("textbox", name=label, exact=True).fill(text)
        operator.button("Save").click()
        operator.sees("Saved.")
        operator.heading(kept.name)
    expect(operator.button("Delete")).to_have_count(0)
    address = operator.page.url.removeprefix(operator.url)
    assert re.fullmatch(kept.place + r"/\d+", address)

    admin = people.somebody("kim", address)
    admin.button("Delete").click()
    admin.answer("Delete")
    admin.sees("Deleted.")
    admin.page.wait_for_url(re.compile(kept.place + "$"))
    expect(admin.page.get_by_role("row").nth(1)).to_be_visible()
    expect(admin.page.get_by_role("link", name=kept.name)).to_have_count(0)
    operator.page.reload()
    operator.sees("It is out of use.")
    for name in ("Save", "Restore"):
        expect(operator.button(name)).to_have_count(0)
    admin.button("Deleted").click()
    admin.page.get_by_role("link", name=kept.name).click()
    admin.sees("It is out of use.")
    admin.button("Restore").click()
    admin.answer("Restore")
    admin.sees("Restored.")
    operator.page.reload()
    operator.heading(kept.name)


def test_an_account_is_made_used_and_closed_by_an_admin_alone(people: People) -> None:
    for name in ("lee", "sato"):
        other = people.somebody(name)
        other.heading("Dashboard")
        expect(other.page.get_by_role("link", name="Users")).to_have_count(0)
        with other.provoking(403):
            other.go("/users").sees("Your role does not allow this.")
            # It is asked for again at each sign-in, as long as the page is open.
            other.go("/me").heading("My account")
    admin = people.somebody("kim", "/users")
    admin.button("Add a user").click()
    admin.field("Username", admin.dialog).fill("park")
    admin.button("Save", admin.dialog).click()
    admin.sees("It is shown only now.")
    once = admin.dialog.locator(".mono").inner_text().strip()
    assert len(once) >= 12
    admin.button("I have kept it", admin.dialog).click()
    new = people.stranger().sign_in("park", once)
    new.sees("Choose your own first.")
    row = row_of(admin, "park")
    expect(row).to_contain_text("Active")
    admin.button("Change", row).click()
    admin.dialog.get_by_text("May not come in").click()
    admin.answer("Save")
    expect(row).to_contain_text("Disabled")
    with new.provoking(401):
        new.page.reload()
        new.page.locator('input[autocomplete="username"]').wait_for()
        new.sign_in("park", once)
        new.sees("The username or the password is wrong.")


def test_a_window_is_announced_and_ended_by_operators(people: People) -> None:
    viewer = people.somebody("lee", "/windows")
    expect(row_of(viewer, "Upgrade to 11.4")).to_be_visible()
    expect(viewer.button("Announce maintenance")).to_have_count(0)
    expect(viewer.button("End it now")).to_have_count(0)
    operator = people.somebody("sato", "/windows")
    operator.button("Announce maintenance").click()
    operator.field("Name", operator.dialog).fill("printer")
    operator.answer("Announce maintenance", reason="New toner")
    row = row_of(operator, "New toner")
    expect(row).to_contain_text("Now")
    expect(row_of(viewer, "New toner")).to_be_visible()
    operator.button("End it now", row).click()
    operator.answer("End it now")
    expect(row).to_contain_text("Over")


def test_a_password_for_once_is_changed_before_anything_else(people: People) -> None:
    person = people.stranger("/servers").sign_in("new", seed.PASSWORD)
    person.sees("Choose your own first.")
    expect(person.page.get_by_role("navigation")).to_have_count(0)
    person.page.locator('input[autocomplete="current-password"]').fill(seed.PASSWORD)
    for field in person.page.locator('input[autocomplete="new-password"]').all():
        field.fill("another long secret")
    person.page.keyboard.press("Enter")
    person.is_in().heading("Servers")


def test_a_locked_account_is_told_so(people: People) -> None:
    person = people.stranger()
    with person.provoking(401, 423, 429):
        for _ in range(5):
            person.sign_in("oh", "mistyped once more")
            person.sees("The username or the password is wrong.")
            expect(person.page.locator('input[autocomplete="current-password"]')).to_have_value("")
        person.sign_in("oh", seed.PASSWORD)
        person.sees("Too many wrong passwords; it is locked for a while.")


def compose(person: Person, text: str) -> None:
    """Write by an input method, whose Enter ends the syllable and nothing else."""
    keys = person.context.new_cdp_session(person.page)
    end = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
    keys.send("Input.imeSetComposition", end)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    keys.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keys.send("Input.insertText", {"text": text})
    keys.detach()
    # Until the next frame the kit takes an Enter for the one that has ended the syllable.
    person.page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")


def test_enter_that_ends_a_syllable_of_korean_sends_nothing(people: People) -> None:
    person = people.somebody("sato", "/events")
    row = person.page.get_by_role("link", name=NUMBER).first
    expect(row).to_be_visible()
    search = person.page.get_by_role("combobox", name="Filter by property or value")
    search.click()
    compose(person, "한국어")
    expect(search).to_have_value("한국어")
    assert "text=" not in person.page.url
    person.page.keyboard.press("Enter")
    person.page.wait_for_url(re.compile("text="))
    expect(row_of(person, "An alarm that names no server")).to_have_count(1)
    expect(person.page.get_by_role("link", name=NUMBER)).to_have_count(1)
    person.go("/halts").button("Halt").click()
    reason = person.field("Reason", person.dialog)
    reason.click()
    compose(person, "점검")
    expect(reason).to_have_value("점검")
    expect(person.dialog).to_be_visible()
    person.button("Cancel", person.dialog).click()
    expect(row_of(person, "점검")).to_have_count(0)


def test_all_that_match_are_closed_at_once_and_the_audit_says_why(people: People) -> None:
    person = people.somebody("sato", "/events?outcome=changed_not_fixed&status=failed&range=7d")
    expect(person.page.get_by_role("link", name=NUMBER).first).to_be_visible()
    count = person.page.get_by_role("link", name=NUMBER).count()
    person.button("Act on many").click()
    person.page.get_by_role("menuitem", name="All that match the filter").click()
    person.page.get_by_role("menuitem", name="Decide anew").last.click()
    person.dialog.get_by_role("textbox").fill("the disk has been replaced")
    person.button("Decide anew", person.dialog).click()
    person.sees(f"Done: {count}")
    person.button("Close", person.dialog).last.click()
    expect(person.page.get_by_text("Nothing matches.")).to_be_visible()
    person.go("/audit?actor=web:sato")
    rows = row_of(person, "the disk has been replaced")
    expect(rows.first).to_be_visible()
    assert rows.count() == count


def test_the_filter_is_the_address_and_a_view_of_it_is_kept(people: People) -> None:
    person = people.somebody("lee", "/events")
    person.page.get_by_role("link", name=NUMBER).first.wait_for()
    search = person.page.get_by_role("combobox", name="Filter by property or value")
    for field, value in (("Severity", "Fatal"), ("Status", "Resolved")):
        search.click()
        person.page.get_by_role("option", name=field, exact=True).click()
        person.page.get_by_role("option", name=f"{field} = {value}").click()
    person.page.wait_for_url(re.compile(r"severity=fatal&status=resolved"))
    expect(row_of(person, "Critical")).to_have_count(0)
    person.page.go_back()
    person.page.wait_for_url(re.compile(r"/events\?severity=fatal$"))
    person.page.go_back()
    person.page.wait_for_url(re.compile(r"/events$"))
    expect(row_of(person, "Critical").first).to_be_visible()
    person.page.go_forward()
    expect(row_of(person, "Critical")).to_have_count(0)
    person.choose("Saved views", "Save this view")
    person.answer("Save", name="What is worst")
    person.go("/events")
    person.choose("Saved views", "What is worst")
    person.page.wait_for_url(re.compile("severity=fatal"))
    expect(person.button("What is worst")).to_be_visible()
    # It is a link, too: somebody else sees the same.
    address = person.page.url.removeprefix(person.url)
    other = people.somebody("sato", address)
    expect(row_of(other, "Fatal").first).to_be_visible()
    expect(row_of(other, "Critical")).to_have_count(0)


def times_of(person: Person) -> list[str]:
    return [text.strip() for text in person.page.locator("main time").all_inner_texts()]


def test_zone_language_and_theme_are_switched_where_one_is(people: People) -> None:
    person = people.somebody("lee", "/events?status=resolved&range=7d")
    person.page.get_by_role("link", name=NUMBER).first.wait_for()
    person.page.evaluate("globalThis.since = 'the beginning'")
    local = times_of(person)
    assert local and all(time.endswith("UTC+9") for time in local)
    person.choose(re.compile("^View settings"), "UTC")
    expect(person.page.locator("main time").first).to_have_text(re.compile("UTC$"))
    utc = times_of(person)
    assert len(utc) == len(local) and all(time.endswith("UTC") for time in utc)
    person.choose(re.compile("^View settings"), "Dark")
    expect(person.page.locator("body.awsui-dark-mode")).to_have_count(1)
    person.choose(re.compile("^Language"), "한국어")
    expect(person.page.locator("html")).to_have_attribute("lang", "ko")
    person.heading("이벤트")
    assert person.page.url.endswith("/events?status=resolved&range=7d")
    assert person.page.evaluate("globalThis.since") == "the beginning"
    person.page.reload()
    person.heading("이벤트")
    expect(person.page.locator("body.awsui-dark-mode")).to_have_count(1)
    expect(person.page.locator("main time").first).to_have_text(re.compile("UTC$"))


def test_what_is_half_written_stays_when_the_language_changes(people: People) -> None:
    person = people.somebody("sato", "/commands/new")
    script = "lpstat -W not-completed"
    box = person.page.get_by_role("textbox", name=WORDS["en"]["column"]["command_script"])
    # What is not complete yet is checked as it is written.
    refused = person.page.expect_console_message(lambda said: "422" in said.text)
    with person.provoking(422), refused:
        box.fill(script)
    person.choose(re.compile("^Language"), "한국어")
    person.heading(WORDS["ko"]["command"]["new"])
    box = person.page.get_by_role("textbox", name=WORDS["ko"]["column"]["command_script"])
    expect(box).to_have_text(script)


def test_a_menu_stays_open_when_the_page_beneath_it_comes(people: People) -> None:
    person = people.somebody("lee", "/me")
    with person.held(RUNBOOK_1):
        with person.page.expect_request(RUNBOOK_1):
            person.go("/runbooks/1")
        person.button(re.compile("^Language")).click()
        choice = person.page.get_by_role("menuitem", name="한국어")
        expect(choice).to_be_visible()
    person.page.get_by_role("tab", name="Versions").wait_for()
    # By the frame after this one, whoever took the keyboard has taken it.
    person.page.evaluate("new Promise((done) => setTimeout(done, 100))")
    expect(choice).to_be_visible()
    # Where somebody follows a link instead, the page begins at its heading.
    person.page.keyboard.press("Escape")
    person.page.get_by_role("link", name="Runbooks", exact=True).first.click()
    expect(person.heading("Runbooks")).to_be_focused()


def tab_to(person: Person, wanted: Locator, most: int = 80) -> None:
    """By the Tab key alone, as who has no mouse."""
    for _ in range(most):
        if wanted.evaluate("(it) => it === document.activeElement"):
            return
        person.page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not lead there")


def test_an_event_is_found_opened_and_closed_without_a_mouse(people: People) -> None:
    person = people.stranger("/")
    keys = person.page.keyboard
    expect(person.page.locator('input[autocomplete="username"]')).to_be_focused()
    keys.type("sato")
    keys.press("Tab")
    keys.type(seed.PASSWORD)
    keys.press("Enter")
    person.is_in().heading("Dashboard")
    # What is busy drawing hears the second key too late.
    settle(person)
    keys.press("g")
    keys.press("e")
    person.heading("Events")
    search = person.page.get_by_role("combobox", name="Filter by property or value")
    tab_to(person, search)
    keys.type("names")
    keys.press("Enter")
    person.page.wait_for_url(re.compile("text=names"))
    link = person.page.get_by_role("link", name=NUMBER)
    expect(link).to_have_count(1)
    table = person.page.get_by_role("grid").first
    for _ in range(40):
        if table.evaluate("(it) => it.contains(document.activeElement)"):
            break
        keys.press("Tab")
    # Within a table the arrows lead from cell to cell.
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        if link.evaluate("(it) => it === document.activeElement"):
            break
        keys.press(key)
    expect(link).to_be_focused()
    keys.press("Enter")
    person.heading(re.compile(r"^Event #\d+$"))
    close = person.button("Close as resolved")
    tab_to(person, close)
    keys.press("Enter")
    expect(person.field("Reason", person.dialog)).to_be_focused()
    keys.type("looked at by keyboard")
    tab_to(person, person.button("Close as resolved", person.dialog))
    keys.press("Enter")
    expect(person.dialog).to_have_count(0)
    person.sees("looked at by keyboard")


def test_what_is_written_into_many_megabytes_opens_at_its_end(people: People) -> None:
    person = people.somebody("lee", "/executions?requested_by=web:sato")
    row_of(person, "nginx-log").get_by_role("link", name=NUMBER).first.click()
    last = person.page.locator(".cm-line").filter(has_text=f" {seed.BIG_LINES - 1}")
    expect(last).to_be_visible()
    person.button("Load earlier output").click()
    expect(last).to_have_count(1)
