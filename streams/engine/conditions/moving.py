"""Edges that move with now, and when they may pass an instant."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from streams.engine.conditions.date_math import Round, Shift, Step, apply_steps, slack_of
from streams.engine.conditions.zones import (
    DAY,
    MINUTE,
    clock_changes_near,
    day_at,
    day_start,
    instant_of_wall,
    wall_at,
)

_QUARTER = 15 * MINUTE
_LOOKED_AHEAD = 3 * DAY  # less than `clock_changes_near` looks ahead, and not less than the slack of shifts by days


class MovingEdge:
    """Steps from now, in the zone.

    Up to the first rounding the steps lead to points that move as fast as time does, but for breaks: where clocks
    change, and, where a month's length counts, at midnights. From the rounding on all stands still until its unit is
    over. An edge can only pass an instant by moving on, or at a break.
    """

    __slots__ = ("_plus", "_rounding", "_shifts", "_steps", "_varies", "slack")
    moves = True

    def __init__(self, steps: tuple[Step, ...], plus: int) -> None:
        self._steps = steps
        self._plus = plus
        self._rounding = next((step for step in steps if isinstance(step, Round)), None)
        self._shifts = _shifts_before_rounding(steps)
        self._varies = any(shift.unit in ("M", "y") for shift in self._shifts)
        self.slack = slack_of(steps)

    def at(self, now: int, zone: ZoneInfo) -> int:
        return apply_steps(self._steps, now, zone) + self._plus

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:
        ahead = instant - self.at(now, zone)
        if ahead > self.slack:
            return now + ahead - self.slack
        if ahead < -self.slack:
            return None
        candidates = self._breaks(now, zone)
        if self._rounding is None and ahead >= 0:
            candidates.append(now + ahead + 1)
        return min(candidates, default=None)

    def _breaks(self, now: int, zone: ZoneInfo) -> list[int]:
        """The next instants after now at which the edge may do anything but go on as it does."""
        points = [now]
        for shift in self._shifts:
            points.append(shift.apply(points[-1], zone))
        aheads = [ahead for point in points for ahead in self._breaks_of(point, zone)]
        if self._rounding is not None:
            aheads.append(_next_unit(self._rounding, points[-1], zone) - points[-1])
            if any(shift.is_calendar for shift in self._shifts):
                aheads.append(_LOOKED_AHEAD)
        return [now + ahead for ahead in aheads if ahead > 0]

    def _breaks_of(self, point: int, zone: ZoneInfo) -> Iterator[int]:
        """How far ahead (ms) of a moving point its breaks are.

        Within the length of a change of clocks, before and after it, a point may be shifted out of a gap and rounding
        out of step, so every quarter of an hour is looked at: gaps begin and end on one.
        """
        if self._varies:
            yield day_start(zone, day_at(zone, point) + 1) - point
        for change in clock_changes_near(zone, point):
            ahead = change.at - point
            yield ahead
            if abs(ahead) <= change.by:
                yield _QUARTER - point % _QUARTER


def _shifts_before_rounding(steps: tuple[Step, ...]) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    for step in steps:
        if isinstance(step, Round):
            break
        shifts.append(step)
    return tuple(shifts)


def _next_unit(unit: Round, instant: int, zone: ZoneInfo) -> int:
    """When the next unit begins; within a doubled hour the present pass goes on."""
    wall = wall_at(zone, instant)
    following = unit.next_on_wall(wall)
    return instant_of_wall(zone, following) if unit.is_calendar else instant + following - wall
