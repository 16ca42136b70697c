"""`sequence`: events that match the steps in order of `at`, each within `gap` of the one before, all in the window.

The state is [start of the complete chain that starts last, instant, steps, instant, steps, ...], instants in ms: in
order, the events that may still form a chain that starts later, each with the steps that it matches as bits.
"""

from __future__ import annotations

from schemas.conditions import SequenceLeaf
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.activities.sequence_chains import NEVER, Gap, StepMatch, latest_start
from streams.engine.conditions.activities.windows import MOST_INSTANTS
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node


class SequenceCounter:
    """Maintains the state of one sequence: the newest `MOST_INSTANTS` events in the window that match a step."""

    __slots__ = ("_gap", "_steps", "_within", "key")
    limit = 2 * MOST_INSTANTS + 1
    lossy = True
    drops_late = True
    counts_every_match = True

    def __init__(self, key: str, steps: tuple[EventFilter, ...], gap: Gap, within: int) -> None:
        self.key = key
        self._steps = steps
        self._gap = gap
        self._within = within

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filters of its steps, one of which a counted event passes."""
        return self._steps

    def matches(self, activity: Activity) -> bool:
        return any(step.matches(activity) for step in self._steps)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        start, events = _decode_state(state)
        index = _insert_index(activity.at, events)
        events.insert(index, (activity.at, self._matching_steps(activity)))
        return self._to_state(start, events, now)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the state with the newer half of the events."""
        start, events = _decode_state(state)
        return _encode_state(start, events[(len(events) + 1) // 2 :])

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Returns the state of both; among equal instants, events of the earlier part come first."""
        start, events = _decode_state(earlier)
        later_start, later_events = _decode_state(later)
        for event in later_events:
            events.insert(_insert_index(event[0], events), event)
        return self._to_state(max(start, later_start), events, now)

    def earliest_needed(self, now: int) -> int | None:
        """Returns where the window begins, because the whole chain lies inside it."""
        return now - self._within

    def _to_state(self, start: int, events: list[StepMatch], now: int) -> list[int]:
        """Returns the state to store; `start` is that of the latest complete chain so far."""
        events = _events_after(max(start, now - self._within), events)[-MOST_INSTANTS:]
        complete = latest_start(events, len(self._steps), self._gap)
        if complete > start:
            # While this chain is in the window, only a chain that starts later can matter.
            start, events = complete, _events_after(complete, events)
        return _encode_state(start, events)

    def _matching_steps(self, activity: Activity) -> int:
        return sum(1 << number for number, step in enumerate(self._steps) if step.matches(activity))


class SequenceNode:
    """A complete chain lies inside (now - within, now]."""

    __slots__ = ("_key", "_within")

    def __init__(self, key: str, within: int) -> None:
        self._key = key
        self._within = within

    def holds(self, context: EvaluationContext) -> bool:
        return context.now < self._expiry(context)

    def due(self, context: EvaluationContext) -> int | None:
        expiry = self._expiry(context)
        return expiry if expiry > context.now else None

    def _expiry(self, context: EvaluationContext) -> int:
        state = context.contact.counts.get(self._key)
        return state[0] + self._within if state else NEVER


def compile_sequence(leaf: SequenceLeaf, context: CompilerContext) -> Node:
    """Compiles a sequence. Raises ConditionRefused when its lengths of time could never hold."""
    gap = _compile_gap(leaf)
    steps = _compile_steps(leaf, context)
    key_parts = [[step.name, step.fields, step.zone] for step in steps]
    key = leaf_key("sequence", key_parts, gap.least, gap.most, leaf.within)
    context.counters.setdefault(key, SequenceCounter(key, steps, gap, leaf.within))
    return SequenceNode(key, leaf.within)


def _compile_steps(leaf: SequenceLeaf, context: CompilerContext) -> tuple[EventFilter, ...]:
    steps: list[EventFilter] = []
    for number, step in enumerate(leaf.sequence):
        try:
            steps.append(compile_event_filter(step, context))
        except ConditionRefused as refusal:
            raise refusal.with_prefix("sequence", number) from None
    return tuple(steps)


def _compile_gap(leaf: SequenceLeaf) -> Gap:
    least = leaf.min_gap or 0
    if leaf.gap is not None and leaf.gap < least:
        raise ConditionRefused("is shorter than min_gap; it could never hold", ("gap",))
    if leaf.within <= least * (len(leaf.sequence) - 1):
        raise ConditionRefused("leaves no room for the steps; it could never hold", ("within",))
    return Gap(least, leaf.gap)


def _decode_state(state: list[int]) -> tuple[int, list[StepMatch]]:
    if not state:
        return NEVER, []
    return state[0], list(zip(state[1::2], state[2::2], strict=True))


def _encode_state(start: int, events: list[StepMatch]) -> list[int]:
    return [start, *(number for event in events for number in event)]


def _insert_index(at: int, events: list[StepMatch]) -> int:
    """Returns the index behind all events up to `at`: among equal instants the journal's order decides."""
    index = len(events)
    while index and events[index - 1][0] > at:
        index -= 1
    return index


def _events_after(instant: int, events: list[StepMatch]) -> list[StepMatch]:
    return [event for event in events if event[0] > instant]
