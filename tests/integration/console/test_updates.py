"""What the console shows goes on with what happens, however much happens, and when a part of it fails."""

from __future__ import annotations

import pytest

from tests.harness.console.browser import find_chromium
from tests.harness.deployment.pipeline import LIMIT_SECONDS, wait_until
from tests.harness.salesforce.crm_process import produce
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

MANY = 40

# From now on `asked` has the address of each request; what `answer` gives for one is the answer.
WATCH = """
const real = window.fetch;
window.asked = [];
const answer = new Function("address", "real", arguments[0]);
window.fetch = (address, ...others) => {
  window.asked.push(String(address));
  return answer(String(address), () => real(address, ...others)) ?? real(address, ...others);
};
"""
BUSY = """Promise.resolve(new Response(JSON.stringify({detail: "too many"}),
  {status: 429, headers: {"Content-Type": "application/problem+json"}}))"""


def go(place: Place, page: str) -> None:
    """Goes to a page without loading the console anew."""
    place.browser.run("location.hash = arguments[0]", f"#/{page}")


def entering(number: int) -> list[dict[str, object]]:
    """What lets a new contact enter hot-emea."""
    contact = f"new-{number}"
    fields = {"contact": contact, "at": "2026-03-11T10:00:00Z"}
    properties = {"country": "DE", "employees": 90}
    visits: list[dict[str, object]] = [
        {"id": f"{contact}-{each}", "type": "web.visited", "url": "https://www.example.com/pricing", **fields}
        for each in range(3)
    ]
    return [{"id": contact, "type": "contact.changed", "properties": properties, **fields}, *visits]


def test_figures_go_on_without_a_request_for_each_change(place: Place) -> None:
    browser = place.open_whole("segments/hot-emea")
    browser.run(WATCH, "return null")
    place.pipeline.publish([event for number in range(MANY) for event in entering(number)])
    names = {f"new-{number}" for number in range(MANY)}
    wait_until(lambda: names <= latest_contacts(place), LIMIT_SECONDS, "they do not enter")
    place.pipeline.wait_until_settled()
    browser.wait_for_text(f"{members(place)}\nmembers")
    asked = [address for address in browser.run("return window.asked") if "/segments/hot-emea?" in address]
    assert 0 < len(asked) < MANY / 2


def test_the_overview_goes_on_by_itself(place: Place) -> None:
    browser = place.open_whole("")
    before = members(place)
    place.pipeline.publish(entering(MANY))
    wait_until(lambda: members(place) != before, LIMIT_SECONDS, "nobody entered")
    browser.wait_for_text(f"Hot in EMEA\n{members(place)}")


def latest_contacts(place: Place) -> set[str]:
    """The contacts of the latest changes of hot-emea."""
    changes = place.server.get("/changes?segment=hot-emea&limit=100").json()["changes"]
    return {change["record"]["contact"] for change in changes}


def members(place: Place) -> int:
    """How many are in hot-emea."""
    count: int = place.server.get("/segments/hot-emea").json()["members"]
    return count


def test_what_happens_while_a_page_is_read_is_on_it_once(place: Place) -> None:
    browser = place.open_whole("")
    slow = 'return address.includes("/sizes") ? new Promise((go) => { window.go = go; }).then(real) : null'
    browser.run(WATCH, slow)
    go(place, "segments/hot-emea")
    wait_until(lambda: bool(browser.run("return Boolean(window.go)")), LIMIT_SECONDS, "the page is not read")
    place.pipeline.publish(entering(MANY + 1))
    place.pipeline.wait_until_settled()
    wait_until(
        lambda: f"new-{MANY + 1}" in place.server.get("/changes?segment=hot-emea&limit=5").text,
        LIMIT_SECONDS,
        "the change is not in the read models",
    )
    browser.run("window.go()")
    browser.wait_for_text(f"new-{MANY + 1} entered hot-emea")
    assert browser.text("main .changes").count(f"new-{MANY + 1} entered") == 1


def test_segments_are_shown_though_their_sizes_over_time_are_not(place: Place) -> None:
    browser = place.open_whole("")
    browser.run(WATCH, f'return address.includes("/sizes") ? {BUSY} : null')
    go(place, "segments")
    browser.wait_for_text("Segments with their sizes", "Hot in EMEA", "not known now")


def test_a_segment_is_shown_while_kafka_does_not_tell_the_clock(place: Place) -> None:
    browser = place.open("")
    browser.wait_for_state("live")
    browser.run(WATCH, f'return address.includes("/workers") ? {BUSY} : null')
    go(place, "segments/hot-emea")
    browser.wait_for_text("Size over time", "in the order in which they entered")


def test_workers_that_are_not_read_anew_are_said_to_be_old(place: Place) -> None:
    browser = place.open_whole("workers")
    browser.run(WATCH, f'return address.includes("/workers") ? {BUSY} : null')
    browser.wait_for_text("What stands here is not read anew: too many", "pipeline")


async def test_what_is_no_event_at_all_is_among_the_dead_letters(place: Place) -> None:
    await produce(place.pipeline.settings, "contact-changes", ("ada", b"no JSON"))
    wait_until(
        lambda: "invalid_json" in place.server.get("/dead-letters").text,
        LIMIT_SECONDS,
        "the record is no dead letter",
    )
    place.open("dead-letters").wait_for_text("invalid_json")


SHORT_PAGES = """
const real = window.fetch;
window.fetch = (address, ...others) => real(String(address).replace("limit=50", "limit=1"), ...others);
"""


async def test_older_dead_letters_are_turned_to_and_a_code_is_chosen(place: Place) -> None:
    await produce(place.pipeline.settings, "contact-changes", ("bob", b"no JSON either"))
    wait_until(
        lambda: place.server.get("/dead-letters?limit=1").json()["letters"][0]["code"] == "invalid_json",
        LIMIT_SECONDS,
        "the record is no dead letter",
    )
    newest = place.server.get("/dead-letters?limit=2").json()["letters"][::-1]
    browser = place.open_whole("")
    browser.run(SHORT_PAGES)
    go(place, "dead-letters")
    browser.wait_for_text("Page 1")
    assert browser.text("main tbody a[aria-label]") == newest[0]["letter"]
    browser.click(".pager button + button")
    browser.wait_for_text("Page 2")
    assert browser.text("main tbody a[aria-label]") == newest[1]["letter"]
    choose = "const field = document.getElementById('code'); field.value = arguments[0];"
    browser.run(choose + "field.dispatchEvent(new Event('change'));", "wrong_property_type")
    browser.wait_for_text("wrong_property_type", selector="main tbody")
    browser.wait_for_absence("invalid_json", selector="main tbody")


def test_a_mistake_has_the_number_of_its_line(place: Place) -> None:
    browser = place.open_whole("search")
    browser.fill("#condition", "all:\n- {property: country, equals: DE}")
    browser.wait_for_text("line 2, ")
    assert browser.text("#condition-answer li code") == "- {property: country, equals: DE}"
