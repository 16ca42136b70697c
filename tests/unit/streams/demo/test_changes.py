"""Causes of changes in a few words, and what is left of them where there is little room."""

from __future__ import annotations

import pytest

from schemas.definitions import Definitions
from streams.demo.changes import cause_text, change_table, shorten
from streams.demo.state import DemoState, RecentChange

DAY = 86_400_000


def test_a_cause_is_described_in_a_few_words() -> None:
    state = DemoState(begin=0, end=DAY)
    assert cause_text({"kind": "clock"}, state) == "time passed"
    assert cause_text({"kind": "event", "event": "e-1", "late": True}, state) == "e-1 (late)"
    assert cause_text({"kind": "audience", "rule": "pricing-interest"}, state) == "audience pricing-interest"


def test_what_sales_typed_stands_beside_it_and_beside_the_hand_over_that_kept_it() -> None:
    state = DemoState(begin=0, end=DAY)
    state.apply_typed_field("typed", "c-0001", "Company", "Engines Holding", "2026-03-02T09:00:00.000Z")
    state.apply_typed_field("kept", "c-0001", "Company", "Engines Holding", "2026-03-03T09:00:00.000Z")
    shown = [(each.action, each.subject, cause_text(each.cause, state)) for each in state.recent_changes]
    assert shown == [
        ("sales typed", "Company", 'Salesforce "Engines Holding"'),
        ("hand-over kept", "Company", 'Salesforce "Engines Holding"'),
    ]
    assert (state.typed_fields["typed"], state.typed_fields["kept"]) == (1, 1)


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (27, "rule warm: score +50 points"),
        (26, "rule warm: score +50 …"),
        (20, "rule warm: score …"),
        (12, "rule warm …"),
        (10, "rule …"),
        (3, ""),
    ],
)
def test_words_are_left_out_whole(width: int, text: str) -> None:
    short = shorten("rule warm: score +50 points", width)
    assert (short, len(short) <= width) == (text, True)


def test_a_change_has_the_same_columns_whatever_it_is() -> None:
    definitions = Definitions.model_validate({"segments": [{"id": "vip"}], "campaigns": [{"id": "spring"}]})
    state = DemoState(begin=0, end=DAY)
    empty = change_table(state, definitions, 80, 3)
    cause = {"kind": "clock"}
    state.recent_changes.append(RecentChange("2026-03-02T09:00:00.000Z", "c-0001", "left", "vip", False, cause))
    filled = change_table(state, definitions, 80, 3)
    assert [column.width for column in empty.columns] == [column.width for column in filled.columns]
    assert (empty.lines, filled.lines) == (3, 3)
