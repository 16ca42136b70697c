"""The tables of the live view."""

from __future__ import annotations

from schemas.definitions import Definitions
from streams.demo.columns import ViewColumn, ViewTable
from streams.demo.state import DemoState
from streams.demo.tables import lead_table, segment_table, sparkline

DEFINITIONS = Definitions.model_validate(
    {"segments": [{"id": "vip"}, {"id": "asleep"}, {"id": "hot"}], "campaigns": [{"id": "spring"}]}
)
STATE = DemoState(begin=0, end=86_400_000)


def headers(table: ViewTable) -> list[str]:
    return [column.header for column in table.columns]


def test_a_sparkline_shows_the_sizes_against_their_largest_and_ends_with_the_present() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([0, 2, 14]) == "▁▂█"
    assert sparkline([7] * 99 + [14], 16) == "▅" * 15 + "█"


def test_segments_have_a_history_where_it_fits() -> None:
    assert headers(segment_table(STATE, DEFINITIONS, 80)) == ["", "members", "over time", "entered", "left"]
    assert headers(segment_table(STATE, DEFINITIONS, 34)) == ["", "members", "entered", "left"]
    for width in (36, 40, 60, 80, 200):
        assert segment_table(STATE, DEFINITIONS, width).width <= width


def test_halves_hold_all_rows_and_have_the_same_width() -> None:
    upper, lower = segment_table(STATE, DEFINITIONS).halves()
    assert [cell.plain for half in (upper, lower) for cell in half.columns[0].cells] == ["vip", "asleep", "hot"]
    assert upper.width == lower.width


def test_what_does_not_fit_is_left_out_from_the_least_needed_on() -> None:
    table = lead_table(STATE, DEFINITIONS)
    everything = headers(table)
    assert headers(table.fit(table.width)) == everything
    narrow = table.narrow().width
    assert headers(table.fit(narrow)) == everything
    assert headers(table.fit(narrow - 1)) == [header for header in everything if header != "deleted"]
    assert headers(table.fit(1)) == [""]


def test_definitions_without_segments_and_campaigns_can_be_drawn() -> None:
    empty = Definitions.model_validate({})
    assert segment_table(STATE, empty, 80).lines == 2
    assert lead_table(STATE, empty).lines == 2


def test_a_column_is_as_wide_as_its_header_at_least() -> None:
    assert ViewColumn("qualified", []).width == len("qualified")
