"""Tells which segments one value of one subject allows, as a mask of bits: bit i is segment i of the release.

A mask is made once per class of values; after that a value costs one look into a dictionary. Most tests are found in
tables (`value_lookups`), the others are asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from streams.engine.conditions.numbers import is_number, number_from
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.text import text_from
from streams.engine.graph.value_classes import MAX_CLASS_TEXT, ValueClasses
from streams.engine.graph.value_lookups import Lookup, NumberRange, NumberTable, TextSet, TextTable

MAX_MASK_BYTES = 4 << 20
"""The most bytes of masks that are kept for one subject of a release."""

_LEAST_MASKS = 64
_MAX_TEXTS = 1_024


@dataclass(frozen=True, slots=True)
class SegmentTest:
    """A test of a value that some segments need; `lookup` decides the same where it is not None."""

    segments: int
    test: Predicate
    lookup: Lookup | None
    is_negated: bool
    """Whether the segments need that the lookup fails."""


class ValueMasks:
    """The masks of one subject's values."""

    __slots__ = (
        "_asked",
        "_by_text",
        "_classes",
        "_everyone",
        "_masks",
        "_max_masks",
        "_missing",
        "_needed",
        "_refused",
    )

    def __init__(self, tests: Iterable[SegmentTest], classes: ValueClasses, everyone: int) -> None:
        self._asked: list[SegmentTest] = []
        needed: list[SegmentTest] = []
        refused: list[SegmentTest] = []
        covered = 0
        for test in tests:
            if test.lookup is None:
                self._asked.append(test)
            elif test.is_negated:
                refused.append(test)
            elif covered & test.segments:  # a segment with two tests needs both of them
                self._asked.append(test)
            else:
                covered |= test.segments
                needed.append(test)
        self._needed = _Tables(needed, converts=classes.converts)
        self._refused = _Tables(refused, converts=classes.converts)
        self._classes = classes
        self._everyone = everyone
        self._masks: dict[Hashable, int] = {}
        self._by_text: dict[str, int] = {}  # of texts seen lately, which need no folding again
        self._max_masks = max(MAX_MASK_BYTES // (everyone.bit_length() // 8 + 100), _LEAST_MASKS)
        self._missing = self._compute(None)

    def mask(self, value: Any) -> int:
        """The segments that a value allows, None where it is missing; also those that do not test the subject."""
        if value is None:
            return self._missing
        if type(value) is str:
            return self._mask_of_text(value)
        return self._mask_of_class(value)

    def _mask_of_text(self, value: str) -> int:
        mask = self._by_text.get(value)
        if mask is None:
            mask = self._mask_of_class(value)
            if len(value) <= MAX_CLASS_TEXT:
                if len(self._by_text) >= min(_MAX_TEXTS, self._max_masks):
                    self._by_text.clear()
                self._by_text[value] = mask
        return mask

    def _mask_of_class(self, value: Any) -> int:
        key = self._classes.key(value)
        if key is None:
            return self._compute(value)
        mask = self._masks.get(key)
        if mask is None:
            if len(self._masks) >= self._max_masks:
                self._masks.clear()
                self._by_text.clear()
            mask = self._masks[key] = self._compute(value)
        return mask

    def _compute(self, value: Any) -> int:
        # Combined without `~`, which takes twenty times as long as `&` and `^` for thousands of bits.
        needed = self._needed
        refused = (needed.segments ^ (needed.segments & needed.passed(value))) | self._refused.passed(value)
        for each in self._asked:
            if not each.test(value):
                refused |= each.segments
        return self._everyone ^ (self._everyone & refused)


class _Tables:
    """The tables of many tests. `converts`: whether text may count as a number, and a number as text."""

    __slots__ = ("_converts", "_numbers", "_numbers_of_texts", "_texts", "segments")

    def __init__(self, tests: list[SegmentTest], *, converts: bool) -> None:
        self.segments = 0
        self._converts = converts
        self._texts: dict[object, TextTable] = {}
        ranges: list[tuple[int, NumberRange]] = []
        for each in tests:
            self.segments |= each.segments
            if isinstance(each.lookup, TextSet):
                table = self._texts.setdefault(each.lookup.fold, TextTable(each.lookup.fold))
                table.add(each.segments, each.lookup)
            elif each.lookup is not None:
                ranges.append((each.segments, each.lookup))
        self._numbers = NumberTable(ranges) if ranges else None
        exact = [(segments, one.exact()) for segments, one in ranges] if converts else []
        self._numbers_of_texts = NumberTable(exact) if exact else None

    def passed(self, value: Any) -> int:
        """The mask of the segments whose test the value passes."""
        mask = 0
        if self._texts:
            text = text_from(value) if self._converts else value
            if isinstance(text, str):
                for table in self._texts.values():
                    mask |= table.passed(text)
        if self._numbers is not None and is_number(value):
            mask |= self._numbers.passed(value)
        elif self._numbers_of_texts is not None and isinstance(value, str):
            number = number_from(value)
            if number is not None:
                mask |= self._numbers_of_texts.passed(number)
        return mask
