"""The live view draws what the state holds, whatever the size of the screen."""

from __future__ import annotations

import io
import re
from collections import Counter, deque
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from rich.console import Console

from schemas.definitions import Definitions
from streams.demo.guide import CommandGuide
from streams.demo.sample import sample_definitions
from streams.demo.state import DemoState, OpportunityTotal, RecentChange, Revenue
from streams.demo.svg import render_svg
from streams.demo.view import render

DEFINITIONS = Definitions.model_validate(
    {"segments": [{"id": "vip"}, {"id": "asleep"}], "campaigns": [{"id": "spring"}, {"id": "webinar"}]}
)
DAY = 86_400_000
SCREENS = [(60, 24), (60, 50), (80, 24), (80, 45), (100, 30), (120, 40), (120, 24), (200, 50), (200, 24)]
HEADERS = ("members", "active", "qualified", "rejected", "sent", "CRM", "open", "won", "lost")


def draw(
    state: DemoState, width: int = 120, height: int | None = None, definitions: Definitions = DEFINITIONS
) -> str:
    console = Console(width=width, height=height or 100, file=io.StringIO())
    with console.capture() as capture:
        console.print(render(state, definitions, width, height))
    return capture.get()


def traffic_state() -> DemoState:
    """Returns what a large demo may have after three weeks; every number is another one."""
    state = DemoState(begin=0, end=28 * DAY, simulated_instant=21 * DAY, published_count=91_234, change_count=81_235)
    numbers = iter(range(1_001, 2_000))
    for segment in sample_definitions().segments:
        state.members[segment.id] = {f"c-{number}" for number in range(next(numbers) % 1_000 + 100)}
        state.entered_counts[segment.id] = next(numbers)
        state.exited_counts[segment.id] = next(numbers)
        state.size_history[segment.id] = deque(range(1, 200))
    for campaign in sample_definitions().campaigns:
        state.hand_over_counts[campaign.id] = next(numbers)
        state.crm_link_counts[campaign.id] = next(numbers)
        totals = [OpportunityTotal(next(numbers) % 100, Decimal(next(numbers) % 1_000 * 1_000)) for _ in range(3)]
        state.revenue[(campaign.id, "EUR")] = Revenue(*totals)
    state.dead_letter_codes = Counter({"wrong_property_type": 12})
    state.guide = CommandGuide(
        "uv run leadstream", {"LEADSTREAM_BOOTSTRAP": "127.0.0.1:38123", "LEADSTREAM_PREFIX": ""}
    )
    state.example_contact = "c-0108"
    for number in range(40):
        cause = {"kind": "automation", "rule": "hot", "event": "form_submitted: a very long name of a form 12345"}
        at = f"2026-03-02T09:00:{number:02d}.000Z"
        state.recent_changes.append(RecentChange(at, "c-0108", "became a lead in", "spring-trial", True, cause))
    return state


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,]*", text))


def test_an_empty_state_can_be_drawn() -> None:
    text = draw(DemoState(begin=0, end=28 * DAY))
    assert "1970-01-01 00:00" in text
    assert "day  0 of 28" in text
    assert "nothing yet" in text


def test_everything_of_the_state_is_on_the_screen() -> None:
    state = DemoState(begin=0, end=28 * DAY, simulated_instant=3 * DAY, published_count=1234, publish_rate=56.4)
    state.members["vip"] = {"ann", "bob"}
    state.entered_counts["vip"], state.exited_counts["vip"] = 7, 5
    state.lead_statuses["spring"] = {"ann": "qualified", "bob": "rejected"}
    state.hand_over_counts["spring"] = 41
    state.revenue[("spring", "EUR")] = Revenue(won=OpportunityTotal(2, Decimal("30700.40")))
    state.dead_letter_codes = Counter({"wrong_property_type": 2, "invalid_json": 1})
    state.event_descriptions["e-9"] = "looked at /pricing"
    cause = {"kind": "automation", "rule": "hot", "event": "e-9"}
    state.recent_changes.append(
        RecentChange("2026-03-02T09:00:00.000Z", "ann", "qualified in", "spring", True, cause)
    )
    text = draw(state)
    for expected in (
        *("1970-01-04 00:00", "day  3 of 28", "1,234 events ( 56/s)"),
        "3 dead letters: invalid_json 1, wrong_property_type 2",
        *("vip", "asleep", "webinar", "41", "31k (2)", "EUR"),
        *("2026-03-02 09:00:00", "ann", "qualified in spring", "rule hot looked at /pricing"),
    ):
        assert expected in text


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_no_number_and_no_header_is_cut_on_any_screen(width: int, height: int) -> None:
    state = traffic_state()
    text = draw(state, width, height, sample_definitions())
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    for header in HEADERS:
        assert re.search(rf"\b{header}\b", text), header
    shown = numbers_in(text)
    for segment in sample_definitions().segments:
        assert f"{len(state.members[segment.id]):,}" in shown
    for campaign in sample_definitions().campaigns:
        assert {f"{state.hand_over_counts[campaign.id]:,}", f"{state.crm_link_counts[campaign.id]:,}"} <= shown
    # What is drawn of a change is whole: its rule's event ends with a number that does not fit everywhere.
    assert not [number for number in shown if number.startswith("123") and number != "12345"]
    tables = [line for line in lines if "became a lead" not in line]
    assert not [line for line in tables if "…" in line or "..." in line]


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_commands_to_try_and_codes_of_dead_letters_are_on_every_screen(width: int, height: int) -> None:
    text = draw(traffic_state(), width, height, sample_definitions())
    for expected in (
        "export LEADSTREAM_BOOTSTRAP=127.0.0.1:38123",
        *("uv run leadstream explain c-0108 engaged", "uv run leadstream tail", "uv run leadstream status"),
        "12 dead letters: wrong_property_type 12",
    ):
        assert expected in text
    assert "LEADSTREAM_PREFIX" not in text


def test_on_80_columns_and_24_lines_everything_important_fits() -> None:
    text = draw(traffic_state(), 80, 24, sample_definitions())
    for expected in ("entered", "left", "duplicate", "deleted", "CRM: in Salesforce", "09:00  c-0108  became a lead"):
        assert expected in text


def test_panels_stand_side_by_side_where_there_is_room_and_sparklines_go_first() -> None:
    def look(width: int) -> tuple[bool, bool]:
        text = draw(traffic_state(), width, 60, sample_definitions())
        return bool(re.search("Segments.*Leads", text)), "▅" in text

    assert look(200) == (True, True)
    assert look(130) == (True, True)
    assert look(115) == (True, False)
    assert look(60)[0] is False


def test_the_view_stands_still_while_numbers_grow_and_changes_come_in() -> None:
    early = DemoState(begin=0, end=28 * DAY, guide=CommandGuide("leadstream", {}), example_contact="c-0001")
    late = traffic_state()
    late.guide = early.guide
    for counts in (late.entered_counts, late.exited_counts, late.hand_over_counts, late.crm_link_counts):
        for key in counts:
            counts[key] = 99
    late.revenue = {("spring-trial", "EUR"): Revenue(won=OpportunityTotal(9, Decimal(91_000)))}
    for width, height in SCREENS:
        drawn = [draw(state, width, height, sample_definitions()).splitlines() for state in (early, late)]
        assert len(drawn[0]) == len(drawn[1])
        for word in ("members", "qualified", "CRM", "open"):
            places = [[(row, line.index(word)) for row, line in enumerate(lines) if word in line] for lines in drawn]
            assert places[0] == places[1], (width, height, word)


def test_changes_are_shown_in_the_order_of_time_the_newest_first() -> None:
    state = DemoState(begin=0, end=28 * DAY)
    for second in (7, 9, 8):  # as partitions bring them
        at = f"2026-03-02T09:00:0{second}.000Z"
        state.recent_changes.append(RecentChange(at, "ann", "entered", "vip", True, {"kind": "clock"}))
    assert re.findall(r"09:00:0(\d)", draw(state)) == ["9", "8", "7"]


def test_nothing_can_be_tried_any_more_when_the_demo_is_over() -> None:
    state = traffic_state()
    state.guide = None
    assert "leadstream explain" not in draw(state, 120, None, sample_definitions())


def test_the_picture_for_a_document_is_the_same_for_the_same_state_and_fetches_nothing() -> None:
    state = DemoState(begin=0, end=28 * DAY, simulated_instant=3 * DAY)
    svg = render_svg(state, DEFINITIONS)
    assert svg == render_svg(state, DEFINITIONS)
    assert "asleep" in svg
    ElementTree.fromstring(svg)
    assert re.findall(r"url\((?!#)[^)]*\)|href=\"[^#]", svg) == []
