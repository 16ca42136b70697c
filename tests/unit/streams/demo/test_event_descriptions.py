"""Descriptions of events in a few words."""

from __future__ import annotations

from streams.demo.event_descriptions import describe_event
from streams.demo.traffic import TrafficSettings, generate_traffic


def test_an_event_is_described_in_a_few_words() -> None:
    assert (
        describe_event({"type": "web.visited", "url": "https://www.shop.example/pricing?x=1"}) == "visited /pricing"
    )
    form = {"type": "activity.recorded", "name": "form_submitted", "properties": {"form": "demo"}}
    assert describe_event(form) == "form_submitted: demo"
    assert describe_event({"type": "contact.changed", "status": "bounced"}) == "status bounced"
    assert describe_event({"type": "score.adjusted", "points": 20}) == "score +20"
    assert describe_event({"type": "lead.rejected", "by": "sofia"}) == "lead.rejected by sofia"


def test_every_event_of_the_demo_has_a_description() -> None:
    for event in generate_traffic(TrafficSettings()):
        assert 0 < len(describe_event(event)) < 60
