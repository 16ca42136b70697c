"""Bounds relative to now, and when they may pass an instant."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.date_math import DateStep, Round, Shift, apply_steps, total_slack
from streams.engine.conditions.dates.zones import (
    DAY,
    MINUTE,
    clock_changes_near,
    day_at,
    day_start,
    instant_from_wall,
    wall_at,
)

_QUARTER_HOUR = 15 * MINUTE
_LOOKAHEAD = 3 * DAY  # less than `clock_changes_near` looks ahead, and not less than the slack of shifts by days


class RelativeBound:
    """Date arithmetic from now, in the zone.

    Up to the first rounding, each step leads to a point that moves as fast as time does, except at breaks: at clock
    changes, and at midnight where the length of a month counts. From the rounding on, the bound does not move until
    the unit ends. A bound can only pass an instant by moving on, or at a break.
    """

    __slots__ = (
        "_extra_ms",
        "_has_varying_length",
        "_rounding",
        "_rounds_to_fixed_unit",
        "_shifts",
        "_steps",
        "slack",
    )
    is_relative = True

    def __init__(self, steps: tuple[DateStep, ...], extra_ms: int) -> None:
        self._steps = steps
        self._extra_ms = extra_ms
        self._rounding = next((step for step in steps if isinstance(step, Round)), None)
        self._shifts = _shifts_before_rounding(steps)
        self._has_varying_length = any(shift.unit in ("M", "y") for shift in self._shifts)
        self._rounds_to_fixed_unit = self._rounding is not None and _is_one_fixed_rounding(
            steps[steps.index(self._rounding) :]
        )
        self.slack = total_slack(steps)

    def resolve(self, now: int, zone: ZoneInfo) -> int:
        return apply_steps(self._steps, now, zone) + self._extra_ms

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:
        """Returns an instant after now before which the bound does not pass `instant`; None when it never will."""
        ahead = instant - self.resolve(now, zone)
        if ahead < -self.slack:
            return None
        if self._rounding is not None:
            return self._due_with_rounding(ahead, now, zone)
        if ahead > self.slack:
            return now + ahead - self.slack
        points = self._step_instants(now, zone)
        candidates = [now + wait for point in points for wait in self._distances_to_breaks(point, zone) if wait > 0]
        if ahead >= 0:
            candidates.append(now + ahead + 1)
        return min(candidates, default=None)

    def _due_with_rounding(self, ahead: int, now: int, zone: ZoneInfo) -> int | None:
        """Returns the same with a rounding: the bound does not move until a break or the end of the unit."""
        assert self._rounding is not None
        points = self._step_instants(now, zone)
        breaks = [now + wait for point in points for wait in self._distances_to_breaks(point, zone) if wait > 0]
        if self._rounds_to_fixed_unit or any(shift.is_calendar for shift in self._shifts):
            breaks.append(now + _LOOKAHEAD)
        unit_ends = now + _next_unit_start(self._rounding, points[-1], zone) - points[-1]
        if ahead > self.slack:
            return max(now + ahead - self.slack, min([unit_ends, *breaks]))
        if not self._rounds_to_fixed_unit:
            return min([unit_ends, *breaks])
        if ahead < 0:  # until the next break the bound only rises
            return min(breaks)
        # The bound may rise this much (ms) faster than time passes.
        lag = points[-1] - self._rounding.apply(points[-1], zone)
        return min([max(unit_ends, now + ahead - lag), *breaks])

    def _step_instants(self, now: int, zone: ZoneInfo) -> list[int]:
        """Returns now, and where each step up to the rounding leads."""
        points = [now]
        for shift in self._shifts:
            points.append(shift.apply(points[-1], zone))
        return points

    def _distances_to_breaks(self, instant: int, zone: ZoneInfo) -> Iterator[int]:
        """Yields how far ahead (ms) of a moving point its breaks are.

        Near a clock change, within the length of that change, a point may be shifted out of a gap, and rounding may
        be out of step. So every quarter of an hour counts as a break there: gaps begin and end on one.
        """
        if self._has_varying_length:
            yield day_start(zone, day_at(zone, instant) + 1) - instant
        for change in clock_changes_near(zone, instant):
            ahead = change.at - instant
            yield ahead
            if abs(ahead) <= change.by:
                yield _QUARTER_HOUR - instant % _QUARTER_HOUR


def _is_one_fixed_rounding(steps: tuple[DateStep, ...]) -> bool:
    """Whether the steps are one rounding to a unit of fixed length, and shifts by units of fixed length."""
    return not any(step.is_calendar for step in steps) and sum(isinstance(step, Round) for step in steps) == 1


def _shifts_before_rounding(steps: tuple[DateStep, ...]) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    for step in steps:
        if isinstance(step, Round):
            break
        shifts.append(step)
    return tuple(shifts)


def _next_unit_start(rounding: Round, instant: int, zone: ZoneInfo) -> int:
    """Returns when the next unit starts; in a doubled hour the current pass continues."""
    wall = wall_at(zone, instant)
    next_start = rounding.next_on_wall(wall)
    return instant_from_wall(zone, next_start) if rounding.is_calendar else instant + next_start - wall
