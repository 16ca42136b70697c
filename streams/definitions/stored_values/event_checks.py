"""Finds values that the operators on fields of events, and sums of them, cannot meet because of their type.

Only an event that passes the rest of its filter is looked at: what a form calls `amount` is no fault of a filter on
purchases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.conditions import ActivityLeaf, Condition, Operators, SequenceLeaf, Step, VisitLeaf
from schemas.definitions import Definitions
from streams.definitions.stored_values.operand_kinds import ScalarKinds
from streams.definitions.stored_values.value_checks import KindCheck, OperatorSite, ValueCheck, operator_checks
from streams.engine.conditions.activities.event_fields import FieldReader, field_reader, property_reader
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Activity, ActivityCounter, CompileScope
from streams.engine.releases.conditions import build_compile_scope, release_conditions
from streams.engine.version import walk

_Fields = Mapping[str, Operators]

_AMOUNTS = ScalarKinds(text=False, number=True, boolean=False, reads_numbers=True)
_IDENTITIES = ScalarKinds(text=True, number=True, boolean=True, reads_numbers=True)
"""What `sum` and `average`, and what `distinct` take; they skip all others."""


@dataclass(frozen=True, slots=True)
class EventCheck:
    """The check of one operator on a field of events that pass all of the `filters`."""

    site: OperatorSite
    read: FieldReader
    check: ValueCheck
    filters: tuple[ActivityCounter, ...]

    def misfit(self, activity: Activity) -> Any:
        """Returns the value that the operator cannot meet; None where it meets it, or is not asked of the event."""
        misfit = self.check.misfit(self.read(activity))
        if misfit is None or not all(each.matches(activity) for each in self.filters):
            return None
        return misfit


def definitions_event_checks(definitions: Definitions) -> Iterator[EventCheck]:
    """Yields the checks of all conditions of an account."""
    scope = build_compile_scope(definitions)
    for each in release_conditions(definitions):
        yield from condition_event_checks(each.owner, each.condition, scope)


def condition_event_checks(owner: str, condition: Condition, scope: CompileScope) -> Iterator[EventCheck]:
    """Yields a check for each operator in a filter on visits or activities, and for each aggregate."""
    compiler = _CheckCompiler(owner, scope)
    for leaf in walk(condition):
        if isinstance(leaf, SequenceLeaf):
            for step in leaf.sequence:
                yield from compiler.filter_checks(*_subject_and_fields(step))
        elif isinstance(leaf, VisitLeaf | ActivityLeaf):
            yield from compiler.leaf_checks(leaf)


@dataclass(frozen=True, slots=True)
class _CheckCompiler:
    owner: str
    scope: CompileScope

    def leaf_checks(self, leaf: VisitLeaf | ActivityLeaf) -> Iterator[EventCheck]:
        subject, fields = _subject_and_fields(leaf)
        yield from self.filter_checks(subject, fields)
        passing = self._filter(subject, fields)
        for key, extra in (("first", leaf.first), ("last", leaf.last)):
            if isinstance(extra, Mapping):
                yield from self.filter_checks(subject, extra, f"{key}.", (passing,))
        for key, amounts in (("sum", leaf.sum), ("average", leaf.average)):
            if amounts is not None:
                site = OperatorSite(self.owner, subject, amounts.of, key)
                yield EventCheck(site, property_reader(amounts.of), KindCheck(_AMOUNTS), (passing,))
        if leaf.distinct is not None:
            site = OperatorSite(self.owner, subject, leaf.distinct.of, "distinct")
            read, _ = field_reader(leaf.distinct.of, self.scope.engine_version)
            yield EventCheck(site, read, KindCheck(_IDENTITIES), (passing,))

    def filter_checks(
        self, subject: str, fields: _Fields, prefix: str = "", filters: tuple[ActivityCounter, ...] = ()
    ) -> Iterator[EventCheck]:
        """Yields the checks of a filter; `prefix` leads to it in the leaf."""
        for field, operators in fields.items():
            read, property_type = field_reader(field, self.scope.engine_version)
            if property_type is not None:
                continue  # validated as text when the event was accepted
            others = self._filter(subject, {key: fields[key] for key in fields if key != field})
            for path, check in operator_checks(operators, None, self.scope.engine_version):
                site = OperatorSite(self.owner, subject, field, prefix + path)
                yield EventCheck(site, read, check, (others, *filters))

    def _filter(self, subject: str, fields: _Fields) -> ActivityCounter:
        leaf = VisitLeaf(visit=dict(fields)) if subject == "visit" else ActivityLeaf(activity=dict(fields))
        return compile_condition(leaf, self.scope).counters[0]


def _subject_and_fields(leaf: VisitLeaf | ActivityLeaf | Step) -> tuple[str, _Fields]:
    if isinstance(leaf, VisitLeaf):
        return "visit", leaf.visit
    if isinstance(leaf, ActivityLeaf):
        return "activity", leaf.activity
    return ("visit", leaf.visit) if leaf.visit is not None else ("activity", leaf.activity or {})
