"""`held_for`: a property leaf has been true without a break for a length of time (SPEC section 5).

The state of a leaf is in `Contact.held`, in ms: [since], since when it has been true, or [since, ended] while now is
the instant at which it ended, because true, false, true at one instant is no break. The engine updates every such
leaf when it settles a contact, and settles the contact when time alone may change the leaf.
"""

from __future__ import annotations

from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.state.contact import Contact


class PropertyHeldState:
    """Tracks since when one property leaf has been true; leaves that differ only in `held_for` share it."""

    __slots__ = ("_node", "key", "properties")

    def __init__(self, key: str, node: Node, properties: frozenset[str]) -> None:
        self.key = key
        self.properties = properties
        self._node = node

    def true_since(self, context: EvaluationContext) -> int | None:
        """Returns since when (ms) the leaf has been true; None when it is not. Correct until the next `due`."""
        held = context.contact.held.get(self.key)
        if held is None or len(held) > 1 or not self._node.holds(context):
            return None
        return held[0]

    def due(self, context: EvaluationContext) -> int | None:
        """Returns when time alone may change whether the leaf is true."""
        return self._node.due(context)

    def update(self, contact: Contact, now: int) -> None:
        """Records whether the leaf is true at `now`; to be called in order at every instant that may change it."""
        held = contact.held.get(self.key)
        if self._node.holds(EvaluationContext(contact, now)):
            if held is None or _has_ended(held, now):
                contact.held[self.key] = [now]
            elif len(held) > 1:
                contact.held[self.key] = held[:1]
        elif held is not None:
            if len(held) == 1:
                contact.held[self.key] = [held[0], now]
            elif _has_ended(held, now):
                del contact.held[self.key]

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Records what was true before `now`, for a contact whose properties have not changed since `since`."""
        instant: int | None = since
        while instant is not None and instant < now:
            self.update(contact, instant)
            instant = self._node.due(EvaluationContext(contact, instant))

    def merge_past(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Joins the state up to `until` with the state tracked since then.

        Since `until` the leaf was tracked as if the contact had always been the same. A run that covers `until` began
        when the earlier one did, or at `until` if there was none; a run that began later does not change.
        """
        held = contact.held.get(self.key)
        if held is not None and held[0] <= until:
            contact.held[self.key] = [earlier[0] if earlier else until, *held[1:]]
        elif held is None and len(earlier) > 1:
            contact.held[self.key] = list(earlier)

    def earliest_needed(self, now: int) -> int | None:  # noqa: ARG002 - shared signature
        """Returns None: any patch of the past may have set the property."""
        return None


def _has_ended(state: list[int], now: int) -> bool:
    """Whether the run ended before `now`, not exactly at `now`."""
    return len(state) > 1 and state[1] < now


class HeldForNode:
    """The leaf has been true for `length` ms."""

    __slots__ = ("_held_state", "_length")

    def __init__(self, held_state: PropertyHeldState, length: int) -> None:
        self._held_state = held_state
        self._length = length

    def holds(self, context: EvaluationContext) -> bool:
        since = self._held_state.true_since(context)
        return since is not None and context.now >= since + self._length

    def due(self, context: EvaluationContext) -> int | None:
        since = self._held_state.true_since(context)
        if since is not None and context.now < since + self._length:
            return since + self._length
        return self._held_state.due(context)
