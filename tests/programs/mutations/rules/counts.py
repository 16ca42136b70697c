"""What a visit or activity leaf counts, and how often it has to happen."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_COUNTED = "tests/unit/streams/engine/conditions/activities/test_counts.py"
_FILTERS = "tests/unit/streams/engine/conditions/activities/test_filters.py"
_TIMES = f"{_COUNTED}::test_counts_compare_with_every_operator"
_KINDS = f"{_COUNTED}::test_visits_are_web_visits_and_activity_is_any_behaviour"
_NEVER = f"{_COUNTED}::test_without_a_count_once_is_enough_and_never_is_none"
_FIELDS = f"{_FILTERS}::test_every_field_of_an_event"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="default-count",
        section=5,
        rule="`count`: default `gte: 1`",
        where="conditions/activities/counts.py",
        text="return CountRange(1, None)",
        instead="return CountRange(0, None)",
        caught_by=(_NEVER,),
    ),
    Mutation(
        id="never",
        section=5,
        rule="`never: true` is `count: {eq: 0}`",
        where="conditions/activities/counts.py",
        text="return CountRange(0, 0)",
        instead="return CountRange(0, 1)",
        caught_by=(_NEVER,),
    ),
    Mutation(
        id="count-gt",
        section=5,
        rule="`count: {gt: N}` is more than N",
        where="conditions/activities/counts.py",
        text="least.append(count.gt + 1)",
        instead="least.append(count.gt)",
        caught_by=(_TIMES,),
    ),
    Mutation(
        id="count-lt",
        section=5,
        rule="`count: {lt: N}` is less than N",
        where="conditions/activities/counts.py",
        text="most.append(count.lt - 1)",
        instead="most.append(count.lt)",
        caught_by=(_TIMES,),
    ),
    Mutation(
        id="count-between",
        section=5,
        rule="`count: {between: [A, B]}` is inclusive",
        where="conditions/activities/windows.py",
        text="count <= self.most",
        instead="count < self.most",
        caught_by=(_TIMES,),
    ),
    Mutation(
        id="too-old-is-dropped",
        section=5,
        rule="`within` holds its far edge open: an instant of exactly that age is dropped",
        where="conditions/activities/counts.py",
        text="instants[0] > now - max_age:",
        instead="instants[0] >= now - max_age:",
        caught_by=(f"{_COUNTED}::test_instants_that_no_window_can_hold_any_more_are_dropped",),
    ),
    Mutation(
        id="two-at-one-instant",
        section=5,
        rule="Two events at the same instant are two",
        where="conditions/activities/counts.py",
        text="instants = [*state, at]",
        instead="instants = sorted({*state, at})",
        caught_by=(f"{_COUNTED}::test_two_events_at_the_same_instant_are_two",),
    ),
    Mutation(
        id="visit-is-a-web-visit",
        section=5,
        rule="`visit` speaks of web visits",
        where="conditions/activities/event_filters.py",
        text="if self.visits_only and not activity.is_visit:",
        instead="if self.visits_only and not activity.name:",
        caught_by=(_KINDS,),
    ),
    Mutation(
        id="activity-is-any-behaviour",
        section=5,
        rule="`activity` speaks of any behaviour, visits included",
        where="conditions/activities/event_filters.py",
        text="if self.visits_only and not activity.is_visit:",
        instead="if self.visits_only != activity.is_visit:",
        caught_by=(_KINDS,),
    ),
    Mutation(
        id="name-of-a-visit",
        section=5,
        rule="A visit's `name` is `visit`",
        where="decisions/apply_event.py",
        text='fields.get("name", "visit")',
        instead='fields.get("name", "")',
        caught_by=(
            "tests/unit/streams/engine/decisions/test_time.py::test_a_visit_is_called_visit_unless_it_brings_a_name",
        ),
    ),
    Mutation(
        id="name-that-a-visit-brings",
        section=5,
        rule="A visit's `name` is `visit` unless it brings one",
        where="decisions/apply_event.py",
        text='fields.get("name", "visit")',
        instead='"visit" if event_type == "web.visited" else fields.get("name", "visit")',
        caught_by=(
            "tests/unit/streams/engine/decisions/test_time.py::test_a_visit_is_called_visit_unless_it_brings_a_name",
        ),
    ),
    Mutation(
        id="one-event-meets-the-filter",
        section=5,
        rule="Filters of one leaf speak of the same event (page and date combine)",
        where="conditions/activities/event_filters.py",
        text="return all(tests.holds(read(activity), activity.at, self._zones) for read, tests in self._tests)",
        instead=(
            "return not self._tests or any(tests.holds(read(activity), activity.at, self._zones) for read, tests in self._tests)"
        ),
        caught_by=(_FIELDS,),
    ),
    Mutation(
        id="filter-path",
        section=5,
        rule="FILTER matches `path`: the address without host and query",
        where="conditions/activities/event_fields.py",
        text='return parts.path or ("/" if parts.netloc else None)',
        instead="return parts.geturl()",
        caught_by=(_FIELDS,),
    ),
    Mutation(
        id="filter-host",
        section=5,
        rule="FILTER matches `host`",
        where="conditions/activities/event_fields.py",
        text="return None if parts is None else parts.hostname",
        instead="return None if parts is None else parts.netloc",
        caught_by=(_FIELDS,),
    ),
    Mutation(
        id="filter-query",
        section=5,
        rule="FILTER matches `query.x`, one parameter of the address",
        where="conditions/activities/event_fields.py",
        text="return {} if parts is None else _parse_query(parts.query)",
        instead='return {} if parts is None else dict(part.partition("=")[::2] for part in parts.query.split("&"))',
        caught_by=(_FIELDS,),
    ),
    Mutation(
        id="filter-property",
        section=5,
        rule="FILTER matches any property of the event",
        where="conditions/activities/event_fields.py",
        text="return properties.get(key) if isinstance(properties, Mapping) else None",
        instead="return activity.fields.get(key) if isinstance(properties, Mapping) else None",
        caught_by=(_FIELDS,),
    ),
)
