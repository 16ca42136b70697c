"""Compiles the filters of visit and activity leaves: all operators test the same event, as it was when it happened.

Date operators of a filter are evaluated at the event's own instant, in the account's zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from schemas.conditions import ActivityLeaf, Operators, Step, VisitLeaf
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.activities.event_fields import FieldReader, field_reader
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.date_bounds import is_date_value
from streams.engine.conditions.dates.zones import Zones
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import filter_to_plain
from streams.engine.conditions.operand_types import require_operators, to_tuple
from streams.engine.conditions.operators import compile_operators, contact_zone_path, uses_dates
from streams.engine.conditions.protocols import Activity, RequiredText
from streams.engine.conditions.text import fold_for
from streams.engine.conditions.value_tests import ValueTests


class CompiledFilter:
    """The kind of event (web visits only, or any) and the tests of its fields."""

    __slots__ = ("_tests", "_zones", "required_text", "visits_only")

    def __init__(
        self,
        tests: tuple[tuple[FieldReader, ValueTests], ...],
        zone: ZoneInfo,
        required_text: RequiredText | None,
        *,
        visits_only: bool,
    ) -> None:
        self.required_text = required_text
        """The most selective text that a matching event has; None where there is none."""
        self._tests = tests
        self._zones = Zones(zone, zone)
        self.visits_only = visits_only

    @property
    def depends_on_time(self) -> bool:
        """Whether it compares dates with the event's instant."""
        return any(tests.timed for _, tests in self._tests)

    def matches(self, activity: Activity) -> bool:
        """Whether the event is of that kind and passes all tests."""
        if self.visits_only and not activity.is_visit:
            return False
        return all(tests.holds(read(activity), activity.at, self._zones) for read, tests in self._tests)


def _compile_filter(
    fields: Mapping[str, Operators], zone: ZoneInfo, engine_version: EngineVersion, *, visits_only: bool
) -> CompiledFilter:
    """Compiles the filter of a leaf; `visits_only` for `visit`. Raises ConditionRefused."""
    tests: list[tuple[FieldReader, ValueTests]] = []
    required: list[RequiredText] = []
    for key, operators in fields.items():
        try:
            read, field_tests = _field_test(key, operators, engine_version)
        except ConditionRefused as refusal:
            raise refusal.with_prefix(key) from None
        tests.append((read, field_tests))
        required.extend(_required_texts(key, read, operators, engine_version, is_only_field=len(fields) == 1))
    # A whole text finds fewer filters than a beginning, a long beginning fewer than a short one.
    best = min(required, key=lambda one: (one.is_prefix, -min(map(len, one.texts))), default=None)
    return CompiledFilter(tuple(tests), zone, best, visits_only=visits_only)


def _required_texts(
    key: str, read: FieldReader, operators: Operators, engine_version: EngineVersion, *, is_only_field: bool
) -> Iterator[RequiredText]:
    # Only from version 4 on a number counts as its text, as the index reads it.
    decides = is_only_field and len(require_operators(operators)) == 1 and engine_version >= 4
    fold = fold_for(
        case_sensitive=operators.case_sensitive,
        ignores_accents=operators.accents == "ignore",
        version=engine_version,
    )
    for name, operand in (("eq", operators.eq), ("in", operators.in_), ("starts_with", operators.starts_with)):
        texts = [text for text in to_tuple(operand) if isinstance(text, str)]
        if not texts or len(texts) < len(to_tuple(operand)):
            continue
        is_prefix = name == "starts_with"
        if is_prefix or not any(is_date_value(text) for text in texts):  # a date may equal another text
            yield RequiredText(key, read, fold, tuple(map(fold, texts)), is_prefix=is_prefix, decides=decides)


def _field_test(key: str, operators: Operators, engine_version: EngineVersion) -> tuple[FieldReader, ValueTests]:
    zone_path = contact_zone_path(operators)
    if zone_path is not None:
        raise ConditionRefused("cannot be contact in a filter, which speaks in the account's zone", zone_path)
    read, property_type = field_reader(key, engine_version)
    return read, compile_operators(operators, property_type, engine_version)


def _any_uses_dates(fields: Mapping[str, Operators], engine_version: EngineVersion) -> bool:
    """Whether the account's zone matters to a filter."""
    return any(uses_dates(operators, field_reader(key, engine_version)[1]) for key, operators in fields.items())


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A compiled filter with its parts of a leaf's key."""

    name: str
    """`visit`, `activity`, `first` or `last`: the key under which the filter is written."""
    fields: Any
    """Which events match, as a JSON value."""
    zone: str | None
    """The account's time zone; None when the filter does not depend on it."""
    filter: CompiledFilter

    @property
    def identity(self) -> str:
        """Equal for filters that match the same events."""
        return json.dumps((self.visits_only, self.fields, self.zone), sort_keys=True)

    @property
    def visits_only(self) -> bool:
        """Whether only web visits match."""
        return self.filter.visits_only

    @property
    def depends_on_time(self) -> bool:
        """Whether it compares dates with the event's instant."""
        return self.filter.depends_on_time

    @property
    def required_text(self) -> RequiredText | None:
        """The most selective text that a matching event has; None where there is none."""
        return self.filter.required_text

    def matches(self, activity: Activity) -> bool:
        """Whether the event passes the filter."""
        return self.filter.matches(activity)


def compile_event_filter(leaf: VisitLeaf | ActivityLeaf | Step, context: CompilerContext) -> EventFilter:
    """Compiles the filter of a leaf or of a step of a sequence. Raises ConditionRefused."""
    visit, activity = getattr(leaf, "visit", None), getattr(leaf, "activity", None)
    if (visit is None) == (activity is None):
        raise ConditionRefused("a step is one of visit and activity")
    return _event_filter("visit" if activity is None else "activity", visit or activity or {}, context)


def compile_extra_filter(key: str, fields: Mapping[str, Operators], context: CompilerContext) -> EventFilter:
    """Compiles the additional filter of `first` or `last` (the `key`). Raises ConditionRefused."""
    return _event_filter(key, fields, context)


def _event_filter(name: str, fields: Mapping[str, Operators], context: CompilerContext) -> EventFilter:
    engine_version = context.scope.engine_version
    try:
        compiled_filter = _compile_filter(fields, context.zone, engine_version, visits_only=name == "visit")
    except ConditionRefused as refusal:
        raise refusal.with_prefix(name) from None
    zone = str(context.zone) if _any_uses_dates(fields, engine_version) else None
    return EventFilter(name, filter_to_plain(fields, engine_version), zone, compiled_filter)
