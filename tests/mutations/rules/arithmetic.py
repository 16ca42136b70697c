"""Date arithmetic."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

_DATES = "tests/unit/conditions/test_dates.py"
_BERLIN = f"{_DATES}::test_date_arithmetic_in_berlin"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="left-to-right",
        section=5,
        rule="Date arithmetic: steps apply left to right",
        where="conditions/date_math.py",
        text="    for step in steps:\n        instant =",
        instead="    for step in reversed(steps):\n        instant =",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="rounds-down",
        section=5,
        rule="`/unit` rounds down",
        where="conditions/date_math.py",
        text="        return days * DAY\n",
        instead="        return (days + 1) * DAY\n",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="always-rounds-down",
        section=5,
        rule="`/unit` always rounds down, whichever operator stands before it",
        where="conditions/edges.py",
        text="MovingEdge(steps, 1)",
        instead='MovingEdge(steps, DAY if text.endswith("/d") else 1)',
        caught_by=(f"{_DATES}::test_rounding_goes_down_whichever_operator_asks",),
    ),
    Mutation(
        id="months-clamp",
        section=5,
        rule="Months clamp to their last day",
        where="conditions/date_math.py",
        text="return date(year, month + 1, min(day.day, last)).toordinal() - EPOCH_ORDINAL",
        instead="return date(year, month + 1, min(1, last)).toordinal() + day.day - 1 - EPOCH_ORDINAL",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="weeks-start-monday",
        section=5,
        rule="Weeks start on Monday",
        where="conditions/date_math.py",
        text="_MONDAY = 4",
        instead="_MONDAY = 3",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="calendar-units",
        section=5,
        rule="In date arithmetic `d w M y` are calendar units in the zone, not fixed lengths",
        where="conditions/date_math.py",
        text="        wall = self.on_wall(wall_at(zone, instant))\n        return instant_of_wall(zone, wall)\n",
        instead="        return self.on_wall(instant)\n",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="rounds-in-the-zone",
        section=5,
        rule="`/unit` rounds to where the unit began in the zone",
        where="conditions/date_math.py",
        text="return instant_of_wall(zone, self.on_wall(wall_at(zone, instant)))",
        instead="return self.on_wall(instant)",
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="month-and-minute",
        section=5,
        rule="Units `m` and `M` are minutes and months",
        where="conditions/date_math.py",
        text='FIXED_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR}',
        instead='FIXED_UNITS = {"ms": 1, "s": SECOND, "m": 30 * DAY, "h": HOUR}',
        caught_by=(_BERLIN,),
    ),
    Mutation(
        id="date-moved-is-a-date",
        section=5,
        rule="Date arithmetic from a calendar date (`2026-03-31||-1M`) is a calendar date, the whole day",
        where="conditions/edges.py",
        text="if isinstance(base, DayEdge) and all(step.is_calendar for step in steps):",
        instead="if isinstance(base, DayEdge) and not steps:",
        caught_by=(f"{_DATES}::test_a_calendar_date_moved_by_calendar_units_is_the_whole_day",),
    ),
    Mutation(
        id="start-of-today-is-due",
        section=6,
        rule="`now/d` moves at local midnight, and what depends on it changes then by time alone",
        where="conditions/moving.py",
        text="aheads.append(_next_unit(self._rounding, points[-1], zone) - points[-1])",
        instead="aheads.append(DAY)",
        caught_by=(f"{_DATES}::test_an_instant_is_due_at_exactly_t_plus_w",),
    ),
)
