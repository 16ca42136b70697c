"""The segments of a release as a graph: which conjuncts they share, and what each conjunct depends on.

Segment i is bit i of a mask; segments are in dependency order. A segment holds a contact when its bit is set in the
mask of every value of the contact (`value_masks`), and when each of its other conjuncts holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.conditions import Condition, Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.engine.conditions.activities.counts import CountNode
from streams.engine.conditions.protocols import CompiledCondition, EvaluationContext, Node
from streams.engine.graph.conjuncts import ValueTest, ValueTestScope, find_value_test, split_conjuncts
from streams.engine.graph.inputs import ConditionInputs, inputs_of
from streams.engine.graph.subjects import Subject, status_subject
from streams.engine.graph.value_classes import ValueClasses, ValueOperators
from streams.engine.graph.value_masks import SegmentTest, ValueMasks

ConditionCompiler = Callable[[Condition], CompiledCondition]
Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GraphSegment:
    """What the graph has to know of a segment; `condition` is None for a static one."""

    id: str
    statuses: frozenset[str]
    paused: bool
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Conjunct:
    """A condition that at least one segment needs, beside those on one value."""

    node: Node
    inputs: ConditionInputs
    segments: int
    """The mask of the segments that need it."""


class ListNode:
    """Listed in a static segment."""

    __slots__ = ("_segment",)

    def __init__(self, segment: str) -> None:
        self._segment = segment

    def holds(self, context: EvaluationContext) -> bool:
        return self._segment in context.contact.listed

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002 - shared signature
        return None


class SegmentGraph:
    """Built once per release from its segments in dependency order."""

    def __init__(
        self,
        segments: Sequence[GraphSegment],
        compile_condition: ConditionCompiler,
        property_types: Mapping[str, PropertyType],
        version: EngineVersion = OLDEST_VERSION,
    ) -> None:
        scope = ValueTestScope(lambda leaf: compile_condition(leaf).node, property_types, version)
        parts = _GraphParts(compile_condition, scope)
        for index, segment in enumerate(segments):
            parts.add(index, segment)
        self.ids = tuple(segment.id for segment in segments)
        self.index_by_id: Mapping[str, int] = {name: index for index, name in enumerate(self.ids)}
        self.bit_by_id: Mapping[str, int] = {name: 1 << index for name, index in self.index_by_id.items()}
        self.paused = sum(1 << index for index, segment in enumerate(segments) if segment.paused)
        """Segments whose members stay as they are."""
        self.running = (1 << len(segments)) - 1 & ~self.paused
        self.subjects: tuple[tuple[Subject, ValueMasks], ...] = tuple(
            (subject, tests.to_masks(self.running, version)) for subject, tests in parts.subjects.items()
        )
        self.required_counters: Mapping[str, int] = parts.required_counters
        """Counter -> the mask of segments that hold nobody without an event that it counted."""
        self._needing_counters = parts.needing_counters
        self.conjuncts: tuple[Conjunct, ...] = tuple(parts.conjuncts)
        self.conjuncts_of: tuple[Places, ...] = tuple(
            tuple(sorted(each, key=lambda index: self.conjuncts[index].inputs.is_time_dependent))
            for each in parts.conjuncts_of
        )
        """Segment -> its conjuncts; those that time may change come last."""
        self._index_inputs()

    def counted_mask(self, counters: Iterable[str]) -> int:
        """The mask of the segments that a contact with events in these counters may be in."""
        counted = 0
        for key in counters:
            counted |= self.required_counters.get(key, 0)
        missing = self._needing_counters ^ (self._needing_counters & counted)
        return self.running ^ (self.running & missing)

    def _index_inputs(self) -> None:
        inputs = [conjunct.inputs for conjunct in self.conjuncts]
        self.property_masks: Mapping[str, tuple[int, ValueMasks]] = {
            subject.name: (index, masks)
            for index, (subject, masks) in enumerate(self.subjects)
            if subject.kind == "property"
        }
        self.score_subjects = tuple(
            index for index, (subject, _) in enumerate(self.subjects) if subject.kind in ("own_score", "named_score")
        )
        self.by_property = _invert((index, each.properties) for index, each in enumerate(inputs))
        self.by_counter = _invert((index, each.counters) for index, each in enumerate(inputs))
        self.by_segment = _invert((index, each.segments) for index, each in enumerate(inputs))
        self.by_static_segment = _invert((index, each.static_segments) for index, each in enumerate(inputs))
        self.by_score = tuple(index for index, each in enumerate(inputs) if each.scores)
        self.by_lead = tuple(index for index, each in enumerate(inputs) if each.leads)
        self.by_activity_time = tuple(index for index, each in enumerate(inputs) if each.activity_times)


class _SubjectTests:
    """The tests of one subject, equal ones once."""

    def __init__(self) -> None:
        self._tests: dict[str, tuple[int, ValueTest]] = {}

    def add(self, key: str, segments: int, test: ValueTest) -> None:
        known, _ = self._tests.get(key, (0, test))
        self._tests[key] = (known | segments, test)

    def to_masks(self, everyone: int, version: EngineVersion) -> ValueMasks:
        operators: list[ValueOperators] = [one for _, test in self._tests.values() for one in test.operators]
        tests = [
            SegmentTest(segments & everyone, test.test, test.lookup, test.is_negated)
            for segments, test in self._tests.values()
        ]
        return ValueMasks(tests, ValueClasses(operators, version), everyone)


class _GraphParts:
    """Collects the conjuncts of all segments."""

    def __init__(self, compile_condition: ConditionCompiler, scope: ValueTestScope) -> None:
        self._compile = compile_condition
        self._scope = scope
        self._value_tests: dict[str, ValueTest | None] = {}
        self._conjunct_by_key: dict[str, int] = {}
        self.subjects: dict[Subject, _SubjectTests] = defaultdict(_SubjectTests)
        self.conjuncts: list[Conjunct] = []
        self.conjuncts_of: list[list[int]] = []
        self.required_counters: dict[str, int] = {}
        self.needing_counters = 0

    def add(self, index: int, segment: GraphSegment) -> None:
        bit = 1 << index
        self.conjuncts_of.append([])
        self._add_statuses(bit, segment.statuses)
        if segment.condition is None:
            inputs = ConditionInputs(is_time_dependent=False, static_segments=frozenset({segment.id}))
            self._add_conjunct(index, f"list {segment.id}", lambda: (ListNode(segment.id), inputs))
            return
        for condition in split_conjuncts(segment.condition):
            self._add_condition(index, condition)

    def _add_statuses(self, bit: int, statuses: frozenset[str]) -> None:
        operators = ValueOperators(Operators(in_=tuple(sorted(statuses))), "text")
        test = ValueTest(status_subject(), statuses.__contains__, (operators,))
        self.subjects[status_subject()].add(f"in {sorted(statuses)}", bit, test)

    def _add_condition(self, index: int, condition: Condition) -> None:
        key = condition.model_dump_json(exclude_unset=True)
        if key not in self._value_tests:
            self._value_tests[key] = find_value_test(condition, self._scope)
        test = self._value_tests[key]
        if test is not None:
            self.subjects[test.subject].add(key, 1 << index, test)
            return
        self._add_conjunct(index, key, lambda: self._compile_conjunct(condition))

    def _compile_conjunct(self, condition: Condition) -> tuple[Node, ConditionInputs]:
        compiled = self._compile(condition)
        return compiled.node, inputs_of(condition, compiled)

    def _add_conjunct(self, index: int, key: str, make: Callable[[], tuple[Node, ConditionInputs]]) -> None:
        place = self._conjunct_by_key.get(key)
        if place is None:
            place = self._conjunct_by_key[key] = len(self.conjuncts)
            node, inputs = make()
            self.conjuncts.append(Conjunct(node, inputs, 1 << index))
        else:
            known = self.conjuncts[place]
            self.conjuncts[place] = Conjunct(known.node, known.inputs, known.segments | 1 << index)
        if place not in self.conjuncts_of[index]:
            self.conjuncts_of[index].append(place)
        self._require_counter(1 << index, self.conjuncts[place].node)

    def _require_counter(self, bit: int, node: Node) -> None:
        """Takes note of one counter that the segment needs; a second one is left to its conjunct."""
        key = node.required_counter if isinstance(node, CountNode) else None
        if key is not None and not self.needing_counters & bit:
            self.needing_counters |= bit
            self.required_counters[key] = self.required_counters.get(key, 0) | bit


def _invert(inputs: Iterable[tuple[int, Iterable[str]]]) -> Mapping[str, Places]:
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, names in inputs:
        for name in names:
            indexes[name].append(index)
    return {name: tuple(entries) for name, entries in indexes.items()}


EMPTY_GRAPH = SegmentGraph((), lambda _: CompiledCondition(ListNode("")), {})
"""The graph of a release without segments."""
