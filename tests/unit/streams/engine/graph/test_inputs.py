"""What a condition depends on: all that may change its truth."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.graph.inputs import ConditionInputs, inputs_of
from tests.harness.engine.conditions import compile_dict
from tests.harness.engine.segment_graphs import written


def inputs(condition: dict[str, Any]) -> ConditionInputs:
    return inputs_of(written(condition), compile_dict(condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"all": []},
        {"property": "plan", "eq": "a"},
        {"property": "plan", "eq": "2026-01-01"},
        {"property": "plan", "after": "2026-01-01"},
        {"not": {"any": [{"status": {"eq": "active"}}, {"score": {"gte": 1}}, {"segment": "s"}]}},
        {"visit": {}, "count": {"gte": 1}},
        {"visit": {}, "never": True},
        {"visit": {}, "first": True},
        {"visit": {"on": {"eq": "now/d"}}, "count": {"gte": 1}},
        {"activity": {}, "sum": {"of": "amount", "gte": 1}},
        {"lead": {"campaign": "c", "points": {"gte": 1}}},
        {"created": {"after": "2026-01-01"}},
        {"tags": {"contains": "x"}},
    ],
)
def test_what_stays_as_it_is_until_an_input_changes_depends_not_on_time(condition: dict[str, Any]) -> None:
    assert not inputs(condition).is_time_dependent


@pytest.mark.parametrize(
    "condition",
    [
        {"property": "due", "within_last": "7d"},
        {"property": "due", "within_next": "7d"},
        {"property": "due", "older_than": "7d"},
        {"property": "due", "anniversary_within": "7d"},
        {"property": "due", "eq": "now/d"},
        {"property": "due", "in": ["soon", "now-1d/d"]},
        {"property": "due", "between": ["2026-01-01", "now"]},
        {"property": "trips", "has_item": {"on": {"after": "now-7d"}}},
        {"property": "trips", "has_item": {"on": {"within_last": "7d"}}},
        {"property": "plan", "eq": "a", "held_for": "7d"},
        {"tags": {"contains": "x"}, "held_for": "7d"},
        {"created": {"older_than": "7d"}},
        {"visit": {}, "within": "7d"},
        {"visit": {}, "between_ago": ["2d", "1d"]},
        {"visit": {}, "since": "2026-01-01"},
        {"visit": {}, "until": "2026-01-01"},
        {"visit": {}, "regular": {"at_least": 1, "of": 2, "each": "7d"}},
        {"sequence": [{"visit": {}}, {"visit": {}}], "within": "7d"},
        {"last_visit": {"older_than": "7d"}},
        {"inactive_for": "7d"},
        {"any": [{"property": "plan", "eq": "a"}, {"not": {"inactive_for": "7d"}}]},
    ],
)
def test_what_time_may_change_depends_on_it(condition: dict[str, Any]) -> None:
    assert inputs(condition).is_time_dependent


@pytest.mark.parametrize(
    ("condition", "properties"),
    [
        ({"property": "plan", "eq": "a"}, {"plan"}),
        ({"property": ["home", "city"], "eq": "a"}, {"home"}),
        ({"property": "email_domain", "eq": "a.example"}, {"email_domain", "email"}),
        ({"tags": {"contains": "x"}}, {"tags"}),
        ({"property": "due", "within_last": "7d", "in_zone": "contact"}, {"due", "time_zone"}),
        ({"created": {"after": "now/d", "in_zone": "contact"}}, {"time_zone"}),
        ({"visit": {}, "since": "now/d", "in_zone": "contact"}, {"time_zone"}),
        ({"property": "trips", "has_item": {"on": {"eq": "now/d", "in_zone": "contact"}}}, {"trips", "time_zone"}),
        ({"any": [{"property": "a", "eq": 1}, {"not": {"property": "b", "eq": 1}}]}, {"a", "b"}),
        ({"visit": {}, "count": {"gte": 1}}, set()),
    ],
)
def test_every_property_that_it_reads_is_an_input(condition: dict[str, Any], properties: set[str]) -> None:
    assert inputs(condition).properties == properties


def test_counters_segments_scores_leads_and_instants_of_visits_are_inputs() -> None:
    found = inputs({"all": [{"visit": {}, "within": "7d"}, {"visit": {}, "within": "8d"}, {"not": {"segment": "s"}}]})
    assert len(found.counters) == 2
    assert found.segments == {"s"}
    assert not any((found.scores, found.leads, found.activity_times))
    assert inputs({"any": [{"score": {"name": "fit", "gte": 1}}, {"inactive_for": "7d"}]}) == ConditionInputs(
        is_time_dependent=True, scores=True, activity_times=True
    )
    assert inputs({"lead": {"campaign": "c"}}).leads
    for name in ("first_visit", "last_visit", "last_activity"):
        assert inputs({name: {"before": "now"}}).activity_times


def test_whether_the_own_score_was_adjusted_depends_on_scores_and_on_a_counter() -> None:
    found = inputs({"score": {"exists": True}})
    assert found.scores
    assert len(found.counters) == 1
