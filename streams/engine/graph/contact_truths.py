"""What is known of the conditions of one contact, so that only what changed has to be evaluated.

It stands beside the contact while that is in memory and is never stored: everything in it follows from the contact
and the release. A conjunct is looked at only where all that its segments need before it holds; so it is known for few
contacts.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from streams.engine.conditions.protocols import EvaluationContext
from streams.engine.graph.held_timers import HeldIndex, HeldTimers
from streams.engine.graph.inputs import ChangeSet
from streams.engine.graph.mask_places import places_of
from streams.engine.graph.segment_graph import SegmentGraph
from streams.engine.state.contact import Contact

_SPARE_ENTRIES = 64
"""So many entries that nobody needs any more the tables may have before they are cleaned."""

_Truth = tuple[bool, int | None]


class ContactTruths:
    """The truths of one contact under one release: masks of its values, its members, the conjuncts looked at.

    Whoever changes the contact tells it by `apply`, before it is asked again.
    """

    __slots__ = (
        "_conjuncts",
        "_dues",
        "_masks",
        "_max_conjuncts",
        "_unsettled",
        "allowed",
        "graph",
        "held_timers",
        "members",
    )

    def __init__(self, graph: SegmentGraph, held_index: HeldIndex, contact: Contact) -> None:
        self.graph = graph
        self.held_timers = HeldTimers(held_index)
        self.members = 0
        """The mask of the segments that the contact is a member of."""
        bit_by_id = graph.bit_by_id
        for name in contact.members:
            self.members |= bit_by_id.get(name, 0)
        self.allowed = 0
        """The mask of the segments that every value of the contact allows."""
        self._masks: list[int] = []
        self._conjuncts: dict[int, _Truth] = {}
        self._dues: list[tuple[int, int]] = []
        self._max_conjuncts = _SPARE_ENTRIES
        self._unsettled: int | None = None

    def _read_all(self, contact: Contact) -> int:
        """Starts anew with the contact as it is. Returns the mask of all segments that have to be looked at."""
        self._masks = [masks.mask(subject.read(contact)) for subject, masks in self.graph.subjects]
        self._masks.append(self.graph.counted_mask(contact.counts))  # always the last one
        allowed = self.graph.running
        for mask in self._masks:
            allowed &= mask
        self.allowed = allowed
        self._conjuncts.clear()
        self._dues.clear()
        self._unsettled = 0
        return allowed | self.members

    def apply(self, changes: ChangeSet, context: EvaluationContext) -> int:
        """Takes in what changed until `context.now`. Returns the mask of segments whose members may differ now."""
        if changes.everything or self._unsettled is None:
            return self._read_all(context.contact)
        before = self.allowed
        if changes.properties or changes.counters or changes.scores:
            self._read_changed(changes, context.contact)
        flipped = before ^ self.allowed
        if self._unsettled:
            flipped |= self._unsettled
            self._unsettled = 0
        if self._conjuncts:
            flipped |= self._ask_changed(changes, context)
        return flipped and flipped & (self.allowed | self.members)

    def _ask_changed(self, changes: ChangeSet, context: EvaluationContext) -> int:
        """Asks the known conjuncts that a change or time may have turned. Returns the mask of their segments."""
        flipped = 0
        for index in self._touched(changes):
            flipped |= self._ask_again(index, context)
        now, dues = context.now, self._dues
        while dues and dues[0][0] <= now:
            due, index = heappop(dues)
            truth = self._conjuncts.get(index)
            if truth is not None and truth[1] == due:
                flipped |= self._ask_again(index, context)
        return flipped

    def _read_changed(self, changes: ChangeSet, contact: Contact) -> None:
        """Takes in the values that changed.

        Masks of thousands of bits are combined without `~` and `-`, which take twenty times as long as `&` and `^`.
        """
        graph, properties, differing = self.graph, contact.properties, 0
        for name in changes.properties:
            found = graph.property_masks.get(name)
            if found is not None:
                place, of_values = found
                differing |= self._set_mask(place, of_values.mask(properties.get(name)))
        if changes.scores:
            for place in graph.score_subjects:
                subject, of_values = graph.subjects[place]
                differing |= self._set_mask(place, of_values.mask(subject.read(contact)))
        if changes.counters:
            differing |= self._set_mask(-1, self._counted_mask(changes.counters))
        if differing:
            # What one value allows from now on, any other may exclude still.
            allowed = differing
            for mask in self._masks:
                allowed &= mask
                if not allowed:
                    break
            self.allowed ^= self.allowed & differing
            self.allowed |= allowed

    def _set_mask(self, place: int, mask: int) -> int:
        """Returns in which bits the mask differs from the former one at this place."""
        former = self._masks[place]
        if mask == former:
            return 0
        self._masks[place] = mask
        return mask ^ former

    def _counted_mask(self, counters: Iterable[str]) -> int:
        """The mask of the counters, some of which have a new event: once there, it stays under this release."""
        required, mask = self.graph.required_counters, self._masks[-1]
        for key in counters:
            mask |= required.get(key, 0)
        return mask & self.graph.running

    def _touched(self, changes: ChangeSet) -> Iterable[int]:
        """The conjuncts that depend on what changed; one may come twice."""
        graph = self.graph
        touched: list[int] = []
        for name in changes.properties:
            touched.extend(graph.by_property.get(name, ()))
        for name in changes.counters:
            touched.extend(graph.by_counter.get(name, ()))
        for name in changes.static_segments:
            touched.extend(graph.by_static_segment.get(name, ()))
        if changes.scores:
            touched.extend(graph.by_score)
        if changes.leads:
            touched.extend(graph.by_lead)
        if changes.activity_times:
            touched.extend(graph.by_activity_time)
        return touched

    def _ask_again(self, index: int, context: EvaluationContext) -> int:
        """Returns the mask of the segments of a conjunct whose truth is another one now; 0 where it is not known."""
        former = self._conjuncts.get(index)
        if former is None:
            return 0
        return self.graph.conjuncts[index].segments if self._ask(index, context) is not former[0] else 0

    def _ask(self, index: int, context: EvaluationContext) -> bool:
        conjunct = self.graph.conjuncts[index]
        holds = conjunct.node.holds(context)
        due = conjunct.node.due(context) if conjunct.inputs.is_time_dependent else None
        self._conjuncts[index] = (holds, due)
        if due is not None:
            heappush(self._dues, (due, index))
        return holds

    def holds(self, segment: int, context: EvaluationContext) -> bool:
        """Whether the contact has to be a member of the segment with that index; a paused one stays as it is."""
        bit = 1 << segment
        if self.graph.paused & bit:
            return bool(self.members & bit) and context.contact.status != "deleted"
        if not self.allowed & bit:
            return False
        conjuncts = self._conjuncts
        for index in self.graph.conjuncts_of[segment]:
            truth = conjuncts.get(index)
            if not (self._ask(index, context) if truth is None else truth[0]):
                return False
        return True

    def change_member(self, segment: int, name: str, context: EvaluationContext) -> int:
        """Takes in that the contact became a member, or is none any more. Returns the mask of segments to look at."""
        self.members ^= 1 << segment
        flipped = 0
        for index in self.graph.by_segment.get(name, ()):
            flipped |= self._ask_again(index, context)
        return flipped & (self.allowed | self.members) if flipped else 0

    def take_back(self, members: int) -> None:
        """Takes in that the contact has its former members mask again; what differs is looked at once more."""
        changed = self.members ^ members
        self.members = members
        if not changed or self._unsettled is None:
            return
        self._unsettled |= changed
        graph = self.graph
        for segment in places_of(changed):
            # What refers to the segment was asked about the other membership.
            for index in graph.by_segment.get(graph.ids[segment], ()):
                if self._conjuncts.pop(index, None) is not None:
                    self._unsettled |= graph.conjuncts[index].segments

    def next_due(self) -> int | None:
        """The earliest instant at which time alone may change a membership; None when there is none."""
        dues, conjuncts = self._dues, self._conjuncts
        if not conjuncts:
            return None
        if len(conjuncts) > self._max_conjuncts or len(dues) > 2 * len(conjuncts) + _SPARE_ENTRIES:
            self._clean()
            dues = self._dues
        while dues:
            due, index = dues[0]
            truth = conjuncts.get(index)
            if truth is not None and truth[1] == due:
                if self._is_needed(index):
                    return due
                del conjuncts[index]
            heappop(dues)
        return None

    def _is_needed(self, index: int) -> bool:
        """Whether the truth of the conjunct decides about a segment: all that the segment needs before it holds."""
        segments = self.graph.conjuncts[index].segments & self.allowed
        while segments:
            segment = segments.bit_length() - 1
            segments ^= 1 << segment
            for other in self.graph.conjuncts_of[segment]:
                if other == index:
                    return True
                truth = self._conjuncts.get(other)
                if truth is None or not truth[0]:
                    break
        return False

    def _clean(self) -> None:
        for index in [index for index in self._conjuncts if not self._is_needed(index)]:
            del self._conjuncts[index]
        self._dues = [(due, index) for index, (_, due) in self._conjuncts.items() if due is not None]
        heapify(self._dues)
        self._max_conjuncts = 2 * len(self._conjuncts) + _SPARE_ENTRIES
