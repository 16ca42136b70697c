"""`held_for`: a property leaf has been true without a break for so long.

What is kept of a leaf is since when it has been true, in `Contact.held`: [since], or [since, ended] until the instant
at which it ended is over, since true, false, true at one instant is no break. The engine follows every such leaf
whenever it settles a contact, and settles it where time alone may change the leaf.
"""

from __future__ import annotations

from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.state.contact import Contact


class PropertyHeldState:
    """Follows the truth of one property leaf; identical leaves share it, however long they are to be held."""

    __slots__ = ("_node", "key")

    def __init__(self, key: str, node: Node) -> None:
        self.key = key
        self._node = node

    def true_since(self, context: EvaluationContext) -> int | None:
        """Since when it has been true; None where it is not. Right up to the next `due`."""
        known = context.contact.held.get(self.key)
        if known is None or len(known) > 1 or not self._node.holds(context):
            return None
        return known[0]

    def due(self, context: EvaluationContext) -> int | None:
        """When time alone may change whether it is true."""
        return self._node.due(context)

    def update(self, contact: Contact, now: int) -> None:
        """Notes whether it is true at `now`; to be called at every instant that may change it, in their order."""
        known = contact.held.get(self.key)
        if self._node.holds(EvaluationContext(contact, now)):
            if known is None or _has_ended(known, now):
                contact.held[self.key] = [now]
            elif len(known) > 1:
                contact.held[self.key] = known[:1]
        elif known is not None:
            if len(known) == 1:
                contact.held[self.key] = [known[0], now]
            elif _has_ended(known, now):
                del contact.held[self.key]

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Notes what is true before `now` of a contact whose properties have been the same from `true_since` on."""
        instant: int | None = since
        while instant is not None and instant < now:
            self.update(contact, instant)
            instant = self._node.due(EvaluationContext(contact, instant))

    def merge_past(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Notes what was true up to `until`; since then it was followed, as if the contact had always been the same.

        A run that covers that instant began when the earlier one did, or just then where there was none; one that
        began after it stands by itself.
        """
        known = contact.held.get(self.key)
        if known is not None and known[0] <= until:
            contact.held[self.key] = [earlier[0] if earlier else until, *known[1:]]
        elif known is None and len(earlier) > 1:
            contact.held[self.key] = list(earlier)

    def earliest_needed(self, now: int) -> int | None:  # noqa: ARG002 - all that asks of the past shares a shape
        """What a property was at any instant, any patch before it may have said."""
        return None


def _has_ended(state: list[int], now: int) -> bool:
    """Whether it ended before `now`, and not at this very instant."""
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
