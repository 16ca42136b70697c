"""The live view draws what the state holds."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from xml.etree import ElementTree

from rich.console import Console

from schemas.definitions import Definitions
from streams.demo.state import DemoState, OpportunityTotal, RecentChange, Revenue
from streams.demo.svg import render_svg
from streams.demo.view import cause_text, render, sparkline

DEFINITIONS = Definitions.model_validate(
    {"segments": [{"id": "vip"}, {"id": "asleep"}], "campaigns": [{"id": "spring"}, {"id": "webinar"}]}
)
DAY = 86_400_000


def draw(state: DemoState) -> str:
    console = Console(width=120, file=io.StringIO())
    with console.capture() as capture:
        console.print(render(state, DEFINITIONS))
    return capture.get()


def test_an_empty_state_can_be_drawn() -> None:
    text = draw(DemoState(begin=0, end=28 * DAY))
    assert "1970-01-01 00:00" in text
    assert "day 0 of 28" in text
    assert "nothing yet" in text


def test_everything_of_the_state_is_on_the_screen() -> None:
    state = DemoState(begin=0, end=28 * DAY, simulated_instant=3 * DAY, published_count=1234, publish_rate=56.4)
    state.members["vip"] = {"ann", "bob"}
    state.entered_counts["vip"], state.exited_counts["vip"] = 7, 5
    state.lead_statuses["spring"] = {"ann": "qualified", "bob": "rejected"}
    state.hand_over_counts["spring"] = 41
    state.revenue[("spring", "EUR")] = Revenue(won=OpportunityTotal(2, Decimal("30700.40")))
    state.dead_letter_count = 3
    state.event_descriptions["e-9"] = "looked at /pricing"
    cause = {"kind": "automation", "rule": "hot", "event": "e-9"}
    state.recent_changes.append(
        RecentChange("2026-03-02T09:00:00.000Z", "ann", "qualified in", "spring", True, cause)
    )
    text = draw(state)
    for expected in (
        *("1970-01-04 00:00", "day 3 of 28", "1,234 events (56/s)", "3 dead letters"),
        *("vip", "asleep", "webinar", "41", "31k (2)", "EUR"),
        *("2026-03-02 09:00:00", "ann", "qualified in spring", "rule hot looked at /pricing"),
    ):
        assert expected in text


def test_the_picture_for_a_document_is_the_same_for_the_same_state_and_fetches_nothing() -> None:
    state = DemoState(begin=0, end=28 * DAY, simulated_instant=3 * DAY)
    svg = render_svg(state, DEFINITIONS)
    assert svg == render_svg(state, DEFINITIONS)
    assert "asleep" in svg
    ElementTree.fromstring(svg)
    assert re.findall(r"url\((?!#)[^)]*\)|href=\"[^#]", svg) == []


def test_the_picture_keeps_its_height_while_changes_come_in() -> None:
    state = DemoState(begin=0, end=28 * DAY)
    height = draw(state).count("\n")
    for number in range(40):
        at = f"2026-03-02T09:00:{number:02d}.000Z"
        state.recent_changes.append(RecentChange(at, "ann", "entered", "vip", True, {"kind": "clock"}))
    assert draw(state).count("\n") == height
    assert "09:00:39" in draw(state)
    assert "09:00:01" not in draw(state)


def test_a_cause_is_described_in_a_few_words() -> None:
    state = DemoState(begin=0, end=DAY)
    assert cause_text({"kind": "clock"}, state) == "time passed"
    assert cause_text({"kind": "event", "event": "e-1", "late": True}, state) == "e-1 (late)"
    assert cause_text({"kind": "audience", "rule": "pricing-interest"}, state) == "audience pricing-interest"


def test_a_sparkline_shows_the_sizes_against_their_largest_and_ends_with_the_present() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([0, 2, 14]) == "▁▂█"
    assert sparkline([7] * 99 + [14]) == "▅" * 15 + "█"
