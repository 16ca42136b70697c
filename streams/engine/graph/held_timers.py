"""Tells which `held_for` leaves of a contact have to be updated: those that a change or time may have turned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from streams.engine.conditions.protocols import EvaluationContext, HeldState
from streams.engine.state.contact import Contact


class HeldIndex:
    """The held states of a release, by key and by the properties that they read."""

    __slots__ = ("by_key", "by_property")

    def __init__(self, held_states: Sequence[HeldState] = ()) -> None:
        self.by_key: Mapping[str, HeldState] = {held_state.key: held_state for held_state in held_states}
        by_property: dict[str, list[str]] = defaultdict(list)
        for held_state in held_states:
            for name in held_state.properties:
                by_property[name].append(held_state.key)
        self.by_property: Mapping[str, Sequence[str]] = by_property


class HeldTimers:
    """When time alone may turn the held states of one contact; all of them are due at first."""

    __slots__ = ("_dues", "_index")

    def __init__(self, index: HeldIndex) -> None:
        self._index = index
        self._dues: dict[str, int | None] | None = None

    def update(self, contact: Contact, properties: Iterable[str], context: EvaluationContext) -> None:
        """Records what is true at `context.now` of every leaf that these properties or time may have turned."""
        by_key = self._index.by_key
        if not by_key:
            return
        if self._dues is None:
            self._dues = {}
            keys: Iterable[str] = by_key
        else:
            keys = self._turned(contact, properties, context.now)
        for key in keys:
            held_state = by_key[key]
            held_state.update(contact, context.now)
            self._dues[key] = held_state.due(context)

    def _turned(self, contact: Contact, properties: Iterable[str], now: int) -> Iterable[str]:
        assert self._dues is not None
        keys = {key for name in properties for key in self._index.by_property.get(name, ())}
        keys.update(key for key, due in self._dues.items() if due is not None and due <= now)
        # A leaf that turned false at an instant is forgotten when that instant is over.
        keys.update(key for key, state in contact.held.items() if len(state) > 1 and key in self._index.by_key)
        return keys

    def next_due(self) -> int | None:
        """The earliest instant at which time alone may turn a leaf; None when there is none."""
        return min((due for due in (self._dues or {}).values() if due is not None), default=None)
