"""The console in a real Chromium, on a real pipeline: each page says what happened to whom and why."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.harness.console.browser import find_chromium
from tests.integration.console.conftest import WALK, Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")


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


def test_a_contact_shows_what_the_crm_did_not_take(place: Place) -> None:
    answer = {"contact": "ada", "campaign": "spring-trial", "hand_over": "h"}
    note = {"field": "Company", "note": "cut", "reason": "longer than 255 characters"}
    linked = {"type": "crm.linked", "record": "00Q17", "number": [0, 1, 0], "notes": [note]}
    refused = {"type": "crm.failed", "code": "STRING_TOO_LONG", "number": [0, 2, 0], "update": True}
    place.pipeline.publish(
        [
            {"id": "console-linked", "at": "2026-03-10T10:00:00Z", **answer, **linked},
            {"id": "console-failed", "at": "2026-03-10T10:00:01Z", **answer, **refused},
        ]
    )
    place.pipeline.wait_until_settled()
    place.open("contacts/ada").wait_for_text(
        "00Q17",
        "Company was cut: longer than 255 characters",
        "update refused: STRING_TOO_LONG",
        "is in the CRM for spring-trial as 00Q17\nbecause of the hand-over h\n",
        "an update was refused by the CRM for spring-trial\nbecause of an update after the hand-over h\n",
    )


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


def test_a_count_comes_while_one_types_and_is_said_to_be_an_estimate(place: Place) -> None:
    browser = place.open("search")
    browser.wait_for_text("While you type, the count comes from a sample of the contacts.")
    browser.fill("#condition", "{property: country, in: [DE, FR]}")
    browser.wait_for_text("About ", "(an estimate: ", "of a sample of ")


def test_the_exact_count_comes_on_demand(place: Place) -> None:
    browser = place.open("search")
    browser.wait_for_text("Condition")
    browser.fill("#condition", "{property: country, in: [DE, FR]}")
    browser.click("form button.main")
    browser.wait_for_text("4 contacts of 6 read", "active: 4", "ada", "bob", "eve", "fay")
    assert "estimate" not in browser.text("#condition-answer")


def test_a_mistake_goes_when_it_is_mended(place: Place) -> None:
    browser = place.open("search")
    browser.wait_for_text("Condition")
    browser.fill("#condition", "{visits: {}}")
    browser.wait_for_text("the condition cannot be used", "visits")
    browser.fill("#condition", "{property: country, eq: DE}")
    browser.wait_for_text("About ")
    assert browser.run("return document.getElementById('condition').hasAttribute('aria-invalid')") is False


def test_a_draft_shows_what_it_would_change_and_who_would_leave(place: Place) -> None:
    browser = place.open("definitions")
    browser.wait_for_text("In force", "Hot in EMEA")
    draft = (WALK / "definitions.yaml").read_text().replace("gte: 50", "gte: 500")
    browser.run("document.getElementById('draft').value = arguments[0]", draft)
    browser.click("form button.main")
    browser.wait_for_text("against release 1", "segment hot-emea")


def test_a_mistake_in_a_draft_is_told_with_its_line(place: Place) -> None:
    browser = place.open_whole("definitions")
    draft = (WALK / "definitions.yaml").read_text().replace("gte: 50", "gte50: 50")
    browser.run("document.getElementById('draft').value = arguments[0]", draft)
    browser.click("form button.main")
    (number,) = [number for number, line in enumerate(draft.splitlines(), 1) if "gte50" in line]
    browser.wait_for_text(f"line {number}, ")
    assert browser.text(".notice li code") == draft.splitlines()[number - 1].strip()
    assert browser.run("return document.getElementById('draft').getAttribute('aria-invalid')") == "true"


def test_workers_show_slots_and_lag(place: Place) -> None:
    browser = place.open("workers")
    browser.wait_for_text("pipeline", "0, 1", "records not decided", "web-visits", "partitions")


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


def test_a_cause_tells_what_did_not_hold(place: Place) -> None:
    smaller = {
        "id": "console-dan",
        "type": "contact.changed",
        "contact": "dan",
        "at": "2026-03-10T10:00:00Z",
        "properties": {"employees": 10},
    }
    place.pipeline.publish([smaller])
    place.open("contacts/dan").wait_for_text(
        "left hot-emea",
        "because of the event console-dan, release 1: not (property employees is at least 50)",
    )


def test_a_dead_letter_is_mended_and_sent_again(place: Place) -> None:
    letters = place.server.get("/dead-letters?account=default").json()["letters"]
    letter = next(each["letter"] for each in letters if each["contact"] == "ada")  # other tests make more
    browser = place.open("dead-letters")
    browser.wait_for_text("wrong_property_type: ", "employees is of the type number")
    browser.click(f"main tbody a[href$='{quote(letter, safe='')}']")
    browser.wait_for_text("What to do", "As it is it would be refused again")
    browser.run(
        "const field = document.getElementById('value'); field.value = field.value.replace('\"a few dozen\"', '90')"
    )
    browser.click("form button.main")
    browser.wait_for_text("Sent as the event ")
    place.open("contacts/ada").wait_for_text("employees\n90")


def test_an_account_without_anything_says_what_to_do(place: Place) -> None:
    browser = place.open("")
    browser.wait_for_text("Overview")
    browser.run("sessionStorage.setItem('account', 'empty')")
    try:
        place.open("").wait_for_text("No segment yet. leadstream definitions apply brings the first one.")
        place.open("campaigns").wait_for_text("No campaign has leads yet.")
        place.open("contacts").wait_for_text("No contact is known yet.")
        place.open("definitions").wait_for_text("No definitions were applied yet.")
    finally:
        browser.run("sessionStorage.removeItem('account')")


def test_a_page_that_was_left_gives_its_connections_back(place: Place) -> None:
    """A browser has six for a server: the seventh page would wait for the first ones to be forgotten."""
    for _ in range(8):
        place.open("segments")
        place.browser.wait_for_state("live")
    script = """
        fetch("/api/v1/accounts", {signal: AbortSignal.timeout(20_000)}).then(
          (answer) => arguments[0](answer.status), (error) => arguments[0](error.name));
    """
    assert place.browser.run_and_wait(script) == 200


def test_an_unknown_contact_is_told(place: Place) -> None:
    place.open("contacts/nobody").wait_for_text("Not found", "no contact of that id")
