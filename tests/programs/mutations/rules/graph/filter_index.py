"""Filters of events that are found by a text."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_FILTERS = "tests/unit/streams/engine/conditions/activities/test_filter_index.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="found-visits",
        section=5,
        rule="`visit` counts web visits only, where a text finds its filter too",
        where="conditions/activities/filter_index.py",
        text="return self.is_one_text and (activity.is_visit or not self.visits_only)",
        instead="return self.is_one_text",
        caught_by=(f"{_FILTERS}::test_a_filter_for_visits_finds_no_other_activity",),
    ),
    Mutation(
        id="one-filter-for-both",
        section=5,
        rule="`visit` and `activity` with the same fields are two filters",
        where="conditions/activities/event_filters.py",
        text="json.dumps((self.visits_only, self.fields,",
        instead="json.dumps((self.fields,",
        caught_by=(f"{_FILTERS}::test_a_filter_for_visits_finds_no_other_activity",),
    ),
    Mutation(
        id="found-amounts",
        section=5,
        rule="`sum` counts what has a number, where a text finds its filter too",
        where="conditions/activities/filter_index.py",
        text="if counter.counts_every_match or counter.matches(activity)]",
        instead="if counter]",
        caught_by=(f"{_FILTERS}::test_a_counter_of_amounts_needs_a_number_beside_its_filter",),
    ),
    Mutation(
        id="found-beginnings",
        section=5,
        rule="`starts_with` in a filter is the beginning of a text, where a text finds its filter too",
        where="conditions/activities/filter_index.py",
        text="yield from places.get(folded[:length], ())",
        instead="yield from places.get(folded, ())",
        caught_by=(f"{_FILTERS}::test_counters_come_in_the_order_of_the_release",),
    ),
    Mutation(
        id="number-of-a-filter",
        section=5,
        rule="Before engine version 4 a number of an event is no text",
        where="conditions/activities/event_filters.py",
        text="len(require_operators(operators)) == 1 and engine_version >= 4",
        instead="len(require_operators(operators)) == 1",
        caught_by=(f"{_FILTERS}::test_from_version_4_on_a_number_is_found_by_its_text",),
    ),
    Mutation(
        id="instant-of-a-filter",
        section=5,
        rule="An instant of an event equals another spelling of it",
        where="conditions/activities/event_filters.py",
        text="if is_prefix or not any(is_date_value(text) for text in texts):",
        instead="if is_prefix or texts:",
        caught_by=(f"{_FILTERS}::test_an_instant_equals_another_text_and_is_asked",),
    ),
    Mutation(
        id="all-of-a-filter",
        section=5,
        rule="All tests of a filter must hold, beside a text that finds it too",
        where="conditions/activities/event_filters.py",
        text="decides = is_only_field and len(require_operators(operators)) == 1",
        instead="decides = is_only_field",
        caught_by=(f"{_FILTERS}::test_all_tests_of_a_filter_have_to_pass",),
    ),
)
