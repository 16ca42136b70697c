"""The state that the live view shows, built from records of the out-topics."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.demo.guide import EXAMPLE_CONTACT
from streams.demo.state import DemoState


@pytest.fixture
def state() -> DemoState:
    return DemoState(begin=0, end=28 * 86_400_000)


def change(number: int, event_type: str, **fields: Any) -> dict[str, Any]:
    common = {"id": f"id-{number}", "type": event_type, "contact": "ann", "at": "2026-03-02T09:00:00.000Z"}
    return {**common, "cause": {"kind": "event", "event": "e-1"}, **fields}


def test_a_segment_has_the_members_of_its_table(state: DemoState) -> None:
    state.apply("segment-members", b"default/vip/ann", {"segment": "vip"})
    state.apply("segment-members", b"default/vip/bob/with/slashes", {"segment": "vip"})
    state.record_sizes()
    state.apply("segment-members", b"default/vip/ann", None)
    state.record_sizes()
    assert state.members["vip"] == {"bob/with/slashes"}
    assert list(state.size_history["vip"]) == [2, 1]


def test_entering_and_leaving_are_counted_with_their_causes(state: DemoState) -> None:
    state.apply("segment-changes", b"default/ann", change(1, "segment.entered", segment="vip"))
    state.apply("segment-changes", b"default/ann", change(2, "segment.exited", segment="vip"))
    assert (state.entered_counts["vip"], state.exited_counts["vip"]) == (1, 1)
    assert [(each.action, each.subject) for each in state.recent_changes] == [("entered", "vip"), ("left", "vip")]


def test_a_repeated_id_is_a_duplicate_and_counts_once(state: DemoState) -> None:
    for _ in range(2):
        state.apply("segment-changes", b"default/ann", change(1, "segment.entered", segment="vip"))
    assert (state.entered_counts["vip"], state.duplicate_count) == (1, 1)


def test_the_funnel_counts_each_lead_by_its_latest_status(state: DemoState) -> None:
    for contact, status in (("ann", "active"), ("bob", "active"), ("ann", "qualified")):
        state.apply("leads", f"default/spring/{contact}".encode(), {"status": status})
    assert state.funnel("spring") == {"active": 1, "qualified": 1}


def test_a_hand_over_and_the_answer_of_the_crm_are_counted_per_campaign(state: DemoState) -> None:
    state.apply("qualified-leads", b"default/ann", change(1, "lead.handed_over", campaign={"id": "spring"}))
    state.apply("qualified-leads", b"ann", change(2, "lead.updated", campaign={"id": "spring"}))
    state.apply("qualified-leads", b"bob", change(3, "lead.handed_over", campaign={"id": "spring"}, do_not_sync=True))
    state.apply("crm-results", b"ann", {"type": "crm.linked", "campaign": "spring"})
    state.apply("crm-results", b"ann", {"type": "crm.failed", "campaign": "spring"})
    assert (state.hand_over_counts["spring"], state.crm_link_counts["spring"]) == (1, 1)


def test_revenue_is_exact_and_the_last_row_counts(state: DemoState) -> None:
    for amount in ("10.00", "0.30"):
        row = {"won": {"count": 1, "amount": amount}, "open": {"count": 0, "amount": "0"}}
        state.apply("campaign-revenue", b"default/spring/EUR", row)
    revenue = state.revenue[("spring", "EUR")]
    assert (revenue.won.count, revenue.won.amount, revenue.lost.count) == (1, Decimal("0.30"), 0)


def test_dead_letters_are_counted_by_code(state: DemoState) -> None:
    for code in ("wrong_property_type", "invalid_json", "wrong_property_type"):
        state.apply_dead_letter(code)
    assert state.dead_letter_codes == {"wrong_property_type": 2, "invalid_json": 1}
    assert state.dead_letter_count == 3


def test_a_topic_that_is_not_followed_changes_nothing(state: DemoState) -> None:
    before = repr(state)
    state.apply("no-such-topic", b"x", {})
    assert repr(state) == before


def test_the_contact_to_ask_about_is_known_and_in_the_end_that_of_the_documentation(state: DemoState) -> None:
    contacts = []
    for number, contact in enumerate(("ann", "bob", EXAMPLE_CONTACT, "eva")):
        event = {**change(number, "segment.entered", segment="vip"), "contact": contact}
        state.apply("segment-changes", b"default/x", event)
        contacts.append(state.example_contact)
    assert contacts == ["ann", "ann", EXAMPLE_CONTACT, EXAMPLE_CONTACT]
