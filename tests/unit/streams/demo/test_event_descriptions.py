"""Events in a few words."""

from __future__ import annotations

from streams.demo.event_descriptions import story
from streams.demo.traffic import Market, traffic


def test_an_event_is_told_in_a_few_words() -> None:
    assert story({"type": "web.visited", "url": "https://www.shop.example/pricing?x=1"}) == "visited /pricing"
    form = {"type": "activity.recorded", "name": "form_submitted", "properties": {"form": "demo"}}
    assert story(form) == "form_submitted: demo"
    assert story({"type": "contact.changed", "status": "bounced"}) == "status bounced"
    assert story({"type": "score.adjusted", "points": 20}) == "score +20"
    assert story({"type": "lead.rejected", "by": "sofia"}) == "lead.rejected by sofia"


def test_there_is_a_story_for_everything_that_happens_in_the_demo() -> None:
    for event in traffic(Market()):
        assert 0 < len(story(event)) < 60
