"""Date arithmetic."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_DATES = "tests/unit/streams/engine/conditions/dates/test_dates.py"
_HOURS = "tests/unit/streams/engine/conditions/dates/test_hours.py::test_the_hour_began_when_local_clocks_showed_it"
_ENDS = "tests/unit/streams/engine/conditions/dates/test_calendar_limits.py"
_BERLIN = f"{_DATES}::test_date_arithmetic_in_berlin"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="left-to-right",
        section=5,
        rule="Date arithmetic: steps apply left to right",
        where="conditions/dates/date_math.py",
        text="    for step in steps:\n        instant =",
        instead="    for step in reversed(steps):\n        instant =",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="rounds-down",
        section=5,
        rule="`/unit` rounds down",
        where="conditions/dates/date_math.py",
        text="        return days * DAY\n",
        instead="        return (days + 1) * DAY\n",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="always-rounds-down",
        section=5,
        rule="`/unit` always rounds down, whichever operator stands before it",
        where="conditions/dates/date_bounds.py",
        text="RelativeBound(steps, 1)",
        instead='RelativeBound(steps, DAY if text.endswith("/d") else 1)',
        caught_by=(f"{_DATES}::test_every_operator_rounds_down",),
    ),
    Mutation(
        id="months-clamp",
        section=5,
        rule="Months clamp to their last day",
        where="conditions/dates/calendar_days.py",
        text="min(day, last)).toordinal()",
        instead="1).toordinal() + day - 1",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="hours-begin-on-local-clocks",
        section=5,
        rule="`/unit` always rounds down to where the unit began on local clocks, also where they changed since",
        where="conditions/dates/date_math.py",
        text="return start if utc_offset_at(zone, start) == offset else last_instant_of_wall(zone, start + offset, instant)",
        instead="return start",
        caught_by=(_HOURS,),
    ),
    Mutation(
        id="present-pass-of-an-hour",
        section=5,
        rule="`/unit` always rounds down: within an hour that comes twice the present pass counts",
        where="conditions/dates/zones.py",
        text="return max(at for at in instants if at <= instant)",
        instead="return min(at for at in instants if at <= instant)",
        caught_by=(_HOURS,),
    ),
    Mutation(
        id="years-end",
        section=5,
        rule="A date value is RFC 3339, a calendar date, or date arithmetic: what leaves the calendar is none",
        where="conditions/dates/date_bounds.py",
        text="return not all(_CALENDAR_START <= instant < _CALENDAR_END for instant in instants)",
        instead="return any(instant < _CALENDAR_START - 366 * DAY for instant in instants)",
        caught_by=(f"{_ENDS}::test_a_date_that_leaves_the_calendar_is_refused",),
    ),
    Mutation(
        id="weeks-start-monday",
        section=5,
        rule="Weeks start on Monday",
        where="conditions/dates/date_math.py",
        text="_MONDAY = 4",
        instead="_MONDAY = 3",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="calendar-units",
        section=5,
        rule="In date arithmetic `d w M y` are calendar units in the zone, not fixed lengths",
        where="conditions/dates/date_math.py",
        text="        wall = self.on_wall(wall_at(zone, instant))\n        return instant_from_wall(zone, wall)\n",
        instead="        return self.on_wall(instant)\n",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="rounds-in-the-zone",
        section=5,
        rule="`/unit` rounds to where the unit began in the zone",
        where="conditions/dates/date_math.py",
        text="return instant_from_wall(zone, self.on_wall(wall_at(zone, instant)))",
        instead="return self.on_wall(instant)",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="month-and-minute",
        section=5,
        rule="Units `m` and `M` are minutes and months",
        where="conditions/dates/date_math.py",
        text='FIXED_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR}',
        instead='FIXED_UNITS = {"ms": 1, "s": SECOND, "m": 30 * DAY, "h": HOUR}',
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="date-moved-is-a-date",
        section=5,
        rule="Date arithmetic from a calendar date (`2026-03-31||-1M`) is a calendar date, the whole day",
        where="conditions/dates/date_bounds.py",
        text="if isinstance(base, DayBound) and all(step.is_calendar for step in steps):",
        instead="if isinstance(base, DayBound) and not steps:",
        caught_by=(f"{_DATES}::test_a_calendar_date_moved_by_calendar_units_is_the_whole_day",),
    ),
    Mutation(
        id="start-of-today-is-due",
        section=6,
        rule="`now/d` moves at local midnight, and what depends on it changes then by time alone",
        where="conditions/dates/relative_bounds.py",
        text="unit_ends = now + _next_unit_start(self._rounding, points[-1], zone) - points[-1]",
        instead="unit_ends = now + DAY",
        caught_by=(f"{_DATES}::test_an_instant_is_due_at_exactly_t_plus_w",),
    ),
)
