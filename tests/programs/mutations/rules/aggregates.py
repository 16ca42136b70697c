"""Sums, averages, different values, `regular` with times, the fields of events, `created` and scored contacts."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_FOLDER = "tests/unit/streams/engine/conditions"
_AMOUNTS = f"{_FOLDER}/activities/test_amounts.py"
_DISTINCT = f"{_FOLDER}/activities/test_distinct.py"
_FILTERS = f"{_FOLDER}/activities/test_filters.py"
_REGULAR = f"{_FOLDER}/activities/test_regular.py"
_REFERENCES = f"{_FOLDER}/test_segments_and_leads.py"
_DECISIONS = "tests/unit/streams/engine/decisions/test_aggregates.py"
_SUMS = f"{_AMOUNTS}::test_a_sum_compares_with_every_operator"
_AVERAGES = f"{_AMOUNTS}::test_averages_compare_without_dividing_and_an_empty_one_is_missing"
_SKIPPED = f"{_AMOUNTS}::test_a_value_that_is_no_number_is_skipped_in_the_divisor_too"
_ALONE = f"{_AMOUNTS}::test_it_stands_alone"
_VALUES = f"{_DISTINCT}::test_a_value_is_the_number_that_it_reads_as_else_the_folded_text"
_OWN = f"{_FILTERS}::test_a_field_is_the_events_own_where_it_is_there_else_the_property"
_DOTS = f"{_FILTERS}::test_a_name_with_dots_leads_into_objects_where_no_property_has_it"
_TIMES = f"{_REGULAR}::test_with_times_a_period_counts_that_has_so_many"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="own-field-first",
        section=5,
        rule="The event's own field of that name where it is there, else the property",
        where="conditions/activities/event_fields.py",
        text="return _property(activity, key) if own is None else own",
        instead="return own if _property(activity, key) is None else _property(activity, key)",
        caught_by=(_OWN,),
    ),
    Mutation(
        id="property-where-no-own-field",
        section=5,
        rule="Else the property, decided for each event",
        where="conditions/activities/event_fields.py",
        text="return _property(activity, key) if own is None else own",
        instead="return own",
        caught_by=(_OWN,),
    ),
    Mutation(
        id="parts-of-the-url-so-found",
        section=5,
        rule="`path`, `host`, `query.x` are parts of the `url` so found",
        where="conditions/activities/event_fields.py",
        text='return lambda activity: read_part(_own_or_property(activity, "url"))',
        instead='return lambda activity: read_part(activity.fields.get("url"))',
        caught_by=(f"{_FILTERS}::test_path_host_and_query_are_parts_of_the_url_so_found",),
    ),
    Mutation(
        id="dots-lead-into-objects",
        section=5,
        rule="`a.b` leads into objects",
        where="conditions/activities/event_fields.py",
        text="    for step in keys:\n",
        instead="    for step in (key,):\n",
        caught_by=(_DOTS,),
    ),
    Mutation(
        id="literal-name-first",
        section=5,
        rule="`a.b` leads into objects where no property has that literal name",
        where="conditions/activities/event_fields.py",
        text="if isinstance(value, Mapping) and key in value:",
        instead="if isinstance(value, Mapping) and key in value and keys[0] not in value:",
        caught_by=(_DOTS,),
    ),
    Mutation(
        id="empty-sum",
        section=5,
        rule="An empty sum is 0",
        where="conditions/activities/amounts.py",
        text="return lambda total, count: passes(total, 1)",
        instead="return lambda total, count: count > 0 and passes(total, 1)",
        caught_by=(_SUMS,),
    ),
    Mutation(
        id="empty-average",
        section=5,
        rule="An empty average is missing",
        where="conditions/activities/amounts.py",
        text="return lambda total, count: count > 0 and passes(total, count)",
        instead="return lambda total, count: passes(total, max(count, 1))",
        caught_by=(_AVERAGES,),
    ),
    Mutation(
        id="average-without-dividing",
        section=5,
        rule="Averages compare without dividing",
        where="conditions/activities/amounts.py",
        text="compare(total * denominator, numerator * count)",
        instead="compare(round(total / max(count, 1)) * denominator, numerator)",
        caught_by=(_AVERAGES,),
    ),
    Mutation(
        id="sums-are-exact",
        section=5,
        rule="Sums are exact",
        where="conditions/activities/amounts.py",
        text="return [earlier[0] + later[0], earlier[1] + later[1]]",
        instead="return [earlier[0] + later[0], int(float(earlier[1]) + float(later[1]))]",
        caught_by=(f"{_AMOUNTS}::test_a_sum_stays_exact_beyond_the_digits_of_a_double",),
    ),
    Mutation(
        id="skipped-in-the-divisor",
        section=5,
        rule="Values that are no numbers are skipped, in the divisor too",
        where="conditions/activities/event_values.py",
        text="    if number is None or not",
        instead="    if number is None:\n        return 0\n    if not",
        caught_by=(_SKIPPED,),
    ),
    Mutation(
        id="largest-amount",
        section=5,
        rule="A value beyond 10^15 is skipped",
        where="conditions/activities/event_values.py",
        text="not -MOST_AMOUNT <= number <= MOST_AMOUNT",
        instead="not -MOST_AMOUNT < number < MOST_AMOUNT",
        caught_by=(f"{_AMOUNTS}::test_a_value_beyond_10_to_the_15_is_skipped",),
    ),
    Mutation(
        id="latest-values-count",
        section=5,
        rule="Beyond the documented bound the latest ones count, flagged",
        where="conditions/activities/amounts.py",
        text="max(start, end - MOST_INSTANTS)",
        instead="start",
        caught_by=(f"{_AMOUNTS}::test_beyond_the_bound_the_latest_values_count",),
    ),
    Mutation(
        id="bound-of-values-is-flagged",
        section=5,
        rule="Beyond the documented bound the latest ones count, flagged",
        where="conditions/activities/amounts.py",
        text="    lossy = True\n",
        instead="    lossy = False\n",
        caught_by=(f"{_DECISIONS}::test_a_contact_that_reaches_the_bound_of_a_sum_is_flagged",),
    ),
    Mutation(
        id="aggregates-stand-alone",
        section=5,
        rule="`sum`, `average`, `distinct` are refused beside `count`, `first`, `last`, `regular`",
        where="conditions/activities/aggregates.py",
        text='CONFLICTING_KEYS = ("count", "never", "first", "last", "regular")',
        instead='CONFLICTING_KEYS = ("count", "never", "first", "regular")',
        caught_by=(_ALONE,),
    ),
    Mutation(
        id="distinct-numbers",
        section=5,
        rule="Distinct values: the number where it reads as one",
        where="conditions/activities/event_values.py",
        text="    if number is not None:\n",
        instead="    if number is not None and not isinstance(value, str):\n",
        caught_by=(_VALUES,),
    ),
    Mutation(
        id="distinct-folded-text",
        section=5,
        rule="Distinct values: else the folded text",
        where="conditions/activities/event_values.py",
        text='_hash(f"text {_fold(value)}")',
        instead='_hash(f"text {value}")',
        caught_by=(_VALUES,),
    ),
    Mutation(
        id="distinct-latest-instant",
        section=5,
        rule="A value is inside as long as one of its events is",
        where="conditions/activities/distinct.py",
        text="zip(inside[-2::-2], inside[-1::-2], strict=True)",
        instead="zip(inside[::2], inside[1::2], strict=True)",
        caught_by=(f"{_DISTINCT}::test_a_value_leaves_the_window_when_its_latest_event_does",),
    ),
    Mutation(
        id="distinct-while-waiting",
        section=5,
        rule="`between_ago`: a value counts once, for as long as one of its events is inside",
        where="conditions/activities/distinct.py",
        text="return self._target.holds(len(set(values_of(state)[start:end])))",
        instead="return self._target.holds(end - start)",
        caught_by=(f"{_DISTINCT}::test_beyond_the_bound_the_latest_ones_count",),
    ),
    Mutation(
        id="regular-times",
        section=5,
        rule="With `times: 2` a period counts when it happened at least twice in it",
        where="conditions/activities/regular.py",
        text="sum(count >= self.times for count in counts.values())",
        instead="sum(count > 0 for count in counts.values())",
        caught_by=(_TIMES,),
    ),
    Mutation(
        id="regular-times-state",
        section=5,
        rule="State per contact and leaf is bounded: `regular` with `times`",
        where="conditions/activities/regular.py",
        text="                del result[middle]\n",
        instead="                pass\n",
        caught_by=(f"{_REGULAR}::test_twice_times_per_period_are_enough_for_any_events",),
    ),
    Mutation(
        id="score-exists",
        section=5,
        rule="`exists` says whether a score was ever adjusted, not whether it is 0",
        where="conditions/segments_and_leads.py",
        text="return contact.score != 0 or bool(contact.counts.get(OWN_SCORE_KEY))",
        instead="return contact.score != 0",
        caught_by=(f"{_REFERENCES}::test_exists_says_whether_a_score_was_ever_adjusted",),
    ),
    Mutation(
        id="score-exists-of-the-own-score",
        section=5,
        rule="`exists` without a name speaks of the contact's own score, not of points of a lead or of a named score",
        where="decisions/counters.py",
        text='"campaign" not in event.fields and "score" not in event.fields',
        instead="True",
        caught_by=(f"{_DECISIONS}::test_a_new_release_knows_who_was_adjusted_back_to_zero_before",),
    ),
    Mutation(
        id="created",
        section=5,
        rule="`created`: when the contact began",
        where="conditions/properties.py",
        text="return instant_text(contact.created)",
        instead="return instant_text(contact.clock)",
        caught_by=(f"{_FOLDER}/test_created.py::test_it_changes_with_time_at_the_exact_millisecond",),
    ),
)
