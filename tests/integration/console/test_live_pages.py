"""Every page that shows what changes changes by itself, while one looks; an account of its own has what is shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.harness.console.browser import Browser, find_chromium
from tests.harness.deployment.pipeline import LIMIT_SECONDS, wait_until
from tests.harness.salesforce.crm_process import produce
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

ACCOUNT = "watched"
DEFINITIONS = """
account: watched
properties: {employees: number}
segments:
- {id: german, name: Germans, dynamic: true, when: {property: country, eq: DE}}
campaigns:
- {id: autumn, name: Autumn, audience: [german]}
"""
NEW_SEGMENT = "- {id: SEGMENT, name: The SEGMENT, dynamic: true, when: {property: employees, gte: 50}}\ncampaigns:"


class AccountUnderTest:
    """The account; each test changes it in another way."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.count = 0

    def open(self, page: str) -> Browser:
        """Opens a page of the account, whole and live."""
        browser = self.place.browser
        for _ in range(5):  # Chromium may load a page in another process before what was stored just now is there
            browser.run("sessionStorage.setItem('account', arguments[0])", ACCOUNT)
            self.place.open_whole(page)
            if browser.run("return sessionStorage.getItem('account')") == ACCOUNT:
                return browser
        raise AssertionError("the account is not kept")

    def change(self, contact: str, **properties: object) -> None:
        """A change of a contact's properties."""
        self.count += 1
        event = {"id": f"{contact}-{self.count}", "type": "contact.changed", "at": "2026-03-12T10:00:00Z"}
        self.place.pipeline.publish([{**event, "account": ACCOUNT, "contact": contact, "properties": properties}])

    def move(self, contact: str, *, times: int) -> None:
        """Lets a contact enter and leave the segment in turn, so many times in all."""
        events: list[dict[str, object]] = []
        for number in range(self.count + 1, self.count + 1 + times):
            properties = {"country": "DE" if number % 2 else "FR"}
            event = {"id": f"{contact}-{number}", "type": "contact.changed", "at": "2026-03-12T10:00:00Z"}
            events.append({**event, "account": ACCOUNT, "contact": contact, "properties": properties})
        self.count += times
        self.place.pipeline.publish(events)

    def refuse(self, contact: str) -> None:
        """An event that cannot be taken."""
        self.change(contact, employees="many")

    def define(self, segment: str) -> None:
        """Applies the definitions with a segment more."""
        text = DEFINITIONS.replace("campaigns:", NEW_SEGMENT.replace("SEGMENT", segment))
        self.place.pipeline.apply(text, "--wait")

    def letter_of(self, contact: str) -> str:
        """The letter of a contact's refused event, once there is one."""
        path = f"/dead-letters?account={ACCOUNT}&contact={contact}"
        wait_until(lambda: self.place.server.get(path).json()["count"] > 0, LIMIT_SECONDS, "no dead letter")
        letter: str = self.place.server.get(path).json()["letters"][0]["letter"]
        return letter


@pytest.fixture(scope="module")
def of_module(place: Place) -> AccountUnderTest:
    place.pipeline.apply(DEFINITIONS, "--wait")
    account = AccountUnderTest(place)
    account.change("ada", country="DE")
    path = f"/contacts/ada?account={ACCOUNT}"
    wait_until(lambda: place.server.get(path).status_code == 200, LIMIT_SECONDS, "the contact is not shown")
    return account


@pytest.fixture
def account(of_module: AccountUnderTest) -> Iterator[AccountUnderTest]:
    yield of_module
    of_module.place.browser.run("sessionStorage.removeItem('account')")


def test_the_overview_counts_a_contact_that_enters_nothing(account: AccountUnderTest) -> None:
    browser = account.open("")
    before = int(browser.text(".figures b"))
    account.change("overview", country="FR")
    browser.wait_for_text(f"{before + 1}\ncontacts")


def test_segments_have_one_that_was_just_defined(account: AccountUnderTest) -> None:
    browser = account.open("segments")
    browser.wait_for_text("Germans")
    account.define("large")
    browser.wait_for_text("The large")


def test_segments_count_who_enters(account: AccountUnderTest) -> None:
    browser = account.open("segments")
    size = account.place.server.get(f"/segments/german?account={ACCOUNT}").json()["members"]
    browser.wait_for_text(f"dynamic\n{size}")
    account.change("segments", country="DE")
    browser.wait_for_text(f"dynamic\n{size + 1}")


def test_a_segment_lists_who_enters_and_leaves(account: AccountUnderTest) -> None:
    browser = account.open("segments/german")
    account.change("member", country="DE")
    browser.wait_for_text("member", selector="main .scroll tbody")
    account.change("member", country="FR")
    browser.wait_for_text("member left german")
    browser.wait_for_absence("member", selector="main .scroll tbody")


def test_a_segment_shows_its_new_condition(account: AccountUnderTest) -> None:
    account.define("huge")
    browser = account.open("segments/huge")
    browser.wait_for_text("property employees is at least 50")
    text = DEFINITIONS.replace("campaigns:", NEW_SEGMENT.replace("SEGMENT", "huge").replace("50", "5000"))
    account.place.pipeline.apply(text, "--wait")
    browser.wait_for_text("property employees is at least 5000")


def test_campaigns_count_a_new_lead(account: AccountUnderTest) -> None:
    browser = account.open("campaigns")
    statuses = account.place.server.get(f"/campaigns/autumn?account={ACCOUNT}").json()["statuses"]
    account.change("campaigns", country="DE")
    browser.wait_for_text(f"Autumn\n{sum(statuses.values()) + 1}\n")


async def test_campaigns_and_a_campaign_have_what_was_won(account: AccountUnderTest) -> None:
    for number, page in enumerate(("campaigns", "campaigns/autumn"), 1):
        browser = account.open(page)
        row = {
            "type": "campaign.revenue",
            "campaign": "autumn",
            "currency": "EUR",
            "won": {"count": 1, "amount": f"{number}234.50"},
            "open": {"count": 0, "amount": "0"},
            "lost": {"count": 0, "amount": "0"},
        }
        key = f"{ACCOUNT}/autumn/EUR"
        await produce(account.place.pipeline.settings, "campaign-revenue", (key, msgspec.json.encode(row)))
        browser.wait_for_text(f"{number},234.50 EUR")


def test_a_campaign_lists_a_new_lead(account: AccountUnderTest) -> None:
    browser = account.open("campaigns/autumn")
    browser.run(
        "const field = document.getElementById('status');"
        "field.value = 'active'; field.dispatchEvent(new Event('change'));"
    )
    browser.wait_for_text("ada", selector="main .scroll tbody")
    account.change("lead", country="DE")
    browser.wait_for_text("lead", selector="main .scroll tbody")


def test_contacts_list_a_new_one(account: AccountUnderTest) -> None:
    browser = account.open("contacts")
    browser.wait_for_text("ada")
    account.change("a-newcomer", country="FR")
    browser.wait_for_text("a-newcomer")


def test_a_contact_shows_a_property_that_moves_it_nowhere(account: AccountUnderTest) -> None:
    browser = account.open("contacts/ada")
    account.change("ada", employees=77)
    browser.wait_for_text("employees\n77")


TIMELINE = """
const panels = [...document.querySelectorAll("main .panel")];
const timeline = panels.find((each) => each.textContent.startsWith("Timeline"));
return [...timeline.querySelectorAll(".changes li")].map((each) => each.innerText);
"""


def test_a_long_timeline_is_whole_and_stays_so_when_a_change_comes(account: AccountUnderTest) -> None:
    def kept() -> int:
        path = f"/contacts/busy/timeline?account={ACCOUNT}&limit=200"
        return len(account.place.server.get(path).json()["changes"])

    account.move("busy", times=110)
    account.place.pipeline.wait_until_settled()
    wait_until(lambda: kept() > 105, LIMIT_SECONDS, f"{kept()} changes are kept")
    browser = account.open("contacts/busy")
    before = browser.run(TIMELINE)
    assert 105 < len(before) < 200
    account.move("busy", times=1)
    wait_until(lambda: len(browser.run(TIMELINE)) > len(before), LIMIT_SECONDS, "the change does not come")
    assert browser.run(TIMELINE)[-len(before) :] == before
    assert "are not kept here" not in browser.text("main")
    account.move("busy", times=100)
    browser.wait_for_text("are not kept here")
    assert len(browser.run(TIMELINE)) == 200


def test_definitions_show_a_release_that_is_applied(account: AccountUnderTest) -> None:
    browser = account.open("definitions")
    account.define("recent")
    browser.wait_for_text("The recent", "segment recent")


def test_dead_letters_list_what_is_refused(account: AccountUnderTest) -> None:
    browser = account.open("dead-letters")
    account.refuse("refused")
    browser.wait_for_text(account.letter_of("refused"), "refused")


def test_a_dead_letter_tells_that_it_was_sent_again(account: AccountUnderTest) -> None:
    account.refuse("again")
    letter = account.letter_of("again")
    browser = account.open(f"dead-letters/{letter}")
    browser.wait_for_text("Sent again\nno")
    event = account.place.server.get(f"/dead-letters/{letter}").json()["event"]
    answer = account.place.server.post(
        f"/dead-letters/{letter}/retry", {"event": {**event, "properties": {"employees": 7}}}
    )
    assert answer.json()["sent"], answer.text
    wait_until(lambda: "Sent again\nno" not in browser.text("main"), LIMIT_SECONDS, "it says that it was not sent")


def test_workers_count_a_dead_letter(account: AccountUnderTest) -> None:
    browser = account.open("workers")
    count = account.place.server.get("/workers").json()["dead_letters"]["count"]
    browser.wait_for_text(f"{count}\ndead letter")
    account.refuse("counted")
    browser.wait_for_text(f"{count + 1}\ndead letter")


FOCUS = """
const { activeElement: element } = document;
return [element.getAttribute("href") ?? element.className, element.closest("tbody") !== null];
"""


def test_a_table_that_has_the_focus_keeps_it_when_somebody_enters(account: AccountUnderTest) -> None:
    browser = account.open("segments/german")
    browser.wait_for_text("ada", selector="main .scroll tbody")
    browser.run("document.querySelector('main .scroll').focus()")
    account.change("table-focus", country="DE")
    browser.wait_for_text("table-focus", selector="main .scroll tbody")
    assert browser.run(FOCUS) == ["scroll", False]


def test_a_link_keeps_the_focus_and_leaves_it_to_its_table_when_its_row_goes(account: AccountUnderTest) -> None:
    account.change("link-focus", country="DE")
    browser = account.open("segments/german")
    browser.wait_for_text("link-focus", selector="main .scroll tbody")
    browser.run("document.querySelector('main tbody a[href=\\'#/contacts/link-focus\\']').focus()")
    account.change("beside-it", country="DE")
    browser.wait_for_text("beside-it", selector="main .scroll tbody")
    assert browser.run(FOCUS) == ["#/contacts/link-focus", True]
    account.change("link-focus", country="FR")
    browser.wait_for_absence("link-focus", selector="main .scroll tbody")
    assert browser.run(FOCUS) == ["scroll", False]


def test_a_change_that_has_the_focus_stays_in_the_list_while_others_come(account: AccountUnderTest) -> None:
    account.move("list-focus", times=32)
    account.place.pipeline.wait_until_settled()
    browser = account.open("segments/german")
    browser.run("document.querySelector('main .changes li:last-child a').focus()")
    focused = browser.run("return document.activeElement.closest('li').dataset.id")
    account.change("last-of-all", country="DE")
    browser.wait_for_text("last-of-all", selector="main .changes")
    assert browser.run("return document.activeElement.closest('li')?.dataset.id") == focused
    assert browser.run("return document.querySelectorAll('main .changes li').length") == 30


def test_a_page_that_is_read_anew_as_a_whole_keeps_the_focus(account: AccountUnderTest) -> None:
    browser = account.open("workers")
    browser.run("document.querySelectorAll('main .scroll')[1].focus()")
    before = browser.run("return document.activeElement.getAttribute('aria-label')")
    browser.run("document.activeElement.dataset.former = ''")
    account.change("anew", country="FR")
    wait_until(
        lambda: not browser.run("return document.querySelector('main [data-former]') !== null"),
        LIMIT_SECONDS,
        "the page is not read anew",
    )
    assert browser.run("return document.activeElement.getAttribute('aria-label')") == before
