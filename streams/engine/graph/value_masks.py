"""Tells which segments one value of one subject allows, as a mask of bits: bit i is segment i of the release.

The tests run once per class of values; after that a value costs one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from streams.engine.conditions.predicates import Predicate
from streams.engine.graph.value_classes import ValueClasses

MAX_MASK_BYTES = 4 << 20
"""The most bytes of masks that are kept for one subject of a release."""

_LEAST_MASKS = 64


class ValueMasks:
    """The masks of one subject's values. `tests`: a mask of segments and the test that all of them need."""

    __slots__ = ("_classes", "_everyone", "_masks", "_max_masks", "_missing", "_tests")

    def __init__(self, tests: Sequence[tuple[int, Predicate]], classes: ValueClasses, everyone: int) -> None:
        self._tests = tests
        self._classes = classes
        self._everyone = everyone
        self._masks: dict[Hashable, int] = {}
        self._max_masks = max(MAX_MASK_BYTES // (everyone.bit_length() // 8 + 100), _LEAST_MASKS)
        self._missing = self._compute(None)

    def mask(self, value: Any) -> int:
        """The segments that a value allows, None where it is missing; also those that do not test the subject."""
        if value is None:
            return self._missing
        key = self._classes.key(value)
        if key is None:
            return self._compute(value)
        mask = self._masks.get(key)
        if mask is None:
            if len(self._masks) >= self._max_masks:
                self._masks.clear()
            mask = self._masks[key] = self._compute(value)
        return mask

    def _compute(self, value: Any) -> int:
        refused = 0
        for segments, test in self._tests:
            if not test(value):
                refused |= segments
        return self._everyone & ~refused
