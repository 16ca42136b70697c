"""`regular`: something happened in so many of the last periods, counted back from now.

Period i holds (now - (i + 1) * each, now - i * each]. What is kept are instants of the whole stretch. Of three that
lie no further apart than a period the one in the middle says nothing: every period that holds it holds one of the
others, now and at every later instant. So at most two per period are kept, and the truth stays exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter as Tally
from dataclasses import dataclass

from schemas.conditions import ActivityLeaf, Regular, VisitLeaf
from streams.engine.conditions.activities.subjects import Subject, compile_subject, leaf_key
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Happening, Node, Scene

_BESIDE = ("count", "never", "within", "between_ago", "since", "until", "first", "last")


@dataclass(frozen=True, slots=True)
class Periods:
    """The last `of` periods of length `each` (ms)."""

    of: int
    each: int

    @property
    def stretch(self) -> int:
        """All of them together (ms)."""
        return self.of * self.each

    def inside(self, instants: list[int], now: int) -> list[int]:
        """Those that lie in any of the periods; instants are ascending and none is after now."""
        return instants[bisect_right(instants, now - self.stretch) :]

    def filled(self, inside: list[int], now: int) -> Tally[int]:
        """Period -> how many of the instants it holds; the present one is 0."""
        return Tally((now - at) // self.each for at in inside)

    def thinned(self, inside: list[int]) -> list[int]:
        """The same without those that say nothing."""
        kept: list[int] = []
        for at in inside:
            if kept and kept[-1] == at:
                continue
            if len(kept) > 1 and at - kept[-2] <= self.each:
                kept[-1] = at
            else:
                kept.append(at)
        return kept


class RegularCounter:
    """Keeps the instants that say which periods are filled, now and later."""

    __slots__ = ("_periods", "_subject", "bound", "key")
    lossy = False
    on_time = False

    def __init__(self, key: str, subject: Subject, periods: Periods) -> None:
        self.key = key
        self.bound = 2 * periods.of
        self._subject = subject
        self._periods = periods

    def matches(self, happening: Happening) -> bool:
        return self._subject.matches(happening)

    def count(self, kept: list[int], happening: Happening, now: int) -> list[int]:
        place = bisect_right(kept, happening.at)
        instants = [*kept[:place], happening.at, *kept[place:]]
        return self._periods.thinned(self._periods.inside(instants, now))

    def forget(self, kept: list[int]) -> list[int]:
        """Without the older half."""
        return kept[(len(kept) + 1) // 2 :]

    def join(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Instants say it all, whatever the journal's order."""
        return self._periods.thinned(self._periods.inside(sorted([*earlier, *later]), now))

    def reaches_to(self, now: int) -> int | None:
        """Where the first of the periods begins."""
        return now - self._periods.stretch


class RegularLeaf:
    """At least so many of the periods hold something."""

    __slots__ = ("_at_least", "_key", "_periods")

    def __init__(self, key: str, periods: Periods, at_least: int) -> None:
        self._key = key
        self._periods = periods
        self._at_least = at_least

    def holds(self, scene: Scene) -> bool:
        inside = self._inside(scene)
        return len(self._periods.filled(inside, scene.now)) >= self._at_least

    def due(self, scene: Scene) -> int | None:
        inside = self._inside(scene)
        if len(inside) < self._at_least:
            return None
        return self._next_change(inside, scene.now)

    def _inside(self, scene: Scene) -> list[int]:
        return self._periods.inside(scene.contact.counts.get(self._key, []), scene.now)

    def _next_change(self, inside: list[int], now: int) -> int:
        """Within the length of one period each instant passes on to the next period once.

        Where that changes nothing, it goes round the same until the oldest instant leaves.
        """
        periods = self._periods
        filled = periods.filled(inside, now)
        held = len(filled) >= self._at_least
        passings: dict[int, list[int]] = {}
        for at in inside:
            period = (now - at) // periods.each
            passings.setdefault(at + (period + 1) * periods.each, []).append(period)
        for turn in sorted(passings):
            for period in passings[turn]:
                self._pass_on(filled, period)
            if (len(filled) >= self._at_least) != held:
                return turn
        return max(inside[0] + periods.stretch, *passings)

    def _pass_on(self, filled: Tally[int], period: int) -> None:
        filled[period] -= 1
        if not filled[period]:
            del filled[period]
        if period + 1 < self._periods.of:
            filled[period + 1] += 1


def compile_regular(leaf: VisitLeaf | ActivityLeaf, regular: Regular, context: Context) -> Node:
    """A leaf with `regular`. Raises ConditionRefused for periods that make no sense, and for windows beside them."""
    for name in _BESIDE:
        if getattr(leaf, name) is not None:
            raise ConditionRefused(
                "stands beside regular, which brings its own periods; use a leaf for each", (name,)
            )
    if regular.each < 1:
        raise ConditionRefused("wants a length of time above zero", ("regular", "each"))
    if regular.at_least > regular.of:
        message = f"is more than the {regular.of} periods there are; it could never hold"
        raise ConditionRefused(message, ("regular", "at_least"))
    subject = compile_subject(leaf, context)
    key = leaf_key("regular", subject.name, subject.fields, subject.zone, regular.of, regular.each)
    periods = Periods(regular.of, regular.each)
    context.counters.setdefault(key, RegularCounter(key, subject, periods))
    return RegularLeaf(key, periods, regular.at_least)
