"""`sequence`: these in this order by `at`, each within reach of the one before, all inside the window.

What is kept is [start of the complete chain that starts last, instant, steps matched, instant, steps matched, ...]:
events that may still make a chain that starts later, in their order, the steps as bits.
"""

from __future__ import annotations

from schemas.conditions import SequenceLeaf
from streams.engine.conditions.activities.sequence_chains import NEVER, Matched, Pace, latest_start
from streams.engine.conditions.activities.subjects import Subject, compile_subject, leaf_key
from streams.engine.conditions.activities.windows import MOST
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Happening, Node, Scene


class SequenceCounter:
    """Keeps the events inside the window that match any of the steps, the newest `MOST`."""

    __slots__ = ("_pace", "_steps", "_within", "key")
    bound = 2 * MOST + 1
    lossy = True
    on_time = True

    def __init__(self, key: str, steps: tuple[Subject, ...], pace: Pace, within: int) -> None:
        self.key = key
        self._steps = steps
        self._pace = pace
        self._within = within

    def matches(self, happening: Happening) -> bool:
        return any(step.matches(happening) for step in self._steps)

    def count(self, kept: list[int], happening: Happening, now: int) -> list[int]:
        start, events = _read(kept)
        place = _place_of(happening.at, events)
        events.insert(place, (happening.at, self._matched(happening)))
        return self._decided(start, events, now)

    def forget(self, kept: list[int]) -> list[int]:
        """Without the older half of the events."""
        start, events = _read(kept)
        return _written(start, events[(len(events) + 1) // 2 :])

    def join(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Among equal instants those of the earlier part come first."""
        start, events = _read(earlier)
        later_start, later_events = _read(later)
        for event in later_events:
            events.insert(_place_of(event[0], events), event)
        return self._decided(max(start, later_start), events, now)

    def reaches_to(self, now: int) -> int | None:
        """Where the window begins: a chain lies inside it as a whole."""
        return now - self._within

    def _decided(self, start: int, events: list[Matched], now: int) -> list[int]:
        """What is to be kept, where `start` is that of the complete chain known so far."""
        events = _later_than(max(start, now - self._within), events)[-MOST:]
        complete = latest_start(events, len(self._steps), self._pace)
        if complete > start:
            # Only a chain that starts later than this one can matter as long as this one is inside.
            start, events = complete, _later_than(complete, events)
        return _written(start, events)

    def _matched(self, happening: Happening) -> int:
        return sum(1 << number for number, step in enumerate(self._steps) if step.matches(happening))


class SequenceIn:
    """A complete chain lies inside (now - within, now]."""

    __slots__ = ("_key", "_within")

    def __init__(self, key: str, within: int) -> None:
        self._key = key
        self._within = within

    def holds(self, scene: Scene) -> bool:
        return scene.now < self._leaves(scene)

    def due(self, scene: Scene) -> int | None:
        leaves = self._leaves(scene)
        return leaves if leaves > scene.now else None

    def _leaves(self, scene: Scene) -> int:
        kept = scene.contact.counts.get(self._key)
        return kept[0] + self._within if kept else NEVER


def compile_sequence(leaf: SequenceLeaf, context: Context) -> Node:
    """A sequence. Raises ConditionRefused for lengths of time with which it could never hold."""
    pace = _pace(leaf)
    steps = _steps(leaf, context)
    identity = [[step.name, step.fields, step.zone] for step in steps]
    key = leaf_key("sequence", identity, pace.least, pace.most, leaf.within)
    context.counters.setdefault(key, SequenceCounter(key, steps, pace, leaf.within))
    return SequenceIn(key, leaf.within)


def _steps(leaf: SequenceLeaf, context: Context) -> tuple[Subject, ...]:
    steps: list[Subject] = []
    for number, step in enumerate(leaf.sequence):
        try:
            steps.append(compile_subject(step, context))
        except ConditionRefused as refusal:
            raise refusal.within("sequence", number) from None
    return tuple(steps)


def _pace(leaf: SequenceLeaf) -> Pace:
    least = leaf.min_gap or 0
    if leaf.gap is not None and leaf.gap < least:
        raise ConditionRefused("is shorter than min_gap; it could never hold", ("gap",))
    if leaf.within <= least * (len(leaf.sequence) - 1):
        raise ConditionRefused("leaves no room for the steps; it could never hold", ("within",))
    return Pace(least, leaf.gap)


def _read(kept: list[int]) -> tuple[int, list[Matched]]:
    if not kept:
        return NEVER, []
    return kept[0], list(zip(kept[1::2], kept[2::2], strict=True))


def _written(start: int, events: list[Matched]) -> list[int]:
    return [start, *(number for event in events for number in event)]


def _place_of(at: int, events: list[Matched]) -> int:
    """Behind all that happened up to then: among equal instants the journal's order decides."""
    place = len(events)
    while place and events[place - 1][0] > at:
        place -= 1
    return place


def _later_than(instant: int, events: list[Matched]) -> list[Matched]:
    return [event for event in events if event[0] > instant]
