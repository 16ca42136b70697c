"""The leaves of a condition."""

from __future__ import annotations

from collections.abc import Iterator

from streams.verify.recompute.model import PlainCondition


def leaves(condition: PlainCondition) -> Iterator[PlainCondition]:
    """Every leaf of a condition."""
    if "not" in condition:
        yield from leaves(condition["not"])
        return
    for junction in ("all", "any"):
        if junction in condition:
            for part in condition[junction]:
                yield from leaves(part)
            return
    yield condition


def references(condition: PlainCondition) -> set[str]:
    """The segments that a condition refers to."""
    return {leaf["segment"] for leaf in leaves(condition) if "segment" in leaf}
