"""The console in a real Chromium, on a real pipeline: each page says what happened to whom and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.harness.console.browser import Browser, find_chromium, open_browser
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.serve.server import ServeProcess

WALK = PROJECT_ROOT / "docs" / "walk"

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")


class Place(NamedTuple):
    """A pipeline that has decided the walk's events, the server of its console, and a browser."""

    pipeline: Pipeline
    server: ServeProcess
    browser: Browser

    def open(self, page: str) -> Browser:
        """Loads a page of the console."""
        self.browser.open(f"{self.server.url}/#/{page}")
        return self.browser


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("console")
    with Pipeline(kafka, "console-", folder, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        pipeline.apply((WALK / "definitions.yaml").read_text(), "--wait")
        pipeline.run_command("publish", str(WALK / "events.jsonl"))
        pipeline.wait_until_settled()
        with ServeProcess(folder, pipeline.environment) as server, open_browser() as browser:
            browser.open(server.url)
            browser.wait_for_text("Overview", "Hot in EMEA")
            browser.wait_for_state("live")
            yield Place(pipeline, server, browser)


def visit(number: int, contact: str) -> dict[str, object]:
    return {
        "id": f"console-{number}",
        "type": "web.visited",
        "contact": contact,
        "at": f"2026-03-10T10:0{number}:00Z",
        "url": "https://www.example.com/pricing",
    }


def test_a_segment_shows_its_condition_its_members_and_why_they_entered(place: Place) -> None:
    browser = place.open("segments/hot-emea")
    browser.wait_for_text(
        "Hot in EMEA",
        "property country is one of DE, FR, GB",
        "at least 3 times, within 7d",
        "entered hot-emea",
        "because of the event",
    )


def test_a_campaign_shows_its_funnel(place: Place) -> None:
    browser = place.open("campaigns/spring-trial")
    browser.wait_for_text("Spring trial", "Funnel", "qualified", "handed over")


def test_a_contact_shows_its_properties_its_history_and_why(place: Place) -> None:
    browser = place.open("contacts/ada?segment=hot-emea")
    browser.wait_for_text("ada@lake.example", "Timeline", "became a lead of spring-trial: active")
    browser.wait_for_text("property employees is at least 50", "value: 80")


def test_why_is_told_for_a_past_instant_too(place: Place) -> None:
    browser = place.open("contacts/ada?segment=hot-emea")
    browser.wait_for_text("value: 80")
    browser.run("document.getElementById('at').value = '2026-03-04T12:00:00'")
    browser.click("form.row button.main")
    browser.wait_for_text("Is not in hot-emea")


def test_a_mistake_in_a_condition_is_told_where_it_stands(place: Place) -> None:
    browser = place.open("search")
    browser.wait_for_text("Condition")
    browser.fill("#condition", "{property: country, equals: DE}")
    browser.wait_for_text("the condition cannot be used", "equals")
    assert browser.run("return document.getElementById('condition').getAttribute('aria-invalid')") == "true"


def test_a_draft_shows_what_it_would_change_and_who_would_leave(place: Place) -> None:
    browser = place.open("definitions")
    browser.wait_for_text("In force", "Hot in EMEA")
    draft = (WALK / "definitions.yaml").read_text().replace("gte: 50", "gte: 500")
    browser.run("document.getElementById('draft').value = arguments[0]", draft)
    browser.click("form button.main")
    browser.wait_for_text("against release 1", "segment hot-emea")


def test_workers_show_slots_and_lag(place: Place) -> None:
    browser = place.open("workers")
    browser.wait_for_text("pipeline", "0, 1", "records not decided", "web-visits")


def test_a_change_arrives_while_one_looks(place: Place) -> None:
    browser = place.open("contacts/bob")
    browser.wait_for_text("bob@tiny.example")
    browser.wait_for_state("live")
    changed = {
        "id": "console-bob",
        "type": "contact.changed",
        "contact": "bob",
        "at": "2026-03-10T10:00:00Z",
        "properties": {"employees": 90},
    }
    place.pipeline.publish([changed, *(visit(number, "bob") for number in range(1, 4))])
    browser.wait_for_text("entered hot-emea", "employees\n90")


def test_a_broken_connection_heals_and_misses_nothing(place: Place) -> None:
    browser = place.open("contacts/cleo")
    browser.wait_for_text("cleo@park.example")
    browser.wait_for_state("live")
    place.server.stop()
    browser.wait_for_state("reconnecting")
    place.pipeline.publish([visit(number, "cleo") for number in range(4, 7)])
    place.pipeline.wait_until_settled()
    place.server.__enter__()  # on the same port
    browser.wait_for_state("live")
    browser.wait_for_text("entered hot-emea")


def test_an_account_without_anything_says_what_to_do(place: Place) -> None:
    browser = place.open("")
    browser.wait_for_text("Overview")
    browser.run("sessionStorage.setItem('account', 'empty')")
    try:
        place.open("").wait_for_text("No segment yet. leadstream definitions apply brings the first one.")
        place.open("campaigns").wait_for_text("No campaign has leads yet.")
        place.open("contacts").wait_for_text("No contact begins with that.")
        place.open("definitions").wait_for_text("No definitions were applied yet.")
    finally:
        browser.run("sessionStorage.removeItem('account')")


def test_an_unknown_contact_is_told(place: Place) -> None:
    place.open("contacts/nobody").wait_for_text("Not found", "no contact of that id")


def test_the_pages_are_used_by_keyboard(place: Place) -> None:
    browser = place.open("segments")
    browser.wait_for_text("All segments")
    browser.run("document.activeElement.blur()")
    browser.press("TAB")
    assert browser.focused_text() == "Skip to content"
    browser.press("ENTER", "TAB", "TAB")
    assert browser.focused_text() == "Hot in EMEA"
    browser.press("ENTER")
    browser.wait_for_text("Segment hot-emea, dynamic.")
