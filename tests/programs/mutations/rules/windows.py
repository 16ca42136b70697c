"""Windows over visits and activities, to the millisecond."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_COUNTED = "tests/unit/streams/engine/conditions/activities/test_counts.py"
_LEAVES = f"{_COUNTED}::test_something_done_at_t_leaves_at_exactly_t_plus_w"
_BETWEEN = f"{_COUNTED}::test_between_ago_holds_the_far_edge_open_and_the_near_edge_closed"
_EDGES = f"{_COUNTED}::test_since_and_until_are_inclusive_and_a_calendar_date_is_the_whole_day"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="within-begins-open",
        section=5,
        rule="`within: W` holds what happened in (now - W, now]: something done at t leaves at exactly t + W",
        where="conditions/activities/windows.py",
        text=(
            "tuple[int, int]:\n        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)\n"
        ),
        instead=(
            "tuple[int, int]:\n        start = 0 if self.max_age is None else bisect_left(instants, now - self.max_age)\n"
        ),
        caught_by=(_LEAVES,),
    ),
    Mutation(
        id="within-is-due",
        section=6,
        rule="Memberships change with `at` exactly t + W, not at the next sweep",
        where="conditions/activities/windows.py",
        text="return change\n",
        instead="return change + 1\n",
        caught_by=(_LEAVES,),
    ),
    Mutation(
        id="between-ago-near-edge",
        section=5,
        rule="`between_ago: [a, b]` holds (now - a, now - b]: what happened exactly b ago is inside",
        where="conditions/activities/windows.py",
        text="        latest = now - self.min_age\n",
        instead="        latest = now - self.min_age - 1\n",
        caught_by=(_BETWEEN,),
    ),
    Mutation(
        id="between-ago-far-edge",
        section=5,
        rule="`between_ago: [a, b]`: what happened exactly a ago is outside",
        where="conditions/activities/windows.py",
        text=(
            "tuple[int, int]:\n        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)\n"
        ),
        instead=(
            "tuple[int, int]:\n        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age - 1)\n"
        ),
        caught_by=(_BETWEEN,),
    ),
    Mutation(
        id="since",
        section=5,
        rule="`since` is inclusive",
        where="conditions/activities/windows.py",
        text="start = max(start, bisect_left(instants, self.first))\n        latest",
        instead="start = max(start, bisect_right(instants, self.first))\n        latest",
        caught_by=(_EDGES,),
    ),
    Mutation(
        id="until",
        section=5,
        rule="`until` is inclusive",
        where="conditions/activities/counts.py",
        text="until.resolve(0, context.zone) - 1",
        instead="until.resolve(0, context.zone) - 2",
        caught_by=(_EDGES,),
    ),
    Mutation(
        id="until-a-day",
        section=5,
        rule="A calendar date is the whole day in the zone named: `until` to its end",
        where="conditions/activities/counts.py",
        text='return value.start if name == "since" else value.end',
        instead="return value.start",
        caught_by=(_EDGES,),
    ),
    Mutation(
        id="moving-since",
        section=5,
        rule="`since` with date arithmetic is inclusive, too",
        where="conditions/activities/windows.py",
        text="start = max(start, bisect_left(instants, self.since.resolve(now, zone)))",
        instead="start = max(start, bisect_right(instants, self.since.resolve(now, zone)))",
        caught_by=(_EDGES,),
    ),
    Mutation(
        id="moving-until",
        section=5,
        rule="`until` with date arithmetic is inclusive, too",
        where="conditions/activities/windows.py",
        text="end = min(end, bisect_left(instants, self.until.resolve(now, zone)))",
        instead="end = min(end, bisect_left(instants, self.until.resolve(now, zone) - 1))",
        caught_by=(_EDGES,),
    ),
    Mutation(
        id="within-and-since",
        section=5,
        rule="Two operators in one leaf must both hold: `within` and `since` together",
        where="conditions/activities/windows.py",
        text="start = max(start, bisect_left(instants, self.first))\n        latest",
        instead="start = bisect_left(instants, self.first)\n        latest",
        caught_by=(f"{_COUNTED}::test_windows_of_one_leaf_hold_together",),
    ),
    Mutation(
        id="bounded-state",
        section=5,
        rule="State per contact and leaf is bounded, by a documented number of timestamps per kind of leaf",
        where="conditions/activities/windows.py",
        text="max(start, entry_index - deciding_count, end - MOST_INSTANTS)",
        instead="max(start, entry_index - deciding_count)",
        caught_by=(f"{_COUNTED}::test_the_limit_of_each_window",),
    ),
    Mutation(
        id="bound-is-flagged",
        section=5,
        rule="A contact that reaches a bound is flagged",
        where="conditions/activities/windows.py",
        text="        return self.min_age > 0\n",
        instead="        return False\n",
        caught_by=(f"{_COUNTED}::test_the_limit_of_each_window",),
    ),
)
