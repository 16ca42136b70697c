"""`leadstream explain` and `leadstream search` beside a worker, as a user runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.engine_driver import DAY, START
from tests.harness.kafka.broker import fresh_prefix

DEFINITIONS = """
segments:
  - id: hot
    dynamic: true
    when: {all: [{property: country, eq: DE}, {visit: {path: {starts_with: /pricing}}, count: {gte: 2}, within: 7d}]}
  - {id: vip}
campaigns:
  - id: spring
    audience: [hot]
    scoring: [{id: visit, when: {visit: {}}, points: 10}]
    automation: [{id: keen, when: {points: {gte: 20}}, then: {set_status: qualified}}]
"""


STAFF: dict[int, Any] = {5: 60, 6: "50 to 60", 7: "many"}


def at(days: float) -> str:
    return instant_text(START + int(days * DAY))


def events() -> list[dict[str, Any]]:
    """Twenty contacts, every second one German; the first five visit /pricing on days 1 and 2, and / on day 3.

    Three have a staff, two of them in words. Two visits of day 3 have a plan.
    """
    told: list[dict[str, Any]] = []
    for number in range(20):
        country = "DE" if number % 2 else "FR"
        properties: dict[str, Any] = {"country": country, "email": f"c{number}@example.com"}
        if number in STAFF:
            properties["staff"] = STAFF[number]
        told.append({"id": f"c{number}", "type": "contact.changed", "at": at(0), "properties": properties})
        told[-1]["contact"] = f"contact-{number}"
    for days, path in ((1, "/pricing"), (2, "/pricing"), (3, "/"), (3.5, "/")):
        for number in range(5):
            visit = {"id": f"v{number}-{days}", "type": "web.visited", "at": at(days), "url": path}
            properties = {"plan": "pro"} if number < 2 and days == 3 else {}
            told.append({**visit, "contact": f"contact-{number}", "properties": properties})
    return told


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker that has decided the events; time has been told up to day 4."""
    folder = tmp_path_factory.mktemp("ask")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=3) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish([*events(), {"type": "clock.advanced", "at": at(4)}], "--ordered")
        pipeline.wait_until_settled()
        yield pipeline


def asked(place: Pipeline, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(place.run_command(*arguments, "--json").stdout)
    return answer


def test_explain_tells_now_from_the_row(place: Pipeline) -> None:
    answer = asked(place, "explain", "contact-1", "hot")
    assert (answer["member"], answer["since"], answer["next_change"]) == (True, at(2), at(8))
    assert [leaf["holds"] for leaf in answer["condition"]["all"]] == [True, True]
    assert answer["source"] == "state"
    assert asked(place, "explain", "contact-0", "hot")["member"] is False
    swapped = asked(place, "explain", "hot", "contact-1")
    assert not swapped["known"]
    assert "hot is a segment or campaign: the contact comes first" in swapped["notes"][-1]


def test_explain_tells_a_past_instant_from_the_journal(place: Pipeline) -> None:
    assert asked(place, "explain", "contact-1", "hot", "--at", at(1.5))["member"] is False
    answer = asked(place, "explain", "contact-1", "hot", "--at", at(2))
    assert (answer["member"], answer["changed_by"]) == (True, "v1-2")
    lead = asked(place, "explain", "contact-1", "spring", "--journal")
    assert (lead["lead"]["status"], lead["lead"]["cause"]["rule"]) == ("qualified", "keen")


def test_row_and_journal_agree(place: Pipeline) -> None:
    for number in (1, 4):
        for subject in ("hot", "spring"):
            of_row = asked(place, "explain", f"contact-{number}", subject)
            of_journal = asked(place, "explain", f"contact-{number}", subject, "--journal")
            same = ("release", "status", "member", "since", "next_change", "lead", "audience")
            if of_journal.get("lead"):
                del of_journal["lead"]["cause"]
            # The journal also says who decided.
            assert of_journal["reasons"][: len(of_row["reasons"])] == of_row["reasons"]
            assert {key: of_row.get(key) for key in same} == {key: of_journal.get(key) for key in same}


def test_explain_in_words_and_its_refusals(place: Pipeline) -> None:
    lines = place.run_command("explain", "contact-1", "hot").stdout.splitlines()
    assert lines[0].startswith("contact-1 (account default) is in segment hot since")
    assert "is not known" in place.run_command("explain", "nobody", "hot").stdout
    refused = leadstream("explain", "contact-1", "hto", env=place.environment)
    assert (refused.returncode, "did you mean hot" in refused.stderr) == (64, True)


def test_search_counts_activity_that_no_segment_ever_counted(place: Pipeline) -> None:
    answer = asked(place, "search", "{visit: {path: {eq: /}}, count: {gte: 2}}", "--list")
    assert [hit["contact"] for hit in answer["contacts"]] == [f"contact-{number}" for number in range(5)]
    assert (answer["count"], answer["scanned"], answer["journal_scanned"]) == (5, 20, True)
    assert asked(place, "search", "{visit: {}, count: {gte: 4}, within: 2d}", "--count")["count"] == 0


def test_search_finds_the_members_of_a_segment_by_its_condition(place: Pipeline) -> None:
    by_name = asked(place, "search", "{segment: hot}", "--list")["contacts"]
    members = {row["contact"] for row in place.read_table("segment-members").values() if row["segment"] == "hot"}
    assert {hit["contact"] for hit in by_name} == members == {"contact-1", "contact-3"}


def test_search_by_words(place: Pipeline) -> None:
    done = place.run_command("search", "--text", "c1?@example.com", "--list")
    assert done.stdout.splitlines() == [f"contact-{number}" for number in range(10, 20)]
    assert "10 found (10 active) among 20 contacts scanned" in done.stderr
    refused = leadstream("search", "--text", "*x", env=place.environment)
    assert (refused.returncode, "cannot begin with a wildcard" in refused.stderr) == (64, True)


def test_a_search_tells_where_its_condition_met_values_of_another_type(place: Pipeline) -> None:
    done = place.run_command("search", "{property: staff, gte: 50}", "--count")
    assert done.stdout == "1\n"
    note = 'note: gte of property staff met values of another type in 2 contacts (contact-6: "50 to 60", ...)'
    assert note in done.stderr.splitlines()
    answer = asked(place, "search", "{visit: {plan: {gte: 50}}}")
    (mismatch,) = answer["mismatches"]
    assert (mismatch["subject"], mismatch["property"], mismatch["contacts"]) == ("visit", "plan", 2)
    assert asked(place, "search", "{property: country, eq: DE}")["mismatches"] == []


def test_only_how_many_is_one_number_whatever_else_is_asked(place: Pipeline) -> None:
    assert place.run_command("search", "{all: []}", "--list", "--count").stdout == "20\n"


def test_a_property_that_nobody_declared_is_warned_of_where_another_is_close(place: Pipeline) -> None:
    done = place.run_command("search", "{property: countri, eq: DE}", "--count")
    assert "the condition:1: property: property countri is not declared; is country meant?" in done.stderr
    (warning,) = asked(place, "search", "{property: countri, eq: DE}", "--count")["warnings"]
    assert "is country meant?" in warning


def test_a_search_cannot_be_frozen_into_what_is_not_there(place: Pipeline) -> None:
    refused = leadstream("search", "{all: []}", "--freeze", "newcomers", env=place.environment)
    assert (refused.returncode, refused.stderr.count("\n")) == (64, 1)
    assert "there is no segment 'newcomers'" in refused.stderr
    assert "define it first: `segments: [{id: newcomers}]`" in refused.stderr


def test_an_account_that_is_not_there_cannot_be_verified(place: Pipeline) -> None:
    refused = leadstream("verify", "--account", "defalt", env=place.environment)
    assert (refused.returncode, "has no definitions - did you mean default?" in refused.stderr) == (64, True)


def test_a_search_is_frozen_into_a_static_segment_only(place: Pipeline) -> None:
    refused = leadstream("search", "{all: []}", "--freeze", "hot", env=place.environment)
    assert (refused.returncode, "only static segments are lists" in refused.stderr) == (64, True)
    frozen = asked(place, "search", "{visit: {}, count: {gte: 1}}", "--freeze", "vip")["frozen"]
    assert frozen == {"segment": "vip", "published": 5, "listed_before": 0}
    place.wait_until_settled()
    assert asked(place, "search", "{segment: vip}", "--count")["count"] == 5
    assert asked(place, "search", "{segment: vip}", "--freeze", "vip")["frozen"]["published"] == 0


def test_manual_decisions_take_a_search(place: Pipeline) -> None:
    place.run_command("leads", "reject", "spring", "--search", "{segment: hot}")
    place.run_command("segments", "remove", "vip", "contact-0", "--search", "{segment: hot}")
    place.wait_until_settled()
    leads = {row["contact"]: row["status"] for row in place.read_table("leads").values()}
    assert leads == {"contact-1": "rejected", "contact-3": "rejected"}
    refused = leadstream("leads", "reject", "nix", "--search", "{all: []}", env=place.environment)
    assert (refused.returncode, "there is no campaign 'nix'" in refused.stderr) == (64, True)


def test_a_search_is_saved_as_a_dynamic_segment_with_a_preview(place: Pipeline) -> None:
    shown = place.run_command("search", "{property: country, eq: FR}", "--save", "french").stdout
    assert "segment french: 10 contacts would enter, nobody would leave" in shown
    assert "id: french" in shown
    saved = asked(place, "search", "{property: country, eq: FR}", "--save", "french", "--apply")["saved"]
    assert (saved["would_enter"], saved["release"]) == (10, 2)
    place.wait_until_settled()
    members = [row for row in place.read_table("segment-members").values() if row["segment"] == "french"]
    assert len(members) == 10
    refused = leadstream("search", "{all: []}", "--save", "french", env=place.environment)
    assert (refused.returncode, "there is a segment 'french' already" in refused.stderr) == (64, True)


def test_a_saved_search_for_activity_says_who_will_really_enter(place: Pipeline) -> None:
    """After the test before. Two of the five who are found are no longer active, and enter no segment."""
    left = {"type": "contact.changed", "at": at(4.5), "status": "inactive"}
    place.publish([{**left, "id": f"x{number}", "contact": f"contact-{number}"} for number in (2, 3)], "--ordered")
    place.wait_until_settled()
    condition = "{visit: {path: {eq: /}}, count: {gte: 2}}"
    answer = asked(place, "search", condition, "--save", "returning", "--apply")
    assert (answer["count"], answer["saved"]["would_enter"], answer["saved"]["would_leave"]) == (5, 3, 0)
    (note,) = answer["saved"]["notes"]
    assert note.startswith("segment returning asks of the past")

    def members() -> set[str]:
        return {
            row["contact"] for row in place.read_table("segment-members").values() if row["segment"] == "returning"
        }

    wait_until(
        lambda: members() == {"contact-0", "contact-1", "contact-4"}, LIMIT_SECONDS, "not those who were foreseen"
    )
