"""`held_for`: the leaf was true at every instant of that time, checked at each instant that may differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from streams.verify.recompute.conditions.dates import to_ms
from streams.verify.recompute.conditions.operators import passes
from streams.verify.recompute.conditions.properties import property_holds
from streams.verify.recompute.conditions.property_instants import property_change_instants
from streams.verify.recompute.model import ContactModel, PlainCondition

EXHAUSTIVE_MS = 50
"""Up to this duration (ms) every millisecond is checked."""


def held_for_holds(leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    """True at every instant, and the contact was there all the time.

    Beyond `EXHAUSTIVE_MS` the instants tried are the patches and those at which time alone may have changed the
    leaf, for
    every value that the property had, and a millisecond before and after each.
    """
    since = now - to_ms(leaf["held_for"])
    if since < model.created:
        return False
    models = _ModelsOverTime(model)
    return all(_leaf_holds(leaf, models.at(at), at) for at in _instants_to_check(leaf, model, since, now))


def _leaf_holds(leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    if "tags" in leaf:
        return passes(model.properties.get("tags"), leaf["tags"], "list", model, now)
    return property_holds(leaf, model, now)


class _ModelsOverTime:
    """The model with the properties as they were at an instant, after all records at it."""

    def __init__(self, model: ContactModel) -> None:
        self._history = model.property_history
        self._before = replace(model, properties={})
        self._models = [replace(model, properties=properties) for _, properties in model.property_history]

    def at(self, instant: int) -> ContactModel:
        """The model at an instant (ms)."""
        changes = [model for model, (since, _) in zip(self._models, self._history, strict=True) if since <= instant]
        return changes[-1] if changes else self._before


def _instants_to_check(leaf: PlainCondition, model: ContactModel, since: int, now: int) -> Iterable[int]:
    if now - since <= EXHAUSTIVE_MS:
        return range(since, now + 1)
    pasts = [replace(model, properties=changes) for _, changes in model.property_history]
    telling = {
        since,
        now,
        *(at for at, _ in model.property_history),
        *property_change_instants(leaf, pasts, since, now),
    }
    nearby = {near for at in telling for near in (at - 1, at, at + 1)}
    return sorted(instant for instant in nearby if since <= instant <= now)
