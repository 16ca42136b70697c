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
        "_refusals",
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
        self._refusals: list[int] | None = None
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
        self._refusals = None
        self._conjuncts.clear()
        self._dues.clear()
        self._unsettled = 0
        return allowed | self.members

    def apply(self, changes: ChangeSet, context: EvaluationContext) -> int:
        """Takes in what changed until `context.now`. Returns the mask of segments whose members may differ now."""
        if changes.everything or self._unsettled is None:
            return self._read_all(context.contact)
        before = self.allowed
        if changes.properties:
            self._read_properties(changes.properties, context.contact)
        if changes.scores:
            self._read_scores(context.contact)
        if changes.counters:
            self._read_counters(changes.counters)
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

    def _read_properties(self, names: Iterable[str], contact: Contact) -> None:
        value_masks, properties = self.graph.property_masks, contact.properties
        for name in names:
            found = value_masks.get(name)
            if found is not None:
                index, of_values = found
                self._set_mask(index, of_values.mask(properties.get(name)))

    def _read_scores(self, contact: Contact) -> None:
        for index in self.graph.score_subjects:
            subject, of_values = self.graph.subjects[index]
            self._set_mask(index, of_values.mask(subject.read(contact)))

    def _read_counters(self, counters: Iterable[str]) -> None:
        """Once a contact has an event in a counter, the counter keeps its entry under this release."""
        required, mask = self.graph.required_counters, self._masks[-1]
        for key in counters:
            mask |= required.get(key, 0)
        self._set_mask(-1, mask & self.graph.running)

    def _set_mask(self, index: int, mask: int) -> None:
        former = self._masks[index]
        if mask == former:
            return
        planes = self._refusals
        if planes is None:
            planes = self._refusals = self._count_refusals()
        self._masks[index] = mask
        changed = mask ^ former
        _add_ones(planes, changed & former)
        _subtract_ones(planes, changed & mask)
        refused = 0
        for plane in planes:
            refused |= plane
        self.allowed = self.graph.running & ~refused

    def _count_refusals(self) -> list[int]:
        """Counts for all segments at once how many masks refuse them: plane k has the digits of worth 2 ** k."""
        planes: list[int] = []
        for mask in self._masks:
            _add_ones(planes, self.graph.running & ~mask)
        return planes

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
        return flipped and flipped & (self.allowed | self.members)

    def take_back(self, members: int) -> None:
        """Takes in that the contact has its former members mask again; what differs is looked at once more."""
        changed = self.members ^ members
        self.members = members
        if not changed or self._unsettled is None:
            return
        self._unsettled |= changed
        graph = self.graph
        while changed:
            bit = changed & -changed
            changed ^= bit
            # What refers to the segment was asked about the other membership.
            for index in graph.by_segment.get(graph.ids[bit.bit_length() - 1], ()):
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
            bit = segments & -segments
            segments ^= bit
            for other in self.graph.conjuncts_of[bit.bit_length() - 1]:
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


def _add_ones(planes: list[int], ones: int) -> None:
    """Adds 1 to the counts of these segments."""
    for place, plane in enumerate(planes):
        if not ones:
            return
        planes[place] = plane ^ ones
        ones &= plane  # what is carried to the next digit
    if ones:
        planes.append(ones)


def _subtract_ones(planes: list[int], ones: int) -> None:
    """Subtracts 1 from the counts of these segments, which are not 0."""
    for place, plane in enumerate(planes):
        if not ones:
            return
        planes[place] = plane ^ ones
        ones &= ~plane
