"""Calendar dates against instants, from engine version 4 on."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TESTS = "tests/unit/streams/engine/conditions/dates/test_day_tests.py"
_DAYS = f"{_TESTS}::test_an_instant_is_the_day_that_it_lies_in"
_TURNS = f"{_TESTS}::test_the_truth_turns_at_local_midnight"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="an-instant-is-its-day",
        section=5,
        rule="An instant set against a calendar date is the calendar day it lies in",
        where="conditions/value_tests.py",
        text="            return self.days.holds(bound.ordinal, now, zone)\n",
        instead="            return self.instants.holds(bound.resolve(now, zone), now, zone)\n",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="its-day-in-the-zone",
        section=5,
        rule="The day that an instant lies in is one of the zone",
        where="conditions/dates/day_tests.py",
        text="else day_at(zone, bound.resolve(now, zone))",
        instead="else bound.resolve(now, zone) // 86_400_000 + 719_163",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="after-its-day",
        section=5,
        rule="`after` and `gt` hold of the days behind the instant's",
        where="conditions/dates/day_tests.py",
        text="return DaySpan(start, None, first_shift=1)",
        instead="return DaySpan(start, None)",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="before-its-day",
        section=5,
        rule="`before` and `lt` hold of the days before the instant's",
        where="conditions/dates/day_tests.py",
        text="return DaySpan(None, start, last_shift=-1)",
        instead="return DaySpan(None, start)",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="between-two-days",
        section=5,
        rule="`between` two instants includes the days of both",
        where="conditions/dates/day_tests.py",
        text="return DaySpan(starts[0], starts[1])",
        instead="return DaySpan(starts[0], starts[1], last_shift=-1)",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="negated-days",
        section=5,
        rule="`ne` and `not_in` are exact negations for calendar days",
        where="conditions/value_tests.py",
        text="return not self.test.holds(value, now, zones)",
        instead="return self.test.holds(value, now, zones)",
        caught_by=(_DAYS,),
    ),
    Mutation(
        id="a-day-is-due-when-it-begins",
        section=6,
        rule="Such a truth turns at local midnight: when the day begins",
        where="conditions/dates/day_tests.py",
        text="            dues.append(_due_of_reaching(self.last, day - self.last_shift, now, zone))\n",
        instead="            pass\n",
        caught_by=(_TURNS,),
    ),
    Mutation(
        id="a-day-is-due-when-it-ends",
        section=6,
        rule="Such a truth turns at local midnight: when the day ends",
        where="conditions/dates/day_tests.py",
        text="            dues.append(_due_of_reaching(self.first, day - self.first_shift + 1, now, zone))\n",
        instead="            pass\n",
        caught_by=(_TURNS,),
    ),
    Mutation(
        id="days-are-no-midnights",
        section=5,
        rule="A day that a zone leaves out is no other day",
        where="conditions/dates/day_tests.py",
        text="return bound.ordinal if isinstance(bound, DayBound) else",
        instead="return day_at(zone, bound.resolve(now, zone)) if isinstance(bound, DayBound) else",
        caught_by=(f"{_TESTS}::test_a_day_that_a_zone_leaves_out_is_no_other_day",),
    ),
    Mutation(
        id="the-accounts-midnight",
        section=3,
        rule="A `datetime` given as a date is its local midnight in the account's zone",
        where="conditions/value_tests.py",
        text="return self.test.holds(parse_instant(value, zones.account), now, zone)",
        instead="return self.test.holds(parse_instant(value, zone), now, zone)",
        caught_by=(f"{_TESTS}::test_that_midnight_is_the_accounts_also_where_the_contacts_zone_is_named",),
    ),
    Mutation(
        id="version-3-compares-midnights",
        section=5,
        rule="A release of version 3 compares a calendar date by its midnight",
        where="conditions/operators.py",
        text="if version < 4 or name in LENGTH_OPERATORS:",
        instead="if name in LENGTH_OPERATORS:",
        caught_by=(f"{_TESTS}::test_in_version_3_a_date_is_compared_by_its_midnight",),
    ),
)
